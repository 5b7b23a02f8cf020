"""Two predictors' losses and the true characters -> what each character is to them. Knows no words."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from rnnscope.estimate import Interval, Resampled, resampled

MOST_MEASURED = 200
"""Characters with an interval, the commonest first: an alphabet may have thousands."""


@dataclass(frozen=True)
class ByCharacter:
    """Counts and means by which character was the true one, each of shape (V,); nan for those that never
    were.
    """

    counts: np.ndarray
    network: np.ndarray
    """Mean probability of the true character under the network."""
    ngram: np.ndarray
    network_nats: np.ndarray
    """Mean surprisal."""
    ngram_nats: np.ndarray
    measured: dict[int, int]
    """Symbol -> its place among those with an interval."""
    resampled: Resampled
    """For every one of them: whether it is the true one, and there the difference of probability and nats."""
    whole: Interval
    """Difference of the mean loss over all characters, nats."""

    def difference(self, symbol: int) -> Interval:
        """Mean probability under the network less that under the n-gram; nan where it was not measured."""
        if (place := self.measured.get(symbol)) is None:
            return Interval(float(self.network[symbol] - self.ngram[symbol]), float("nan"), float("nan"))
        return self.resampled.ratio({3 * place + 1: 1.0}, {3 * place: 1.0})

    def contribution(self, symbol: int) -> Interval:
        """Share of the text times mean difference of nats: over all characters they sum to `whole`."""
        if (place := self.measured.get(symbol)) is None:
            share = self.counts[symbol] / self.counts.sum()
            value = share * (self.network_nats[symbol] - self.ngram_nats[symbol])
            return Interval(float(value), float("nan"), float("nan"))
        return self.resampled.combination({3 * place + 2: 1.0})


def by_character(
    targets_RT: np.ndarray, network_RT: np.ndarray, ngram_RT: np.ndarray, symbols: int, least: int, seed: int
) -> ByCharacter:
    """From the nats of both; characters that occur `least` times or more get intervals."""
    true = targets_RT.ravel()
    counts = np.bincount(true, minlength=symbols)
    nats = [np.asarray(each, np.float64) for each in (network_RT, ngram_RT)]
    probabilities = [np.exp(-each) for each in nats]
    order = np.argsort(-counts, kind="stable")[:MOST_MEASURED]
    chosen = [int(symbol) for symbol in order if counts[symbol] >= least]
    nats_RT, probability_RT = nats[0] - nats[1], probabilities[0] - probabilities[1]

    def series() -> Iterator[np.ndarray]:
        yield nats_RT
        for symbol in chosen:
            is_true = targets_RT == symbol
            yield is_true
            yield np.where(is_true, probability_RT, 0)
            yield np.where(is_true, nats_RT, 0)

    drawn = resampled(series(), seed)
    with np.errstate(invalid="ignore"):
        means = [
            np.bincount(true, weights=each.ravel(), minlength=symbols) / counts
            for each in (*probabilities, *nats)
        ]
    return ByCharacter(
        counts,
        *means,
        measured={symbol: place for place, symbol in enumerate(chosen)},
        resampled=replace(drawn, means_M=drawn.means_M[1:], draws_MN=drawn.draws_MN[1:]),
        whole=drawn.combination({0: 1.0}),
    )
