"""A run's weights without torch: what was saved, those asked for, one line where they cannot be read."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from rnnscope.errors import RecordError
from rnnscope.records.run import Run, RunManifest


@pytest.fixture
def run(tmp_path: Path) -> Run:
    tensors = {"decoder_VH": np.eye(3, dtype=np.float64) / 3, "decoder_bias_V": np.arange(3.0)}
    found = Run(tmp_path, RunManifest.model_construct(name="lstm"))
    save_file(tensors, found.weights_path)
    return found


def test_weights_are_those_saved_in_single_precision_and_only_those_asked_for(run: Run):
    every = run.weights()
    assert sorted(every) == ["decoder_VH", "decoder_bias_V"]
    assert {each.dtype for each in every.values()} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(every["decoder_VH"], np.eye(3, dtype=np.float32) / np.float32(3))
    assert list(run.weights("decoder_bias_V")) == ["decoder_bias_V"]


def test_weights_that_cannot_be_read_are_one_line_with_the_file(run: Run):
    with pytest.raises(RecordError, match=r"weights\.safetensors.*layers\.0.*train the run again"):
        run.weights("layers.0.w_input_GI")
    whole = run.weights_path.read_bytes()
    run.weights_path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RecordError, match="cannot be read"):
        run.weights()
    run.weights_path.unlink()
    with pytest.raises(RecordError, match="cannot be read"):
        run.weights()
