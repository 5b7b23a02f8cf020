"""Gradients -> updates: Muon per gate block, AdamW and RMSProp by part. Knows roles of parameters, no cell.

Muon: K. Jordan et al., 2024, https://kellerjordan.github.io/posts/muon; one block per gate was better here
than one matrix for all gates (half an epoch on War and Peace, LSTM 1x128: 1.5217 against 1.5349 validation
nats).
"""

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from rnnscope.models.saved import Model
from rnnscope.recurrence.native.step import NativeStep
from rnnscope.recurrence.scan import AUTO
from rnnscope.recurrence.stack import native_step
from rnnscope.training.config import TrainConfig

REGISTER = 16
"""Numbers that the compiled update handles at once."""
ORTHOGONALISING = {
    2: ((7.299433, -20.171086, 14.454119), (2.906944, -2.136780, 0.456191)),
    3: (
        (8.017169, -22.940970, 16.611272),
        (3.611939, -2.652063, 0.512305),
        (2.660959, -1.945127, 0.435686),
    ),
    4: (
        (8.301937, -24.042491, 17.469996),
        (4.007805, -2.926625, 0.542509),
        (3.489622, -2.565411, 0.502803),
        (2.497348, -1.812576, 0.421703),
    ),
    5: (
        (8.386913, -24.371455, 17.726535),
        (4.143014, -3.018619, 0.552650),
        (3.931189, -2.874116, 0.536723),
        (3.282796, -2.416552, 0.486531),
        (2.284973, -1.632359, 0.403066),
    ),
}
"""Number of steps -> coefficients a, b, c of each step X <- a X + b (X X^T) X + c (X X^T)^2 X.

Each step's polynomial has the least largest distance from 1 on the range that the step before it leaves
(Amsel, Persson, Musco, Gower 2025, "The Polar Express", arXiv 2505.16932), widened by a hundredth for
rounding. They begin with singular values from 0.03, 0.01, 0.003 and 0.001 to 1 and end within 0.39, 0.28,
0.21 and 0.12 of 1.
"""


class Muon(torch.optim.Optimizer):
    """Momentum whose update is orthogonalised, block by block.

    Every parameter is a stack of gates of `gate_rows` rows, or one gate where its rows are no multiple of
    them, and a gate is cut into blocks of at most `most_rows` rows. Update of a block:
    rate * sqrt(max(1, rows / columns) / blocks of the gate) * orthogonalised(Nesterov momentum), so that no
    direction of a gate's update is longer than the rate.
    Blocks lower than a gate cost less, and are no worse (training/recipes.py).
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        *,
        lr: float,
        momentum: float,
        newton_schulz_steps: int,
        gate_rows: int,
        most_rows: int,
        dtype: torch.dtype = torch.bfloat16,
        backend: str = AUTO,
    ) -> None:
        """Products are made in `dtype`; `backend`: as of `native_step`, which does it all in one call."""
        self.momentum = momentum
        self.newton_schulz_steps = newton_schulz_steps
        self.gate_rows = gate_rows
        self.most_rows = most_rows
        self.dtype = dtype
        self.backend = backend
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """One update of every parameter that has a gradient."""
        for group in self.param_groups:
            alike: dict[tuple[int, bool], list[Tensor]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    gate_rows = self._gate_rows(parameter)
                    is_tall = self._block_rows(gate_rows) > parameter.shape[1]
                    alike.setdefault((gate_rows, is_tall), []).append(parameter)
            for (gate_rows, _), parameters in alike.items():
                self._update_alike(parameters, gate_rows, group["lr"])

    def _gate_rows(self, parameter: Tensor) -> int:
        return len(parameter) if len(parameter) % self.gate_rows else self.gate_rows

    def _block_rows(self, gate_rows: int) -> int:
        return block_rows(gate_rows, self.most_rows)

    def _update_alike(self, parameters: Sequence[Tensor], gate_rows: int, rate: float) -> None:
        rows = self._block_rows(gate_rows)
        rate *= math.ceil(gate_rows / rows) ** -0.5
        native = self._native(parameters, rows)
        if native is None:
            for parameter in parameters:
                self._update(parameter, gate_rows, rows, rate)
            return
        native.muon(
            parameters,
            [_gradient(parameter) for parameter in parameters],
            [self._momentum(parameter) for parameter in parameters],
            gate_rows=gate_rows,
            block_rows=rows,
            rate=rate,
            momentum=self.momentum,
            coefficients=ORTHOGONALISING[self.newton_schulz_steps],
        )

    def _native(self, parameters: Sequence[Tensor], rows: int) -> NativeStep | None:
        """The compiled update, where it is and fits: no block higher than wide."""
        step = native_step(parameters[0].device, self.dtype, self.backend)
        fits = step is not None and all(
            each.dtype == step.dtype
            and each.is_contiguous()
            and _gradient(each).is_contiguous()
            and rows <= each.shape[1]
            for each in parameters
        )
        return step if fits else None

    def _update(self, parameter: Tensor, gate_rows: int, rows: int, rate: float) -> None:
        columns = parameter.shape[1]
        stack = self._ahead(parameter).view(-1, gate_rows, columns)
        for blocks, weights in zip(
            stack.split(rows, dim=1),
            parameter.view(-1, gate_rows, columns).split(rows, dim=1),
            strict=True,
        ):
            update = orthogonalised(blocks, self.newton_schulz_steps, self.dtype)
            shape_share = max(1.0, blocks.shape[1] / columns) ** 0.5
            weights.add_(update, alpha=-rate * shape_share)

    def _ahead(self, parameter: Tensor) -> Tensor:
        """Nesterov's momentum: the gradient drawn towards the mean that has just taken it in."""
        gradient = _gradient(parameter)
        mean = self._momentum(parameter).lerp_(gradient, 1 - self.momentum)
        return gradient.lerp(mean, self.momentum)

    def _momentum(self, parameter: Tensor) -> Tensor:
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        return state["momentum"]


