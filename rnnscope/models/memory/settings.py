"""What each memory can be told. Knows no array: it is had without torch.

A setting that is None is tuned on the validation part (studies/memories.py).
"""

from collections.abc import Mapping

from pydantic import Field, model_validator

from rnnscope.errors import ConfigError, did_you_mean
from rnnscope.settings import Settings, changed


class CacheSettings(Settings):
    """Of the continuous cache of Grave, Joulin, Usunier 2017."""

    window: int | None = Field(default=None, ge=1)
    """Characters back that are remembered."""
    theta: float | None = Field(default=None, ge=0)
    """How sharply the most similar vectors stand out: their dot product is multiplied by it."""
    weight: float | None = Field(default=None, ge=0, lt=1)
    """Of the cache in the mixture, which gives most characters no probability by itself."""
    carries: bool = False
    """Whether what is remembered goes on from each row to the next."""


class NgramMixSettings(Settings):
    """Of a mixture with the Kneser-Ney n-gram of the training text."""

    context: int | None = Field(default=None, ge=0)
    """Characters that the n-gram sees."""
    weight: float | None = Field(default=None, ge=0, le=1)
    """Of the n-gram; a gate works it out itself."""
    gate: bool = False
    """Whether the weight is worked out at every character, by a gate that is fitted on validation."""
    log_linear: bool = False
    """Whether logarithms are mixed and normalised, not probabilities; how sharp the outcome is is fitted too
    where the weight is."""

    @model_validator(mode="after")
    def _weight_or_gate(self) -> "NgramMixSettings":
        if self.gate and self.weight is not None:
            raise ValueError("a gate works out the weight itself; give weight or gate=true")
        return self


class DynamicEvaluationSettings(Settings):
    """Of the network that goes on learning while it reads (Krause, Kahembwe, Murray, Renals 2018)."""

    segment_chars: int | None = Field(default=None, ge=1)
    """Characters that are read and scored before the weights take a step on them."""
    rate: float | None = Field(default=None, ge=0)
    """Of a step."""
    decay: float | None = Field(default=None, ge=0, le=1)
    """Towards the trained weights, at each step."""
    carries: bool = False
    """Whether the weights that have been reached go on from each row to the next."""


MemorySettings = CacheSettings | NgramMixSettings | DynamicEvaluationSettings
MEMORIES: dict[str, type[MemorySettings]] = {
    "cache": CacheSettings,
    "ngram_mix": NgramMixSettings,
    "dynamic_evaluation": DynamicEvaluationSettings,
}
"""Name on the command line -> what it can be told."""
INNERMOST = "dynamic_evaluation"


def open_fields(settings: MemorySettings) -> list[str]:
    """Those that are to be tuned."""
    weight_is_fitted = isinstance(settings, NgramMixSettings) and settings.gate
    unset = [name for name, value in settings if value is None]
    return [name for name in unset if not (weight_is_fitted and name == "weight")] + (
        ["gate"] if weight_is_fitted else []
    )


def label_of(memories: tuple[MemorySettings, ...]) -> str:
    """A folder's name: every memory with what it was told."""
    return "+".join(
        ",".join([memory_name(each), *(f"{name}={plain(value)}" for name, value in _told(each))])
        for each in memories
    )


def _told(settings: MemorySettings) -> list[tuple[str, object]]:
    default = type(settings)()
    return [(name, value) for name, value in settings if value != getattr(default, name)]


def plain(value: object, digits: int | None = None) -> str:
    """A setting's value as text: a number with so many digits, else with all that tell it from others."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value).removesuffix(".0") if digits is None else f"{value:.{digits}g}"
    return f"{value}"


def memory_name(settings: MemorySettings) -> str:
    """As the command line has it."""
    (name,) = (name for name, kind in MEMORIES.items() if type(settings) is kind)
    return name


def memories_from(names: list[str], changes: Mapping[str, str]) -> tuple[MemorySettings, ...]:
    """Settings of the memories named, the innermost first; `changes` are 'field' or 'memory.field' -> text.

    Raises ConfigError for a name, a field or an order that there is not.
    """
    for name in names:
        if name not in MEMORIES:
            raise ConfigError(f"no memory '{name}'; {did_you_mean(name, MEMORIES)}")
    if not names:
        raise ConfigError(f"no memory named; there is: {', '.join(sorted(MEMORIES))}")
    of_each: dict[str, dict[str, str]] = {name: {} for name in names}
    for field, value in changes.items():
        memory, plain = _owner(field, names)
        of_each[memory][plain] = value
    chain = tuple(changed(MEMORIES[name](), of_each[name]) for name in names)
    checked_order(chain)
    return chain


def checked_order(memories: tuple[MemorySettings, ...]) -> None:
    """Raises ConfigError where one memory is named twice, or dynamic evaluation is not the innermost."""
    names = [memory_name(each) for each in memories]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"memory '{name}' is named twice; once is enough")
    if INNERMOST in names[1:]:
        raise ConfigError(
            f"'{INNERMOST}' teaches the network itself, so it comes first: "
            f"{' '.join(f'--with {name}' for name in sorted(names, key=lambda name: name != INNERMOST))}"
        )


def _owner(field: str, names: list[str]) -> tuple[str, str]:
    """Which memory a field is of, and its plain name. Raises ConfigError."""
    memory, dot, plain = field.rpartition(".")
    if dot and memory not in names:
        raise ConfigError(f"no memory '{memory}' here to set '{plain}' of; {did_you_mean(memory, names)}")
    owners = [name for name in names if plain in MEMORIES[name].model_fields and memory in ("", name)]
    if len(owners) > 1:
        either = " or ".join(f"{owner}.{plain}" for owner in owners)
        raise ConfigError(f"setting '{plain}' is of {len(owners)} memories here; say {either}")
    if not owners:
        known = {each for name in ([memory] if dot else names) for each in MEMORIES[name].model_fields}
        raise ConfigError(f"no setting '{plain}'; {did_you_mean(plain, known)}")
    return owners[0], plain
