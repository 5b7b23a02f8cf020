"""What the view 'Live' shows: a network at work, which is passed in. Knows no torch.

A network reads a text (`read`) or writes one (`write`), with units held at values if asked. Over HTTP an
answer comes whole; over the WebSocket in small batches, until it is done or something else is asked.
"""

from collections.abc import Iterator
from typing import Annotated, Literal, Protocol, runtime_checkable

import numpy as np
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from rnnscope.errors import ConfigError
from rnnscope.explorer.library import Library
from rnnscope.explorer.parameters import REFUSALS, CorpusName, LibraryHere, RunName
from rnnscope.records.corpus import Alphabet
from rnnscope.records.run import Run
from rnnscope.recurrence.kinds import KINDS, unit_site

router = APIRouter(tags=["live"], responses=REFUSALS)
MOST_TEXT = 4000
"""Characters that are read at once."""
MOST_WRITTEN = 10_000
"""Characters that are written at once over the WebSocket."""
MOST_ANSWERED = 500
"""Characters that are read or written in one answer over HTTP."""
PRIME_CHARS = 160
SAMPLE_CHARS = 5000
"""Characters that show how a text ends its lines."""
UnitName = Annotated[str, Field(pattern=r"^\d{1,2}\.\d{1,6}$", description="LAYER.UNIT, as 1.37.")]


class Said(BaseModel):
    """A message."""

    model_config = ConfigDict(frozen=True)


class Held(Said):
    """A unit held at one value at every step."""

    unit: UnitName
    value: float = Field(ge=-1, le=1, allow_inf_nan=False)
    """Of tanh(c) for an LSTM, of h for another cell."""

    @property
    def layer(self) -> int:
        """From 0."""
        return int(self.unit.partition(".")[0]) - 1

    @property
    def index(self) -> int:
        return int(self.unit.partition(".")[2])


class ReadAsked(Said):
    """Read a text."""

    text: str = Field(max_length=MOST_ANSWERED)
    holds: list[Held] = Field([], max_length=64)
    likeliest: int = Field(8, ge=1, le=20)
    """Next symbols told at every character."""


class WriteAsked(Said):
    """Write on from a text; with units held also as it would be without, from the same random numbers."""

    prime: str = Field("\n", max_length=MOST_ANSWERED)
    chars: int = Field(300, ge=1, le=MOST_ANSWERED)
    temperature: float = Field(0.7, ge=0, le=10, allow_inf_nan=False)
    seed: int = Field(0, ge=0, le=2**53)
    holds: list[Held] = Field([], max_length=64)
    watch: UnitName | None = None
    """The unit whose values come with the text."""


class ReadStreamed(ReadAsked):
    text: str = Field(max_length=MOST_TEXT)


class WriteStreamed(WriteAsked):
    prime: str = Field("\n", max_length=MOST_TEXT)
    chars: int = Field(300, ge=1, le=MOST_WRITTEN)


class Readings(Said):
    """What a network makes of some characters of a text, one after another."""

    kind: Literal["read"] = "read"
    first: int
    """The first of them, from 0."""
    text: str
    """The symbols that were read, one character each."""
    nats: list[float | None]
    """Surprise at each, -log p; None for the first of a text, which nothing foretells."""
    likeliest: list[list[int]]
    """After each, the likeliest next symbols, as ids."""
    chances: list[list[float]]
    """Their probabilities."""
    units: list[str]
    """Layer by layer, base64 of int8 (characters, units) in 127ths; empty for a model without units."""


class Voice(Said):
    """Some characters that a network wrote."""

    text: str
    nats: list[float]
    """-log p of each, by the network that wrote it, before the temperature."""
    values: list[float]
    """Of the watched unit after each was chosen from it; empty where none is watched."""


class Written(Said):
    """Some characters of a text being written."""

    kind: Literal["written"] = "written"
    held: Voice
    """As asked for: with the units held, where there are any."""
    alone: Voice | None
    """The same without; None where none are held."""


class Chance(Said):
    """A symbol's mean probability without and with the units held."""

    symbol: str
    before: float
    after: float


class Change(Said):
    """What holding the units does to predictions along the text written without."""

    kind: Literal["change"] = "change"
    nats: float
    """Mean Kullback-Leibler divergence."""
    controls: list[float]
    """The same with other units of the same layers, drawn at random, at the same values."""
    chars: int
    """Of text that it is over."""
    more: list[Chance]
    less: list[Chance]


class Done(Said):
    """All that was asked for has come."""

    kind: Literal["done"] = "done"
    note: str
    """What of the text was left out; empty if nothing."""


class ReadAnswer(Said):
    readings: Readings
    note: str


class WriteAnswer(Said):
    written: Written
    change: Change | None
    note: str


class LiveFacts(Said):
    """Whether a network can be run here, and which units it has."""

    cell: str
    layers: int
    """0 for a model without units."""
    hidden: int
    site: str
    """What a unit's value is: 'tanh_c' or 'h'."""
    symbols: list[str]
    """One character each, by id."""
    has_bytes: bool
    """Whether symbols are bytes, several to a character beyond ASCII."""
    has_returns: bool
    """Whether lines of the text end with a carriage return and a newline."""
    prime: str
    """A beginning to write on from."""
    why_not: str
    """Why nothing can be run; empty if it can."""
    why_no_units: str


