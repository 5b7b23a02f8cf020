"""Weights, the state before -> one step of one unit, written out: every gate's parts, numbers in float64.

The equations of recurrence/cells.py for one unit, in numpy, so that they can be shown with no network at
hand. Knows no text and no web.
"""

from dataclasses import dataclass

import numpy as np

from rnnscope.recurrence.kinds import KINDS

MOST_TERMS = 5
"""Units named as the strongest in a sum."""


@dataclass(frozen=True)
class Term:
    """One unit's share of a sum."""

    unit: int
    weight: float
    value: float

    @property
    def product(self) -> float:
        return self.weight * self.value


@dataclass(frozen=True)
class Gate:
    """What is squashed, in parts: pre = input + recurrent * factor + bias."""

    name: str
    squash: str
    """'sigmoid' or 'tanh'."""
    input: float
    """W x."""
    inputs: tuple[Term, ...]
    """The strongest of W x above the first layer; a symbol has one weight alone."""
    recurrent: float
    """U h', of `gru` with the bias that the reset gate scales too; of `gru-2015` U (r h')."""
    recurrents: tuple[Term, ...]
    factor: float
    """The reset gate, where it scales the recurrent part; else 1."""
    bias: float
    inner_bias: float
    """The bias inside the recurrent part."""
    pre: float
    value: float


@dataclass(frozen=True)
class UnitStep:
    """One step of one unit."""

    gates: tuple[Gate, ...]
    before: dict[str, float]
    """h', and c' of an LSTM."""
    after: dict[str, float]
    """h, and c and tanh_c of an LSTM."""


@dataclass(frozen=True)
class LayerArrays:
    """A layer's weights, as saved."""

    w_input_GI: np.ndarray
    w_hidden_GH: np.ndarray
    b_input_G: np.ndarray
    b_hidden_G: np.ndarray


@dataclass(frozen=True)
class Before:
    """What a step starts from."""

    input: int | np.ndarray
    """A symbol's id, or the layer below's h, (H,)."""
    hidden_H: np.ndarray
    cell: float = 0.0
    """Of the unit alone."""


def unit_step(cell: str, unit: int, weights: LayerArrays, before: Before) -> UnitStep:
    """The step that cells.DEFINITIONS[cell].step makes, of one unit."""
    step = _Step(cell, unit, weights, before)
    h_before = float(before.hidden_H[unit])
    match cell:
        case "lstm":
            i, f, g, o = (step.gate(name, "tanh" if name == "g" else "sigmoid") for name in "ifgo")
            c = f.value * before.cell + i.value * g.value
            after = {"c": c, "tanh_c": float(np.tanh(c)), "h": float(o.value * np.tanh(c))}
            return UnitStep((f, i, g, o), {"c": before.cell, "h": h_before}, after)
        case "gru" | "gru-2015":
            r, z = step.gate("r", "sigmoid"), step.gate("z", "sigmoid")
            n = step.reset_candidate(r.value)
            kept = z.value if cell == "gru" else 1 - z.value
            return UnitStep((r, z, n), {"h": h_before}, {"h": (1 - kept) * n.value + kept * h_before})
        case _:
            gate = step.gate("h", "tanh")
            return UnitStep((gate,), {"h": h_before}, {"h": gate.value})


@dataclass(frozen=True)
class _Step:
    cell: str
    unit: int
    weights: LayerArrays
    before: Before

    def _row(self, name: str) -> int:
        return KINDS[self.cell].blocks.index(name) * len(self.before.hidden_H) + self.unit

    def _input(self, row: int) -> tuple[float, tuple[Term, ...]]:
        if isinstance(self.before.input, int):
            return float(self.weights.w_input_GI[row, self.before.input]), ()
        return _sum(self.weights.w_input_GI[row], self.before.input)

    def gate(self, name: str, squash: str) -> Gate:
        row = self._row(name)
        into, inputs = self._input(row)
        recurrent, recurrents = _sum(self.weights.w_hidden_GH[row], self.before.hidden_H)
        bias = float(self.weights.b_input_G[row]) + float(self.weights.b_hidden_G[row])
        pre = into + recurrent + bias
        value = squashed(squash, pre)
        return Gate(name, squash, into, inputs, recurrent, recurrents, 1.0, bias, 0.0, pre, value)

    def reset_candidate(self, r: float) -> Gate:
        """A GRU's candidate: the reset scales what the matrix makes, or (2015) what it is given."""
        row = self._row("n")
        into, inputs = self._input(row)
        own, inner = float(self.weights.b_input_G[row]), float(self.weights.b_hidden_G[row])
        hidden_H, factor = self.before.hidden_H, r
        if self.cell == "gru-2015":
            hidden_H, factor, own, inner = self._reset_H() * hidden_H, 1.0, own + inner, 0.0
        recurrent, recurrents = _sum(self.weights.w_hidden_GH[row], hidden_H)
        pre = into + factor * (recurrent + inner) + own
        value = float(np.tanh(pre))
        return Gate("n", "tanh", into, inputs, recurrent, recurrents, factor, own, inner, pre, value)

    def _reset_H(self) -> np.ndarray:
        """The reset gate of every unit."""
        units = len(self.before.hidden_H)
        rows = slice(KINDS[self.cell].blocks.index("r") * units, None)
        w_HI, w_HH, b_H, bh_H = (
            np.asarray(each[rows][:units], dtype=np.float64)
            for each in (
                self.weights.w_input_GI,
                self.weights.w_hidden_GH,
                self.weights.b_input_G,
                self.weights.b_hidden_G,
            )
        )
        into_H = (
            w_HI[:, self.before.input] if isinstance(self.before.input, int) else w_HI @ self.before.input
        )
        return 1 / (1 + np.exp(-(into_H + w_HH @ self.before.hidden_H + b_H + bh_H)))


def squashed(squash: str, pre: float) -> float:
    # by tanh, which does not overflow
    return float(np.tanh(pre)) if squash == "tanh" else float(0.5 * (1 + np.tanh(pre / 2)))


def _sum(weights_H: np.ndarray, values_H: np.ndarray) -> tuple[float, tuple[Term, ...]]:
    """A dot product and its largest terms."""
    weights_H, values_H = np.asarray(weights_H, dtype=np.float64), np.asarray(values_H, dtype=np.float64)
    products_H = weights_H * values_H
    order = np.argsort(-np.abs(products_H), kind="stable")[:MOST_TERMS]
    terms = tuple(Term(int(i), float(weights_H[i]), float(values_H[i])) for i in order)
    return float(products_H.sum()), terms