def _gradient(parameter: Tensor) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad


def block_rows(gate_rows: int, most_rows: int) -> int:
    """Rows of a gate's blocks, as even as can be and a whole number of registers: 300 in parts of at most 128
    are 112, 112 and 76."""
    count = math.ceil(gate_rows / max(REGISTER, most_rows // REGISTER * REGISTER))
    return min(gate_rows, math.ceil(gate_rows / count / REGISTER) * REGISTER)


def orthogonalised(blocks: Tensor, steps: int, dtype: torch.dtype = torch.bfloat16) -> Tensor:
    """Every matrix of a batch (blocks, rows, columns) with its singular values brought to about 1.

    The steps need singular values of at most 1 to begin with, and the larger the better. The fourth root of
    the sum of their fourth powers, the norm of X X^T, is as safe a divisor as the Frobenius norm of X,
    several times smaller in wide matrices, and X X^T is worked out anyway. The steps are made in `dtype`:
    bfloat16 loses nothing that shows in the loss.
    """
    norms = torch.linalg.matrix_norm(blocks, keepdim=True)
    x = (blocks / (norms + 1e-30)).to(dtype)
    is_tall = x.shape[-2] > x.shape[-1]
    if is_tall:
        x = x.mT.contiguous()
    square = torch.bmm(x, x.mT)
    fourth = torch.linalg.matrix_norm(square.to(blocks.dtype), keepdim=True)
    scale = (1.02 * fourth + 1e-30).rsqrt().to(dtype)
    x, square = x * scale, square * scale.square()
    for step, (a, b, c) in enumerate(ORTHOGONALISING[steps]):
        if step:
            square = torch.bmm(x, x.mT)
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return (x.mT if is_tall else x).to(blocks.dtype)


def roles(network: Model) -> dict[str, list[nn.Parameter]]:
    """'hidden', 'input', 'decoder', 'bias' -> parameters, in the network's order."""
    found: dict[str, list[nn.Parameter]] = {"hidden": [], "input": [], "decoder": [], "bias": []}
    for name, parameter in network.named_parameters():
        found[_role(name)].append(parameter)
    return found


def _role(name: str) -> str:
    if name == "decoder_VH":
        return "decoder"
    if name == "decoder_bias_V" or name.rpartition(".")[2].startswith(("b_", "gain_", "kernel_", "gates_")):
        return "bias"
    return "input" if name in ("layers.0.w_input_GI", "w_input_NVH", "embed_VH") else "hidden"


def optimisers_for(
    network: Model, config: TrainConfig, updates: int, dtype: torch.dtype = torch.float32
) -> list[torch.optim.Optimizer]:
    """The recipe's optimisers for a run of so many updates, Muon's products in `dtype`; every group keeps its
    own rate as `initial_lr`.
    """
    rates = {
        "hidden": config.hidden_rate_over(updates),
        "input": config.input_rate,
        "decoder": config.decoder_rate,
        "bias": config.bias_rate,
    }
    by_role = roles(network)
    optimisers: list[torch.optim.Optimizer]
    if config.optimiser == "rmsprop":
        groups = [{"params": by_role[role], "lr": rate} for role, rate in rates.items() if by_role[role]]
        optimisers = [
            torch.optim.RMSprop(groups, alpha=config.rmsprop_decay, eps=config.epsilon, foreach=True)
        ]
    else:
        rest = [{"params": by_role[role], "lr": rate} for role, rate in rates.items() if role != "hidden"]
        betas = (config.adam_beta1, config.adam_beta2)
        optimisers = [torch.optim.AdamW(rest, betas=betas, eps=config.epsilon, weight_decay=0.0, fused=True)]
        if by_role["hidden"]:
            muon = Muon(
                by_role["hidden"],
                lr=rates["hidden"],
                momentum=config.momentum,
                newton_schulz_steps=config.newton_schulz_steps,
                gate_rows=config.hidden,
                most_rows=config.block_rows,
                dtype=dtype,
            )
            optimisers.insert(0, muon)
    for group in (group for optimiser in optimisers for group in optimiser.param_groups):
        group["initial_lr"] = group["lr"]
    return optimisers


def set_rates(optimisers: Iterable[torch.optim.Optimizer], factor: float) -> None:
    """All rates to `factor` times the recipe's."""
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = group["initial_lr"] * factor
