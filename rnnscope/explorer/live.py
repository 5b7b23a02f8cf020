"""Runs networks for the view 'Live'. The one module of the explorer that needs torch.

torch is imported when a network is first run: the server answers at once, and a reader who never comes here
never pays for it.
"""

import base64
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from rnnscope.errors import ConfigError
from rnnscope.explorer.kept import Kept
from rnnscope.explorer.views.live import Chance, Change, Held, ReadAsked, Readings, Voice, WriteAsked, Written
from rnnscope.records.corpus import Alphabet
from rnnscope.records.run import Run

if TYPE_CHECKING:
    from rnnscope.models.saved import Model
    from rnnscope.replay.sampling import WrittenSymbol
    from rnnscope.replay.steering import Hold

MOST_NETWORKS = 4
"""Networks held in memory, the last ones used."""
BATCH_S = 0.04
"""What is written comes in batches of so many seconds: smooth to the eye, and soon stopped."""
BLOCK_STEPS = 128
"""Steps read at a time."""
EFFECT_CHARS = 600
"""Characters along which the change by held units is measured."""
NAMED = 4
"""Symbols named as more, and as less, likely."""


class Networks:
    """Networks by run, loaded when first asked for; satisfies `views.live.Live`."""

    def __init__(self, most: int = MOST_NETWORKS) -> None:
        self._held: Kept[Model] = Kept(most)

    def read(self, run: Run, ids: np.ndarray, asked: ReadAsked, alphabet: Alphabet) -> Iterator[Readings]:
        """Raises ConfigError, RecordError."""
        network = self._network(run)
        step = _reader(network, _holds(network, asked.holds))
        before_V, state = None, None
        for start in range(0, len(ids), BLOCK_STEPS):
            block_T = ids[start : start + BLOCK_STEPS]
            log_TV, state, units = step(block_T, state)
            told_TV = log_TV[:-1] if before_V is None else np.concatenate([before_V[None], log_TV[:-1]])
            nats = -told_TV[np.arange(len(told_TV)), block_T[-len(told_TV) :] if len(told_TV) else []]
            before_V = log_TV[-1]
            order_TK = np.argsort(-log_TV, axis=1, kind="stable")[:, : asked.likeliest]
            chances_TK = np.exp(np.take_along_axis(log_TV, order_TK, 1))
            yield Readings(
                first=start,
                text=alphabet.decode(block_T),
                nats=[None] * (len(block_T) - len(nats)) + [_digits(float(each)) for each in nats],
                likeliest=order_TK.tolist(),
                chances=[[_digits(float(each)) for each in row] for row in chances_TK],
                units=[
                    base64.b64encode(np.rint(127 * each_TH).astype(np.int8).tobytes()).decode()
                    for each_TH in units
                ],
            )

    def write(
        self, run: Run, ids: np.ndarray, asked: WriteAsked, alphabet: Alphabet
    ) -> Iterator[Written | Change]:
        """Raises ConfigError, RecordError."""
        from rnnscope.replay.sampling import writing

        if not len(ids):
            raise ConfigError("there is nothing to write on from; type at least one character that it knows")
        network = self._network(run)
        holds = _holds(network, asked.holds)
        _check_watched(network, asked.watch)
        voices = [
            writing(network, ids, asked.temperature, np.random.default_rng(asked.seed), hold)
            for hold in ([holds, []] if holds else [[]])
        ]
        along: list[int] = []
        pairs = zip(*(islice(voice, asked.chars) for voice in voices), strict=True)
        for batch in _batches(pairs):
            held, *alone = ([pair[which] for pair in batch] for which in range(len(voices)))
            along += [symbol.id for symbol in (alone[0] if alone else held)]
            yield Written(
                held=_voice(held, asked, alphabet), alone=_voice(alone[0], asked, alphabet) if alone else None
            )
        if holds:
            yield _change(network, ids, np.array(along[:EFFECT_CHARS]), holds, asked.seed, alphabet)

    def _network(self, run: Run) -> "Model":
        """The run's, of the weights that it has now; one thread loads, others wait."""
        return self._held.get(run.manifest.fingerprint, lambda: _loaded(run))


def _loaded(run: Run) -> "Model":
    import torch

    from rnnscope.models.saved import load_model

    torch.set_num_threads(1)  # one text is too little work to share
    return load_model(run.weights_path)


