"""What Karpathy, Johnson, Li 2015 print, as data: facts with their source. Knows no model of ours."""

from dataclasses import dataclass, field

from rnnscope.analyses.comparison.competitors import SAME_SIZE

SOURCE = "Karpathy, Johnson, Li 2015, Figure 1 and Table 2 (test cross-entropy, nats per character)"


@dataclass(frozen=True)
class Published:
    """One text's networks: test loss by (cell, layers, budget), and what a budget is in parameters."""

    text: str
    is_same_text: bool
    """Whether ours is that text to the byte; else only one of its length and making."""
    budgets: dict[int, int]
    """Units of the one-layer LSTM that names a budget -> its parameters at the text's alphabet."""
    nats: dict[tuple[str, int, int], float]
    """(cell, layers, budget) -> test loss. The paper has no RNN of the largest budget."""
    name: str = ""
    """'war-and-peace' or 'linux-kernel'."""
    ngram_nats: dict[int, float] = field(default_factory=dict)
    """Context -> test loss of the n-gram, its rows joined (Table 2)."""
    window_nats: dict[int, float] = field(default_factory=dict)
    """Context -> test loss of the n-NN (Table 2)."""

    def budget_of(self, parameters: int) -> int | None:
        """The budget that is one size with so many parameters; None where none is."""
        for budget, count in self.budgets.items():
            if count / SAME_SIZE <= parameters <= count * SAME_SIZE:
                return budget
        return None


_CELLS = ("lstm", "rnn", "gru")


def _table(rows: dict[int, tuple[str, str, str]]) -> dict[tuple[str, int, int], float]:
    """Budget -> for each cell its losses at 1, 2, 3 layers."""
    return {
        (cell, layers, budget): float(nats)
        for budget, by_cell in rows.items()
        for cell, losses in zip(_CELLS, by_cell, strict=True)
        for layers, nats in enumerate(losses.split(), start=1)
    }


def _lengths(losses: str, of_twenty: float | None = None) -> dict[int, float]:
    """Context -> loss, from 1 on, and of the one of 20."""
    found = {n: float(nats) for n, nats in enumerate(losses.split(), start=1)}
    return found if of_twenty is None else found | {20: of_twenty}


WAR_AND_PEACE = Published(
    name="war-and-peace",
    text="War and Peace",
    is_same_text=True,
    budgets={64: 44_823, 128: 122_327, 256: 375_639, 512: 1_275_479},
    nats=_table(
        {
            64: ("1.449 1.442 1.540", "1.446 1.401 1.396", "1.398 1.373 1.472"),
            128: ("1.277 1.227 1.279", "1.417 1.286 1.277", "1.230 1.226 1.253"),
            256: ("1.189 1.137 1.141", "1.342 1.256 1.239", "1.198 1.164 1.138"),
            512: ("1.161 1.092 1.082", "", "1.170 1.201 1.077"),
        }
    ),
    ngram_nats=_lengths("2.399 1.928 1.521 1.314 1.232 1.203 1.194 1.194 1.194", 1.195),
    window_nats=_lengths("2.399 1.931 1.553 1.451 1.339 1.321"),
)
LINUX_KERNEL = Published(
    name="linux-kernel",
    text="a Linux kernel text",
    is_same_text=False,
    budgets={64: 49_317, 128: 131_301, 256: 393_573, 512: 1_311_333},
    nats=_table(
        {
            64: ("1.355 1.331 1.366", "1.407 1.371 1.383", "1.335 1.298 1.357"),
            128: ("1.149 1.128 1.177", "1.241 1.120 1.220", "1.154 1.125 1.150"),
            256: ("1.026 0.972 0.998", "1.171 1.116 1.116", "1.039 0.991 1.026"),
            512: ("0.952 0.840 0.846", "", "0.943 0.861 0.829"),
        }
    ),
    ngram_nats=_lengths("2.702 1.954 1.440 1.213 1.097 1.027 0.982 0.953 0.933", 0.889),
    window_nats=_lengths("2.707 1.974 1.505 1.395 1.256 1.376"),
)
"""Its RNN of 2 layers and budget 128 lies 0.10 below its neighbours: probably a misprint of 1.220."""