@runtime_checkable
@runtime_checkable
class Live(Protocol):
    """Runs networks for the view; each gives its answer in batches of some hundredths of a second."""

    def read(self, run: Run, ids: np.ndarray, asked: ReadAsked, alphabet: Alphabet) -> Iterator[Readings]:
        """`ids` are what of the text the alphabet has. Raises RnnscopeError."""
        ...

    def write(
        self, run: Run, ids: np.ndarray, asked: WriteAsked, alphabet: Alphabet
    ) -> Iterator[Written | Change]:
        """`ids` are the prime. Raises RnnscopeError."""
        ...


@router.get("/live/{corpus}/{run}")
def facts(library: LibraryHere, request: Request, corpus: CorpusName, run: RunName) -> LiveFacts:
    """What can be run."""
    found = library.run(corpus, run)
    manifest, text = found.manifest, library.corpus(corpus)
    has_units = manifest.cell in KINDS
    start = text.part("test").starts[0]
    sample = text.text(start, start + SAMPLE_CHARS)
    return LiveFacts(
        cell=manifest.cell,
        layers=manifest.layers if has_units else 0,
        hidden=manifest.hidden if has_units else 0,
        site=unit_site(manifest.cell),
        symbols=text.alphabet.symbols,
        has_bytes=text.alphabet.kind == "bytes",
        has_returns=sample.count("\r\n") * 2 > sample.count("\n"),
        prime=first_words(text.alphabet.readable(text.ids[start : start + PRIME_CHARS])),
        why_not="" if request.app.state.live is not None else READ_ONLY,
        why_no_units=""
        if has_units
        else f"'{run}' ({manifest.cell}) has no units that it carries along: none to watch or hold",
    )


@router.post("/live/{corpus}/{run}/read")
def read(
    library: LibraryHere, request: Request, corpus: CorpusName, run: RunName, asked: ReadAsked
) -> ReadAnswer:
    """Read a text character by character: chances of the next, surprise, every unit."""
    network, alphabet = runnable(library, corpus, run)
    ids, note = known_ids(alphabet, asked.text)
    batches = list(live_of(request.app.state.live).read(network, ids, asked, alphabet))
    return ReadAnswer(readings=joined(batches), note=note)


@router.post("/live/{corpus}/{run}/write")
def write(
    library: LibraryHere, request: Request, corpus: CorpusName, run: RunName, asked: WriteAsked
) -> WriteAnswer:
    """Write on from a text, with units held and without."""
    network, alphabet = runnable(library, corpus, run)
    ids, note = known_ids(alphabet, asked.prime)
    batches = list(live_of(request.app.state.live).write(network, ids, asked, alphabet))
    written = [each for each in batches if isinstance(each, Written)]
    change = next((each for each in batches if isinstance(each, Change)), None)
    alone = [each.alone for each in written if each.alone is not None]
    both = Written(held=one_voice([each.held for each in written]), alone=one_voice(alone) if alone else None)
    return WriteAnswer(written=both, change=change, note=note)


def first_words(text: str) -> str:
    """Whole words from the first sentence or word that begins in a text."""
    after = text.partition("\n")[2] or text
    return (after.rpartition(" ")[0] or after).strip("\r\n") or text


READ_ONLY = "this explorer runs no network (--read-only); start it without that and it does"


def live_of(live: Live | None) -> Live:
    """Raises ConfigError where nothing is to be run."""
    if live is None:
        raise ConfigError(READ_ONLY)
    return live


def runnable(library: Library, corpus: str, run: str) -> tuple[Run, Alphabet]:
    """Raises NotThere, and ConfigError where the run's alphabet is not the corpus's."""
    network, text = library.run(corpus, run), library.corpus(corpus)
    if network.manifest.symbols != text.symbols:
        raise ConfigError(
            f"'{run}' knows {network.manifest.symbols} symbols, '{corpus}' has {text.symbols}; train it anew"
        )
    return network, text.alphabet


def known_ids(alphabet: Alphabet, text: str) -> tuple[np.ndarray, str]:
    """Ids of what the alphabet has of a text, shape (characters,), and one line on what it has not."""
    codes = {int(code) for code in alphabet.codes}

    def is_known(character: str) -> bool:
        content = character.encode("utf-8", "replace") if alphabet.kind == "bytes" else [ord(character)]
        return codes.issuperset(content)

    unknown = {each for each in set(text) if not is_known(each)}
    kept = "".join(each for each in text if each not in unknown)
    ids = alphabet.encode(kept.encode("utf-8", "replace"), "the text", skip_unknown=True)
    return ids.astype(np.int64), _told(unknown)


def _told(unknown: set[str]) -> str:
    if not unknown:
        return ""
    shown = " ".join(each if each.isprintable() else f"U+{ord(each):04X}" for each in sorted(unknown)[:8])
    more = f" and {len(unknown) - 8} more" if len(unknown) > 8 else ""
    return f"left out, since this alphabet has none of them: {shown}{more}"


def joined(batches: list[Readings]) -> Readings:
    """All batches as one."""
    if len(batches) == 1:
        return batches[0]
    import base64

    layers = zip(*(each.units for each in batches), strict=True) if batches else ()
    return Readings(
        first=0,
        text="".join(each.text for each in batches),
        nats=[nats for each in batches for nats in each.nats],
        likeliest=[ids for each in batches for ids in each.likeliest],
        chances=[chances for each in batches for chances in each.chances],
        units=[base64.b64encode(b"".join(map(base64.b64decode, of))).decode() for of in layers],
    )


def one_voice(voices: list[Voice]) -> Voice:
    """All batches as one."""
    return Voice(
        text="".join(each.text for each in voices),
        nats=[nats for each in voices for nats in each.nats],
        values=[value for each in voices for value in each.values],
    )
