"""n-grams and n-NNs side by side, by the characters that they see, as in Table 2 of the 2015 paper."""

from collections.abc import Mapping, Sequence

from rnnscope.analyses.comparison.competitors import Competitor, best
from rnnscope.analyses.comparison.published import Published
from rnnscope.estimate import paired_difference
from rnnscope.records.finding import Row
from rnnscope.records.surprisal import Surprisal


def by_context(
    ngrams: Sequence[Row],
    windows: Sequence[Competitor],
    same: Mapping[int, Surprisal],
    published: Published | None,
) -> list[Row]:
    """A row for every context length: the n-gram, the best n-NN beside it where there is one, and what the
    paper has. `same` are the n-grams' losses, for the interval of the difference.

    The paper read the test text as one for its n-grams: of ours `joined_test_nats` is to be set beside
    `published_ngram_nats`.
    """
    lengths = dict.fromkeys(int(each.facts["context"] or 0) for each in windows)
    of_length = {n: best([each for each in windows if each.facts["context"] == n]) for n in lengths}
    rows = []
    for row in ngrams:
        n = int(row["context"] or 0)
        if of_length:
            row = row | _window(of_length.get(n), same.get(n))
        if published:
            row = row | {
                "published_ngram_nats": published.ngram_nats.get(n),
                "published_window_nats": published.window_nats.get(n),
            }
        rows.append(row)
    return rows


def _window(window: Competitor | None, ngram: Surprisal | None) -> Row:
    manifest = window.surprisal.manifest if window else None
    less = paired_difference(window.surprisal.nats_RT, ngram.nats_RT) if window and ngram else None
    return {
        "window_hidden": window.facts.get("hidden") if window else None,
        "window_parameters": window.facts.get("parameters") if window else None,
        "window_validation_nats": window.validation_nats if window else None,
        "window_test_nats": manifest.mean_nats if manifest else None,
        "window_error_rate": manifest.error_rate if manifest else None,
        "window_less_ngram": less.value if less else None,
        "window_less_ngram_low": less.low if less else None,
        "window_less_ngram_high": less.high if less else None,
    }
