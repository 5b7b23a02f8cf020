"""Gradients -> updates: Muon per gate block, AdamW and RMSProp by part. Knows roles of parameters, no cell.

Muon: K. Jordan et al., 2024, https://kellerjordan.github.io/posts/muon; one block per gate was better here
than one matrix for all gates (half an epoch on War and Peace, LSTM 1x128: 1.5217 against 1.5349 validation
nats).
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from rnnscope.models.network import Network
from rnnscope.training.config import TrainConfig

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
    """Momentum whose update is orthogonalised, square block by block.

    Every parameter is a stack of blocks of `block_rows` rows. Update of a block: rate * sqrt(max(1, rows /
    columns)) * orthogonalised(Nesterov momentum).
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        *,
        lr: float,
        momentum: float,
        newton_schulz_steps: int,
        block_rows: int,
        dtype: torch.dtype = torch.bfloat16,
    ) -> None:
        self.momentum = momentum
        self.newton_schulz_steps = newton_schulz_steps
        self.block_rows = block_rows
        self.dtype = dtype
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """One update; all blocks of a shape are one batch."""
        for group in self.param_groups:
            parameters = [parameter for parameter in group["params"] if parameter.grad is not None]
            by_columns: dict[int, list[Tensor]] = {}
            for parameter in parameters:
                by_columns.setdefault(parameter.shape[1], []).append(parameter)
            for columns, alike in by_columns.items():
                self._update(alike, columns, group["lr"])

    def _update(self, parameters: list[Tensor], columns: int, rate: float) -> None:
        blocks = torch.cat(
            [self._ahead(parameter).view(-1, self.block_rows, columns) for parameter in parameters]
        )
        updates = orthogonalised(blocks, self.newton_schulz_steps, self.dtype).flatten(0, 1)
        size = rate * max(1.0, self.block_rows / columns) ** 0.5
        for parameter, update in zip(
            parameters, updates.split([len(each) for each in parameters]), strict=True
        ):
            parameter.add_(update, alpha=-size)

    def _ahead(self, parameter: Tensor) -> Tensor:
        """Nesterov's momentum: the gradient drawn towards the mean that has just taken it in."""
        gradient, state = parameter.grad, self.state[parameter]
        assert gradient is not None
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        return gradient.lerp(state["momentum"].lerp_(gradient, 1 - self.momentum), self.momentum)


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


def roles(network: Network) -> dict[str, list[nn.Parameter]]:
    """'hidden', 'input', 'decoder', 'bias' -> parameters, in the network's order."""
    found: dict[str, list[nn.Parameter]] = {"hidden": [], "input": [], "decoder": [], "bias": []}
    for name, parameter in network.named_parameters():
        found[_role(name)].append(parameter)
    return found


def _role(name: str) -> str:
    if name == "decoder_VH":
        return "decoder"
    if name == "decoder_bias_V" or ".b_" in name:
        return "bias"
    return "input" if name == "layers.0.w_input_GI" else "hidden"


def optimisers_for(
    network: Network, config: TrainConfig, dtype: torch.dtype = torch.float32
) -> list[torch.optim.Optimizer]:
    """The recipe's optimisers, Muon's products in `dtype`; every group keeps its own rate as `initial_lr`."""
    rates = {
        "hidden": config.hidden_rate,
        "input": config.input_rate,
        "decoder": config.decoder_rate,
        "bias": config.bias_rate,
    }
    by_role = roles(network)
    optimisers: list[torch.optim.Optimizer]
    if config.optimiser == "rmsprop":
        groups = [{"params": by_role[role], "lr": rate} for role, rate in rates.items()]
        optimisers = [
            torch.optim.RMSprop(groups, alpha=config.rmsprop_decay, eps=config.epsilon, foreach=True)
        ]
    else:
        rest = [{"params": by_role[role], "lr": rate} for role, rate in rates.items() if role != "hidden"]
        betas = (config.adam_beta1, config.adam_beta2)
        optimisers = [
            Muon(
                by_role["hidden"],
                lr=config.hidden_rate,
                momentum=config.momentum,
                newton_schulz_steps=config.newton_schulz_steps,
                block_rows=config.hidden,
                dtype=dtype,
            ),
            torch.optim.AdamW(rest, betas=betas, eps=config.epsilon, weight_decay=0.0, fused=True),
        ]
    for group in (group for optimiser in optimisers for group in optimiser.param_groups):
        group["initial_lr"] = group["lr"]
    return optimisers


def set_rates(optimisers: Iterable[torch.optim.Optimizer], factor: float) -> None:
    """All rates to `factor` times the recipe's."""
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = group["initial_lr"] * factor
