"""A run's units on disk, what someone asks of them -> a Finding that ranks them. Runs no network."""

from rnnscope.analyses.cell_roles import SHIFTS, associate, ranked_for
from rnnscope.analyses.cell_roles.states import UnitStates
from rnnscope.corpora.tracks import Track, refuse_constant
from rnnscope.errors import ConfigError
from rnnscope.progress import OnShare, unheard, within
from rnnscope.records.corpus import Corpus
from rnnscope.records.finding import Finding
from rnnscope.records.run import Run
from rnnscope.studies.unit_states import hypotheses_of

ASSOCIATING = 0.5
"""Of the time, what it takes until the intervals are drawn."""


def ranked_by_track(
    run: Run,
    corpus: Corpus,
    part: str,
    states: UnitStates,
    track: Track,
    seed: int,
    command: str = "",
    told: OnShare = unheard,
) -> Finding:
    """All units by how closely they follow a track, beside the controls. `told` hears which share is done.

    Raises ConfigError for a track that the text has nowhere or everywhere.
    """
    (hypothesis,) = hypotheses_of(corpus, part, states.shape[0], [track])
    hypothesis = hypothesis.cut(*states.shape)
    refuse_constant(track, hypothesis.values_RT, part)
    if not hypothesis.is_usable:
        raise ConfigError(
            f"'{track.name}' holds too seldom, or too seldom not, in one half of the text to compare the "
            "two; take a wider one, or more text with --chars"
        )
    found = associate(states, [hypothesis], seed, within(told, 0.0, ASSOCIATING))
    rows = ranked_for(states, found, 0, within(told, ASSOCIATING, 1.0))
    clear = [row for row in rows if row["is_clear"]]
    best, measure = rows[0], "AUC" if hypothesis.is_flag else "rank correlation"
    return Finding(
        analysis="unit_ranking",
        corpus=corpus.name,
        title=f"Which units follow {track.title}?",
        reading=(
            f"Unit {best['unit']} of layer {best['layer']} in {run.name} follows '{track.title}' most "
            f"closely: {measure} {best['score']:.3f}; {len(clear)} of {len(rows)} units are clear of all "
            "controls."
        ),
        numbers={
            "hypothesis": track.name,
            "definition": track.definition,
            "kind": track.kind,
            "text_chars": hypothesis.values_RT.size,
            "on_share": float(hypothesis.values_RT.mean()) if hypothesis.is_flag else None,
            "units": len(rows),
            "units_clear": len(clear),
            "shifted_labelings": SHIFTS,
        },
        tables={"units": rows},
        caveats=[
            "Ranked on the first half of each row, scored on the second. Clear: beyond shifted labels (false "
            "discovery rate 5 % over the units), and with the whole interval above "
            + (
                "the best unit of the untrained network and the last character alone."
                if states.untrained
                else "what the last character alone tells. There was no untrained network to compare with."
            )
        ],
        command=command,
    )


def as_told(finding: Finding, run: Run, part: str) -> dict:
    """What the command and the explorer say of a ranking: its numbers, words and rows."""
    return {
        "run": run.reference,
        "part": part,
        **finding.plain()["numbers"],
        "reading": finding.reading,
        "caveats": finding.caveats,
        "units": finding.plain()["tables"]["units"],
    }
