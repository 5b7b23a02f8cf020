"""A bare state_dict of PyTorch with a recurrent module, a decoder and perhaps an embedding -> a language
model. Nothing in the file is run.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

from torch import Tensor, nn

from rnnscope.errors import ConfigError, did_you_mean
from rnnscope.models.foreign.language_model import ForeignLanguageModel
from rnnscope.models.foreign.loading import load_module
from rnnscope.models.foreign.torch_file import ENDINGS, is_recurrent, tensors_in


def load_language_model(
    file: str | Path,
    *,
    layer: str | None = None,
    embedding: str | None = None,
    decoder: str | None = None,
    ignore: Collection[str] = (),
) -> ForeignLanguageModel:
    """The language model in a .pt, .pth, .ckpt, .bin or .safetensors of anyone's, if it is an embedding, a
    recurrent module (an `nn.RNN` with tanh) and a decoder, one after the other: the file holds weights and
    not what is done with them.

    `layer` is what comes before 'weight_ih_l0' in its names, `embedding` and `decoder` before 'weight'. Each
    can be left out where one alone fits: a decoder is a matrix with a bias and a column for every unit, an
    embedding one without, and a column for every input. Where there is none the input is one-hot. `ignore`:
    names, or beginnings of them, of weights that have no part in predictions.

    Raises ConfigError where other weights are there: a norm, say, or a second decoder.
    Raises ConfigError with the matrices that there are where they do not say which is which, RecordError for
    a file that cannot be read.
    """
    path = Path(file)
    if path.suffix not in ENDINGS:
        raise ConfigError(
            f"'{path}' ends in '{path.suffix}'; a language model is read from {', '.join(ENDINGS)}; from "
            "Python rnnscope.adopt takes any module"
        )
    module = load_module(path, layer)
    found = {name: each.float() for name, each in tensors_in(path).items() if each.is_floating_point()}
    matrices = {
        name.removesuffix(".weight"): each
        for name, each in found.items()
        if name.endswith("weight") and each.dim() == 2 and not is_recurrent(name)
    }
    with_bias = {name for name in matrices if f"{name}.bias" in found}
    units = _of_width(matrices, module.hidden_size)
    head = _chosen("decoder", decoder, matrices, units, [name for name in units if name in with_bias])
    inputs = _of_width(matrices, module.input_size)
    others = [name for name in inputs if name not in with_bias and name != head]
    is_one_hot = embedding is None and not others and len(matrices[head]) == module.input_size
    embed = None if is_one_hot else _chosen("embedding", embedding, matrices, inputs, others)
    used = {f"{each}.{what}" for each in (head, embed) for what in ("weight", "bias")}
    of_module = {
        name for name in found if is_recurrent(name) and name.startswith(f"{layer}." if layer else "")
    }
    _refuse_others(found, used | of_module, ignore)
    return ForeignLanguageModel(
        module.float(),
        _linear(matrices[head], found.get(f"{head}.bias")),
        None if embed is None else nn.Embedding.from_pretrained(matrices[embed]),
    )


def _refuse_others(found: Mapping[str, Tensor], used: set[str], ignore: Collection[str]) -> None:
    """Raises ConfigError for weights that no part has, but for copies of those that are used: what they do to
    predictions is not known.
    """
    others = [
        name
        for name, each in found.items()
        if name not in used
        and not name.startswith(tuple(ignore))
        and not any(each.equal(found[of]) for of in used if of in found and found[of].shape == each.shape)
    ]
    if others:
        named = ", ".join(others[:MOST_NAMED]) + (", ..." if len(others) > MOST_NAMED else "")
        raise ConfigError(
            f"the file has weights besides, and what they do to predictions is not known: {named}; say "
            "--ignore NAME for those with no part in them, else adopt the model from Python"
        )


MOST_NAMED = 6


def _of_width(matrices: dict[str, Tensor], columns: int) -> list[str]:
    return [name for name, each in matrices.items() if each.shape[1] == columns]


def _chosen(
    what: str, asked: str | None, there: dict[str, Tensor], fitting: list[str], likely: list[str]
) -> str:
    """The one that is asked for, or the only likely one of those that fit: a module that a model holds twice
    is one. Raises ConfigError with their shapes.
    """
    shapes = ", ".join(f"{name} {tuple(each.shape)}" for name, each in sorted(there.items()))
    if asked is None:
        if not likely or any(not there[name].equal(there[likely[0]]) for name in likely):
            raise ConfigError(
                f"which matrix is the {what} is not clear; say --{what} NAME: {shapes or 'none'}"
            )
        return likely[0]
    name = asked.removesuffix(".weight")
    if name not in there:
        raise ConfigError(f"no {what} '{name}' in the file; {did_you_mean(name, there)}")
    if name not in fitting:
        raise ConfigError(f"'{name}' does not fit as the {what} of this recurrent module; there is: {shapes}")
    return name


def _linear(weight_VH: Tensor, bias_V: Tensor | None) -> nn.Linear:
    linear = nn.Linear(weight_VH.shape[1], len(weight_VH), bias=bias_V is not None)
    linear.load_state_dict({"weight": weight_VH} | ({} if bias_V is None else {"bias": bias_V}))
    return linear
