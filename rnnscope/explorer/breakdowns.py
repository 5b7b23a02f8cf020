"""A predictor's losses -> each of its errors under what would remove it, kept for a while. Knows no view.

The settings are those that the corpus's finding was made with, so that the counts are the finding's; where
there is none, the paper's.
"""

import hashlib
import threading
from dataclasses import dataclass

import numpy as np
from pydantic import ValidationError

from rnnscope.analyses.error_oracles import OracleSettings, built_in_oracles
from rnnscope.analyses.error_oracles.breakdown import Breakdown, broken_down
from rnnscope.analyses.error_oracles.finding import error_text, part_text
from rnnscope.analyses.error_oracles.shares import model_tables, slice_names
from rnnscope.explorer.kept import Kept
from rnnscope.explorer.library import Library, NotThere
from rnnscope.records.corpus import Corpus
from rnnscope.records.finding import Finding, Row
from rnnscope.records.surprisal import Surprisal

MOST_KEPT = 6
"""Of a million characters one takes ten megabytes."""
ANALYSIS = "error_oracles"


@dataclass(frozen=True)
class BrokenDown:
    """One predictor's errors on one part."""

    corpus: Corpus
    model: Surprisal
    settings: OracleSettings
    errors: Breakdown
    tables: dict[str, list[Row]]
    """'slices', 'oracles', 'overlaps', as the finding has them; empty where there is no error."""

    @property
    def slices(self) -> list[tuple[str, str]]:
        """(oracle, label) of each place in `errors.slice_RT`."""
        return slice_names(self.errors)

    def chosen(self, oracle: str, label: str) -> np.ndarray:
        """Errors that a slice of an oracle removes, all its slices where `label` is empty, all errors where
        both are; flat places in the order of the text."""
        wanted = [
            place
            for place, names in enumerate(self.slices)
            if oracle in ("", names[0]) and label in ("", names[1])
        ]
        return np.flatnonzero(np.isin(self.errors.slice_RT, wanted))


class Breakdowns:
    """The breakdowns of one explorer. Any thread may ask."""

    def __init__(self) -> None:
        self._kept: Kept[BrokenDown] = Kept(MOST_KEPT)
        self._turn = threading.Lock()

    def of(self, library: Library, corpus: str, predictor: str, part: str) -> BrokenDown:
        """Raises NotThere, with the command that makes what is missing."""
        found = library.corpus(corpus)
        model = library.surprisal(corpus, predictor, part)
        settings = settings_of(library.findings(corpus).get(ANALYSIS))
        ngrams = _ngrams(library, found, predictor, part, settings)
        read = [model, *ngrams.values()]
        stamps = [f"{each.folder} {(each.folder / 'nats.npy').stat().st_mtime_ns}" for each in read]
        whole = "\n".join([found.manifest.fingerprint, part, settings.model_dump_json(), *stamps])
        key = hashlib.sha256(whole.encode()).hexdigest()

        def made() -> BrokenDown:
            with self._turn:  # each fills memory and processor
                return _broken_down(found, model, ngrams, settings)

        return self._kept.get(key, made)


def settings_of(finding: Finding | None) -> OracleSettings:
    """Those that a finding was made with; the paper's where it does not say."""
    told = finding.parents.get("told") if finding is not None else None
    try:
        return OracleSettings.model_validate_json(told) if told else OracleSettings()
    except ValidationError:  # of another version
        return OracleSettings()


def _ngrams(
    library: Library, corpus: Corpus, predictor: str, part: str, settings: OracleSettings
) -> dict[int, Surprisal]:
    """By context length, every one that the settings name. Raises NotThere."""
    there = library.surprisals(corpus.name, part)
    names = {context: f"{context}-gram" for context in settings.contexts}
    if missing := [name for name in names.values() if name not in there]:
        runs = library.runs(corpus.name)
        reader = predictor if predictor in runs else next(iter(runs), "")
        command = f"rnnscope errors {corpus.name}/{reader} --part {part}"
        raise NotThere(
            f"no losses of {', '.join(missing)} on {part}, which say what an n-gram would get right",
            command if reader else f"rnnscope analyse {ANALYSIS} {corpus.name}",
        )
    return {context: there[name] for context, name in names.items()}


def _broken_down(
    corpus: Corpus, model: Surprisal, ngrams: dict[int, Surprisal], settings: OracleSettings
) -> BrokenDown:
    text = part_text([model, *ngrams.values()], corpus, settings)
    made = broken_down(model.name, error_text(model, ngrams, text), built_in_oracles(settings, ngrams))
    tables = model_tables(made, None, 0) if made.errors else {}
    return BrokenDown(corpus, model, settings, made, tables)
