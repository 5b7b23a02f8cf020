"""What the tables of long range say in words. Knows tables, runs no statistics."""

from collections.abc import Sequence

from rnnscope.analyses.long_range.lines import LINE_END, Lines
from rnnscope.analyses.long_range.published import NETWORK, NGRAM, SOURCE, Published
from rnnscope.estimate import BLOCK_CHARS, CONFIDENCE, RESAMPLES
from rnnscope.records.finding import Row, Scalar


def closing_reading(
    summaries: Sequence[Row], far: Sequence[Row], closers: Sequence[Row], far_chars: int
) -> str:
    """Of the pair with the most far closers, against the first of the others."""
    there = [row for row in summaries if row["closers"]]
    if not there:
        return f"Nothing closes in this part ({_names(summaries)}), so there is no distance to measure."
    if far:
        return _far(max(far, key=lambda row: _number(row["closers"])))
    row = max(there, key=lambda row: _number(row["closers"]))
    told = _near(row, closers)
    return f"{told} Too few lie {far_chars} or more characters after their opener to say more."


def _far(row: Row) -> str:
    lead = f"lead {_signed(row, 'lead', 'low', 'high')}"
    if row.get("published_lead") is not None:
        lead += f"; published {_number(row['published_lead']):+.3f}"
    told = (
        f"Where the closer of {row['pair']} comes {row['from_chars']} or more characters after its opener "
        f"({row['closers']} times), {row['predictor']} gives it {_number(row['mean_p']):.2f} on average and "
        f"{row['against']} {_number(row['against_mean_p']):.2f} ({lead})."
    )
    if row["lead_change_per_doubling"] is None or row["change_low"] is None:
        return told
    by = _signed(row, "lead_change_per_doubling", "change_low", "change_high")
    told += f" {_verdict(row)}: it changes by {by} with every doubling of the distance from there on"
    if row.get("published_change_per_doubling") is not None:
        told += f" (published {_number(row['published_change_per_doubling']):+.3f})"
    return f"{told}."


def _verdict(row: Row) -> str:
    """What the slope says of the lead, where there is one."""
    is_ahead, change = _number(row["lead"]) > 0, _number(row["lead_change_per_doubling"])
    if not row["change_is_clear"]:
        return f"No {'decay of the lead' if is_ahead else 'change with distance'} is to be seen"
    if is_ahead:
        return "The lead decays with distance" if change < 0 else "The lead grows with distance"
    return f"The lead, a lag here, {'grows' if change < 0 else 'shrinks'} with distance"


def _near(summary: Row, closers: Sequence[Row]) -> str:
    of_it = [row for row in closers if row["pair"] == summary["pair"] and row["mean_p"] is not None]
    if not of_it:
        return f"Of {summary['pair']} there are {summary['closers']} closers, too few in every bin."
    most = max(_number(row["places"]) for row in of_it)
    bin_name = next(row["bin"] for row in of_it if row["places"] == most)
    means = ", ".join(
        f"{row['predictor']} {_number(row['mean_p']):.2f}" for row in of_it if row["bin"] == bin_name
    )
    return f"Mean P of the closer of {summary['pair']}, {bin_name} characters after its opener: {means}."


def lines_reading(lines: Lines) -> str:
    """How P(line end) rises, of the first predictor and the first other."""
    if not lines.lines:
        return "Too few line ends are there to tell whether line lengths are counted."
    rows = [row for row in lines.counting if row["at"] == LINE_END and row["rise"] is not None]
    if not rows:
        return "Lines are too much alike to set short ones against usual ones."
    told = (
        f"From lines of 1-{lines.short_chars} characters to those of {lines.usual_chars} or more, "
        f"P(line end) at true line ends changes by {_signed(rows[0], 'rise', 'low', 'high')} for "
        f"{rows[0]['predictor']}"
    )
    if len(rows) < 2:
        return f"{told}."
    told += f" and by {_signed(rows[1], 'rise', 'low', 'high')} for {rows[1]['predictor']}"
    told += f": a difference of {_signed(rows[1], 'rise_lead_of_first', 'lead_low', 'lead_high')}"
    if rows[1]["lead_low"] is None:
        return f"{told}."
    follows = "follows" if _number(rows[1]["lead_low"]) > 0 else "is not seen to follow"
    first, other = rows[0]["predictor"], rows[1]["predictor"]
    return f"{told}, so {first} {follows} the length of the line better than {other}."


def caveats(summaries: Sequence[Row], lines: Lines, published: Published | None) -> list[str]:
    """How the numbers can be misread, and where the published ones are from."""
    found = [
        f"Intervals are of the text, not of training: {RESAMPLES} bootstrap samples of blocks of "
        f"{BLOCK_CHARS} characters, the same for all predictors.",
        "Only true closers and true line ends are looked at: who expects one everywhere does well here. What "
        "counts is how the mean moves with distance, and the lead on the same characters.",
    ]
    unseen = sum(int(_number(row["opener_before_row"])) for row in summaries)
    if unseen:
        found.append(
            f"{unseen} closers are left out since their opener lies before the row that the predictor starts "
            "with."
        )
    missing = [row for row in summaries if not row["closers"]]
    if missing and len(missing) < len(summaries):
        found.append(f"Nothing closes here for {_names(missing)}.")
    if any(row["closers"] for row in summaries):
        found.append(
            "Another distance is another kind of closer: what is short is a list or a condition, what is "
            "long a whole function. A predictor's own curve mixes both; the lead compares the same closers."
        )
    if lines.lines:
        found.append(
            "Short lines mostly end something (a paragraph, a statement), which the last characters tell; a "
            "line of the usual length ends because it is full."
        )
    if published and (published.closings or published.means):
        text = "the same text" if published.is_same_text else "another text of the same length and making"
        found.append(
            f"Published values are of {SOURCE}: {published.text}, {text}; {NETWORK} and {NGRAM} there are "
            "its largest, and what its error bars are is not said."
        )
    return found


def _names(summaries: Sequence[Row]) -> str:
    return ", ".join(str(row["pair"]) for row in summaries)


def _number(value: Scalar) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _signed(row: Row, value: str, low: str, high: str) -> str:
    told = f"{_number(row[value]):+.3f}"
    if row[low] is None:
        return f"{told}, text too short for an interval"
    return f"{told} ({CONFIDENCE:.0%} interval {_number(row[low]):+.3f} to {_number(row[high]):+.3f})"
