"""Units' values, the text they were read from -> how much of them the last k characters give, linearly. Knows
no network.
"""

import numpy as np
from scipy import linalg, sparse

PENALTY = 1.0
"""Of the ridge regression, in characters: as if every weight had been seen to be zero once."""


def explained_by_last(values_RTU: np.ndarray, ids_RT: np.ndarray, most: int = 10) -> np.ndarray:
    """R² of every unit from the one-hots of the last k characters, the one just read included, for k = 1 to
    `most`; shape (most, U).

    Ridge regression (Hoerl and Kennard 1970), fitted on the first half of every row and scored on the second;
    nan for a unit that does not vary there. `ids_RT`: which symbol was read, 0..V-1.
    """
    steps, symbols = ids_RT.shape[1], int(ids_RT.max()) + 1
    middle = steps // 2
    # the first characters of a row have not `most` before them
    halves = slice(most - 1, middle), slice(middle, steps)
    fit, score = (_cut(values_RTU, ids_RT, span, most) for span in halves)
    means_U = fit[1].mean(axis=0)
    hot, targets_NU = _one_hots(fit[0], symbols), fit[1] - means_U
    gram = np.asarray((hot.T @ hot).todense(), dtype=np.float64)
    gram[np.diag_indices_from(gram)] += PENALTY
    products = hot.T @ targets_NU
    hot_later, later_NU = _one_hots(score[0], symbols), score[1]
    total_U = ((later_NU - later_NU.mean(axis=0)) ** 2).sum(axis=0)
    found = np.full((most, later_NU.shape[1]), np.nan)
    moves_U = total_U > 1e-9 * len(later_NU)
    for last in range(1, most + 1):
        columns = slice(0, last * symbols)  # the nearest characters come first
        weights = linalg.solve(gram[columns, columns], products[columns], assume_a="pos")
        left_NU = later_NU - means_U - hot_later[:, columns] @ weights
        found[last - 1, moves_U] = 1 - (left_NU**2).sum(axis=0)[moves_U] / total_U[moves_U]
    return found


def _cut(values_RTU: np.ndarray, ids_RT: np.ndarray, span: slice, most: int) -> tuple[np.ndarray, np.ndarray]:
    """(N, most) symbols with the last read first, and (N, U) values, of the steps of `span` in every row."""
    windows_RTK = np.lib.stride_tricks.sliding_window_view(ids_RT, most, axis=1)[:, :, ::-1]
    # window t ends at step t + most - 1
    symbols_RTK = windows_RTK[:, span.start - most + 1 : span.stop - most + 1]
    return (
        symbols_RTK.reshape(-1, most),
        values_RTU[:, span].astype(np.float64).reshape(-1, values_RTU.shape[2]),
    )


def _one_hots(symbols_NK: np.ndarray, symbols: int) -> sparse.csr_array:
    """(N, K V): one 1 for each of the K characters, those of the last read first."""
    chars, last = symbols_NK.shape
    columns = symbols_NK + symbols * np.arange(last)
    starts = np.arange(0, chars * last + 1, last)
    return sparse.csr_array((np.ones(chars * last), columns.ravel(), starts), shape=(chars, last * symbols))
