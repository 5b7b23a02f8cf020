"""Settings -> Source of a synthetic text; a corpus made of it -> the states and floor of a part."""

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from rnnscope.corpora.reading import Chunks
from rnnscope.corpora.sources import Source
from rnnscope.corpora.synthetic.floor import control_floor, floor
from rnnscope.corpora.synthetic.generating import control_text, functional_text
from rnnscope.corpora.synthetic.language import LANGUAGE_VERSION, SyntheticSettings, alphabet
from rnnscope.corpora.synthetic.latents import Latents
from rnnscope.corpora.synthetic.parsing import parse
from rnnscope.errors import RecordError
from rnnscope.records.corpus import Corpus
from rnnscope.settings import changed

SYNTHETIC = "synthetic"
SYNTHETIC_CHARS = 600_000
_STEP_CHARS = 100_000
"""Whose distributions are in memory at a time."""


def synthetic(changes: Mapping[str, object] | None = None, chars: int = SYNTHETIC_CHARS) -> Source:
    """A text of the synthetic language, or its control, drawn at once. Raises ConfigError for a setting that
    there is not.

    Its facts hold the loss floor, to six digits: the mean surprisal that the generator's own probabilities
    give what was drawn, nats a character.
    """
    settings = changed(SyntheticSettings(), changes or {})
    text, nats_T, _ = _drawn(settings, chars)

    @contextlib.contextmanager
    def opened(work: Path) -> Iterator[Chunks]:
        yield lambda: iter([text.encode()])

    return Source(
        default_name=synthetic_name(settings, chars),
        title=f"the synthetic text of {settings.symbols} symbols",
        facts={
            "kind": SYNTHETIC,
            "symbols": settings.symbols,
            "control": "yes" if settings.control else "no",
            "seed": settings.seed,
            "chars": chars,
            "language_version": LANGUAGE_VERSION,
            "floor_nats": f"{nats_T.mean():.6f}",
        },
        opened=opened,
        alphabet="chars",
        fractions=(0.85, 0.05, 0.1),
    )


def synthetic_name(settings: SyntheticSettings, chars: int = SYNTHETIC_CHARS) -> str:
    """'synthetic-s4', 'synthetic-s4-control'; another length and seed than usual are named too."""
    words = [SYNTHETIC, f"s{settings.symbols}", *(["control"] if settings.control else [])]
    if chars != SYNTHETIC_CHARS:
        words.append(f"{chars // 1000}k" if chars % 1000 == 0 else f"{chars}")
    return "-".join(words + ([f"seed{settings.seed}"] if settings.seed else []))


def settings_of(corpus: Corpus) -> tuple[SyntheticSettings, int]:
    """The settings and length of a synthetic corpus. Raises RecordError for any other, and for one of
    another version of the language."""
    facts = corpus.manifest.source
    if facts.get("kind") != SYNTHETIC:
        raise RecordError(f"corpus '{corpus.name}' is no synthetic text; build one with 'synthetic'")
    if facts.get("language_version", LANGUAGE_VERSION) != LANGUAGE_VERSION:
        raise RecordError(f"corpus '{corpus.name}' is of an earlier synthetic language; build it anew")
    settings = changed(
        SyntheticSettings(),
        {"symbols": facts["symbols"], "seed": facts["seed"], "control": facts["control"] == "yes"},
    )
    return settings, corpus.manifest.ids_chars


@dataclass(frozen=True)
class PartStates:
    """What is known of a part's rows."""

    settings: SyntheticSettings
    latents_N: Latents
    """After reading each input, row after row, (R x T,)."""
    floor_nats_RT: np.ndarray
    """Surprisal of each target by the generator's own probabilities."""


def part_states(corpus: Corpus, part: str) -> PartStates:
    """The states at the inputs of a synthetic corpus's part, and the floor at its targets. Raises
    RecordError for another corpus, or one that these settings no longer make.
    """
    settings, chars = settings_of(corpus)
    rows = corpus.part(part)
    packed_RT, nats_RT = _part(
        settings.model_dump_json(), chars, rows.starts, rows.row_chars, corpus.manifest.text_sha256
    )
    return PartStates(settings, Latents(packed_RT.ravel()), nats_RT)


@lru_cache(maxsize=128)  # of a part alone: a study measures many networks on few texts
def _part(
    settings: str, chars: int, starts: tuple[int, ...], row_chars: int, sha256: str
) -> tuple[np.ndarray, np.ndarray]:
    text, nats_T, latents = _drawn(SyntheticSettings.model_validate_json(settings), chars)
    if hashlib.sha256(text.encode()).hexdigest() != sha256:
        raise RecordError(
            f"a corpus of the settings {settings} was made by other rules than there are now; build it again"
        )
    return (
        np.stack([latents.packed_T[start : start + row_chars] for start in starts]),
        np.stack([nats_T[start + 1 : start + 1 + row_chars] for start in starts]),
    )


def _drawn(settings: SyntheticSettings, chars: int) -> tuple[str, np.ndarray, Latents]:
    """(text, surprisal of every character by its generator, states after each)."""
    if settings.control:
        text, table = control_text(settings.symbols, chars, settings.seed)
        return text, control_floor(text, table, settings.symbols), parse(text)
    text, latents = functional_text(settings.symbols, chars, settings.seed)
    there, before = alphabet(settings.symbols), latents.before
    ids_T = np.array([there.index(each) for each in text])
    steps = (slice(first, first + _STEP_CHARS) for first in range(0, chars, _STEP_CHARS))
    nats = [floor(before[step], settings.symbols, settings.seed).surprisal(ids_T[step]) for step in steps]
    return text, np.concatenate(nats), latents
