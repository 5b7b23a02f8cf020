"""What a breakdown of errors says in words. Knows tables, runs no statistics."""

from collections.abc import Collection, Sequence

from rnnscope.analyses.error_oracles.published import SOURCE, PublishedModel
from rnnscope.analyses.error_oracles.scaling import ALL
from rnnscope.analyses.error_oracles.settings import OracleSettings
from rnnscope.analyses.error_oracles.shares import HERE, NO_ORACLE, PUBLISHED
from rnnscope.estimate import BLOCK_CHARS, CONFIDENCE, RESAMPLES
from rnnscope.records.finding import Row, Scalar


def no_errors(models: Sequence[Row], settings: OracleSettings) -> str:
    who = str(models[0]["model"]) if len(models) == 1 else f"none of the {len(models)} models"
    verb = "gave" if len(models) > 1 else "never gave"
    return (
        f"There is no error to take apart: {who} {verb} a true character less than "
        f"{settings.threshold:g} of its probability."
    )


def reading_of(tables: dict[str, list[Row]]) -> str:
    """What removes the errors of the first model that makes any, of which there must be one."""
    first = next(row for row in tables["models"] if row["errors"])
    rows = [row for row in tables.get("oracles", []) if _is_of(row, first)]
    overlaps = [row for row in tables.get("overlaps", []) if row["model"] == first["model"]]
    said = [_breakdown(first, rows), _order(rows), _overlap(overlaps), _scaling(tables.get("scaling", []))]
    return " ".join(filter(None, said))


def _is_of(row: Row, model: Row) -> bool:
    return row["model"] == model["model"] and row["whose"] == HERE


def _breakdown(model: Row, rows: Sequence[Row]) -> str:
    errs = f"{model['model']} errs on {percent(model['error_rate'])} of characters"
    if not rows:
        return f"{errs}, and there is no oracle."
    removed = ", ".join(
        f"{row['oracle']} {percent(row['share'])}" for row in rows if row["oracle"] != NO_ORACLE
    )
    words = f"{errs}. Of these {number(model['errors'])} errors the oracles remove, in this order: {removed}"
    beside = [percent(row["paper"]) for row in rows if row["paper"] is not None]
    if len(beside) == len(rows):
        words += f" (the paper's {model['paper_model']}: {', '.join(beside)})"
    left = [percent(row["share"]) for row in rows if row["oracle"] == NO_ORACLE]
    return f"{words}; {left[0]} are left." if left else f"{words}."


def _order(rows: Sequence[Row]) -> str:
    """The oracle for which its place in the order matters most."""
    varied = [row for row in rows if row["first"] is not None]
    if len(varied) < 2:
        return ""
    widest = max(varied, key=lambda row: value(row["first"]) - value(row["last"]))
    return (
        f"The order matters most for {widest['oracle']}: it removes {percent(widest['first'])} when it goes "
        f"first, {percent(widest['last'])} when all others but a boost went before, and "
        f"{percent(widest['shapley'])} averaged over all orders{_interval(widest, 'shapley_')}."
    )


def _overlap(rows: Sequence[Row]) -> str:
    """The two oracles that have most in common; rows are sorted by that."""
    if not rows or not rows[0]["errors"]:
        return ""
    most = rows[0]
    return (
        f"{most['first']} and {most['second']} overlap most: {percent(most['of_either'])}"
        f"{_interval(most, 'of_either_')} of what either would remove, both would."
    )


def _scaling(rows: Sequence[Row]) -> str:
    here = [row for row in rows if row["whose"] == HERE and row["slice"] == ALL]
    if not here:
        return ""
    total, *oracles = here
    if total["share_of_gone"] is None:
        return f"{total['large']} does not clearly make fewer errors than {total['small']}."
    most = max(oracles, key=lambda row: value(row["share_of_gone"]), default=None)
    words = f"{total['large']} makes {number(total['errors_gone'])} fewer errors than {total['small']}"
    if most is not None:
        words += f"; {percent(most['share_of_gone'])}{_interval(most)} of these fall to {most['oracle']}"
        words += _published(rows, most)
    mended, new = number(total["mended"]), number(total["new"])
    return f"{words}. Behind that, {mended} errors are gone and {new} are new."


def _published(rows: Sequence[Row], most: Row) -> str:
    found = next(
        (r for r in rows if r["whose"] == PUBLISHED and (r["oracle"], r["slice"]) == _key(most)), None
    )
    return f" (in the paper {percent(found['share_of_gone'])})" if found else ""


def _key(row: Row) -> tuple[Scalar, Scalar]:
    return row["oracle"], row["slice"]


def caveats_of(
    settings: OracleSettings, ngrams: Collection[int], published: Sequence[PublishedModel]
) -> list[str]:
    """How the numbers can be misread, what was left out, and where published ones are from."""
    caveats = [
        "Each error stands under the first oracle that removes it, so shares depend on the order; the table "
        "'oracles' has each one first, last and averaged over all orders of all but the boost.",
        "An oracle removes what a perfect remedy would at most; a real one removes less.",
        f"Intervals are of the text, not of training: {RESAMPLES} bootstrap samples of blocks of "
        f"{BLOCK_CHARS} characters ({CONFIDENCE:.0%}).",
    ]
    if settings.memory_chars and settings.memory_least_chars > 1:
        caveats.append(
            f"The memory oracle looks up words of at least {settings.memory_least_chars} characters; with "
            "memory_least_chars=1 it takes every word, and more than twice the errors on War and Peace."
        )
    if missing := sorted(set(settings.contexts) - set(ngrams)):
        caveats.append(
            f"No n-gram of context {', '.join(map(str, missing))} was there: the n-gram oracle removes less "
            "than it might."
        )
    if published:
        caveats.append(
            f"Published values: {SOURCE}. It does not say what a word is or what the memory holds; see the "
            "settings for the readings taken."
        )
    return caveats


def value(cell: Scalar) -> float:
    return float(cell or 0)


def percent(cell: Scalar) -> str:
    return f"{value(cell):.1%}"


def number(cell: Scalar) -> str:
    return f"{int(value(cell)):,}"


def _interval(row: Row, prefix: str = "") -> str:
    low, high = row.get(f"{prefix}low"), row.get(f"{prefix}high")
    return "" if low is None or high is None else f" ({percent(low)} to {percent(high)})"
