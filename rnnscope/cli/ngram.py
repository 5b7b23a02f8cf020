"""`rnnscope ngram`: Corpus -> CountModel and its losses."""

from typing import TYPE_CHECKING, Annotated

import typer

from rnnscope.cli.options import (
    DEFAULT_WORK,
    JsonOption,
    WorkOption,
    command_line,
    emit,
    notice,
    parse_contexts,
)

if TYPE_CHECKING:
    from rnnscope.records.finding import Row


MOST_TOGETHER = 9
"""The longest context of the 2015 paper's n-gram oracle."""


def register(app: typer.Typer) -> None:
    app.command()(ngram)


def ngram(
    corpus: Annotated[str, typer.Argument(help="Name of a corpus in the work folder.")],
    context: Annotated[
        str, typer.Option(help="Context lengths to score, e.g. 1-9,20. All up to the longest are counted.")
    ] = "1-9,20",
    work: WorkOption = DEFAULT_WORK,
    as_json: JsonOption = False,
) -> None:
    """Count every context up to the longest, and score the n-grams: modified Kneser-Ney.

    An n-gram here sees n characters before the one it predicts. On a corpus split into streams its test text
    is read as one, as for the 2015 paper's Table 2; 'rows afresh' is the protocol that networks are held to.
    """
    from rnnscope.records.corpus import find_corpus
    from rnnscope.records.count_model import find_count_model
    from rnnscope.studies.counting import any_right, count_and_score
    from rnnscope.studies.work import Work

    contexts = parse_contexts(context)
    found = find_corpus(work, corpus)
    rows = count_and_score(Work(work), found, contexts, command_line())
    counts = find_count_model(work, corpus)
    if counts.fallbacks:
        notice(f"discounts 0.5, 1, 1.5 stand in where counts give none: {', '.join(counts.fallbacks)}")
    is_paper_split = found.manifest.split_kind == "streams"
    result = {
        "corpus": found.name,
        "test_chars": found.part("test").chars,
        "context": {str(row["context"]): _losses(row, is_paper_split) for row in rows},
        "discount_fallbacks": counts.fallbacks,
        "record_bytes": counts.disk_bytes,
        "folder": str(counts.folder),
    }
    together = [n for n in contexts if 1 <= n <= MOST_TOGETHER]
    share = any_right(Work(work), found, together) if together and is_paper_split else None
    result["any_right"] = share
    lines = [
        f"{context:>7}  {shown['validation_nats']:>15.4f}  {shown['test_nats']:>9.4f}  "
        f"{shown['error_rate']:>10.4f}  "
        f"{shown['rows_afresh_test_nats']:>11.4f}"
        for context, shown in result["context"].items()
    ]
    if share is not None:
        lengths = f"{together[0]} to {together[-1]}" if len(together) > 1 else f"{together[0]}"
        lines.append(
            f"at least one of those of {lengths} characters is right on {share:.2%} of the test text"
        )
    emit(as_json, result, ["context  validation nats  test nats  error rate  rows afresh", *lines])


def _losses(row: "Row", is_paper_split: bool) -> "Row":
    """The numbers of one context length; on the paper's split test_nats and error_rate are those of its Table
    2.
    """
    return {
        "validation_nats": row["validation_nats"],
        "test_nats": row["joined_test_nats" if is_paper_split else "test_nats"],
        "error_rate": row["joined_error_rate" if is_paper_split else "error_rate"],
        "rows_afresh_test_nats": row["test_nats"],
        "rows_afresh_error_rate": row["error_rate"],
    }
