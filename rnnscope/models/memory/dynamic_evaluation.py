"""Model -> the same that goes on learning while it reads (Krause, Kahembwe, Murray, Renals 2018). Knows no
tuning.

A segment is read and scored, then the weights W take a step on its gradient g (their eq. 5-8, W0 the trained
weights):

    W <- W - rate g / (R + epsilon) + decay (W0 - W) R / mean(R)

R is the root mean square of each weight's gradient over segments of the training text; the pull towards W0,
from where W was before the step, is never more than the whole way.
"""

import copy
from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from rnnscope.models.memory.reading import Read, decoded, ids_of, in_blocks
from rnnscope.models.network import NetworkState

EPSILON = 1e-5


@runtime_checkable
class LearningModel(Protocol):
    """What is asked of a model; networks and n-NNs have it."""

    @property
    def symbols(self) -> int: ...
    def parameters(self) -> Iterator[nn.Parameter]: ...
    def get_parameter(self, target: str) -> nn.Parameter: ...
    def zero_state(self, streams: int) -> NetworkState: ...
    def top(
        self, ids_TB: Int[Tensor, "T B"], state: NetworkState
    ) -> tuple[Float[Tensor, "T B H"], NetworkState]: ...
    def backpropagate(
        self, ids_TB: Int[Tensor, "T B"], targets_TB: Int[Tensor, "T B"], state: NetworkState
    ) -> tuple[Float[Tensor, ""], NetworkState]: ...


class DynamicEvaluation:
    """A model whose copy learns from each segment after it was scored; the model itself stays as it is."""

    def __init__(
        self,
        model: LearningModel,
        scales_P: Float[Tensor, " P"],
        segment_chars: int,
        rate: float | int,
        decay: float | int,
        carries: bool,
    ) -> None:
        """`scales_P`: R, of `gradient_scales`. `carries`: the weights that have been reached go on from each
        row to the next; else each row begins with the trained ones."""
        self.model, self.scales_P, self.segment_chars = model, scales_P, segment_chars
        self.rate, self.decay, self.carries = float(rate), float(decay), carries

    @property
    def symbols(self) -> int:
        """V, the size of the alphabet."""
        return self.model.symbols

    def log_prob_blocks(self, inputs_RT: np.ndarray) -> Iterator[np.ndarray]:
        """Blocks of natural-log probabilities, (steps, R, V) float32, in order of time: a Predictor's."""
        return in_blocks(self.read(inputs_RT).log_probs_RTV)

    def read(self, inputs_RT: np.ndarray) -> Read:
        """All rows, one after the other."""
        log_probs_RTV = np.empty((*inputs_RT.shape, self.symbols), dtype=np.float32)
        tops: list[list[np.ndarray]] = []
        learner = _Learner(self)
        for row, inputs_T in enumerate(inputs_RT):
            learner.begin_row()
            tops.append([])
            for span in self._segments(len(inputs_T)):
                ids_TB = ids_of(inputs_T[None, span])
                with torch.no_grad():
                    top_T1H, after = learner.model.top(ids_TB, learner.state)
                    log_probs_RTV[row, span] = decoded(learner.model, top_T1H)[:, 0].numpy()
                tops[-1].append(top_T1H[:, 0].float().numpy(force=True))
                known_TB = ids_of(inputs_T[None, span.start + 1 : span.stop + 1])
                if len(known_TB):
                    learner.learn(ids_TB[: len(known_TB)], known_TB)
                learner.state = after
        return Read(log_probs_RTV, np.stack([np.concatenate(row) for row in tops]))

    def nats(self, inputs_RT: np.ndarray) -> float:
        """Mean loss of every character of the rows but the first, which is what `read` would give them, at
        half its cost: a gradient's own loss is that before the step."""
        learner, total, chars = _Learner(self), 0.0, 0
        for inputs_T in inputs_RT:
            learner.begin_row()
            for span in self._segments(len(inputs_T) - 1):
                ids_TB, targets_TB = (ids_of(inputs_T[None, span.start + d : span.stop + d]) for d in (0, 1))
                total += learner.learn(ids_TB, targets_TB) * len(ids_TB)
                chars += len(ids_TB)
        return total / chars

    def _segments(self, chars: int) -> Iterator[slice]:
        for start in range(0, chars, self.segment_chars):
            yield slice(start, min(chars, start + self.segment_chars))


