"""What Karpathy, Johnson, Li 2015 print, as data: facts with their source. Knows no predictor of ours."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

SOURCE = "Karpathy, Johnson, Li 2015, Figure 4 left, printed labels (error: p < 0.5)"
ROLES = ("network", "n-NN", "n-gram")


@dataclass(frozen=True)
class Published:
    """A Venn diagram: for every set of roles the share of characters that exactly these get wrong."""

    text: str
    shares: Mapping[frozenset[str], float]

    def share(self, roles: Sequence[str], wanted: Callable[[int], bool]) -> float:
        """Of the subsets that are wanted; a subset has bit m set where the predictor of roles[m] is wrong."""
        by_subset = {
            sum(1 << m for m, role in enumerate(roles) if role in wrong): share
            for wrong, share in self.shares.items()
        }
        by_subset[0] = 1 - sum(by_subset.values())
        return sum(share for subset, share in by_subset.items() if wanted(subset))


LINUX_KERNEL = Published(
    text=(
        "Its models are LSTM-3, 7-NN and 20-gram. It does not say on which text; its error rates fit the "
        "Linux kernel, not War and Peace"
    ),
    shares={
        frozenset({"network"}): 0.014,
        frozenset({"n-NN"}): 0.083,
        frozenset({"n-gram"}): 0.026,
        frozenset({"network", "n-NN"}): 0.048,
        frozenset({"network", "n-gram"}): 0.010,
        frozenset({"n-NN", "n-gram"}): 0.060,
        frozenset({"network", "n-NN", "n-gram"}): 0.230,
    },
)


def published_for(paper: str | None, roles: Sequence[str]) -> Published | None:
    """The diagram to set beside three predictors, one of each role; None where it has no place."""
    return LINUX_KERNEL if paper == "linux-kernel" and sorted(roles) == sorted(ROLES) else None