Step = Callable[[np.ndarray, object], tuple[np.ndarray, object, list[np.ndarray]]]
"""Ids (T,), state -> log-probabilities (T, V), state, units of each layer (T, H)."""


def _reader(network: "Model", holds: "list[Hold]") -> Step:
    import torch

    from rnnscope.models.network import Network
    from rnnscope.replay.steering import watching

    watch = watching(network, [holds]) if isinstance(network, Network) else None

    def step(ids_T: np.ndarray, state) -> tuple[np.ndarray, object, list[np.ndarray]]:
        ids_TB = torch.from_numpy(ids_T.astype(np.int64))[:, None]
        with torch.inference_mode():
            logits_TBV, after, units = watch(ids_TB, state) if watch else (*network(ids_TB, state), ())
        log_TV = logits_TBV[:, 0].double().log_softmax(-1).numpy()
        return log_TV, after, [each_TBH[:, 0].float().numpy() for each_TBH in units]

    return step


def _holds(network: "Model", asked: list[Held]) -> "list[Hold]":
    """Raises ConfigError for what cannot be held."""
    from rnnscope.models.network import Network
    from rnnscope.replay.steering import Hold, check_holds

    holds = [Hold(each.layer, each.index, each.value) for each in asked]
    if holds and not isinstance(network, Network):
        raise ConfigError("only a recurrent network has units to hold; leave the holds away")
    if isinstance(network, Network):
        check_holds(network, holds)
    return holds


def _check_watched(network: "Model", unit: str | None) -> None:
    from rnnscope.models.network import Network
    from rnnscope.models.sizing import why_no_unit

    if unit is None:
        return
    if not isinstance(network, Network):
        raise ConfigError("only a recurrent network has units to watch")
    layer, index = _place(unit)
    if why := why_no_unit(layer, index, network.config.layers, network.config.hidden):
        raise ConfigError(f"cannot watch {unit}: {why}")


def _place(unit: str) -> tuple[int, int]:
    """'1.37' -> layer from 0, unit."""
    layer, _, index = unit.partition(".")
    return int(layer) - 1, int(index)


def _batches(pairs: "Iterator[tuple[WrittenSymbol, ...]]") -> "Iterator[list[tuple[WrittenSymbol, ...]]]":
    """What comes within BATCH_S at a time."""
    batch, begun = [], time.monotonic()
    for pair in pairs:
        batch.append(pair)
        if time.monotonic() - begun > BATCH_S:
            yield batch
            batch, begun = [], time.monotonic()
    if batch:
        yield batch


def _voice(symbols: "list[WrittenSymbol]", asked: WriteAsked, alphabet: Alphabet) -> Voice:
    values: list[float] = []
    if asked.watch is not None:
        layer, index = _place(asked.watch)
        values = [_digits(float(symbol.units[layer][index])) for symbol in symbols]
    return Voice(
        text=alphabet.decode(np.array([symbol.id for symbol in symbols])),
        nats=[_digits(_nats(symbol)) for symbol in symbols],
        values=values,
    )


def _nats(symbol: "WrittenSymbol") -> float:
    largest = symbol.logits_V.max()
    return float(largest + np.log(np.exp(symbol.logits_V - largest).sum()) - symbol.logits_V[symbol.id])


def _change(
    network, prime: np.ndarray, along: np.ndarray, holds: "list[Hold]", seed: int, alphabet: Alphabet
) -> Change:
    from rnnscope.replay.steering import effect_of

    ids = np.concatenate([prime, along])
    effect = effect_of(network, ids, holds, len(prime) - 1, np.random.default_rng(seed))
    change_V = effect.after_V - effect.before_V
    order, names = change_V.argsort(), alphabet.names
    chances = [
        Chance(
            symbol=names[i],
            before=_digits(float(effect.before_V[i])),
            after=_digits(float(effect.after_V[i])),
        )
        for i in order
    ]
    return Change(
        nats=_digits(effect.change_nats),
        controls=[_digits(each) for each in effect.controls_nats],
        chars=len(along),
        more=[each for each in chances[: -NAMED - 1 : -1] if each.after > each.before],
        less=[each for each in chances[:NAMED] if each.after < each.before],
    )


def _digits(value: float) -> float:
    """Six digits are enough to show."""
    return float(f"{value:.6g}")