class _Learner:
    """A copy of the model at work."""

    def __init__(self, settings: DynamicEvaluation) -> None:
        self.flat = FlatModel(settings.model)
        self.model = self.flat.model
        self.trained_P = self.flat.weights_P.clone()
        scales_P = settings.scales_P
        self.rates_P = settings.rate / (scales_P + EPSILON)
        self.decays_P = (settings.decay * scales_P / scales_P.mean()).clamp(max=1)
        self.carries, self.decays, self.learns = settings.carries, settings.decay > 0, settings.rate > 0
        self.state = self.model.zero_state(1)

    def begin_row(self) -> None:
        self.state = self.model.zero_state(1)
        if not self.carries:
            self.flat.weights_P.copy_(self.trained_P)

    def learn(self, ids_TB: Tensor, targets_TB: Tensor) -> float:
        """Nats before the step, which is then taken; the state goes on."""
        nats, self.state = self.flat.gradient(ids_TB, targets_TB, self.state)
        if self.learns:
            weights_P = self.flat.weights_P
            if self.decays:  # first: the pull is from the weights before the step
                weights_P.lerp_(self.trained_P, self.decays_P)
            weights_P.addcmul_(self.flat.gradient_P, self.rates_P, value=-1)
        return nats


def gradient_scales(
    model: LearningModel, inputs_RT: np.ndarray, targets_RT: np.ndarray, segment_chars: int
) -> Float[Tensor, " P"]:
    """R: root mean square of every weight's gradient over the segments of these rows, at the trained
    weights."""
    flat = FlatModel(model)
    squares_P, segments = torch.zeros_like(flat.weights_P), 0
    for inputs_T, targets_T in zip(inputs_RT, targets_RT, strict=True):
        state = flat.model.zero_state(1)
        for start in range(0, len(inputs_T), segment_chars):
            span = slice(start, start + segment_chars)
            _, state = flat.gradient(ids_of(inputs_T[None, span]), ids_of(targets_T[None, span]), state)
            squares_P.addcmul_(flat.gradient_P, flat.gradient_P)
            segments += 1
    return (squares_P / segments).sqrt_()


class FlatModel:
    """A copy whose weights, and whose gradients, lie side by side in one tensor each, (P,): what changes
    there changes the copy.
    """

    def __init__(self, model: LearningModel) -> None:
        self.model = copy.deepcopy(model)
        parameters = list(self.model.parameters())
        self.weights_P = torch.cat([each.detach().flatten() for each in parameters])
        self.gradient_P = torch.zeros_like(self.weights_P)
        sizes = [each.numel() for each in parameters]
        weights, gradients = self.weights_P.split(sizes), self.gradient_P.split(sizes)
        self._places = []
        for each, weight, gradient in zip(parameters, weights, gradients, strict=True):
            each.data = weight.view(each.shape)
            each.grad = gradient.view(each.shape)
            self._places.append((each, each.grad))

    def gradient(self, ids_TB: Tensor, targets_TB: Tensor, state: NetworkState) -> tuple[float, NetworkState]:
        """Mean nats and the state after the window; the gradient is left in `gradient_P`, which the compiled
        step writes itself.
        """
        nats, after = self.model.backpropagate(ids_TB, targets_TB, state)
        for parameter, place in self._places:
            if parameter.grad is None:
                place.zero_()
            elif parameter.grad is not place:
                place.copy_(parameter.grad)
        return float(nats), after
