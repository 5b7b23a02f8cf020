"""n-grams and n-NNs side by side, by the characters that they see: Table 2 of the 2015 paper. Knows no
statistics.
"""

from collections.abc import Sequence

from rnnscope.analyses.comparison.competitors import Competitor
from rnnscope.analyses.comparison.published import Published
from rnnscope.records.finding import Row


def by_context(
    ngrams: Sequence[Row], windows: Sequence[Competitor], published: Published | None
) -> list[Row]:
    """A row for every context length: the n-gram, the n-NN beside it where there is one, and what the paper
    has.

    The paper read the test text as one for its n-grams: of ours `joined_test_nats` is to be set beside
    `published_ngram_nats`.
    """
    of_length = {int(each.facts["context"] or 0): each for each in windows}
    rows = []
    for row in ngrams:
        n = int(row["context"] or 0)
        if of_length:
            row = row | _window(of_length.get(n))
        if published:
            row = row | {
                "published_ngram_nats": published.ngram_nats.get(n),
                "published_window_nats": published.window_nats.get(n),
            }
        rows.append(row)
    return rows


def _window(window: Competitor | None) -> Row:
    manifest = window.surprisal.manifest if window else None
    return {
        "window_hidden": window.facts.get("hidden") if window else None,
        "window_parameters": window.facts.get("parameters") if window else None,
        "window_test_nats": manifest.mean_nats if manifest else None,
        "window_error_rate": manifest.error_rate if manifest else None,
    }
