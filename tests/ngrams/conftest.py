"""A slow and obvious modified Kneser-Ney, straight from its definition, with dictionaries."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from rnnscope.records.corpus import PartRows


class DictionaryModel:
    def __init__(self, ids: np.ndarray, part: PartRows, symbols: int, context: int) -> None:
        self.symbols = symbols
        self.raw = [Counter() for _ in range(context + 1)]
        lefts = [defaultdict(set) for _ in range(context + 1)]
        for start in part.starts:
            row = tuple(int(i) for i in ids[start : start + part.row_chars + 1])
            for t in range(part.row_chars):
                for k in range(min(context, t + 1) + 1):
                    pair = (row[t + 1 - k : t + 1], row[t + 1])
                    self.raw[k][pair] += 1
                    lefts[k][pair].add(row[t - k] if t - k >= 0 else "start of row")
        self.continuations = [Counter({pair: len(left) for pair, left in level.items()}) for level in lefts]

    @staticmethod
    def discounts(level: Counter) -> tuple[float, float, float]:
        n = [0] + [sum(c == i for c in level.values()) for i in (1, 2, 3, 4)]
        if 0 in n[1:4]:
            return (0.5, 1.0, 1.5)
        y = n[1] / (n[1] + 2 * n[2])
        found = tuple(i - (i + 1) * y * n[i + 1] / n[i] for i in (1, 2, 3))
        return found if all(0 < d <= i for i, d in enumerate(found, 1)) else (0.5, 1.0, 1.5)  # type: ignore

    def step(self, level: Counter, context: tuple, shorter: np.ndarray) -> np.ndarray:
        discounts = self.discounts(level)
        followed = {w: c for (h, w), c in level.items() if h == context}
        if not followed:
            return shorter
        total = sum(followed.values())
        p = shorter * sum(discounts[min(c, 3) - 1] for c in followed.values()) / total
        for w, c in followed.items():
            p[w] += (c - discounts[min(c, 3) - 1]) / total
        return p

    def distribution(self, history: tuple, context: int) -> np.ndarray:
        n = min(context, len(history))
        p = np.full(self.symbols, 1 / self.symbols)
        for k in range(n):
            p = self.step(self.continuations[k], history[len(history) - k :], p)
        return self.step(self.raw[n], history[len(history) - n :], p)


@pytest.fixture(scope="session")
def dictionary_model() -> type[DictionaryModel]:
    return DictionaryModel
