"""A text that repeats what stood sixty characters before: a memory finds it, an LSTM of the size does not."""

import numpy as np
import pytest
import torch

from rnnscope.models.sizing import matched_hidden
from rnnscope.scoring import score
from rnnscope.training.batches import Windows
from rnnscope.training.config import with_settings
from rnnscope.training.learner import Learner
from rnnscope.training.recipes import fast
from rnnscope.training.schedule import Schedule

SYMBOLS, BACK, PARAMETERS = 20, 60, 20_000
GUESS_NATS = float(np.log(SYMBOLS))


def repeating(pieces: int, seed: int) -> np.ndarray:
    """Pieces of 60 random characters, each written twice: nothing tells a piece's first copy."""
    generator = np.random.default_rng(seed)
    return np.concatenate([np.tile(generator.integers(SYMBOLS, size=BACK), 2) for _ in range(pieces)])


def nats_of_copies(cell: str, layers: int, epochs: int) -> float:
    """Loss on second copies, but their first ten characters, after training on 3,000 pieces."""
    ids = repeating(3_000, 0)
    config = fast(cell, layers, matched_hidden(cell, layers, SYMBOLS, PARAMETERS), epochs=epochs)  # pyright: ignore
    settings = {"streams": 16, "window_chars": 2 * BACK, "zero_state_probability": 0}
    if cell in ("attention", "transformer"):
        settings["context"] = 100
    config = with_settings(config, settings)
    windows = Windows(ids, np.array([0]), len(ids) - 1, 16, 2 * BACK, True, 0.0, 0)
    schedule = Schedule(config, windows.steps_per_epoch)
    learner = Learner(config, SYMBOLS, schedule.steps, torch.device("cpu"), torch.float32)
    for step in range(schedule.steps):
        learner.update(windows.window(step), step, schedule.factor(step))
    text_RT = repeating(40, 7).reshape(2, -1)
    nats_RT = score(learner.network.eval(), text_RT[:, :-1], text_RT[:, 1:]).nats_RT
    place_T = (np.arange(nats_RT.shape[1]) + 1) % (2 * BACK)
    return float(nats_RT[:, place_T > BACK + 10].mean())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "layers", "epochs", "most"), [("attention", 1, 3, 0.5), ("transformer", 2, 2, 0.2)]
)
def test_a_memory_of_many_steps_learns_to_copy_from_sixty_characters_back(cell, layers, epochs, most):
    assert nats_of_copies(cell, layers, epochs) < most * GUESS_NATS


@pytest.mark.slow
def test_an_lstm_of_the_size_does_not():
    assert nats_of_copies("lstm", 1, 3) > 0.9 * GUESS_NATS
