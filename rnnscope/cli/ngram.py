"""`rnnscope ngram`: Corpus -> CountModel and its losses."""

from typing import Annotated

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

    An n-gram here sees n characters before the one it predicts, as in the 2015 paper's Table 2.
    """
    from rnnscope.records.corpus import find_corpus
    from rnnscope.records.count_model import find_count_model
    from rnnscope.studies.counting import count_and_score
    from rnnscope.studies.work import Work

    contexts = parse_contexts(context)
    found = find_corpus(work, corpus)
    rows = count_and_score(Work(work), found, contexts, command_line())
    counts = find_count_model(work, corpus)
    if counts.fallbacks:
        notice(f"discounts 0.5, 1, 1.5 stand in where counts give none: {', '.join(counts.fallbacks)}")
    result = {
        "corpus": found.name,
        "test_chars": found.part("test").chars,
        "context": {str(row["context"]): {k: v for k, v in row.items() if k != "context"} for row in rows},
        "discount_fallbacks": counts.fallbacks,
        "record_bytes": counts.disk_bytes,
        "folder": str(counts.folder),
    }
    lines = [
        f"{row['context']:>7}  {row['validation_nats']:>15.4f}  {row['test_nats']:>9.4f}  "
        f"{row['error_rate']:>10.4f}"
        for row in rows
    ]
    emit(as_json, result, ["context  validation nats  test nats  error rate", *lines])
