"""What a traced network expected next: its decoder on the output that was traced. Runs no network."""

import numpy as np

from rnnscope.explorer.kept import Kept
from rnnscope.explorer.tiles import values_at
from rnnscope.records.run import Run
from rnnscope.records.trace import Trace

Decoder = tuple[np.ndarray, np.ndarray]
"""Weights (V, H) and bias (V,), float32."""
_decoders: Kept[Decoder] = Kept(16)


def log_probabilities(run: Run, trace: Trace, row: int, step: int) -> np.ndarray:
    """Shape (V,), float64, nats: of every symbol to come after the one read at `step`.

    They differ from what the network said by what a traced output differs from its own. Raises RecordError
    where the run's weights are not those of a recurrent network, ConfigError for a place that was not traced.
    """
    weights_VH, bias_V = decoder_of(run)
    h_H = values_at(trace, f"layers.{run.manifest.layers - 1}.h", row, step, step + 1)[0]
    logits_V = weights_VH.astype(np.float64) @ h_H + bias_V
    largest = logits_V.max()
    return logits_V - largest - np.log(np.exp(logits_V - largest).sum())


def decoder_of(run: Run) -> Decoder:
    """Raises RecordError."""
    return _decoders.get((str(run.weights_path), run.manifest.fingerprint), lambda: _loaded(run))


def _loaded(run: Run) -> Decoder:
    tensors = run.weights("decoder_VH", "decoder_bias_V")
    return tensors["decoder_VH"], tensors["decoder_bias_V"]
