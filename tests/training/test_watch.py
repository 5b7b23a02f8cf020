"""Training that stopped making sense ends; a bad stretch alone does not end it."""

import numpy as np
import pytest

from rnnscope.errors import DivergenceError
from rnnscope.training.watch import PATIENCE_STEPS, DivergenceWatch


def test_a_loss_far_above_uniform_is_borne_for_a_while_only():
    watch = DivergenceWatch("run", symbols=10)
    for step in range(10, PATIENCE_STEPS, 10):
        watch.update(step, 10, 9.0, 1.0)
    watch.update(PATIENCE_STEPS, 10, 2.0, 1.0)
    for step in range(10, PATIENCE_STEPS, 10):
        watch.update(PATIENCE_STEPS + step, 10, 9.0, 1.0)
    with pytest.raises(DivergenceError, match=r"far above a uniform guess \(9 against 2.3.*at step 400"):
        watch.update(2 * PATIENCE_STEPS, 10, 9.0, 1.0)


@pytest.mark.parametrize(
    ("loss", "norm", "what"), [(np.nan, 1.0, "loss"), (np.inf, 1.0, "loss"), (1.0, np.nan, "gradient")]
)
def test_a_number_that_is_none_ends_training_at_once(loss, norm, what):
    with pytest.raises(DivergenceError, match=f"the {what} was no finite number at step 7"):
        DivergenceWatch("run", symbols=10).update(7, 1, loss, norm)
