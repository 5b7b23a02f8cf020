"""Which characters every subset of predictors gets wrong -> Finding. Knows no kind of predictor."""

from collections.abc import Callable, Sequence
from itertools import permutations

from pydantic import Field

from rnnscope.analyses.error_overlap.published import SOURCE, Published, published_for
from rnnscope.analyses.error_overlap.reading import caveats_of, reading_of
from rnnscope.analyses.error_overlap.together import Together, Wanted, exactly, together, wrong
from rnnscope.errors import ConfigError
from rnnscope.estimate import known
from rnnscope.records.corpus import Corpus
from rnnscope.records.finding import Finding, Row, Scalar
from rnnscope.records.surprisal import Surprisal, kind_of, rows_scored
from rnnscope.scoring import ERROR_PROBABILITY
from rnnscope.settings import Settings

MOST_PREDICTORS = 8
"""Their subsets are 255; one more doubles them, and nobody reads the half of it."""


class OverlapSettings(Settings):
    error_probability: float = Field(default=ERROR_PROBABILITY, gt=0, lt=1)
    """A character is an error of a predictor that gave it less than this."""


def error_overlap(
    surprisals: Sequence[Surprisal],
    corpus: Corpus,
    settings: OverlapSettings = OverlapSettings(),  # noqa: B008 (frozen)
    paper: str | None = None,
    seed: int = 0,
) -> Finding:
    """Share of characters that exactly these predictors get wrong, for every subset of them; pairs, totals.

    Intervals: block bootstrap, see estimate.py, the same samples for all. Raises ConfigError for fewer than
    two predictors, more than MOST_PREDICTORS or one name twice, RecordError where they were not scored on one
    text.
    """
    names = _checked_names(surprisals)
    rows_scored(surprisals, corpus)
    found = together(surprisals, settings.error_probability, seed)
    roles = [kind_of(name) for name in names]
    published = published_for(paper, roles)
    numbers, tables = _measured(found, names, roles, published) if set(found.chars) - {0} else ({}, {})
    return Finding(
        analysis="error_overlap",
        corpus=corpus.name,
        title="Which characters do the models get wrong together?",
        reading=reading_of(tables, settings.error_probability, found.total_chars),
        numbers={"test_chars": found.total_chars, "models": len(names), **numbers},
        tables=tables,
        caveats=caveats_of(settings.error_probability, published and f"{SOURCE}. {published.text}."),
    )


def _checked_names(surprisals: Sequence[Surprisal]) -> list[str]:
    names = [surprisal.name for surprisal in surprisals]
    if not 2 <= len(names) <= MOST_PREDICTORS:
        raise ConfigError(
            f"errors of {len(names)} predictors cannot be laid over each other; choose 2 to {MOST_PREDICTORS}"
        )
    if twice := [name for name in names if names.count(name) > 1]:
        raise ConfigError(f"predictor '{twice[0]}' is there twice; give each one once")
    return names


def _measured(
    found: Together, names: list[str], roles: list[str], published: Published | None
) -> tuple[dict[str, Scalar], dict[str, list[Row]]]:
    def row(wanted: Wanted) -> Row:
        """What is said of any set of subsets."""
        beside: Row = {"paper_share": published.share(roles, wanted)} if published else {}
        share = found.share(wanted)
        independent: Row = {"independent_share": found.independent_share(wanted)}
        return {"text_share": share.value, **share.ends("low_share", "high_share"), **independent, **beside}

    whole = 2 ** len(names) - 1
    unions: dict[str, Wanted] = {
        "at least one": lambda subset: subset > 0,
        "all": exactly(whole),
        "none": exactly(0),
    }
    tables = {
        "subsets": _subset_rows(found, names, row),
        "models": [_model_row(found, names, roles, m, published) for m in range(len(names))],
        "together": [{"wrong": what, **row(wanted)} for what, wanted in unions.items()],
        "pairs": [
            _pair_row(found, names, roles, pair, published) for pair in permutations(range(len(names)), 2)
        ],
    }
    shares = [each["text_share"] for each in tables["together"]]
    told = ("at_least_one_wrong_share", "all_wrong_share", "none_wrong_share")
    return dict(zip(told, shares, strict=True)), tables


def _subset_rows(found: Together, names: list[str], row: Callable[[Wanted], Row]) -> list[Row]:
    """The largest first."""
    rows: list[Row] = []
    for subset in range(2 ** len(names)):
        members = [name for m, name in enumerate(names) if subset >> m & 1]
        rows.append(
            {
                "wrong": " + ".join(members) or "none",
                "wrong_models": len(members),
                "pattern": "".join("01"[subset >> m & 1] for m in range(len(names))),
                "chars": found.chars.get(subset, 0),
                **row(exactly(subset)),
            }
        )
    return sorted(rows, key=lambda row: -int(row["chars"] or 0))


def _model_row(
    found: Together, names: list[str], roles: list[str], m: int, published: Published | None
) -> Row:
    rate, alone = found.share(wrong(m)), found.ratio(exactly(1 << m), wrong(m))
    beside: Row = {"paper_rate": published.share(roles, wrong(m))} if published else {}
    return {
        "model": names[m],
        "family": roles[m],
        "errors": sum(chars for subset, chars in found.chars.items() if wrong(m)(subset)),
        "error_rate": rate.value,
        **rate.ends("low_rate", "high_rate"),
        **beside,
        "alone_share": known(alone.value),
    }


def _pair_row(
    found: Together,
    names: list[str],
    roles: list[str],
    pair: tuple[int, ...],
    published: Published | None,
) -> Row:
    """Of the errors of the first those that the second makes too; independent errors would share the second's
    error rate.
    """
    one, other = pair
    shared, rate = found.ratio(wrong(other), wrong(one)), found.share(wrong(other))
    beside: Row = {}
    if published:
        both, alone = (published.share(roles, wrong(*each)) for each in (pair, (one,)))
        beside = {"paper_share": both / alone}
    return {
        "model": names[one],
        "also_wrong": names[other],
        "shared_share": known(shared.value),
        **shared.ends("low_share", "high_share"),
        "independent_share": rate.value,
        **rate.ends("independent_low_share", "independent_high_share"),
        **beside,
    }
