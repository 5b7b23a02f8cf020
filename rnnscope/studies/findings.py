"""Analyses by name -> the findings of a study. Knows which there are and what each hangs on.

A new analysis is one entry in ANALYSES. A finding is made again only if its parents have changed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from rnnscope.analyses.error_oracles import OracleSettings
from rnnscope.analyses.error_overlap import OverlapSettings
from rnnscope.analyses.long_range import LongRangeSettings
from rnnscope.analyses.per_character import PerCharacterSettings
from rnnscope.analyses.training_dynamics import DynamicsSettings
from rnnscope.errors import ConfigError, RecordError, did_you_mean
from rnnscope.records.finding import Finding
from rnnscope.settings import Settings
from rnnscope.studies import text_findings as of_text
from rnnscope.studies import unit_findings as of_units
from rnnscope.studies.context import ContextSettings
from rnnscope.studies.reading import Study


def make_findings(study: Study, names: Iterable[str] | None = None) -> dict[str, Path]:
    """Analysis -> its finding's file, made where it is missing or its parents have changed. Raises
    ConfigError.
    """
    names = list(ANALYSES if names is None else names)
    for name in names:
        analysis_named(name)
    return {name: _finding(study, name) for name in names}


def _finding(study: Study, name: str) -> Path:
    folder = study.work.findings(study.corpus.name)
    path = folder / f"{name}.json"
    analysis = ANALYSES[name]
    parents = study.parents | analysis.parents(study) | {"version": str(analysis.version)}
    told = study.settings.get(name, analysis.settings)
    if told is not None:
        parents |= {"told": told.model_dump_json()}
    if path.is_file():
        try:
            if Finding.load(path).parents == parents:
                return path
        except RecordError:
            pass  # written by another version: it is made again
    others = [Finding.load(_finding(study, other)) for other in analysis.reads]
    made = analysis.make(study, *others, **({} if told is None else {"settings": told}))
    caveats = [*made.caveats, *_of_adopted(study)]
    return made.model_copy(update={"parents": parents, "command": study.command, "caveats": caveats}).save(
        folder
    )


def _of_adopted(study: Study) -> list[str]:
    """What holds for all that is said of networks that were trained elsewhere."""
    names = [run.name for run in study.runs if run.is_adopted]
    if not names:
        return []
    return [
        f"Trained elsewhere: {', '.join(names)}. What they have read is not known: of test text that was "
        "among it their losses are too low, what is called training text here is the corpus's and perhaps "
        "not theirs, and where a unit is set beside the best one before training, that is one of a network "
        "of their shape as 'fast' begins."
    ]


@dataclass(frozen=True)
class Analysis:
    """One analysis: how it is made of a study's records, and what it can be told."""

    make: Callable[..., Finding]
    """Of the study, of the findings that it reads, and of `settings` where there are any."""
    settings: Settings | None = None
    """As it is told unless told otherwise."""
    reads: tuple[str, ...] = ()
    """Other findings that it needs."""
    is_of_units: bool = False
    """Whether it needs traces of the runs that are opened."""
    parents: Callable[[Study], dict[str, str]] = lambda study: {}
    """What it hangs on beside the study's own parents."""
    version: int = 1
    """Of what it says of the same records: a step up, and findings on disk are made anew."""


ANALYSES: dict[str, Analysis] = {
    "comparison": Analysis(of_text.comparison, version=2),
    "model_map": Analysis(of_text.map_of_models),
    "error_overlap": Analysis(of_text.overlap, OverlapSettings()),
    "per_character": Analysis(of_text.by_character, PerCharacterSettings()),
    "long_range": Analysis(of_text.distances, LongRangeSettings()),
    "effective_context": Analysis(of_text.context, ContextSettings()),
    "error_oracles": Analysis(of_text.oracles, OracleSettings()),
    "training_curves": Analysis(of_text.curves),
    "training_dynamics": Analysis(of_text.dynamics, DynamicsSettings(), ("cell_roles",), is_of_units=True),
    "saturation": Analysis(of_units.gates, is_of_units=True),
    "cell_roles": Analysis(of_units.roles, is_of_units=True),
    "unit_cards": Analysis(
        of_units.cards, reads=("cell_roles", "saturation"), is_of_units=True, parents=of_units.ablations
    ),
    "samples": Analysis(of_units.written),
}
"""In the order of the report."""


def analysis_named(name: str) -> Analysis:
    """Raises ConfigError for an analysis that there is not."""
    if name not in ANALYSES:
        raise ConfigError(f"no analysis '{name}'; {did_you_mean(name, ANALYSES)}")
    return ANALYSES[name]
