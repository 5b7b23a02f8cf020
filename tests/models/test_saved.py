"""A network on disk is the same network, or one line says why it is not."""

import json
import struct

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from rnnscope.errors import RecordError
from rnnscope.models import Network, NetworkConfig, initialise, load_network, save_model


@pytest.fixture
def made() -> Network:
    network = Network(NetworkConfig(cell="gru", layers=2, hidden=5, symbols=6))
    initialise(network, "orthogonal", torch.Generator().manual_seed(0))
    return network


def test_what_is_loaded_predicts_bit_for_bit_what_was_saved(made, tmp_path):
    save_model(tmp_path / "w.safetensors", made)
    loaded = load_network(tmp_path / "w.safetensors")
    inputs_RT = np.random.default_rng(0).integers(6, size=(3, 20))
    assert loaded.config == made.config and not loaded.training
    for got, wanted in zip(loaded.log_prob_blocks(inputs_RT), made.log_prob_blocks(inputs_RT), strict=True):
        assert np.array_equal(got, wanted)


def test_broken_files_are_refused_in_one_line(made, tmp_path):
    path = tmp_path / "w.safetensors"
    with pytest.raises(RecordError, match="no weights at"):
        load_network(path)
    save_model(path, made)
    whole = path.read_bytes()
    for broken in (b"", whole[:7], whole[:100], whole[:-5], b"\xff" * 500, struct.pack("<Q", 2) + b"{}"):
        path.write_bytes(broken)
        with pytest.raises(RecordError, match=r"w\.safetensors") as caught:
            load_network(path)
        assert "\n" not in str(caught.value)


def test_shapes_that_do_not_fit_the_config_are_refused(made, tmp_path):
    path = tmp_path / "w.safetensors"
    tensors = {name: parameter.detach().clone() for name, parameter in made.named_parameters()}

    def saved(tensors: dict, **changes: object) -> None:
        config = json.loads(made.config.model_dump_json()) | changes
        save_file(tensors, path, metadata={"rnnscope.network": json.dumps(config)})

    cases = [
        (tensors, {"hidden": 6}, "has shape"),
        (tensors, {"layers": 1}, "more tensors than its network has"),
        (tensors, {"layers": 3}, "lacks tensor 'layers.2"),
        (tensors, {"cell": "lstm"}, "has shape"),
        (tensors, {"cell": "mlp"}, "say nothing usable"),
        (tensors | {"decoder_VH": torch.full((6, 5), torch.nan)}, {}, "not finite"),
    ]
    for case, changes, message in cases:
        saved(case, **changes)
        with pytest.raises(RecordError, match=message):
            load_network(path)
