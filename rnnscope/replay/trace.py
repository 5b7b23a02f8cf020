"""Run, Corpus -> Trace: a network's insides, streamed. Knows no analysis."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from rnnscope.errors import ConfigError
from rnnscope.models.network import Network
from rnnscope.models.sizing import has_units, why_no_gates
from rnnscope.records.corpus import Corpus
from rnnscope.records.folder import held, is_whole
from rnnscope.records.run import Run
from rnnscope.records.trace import (
    Carried,
    Shards,
    Trace,
    TraceDtype,
    TraceManifest,
    write_trace,
)
from rnnscope.recurrence.kinds import KINDS


def replay_trace(
    network: Callable[[], Network],
    run: Run,
    corpus: Corpus,
    part: str,
    folder: Path,
    *,
    rows: int | None = None,
    dtype: TraceDtype = "float16",
    sites: Sequence[str] | None = None,
    command: str = "",
) -> Trace:
    """All sites (or those named) of all units over the first `rows` rows of a part (None: all), made unless
    it is there already; one that was stopped goes on. Memory is that of a block of steps.

    Raises RecordError where the disk refuses, ConfigError for a part that is not there, or a model without
    units to look into.
    """
    part_rows = corpus.part(part)
    wanted = _all_sites(run) if sites is None else list(sites)
    traced = part_rows.rows if rows is None else min(rows, part_rows.rows)
    parents = {"run": run.manifest.fingerprint, "corpus": corpus.manifest.fingerprint}
    with held(folder, on_busy=lambda: None):
        if is_whole(folder):
            manifest = TraceManifest.read(folder)
            has = (manifest.parents, manifest.rows, manifest.dtype, set(manifest.sites))
            if has == (parents, traced, dtype, set(wanted)):
                return Trace.read(folder)
        facts = {
            "command": command,
            "parents": parents,
            "predictor": run.name,
            "cell": run.manifest.cell,
            "corpus": corpus.name,
            "corpus_fingerprint": corpus.manifest.fingerprint,
            "part": part,
            "rows": traced,
            "row_chars": part_rows.row_chars,
            "dtype": dtype,
        }
        return write_trace(folder, facts, _shards(network(), corpus.inputs(part_rows, slice(traced)), wanted))


def _all_sites(run: Run) -> list[str]:
    """What goes into an activation follows from what comes out of it, and would nearly double the record."""
    if not has_units(run.manifest.cell):
        raise ConfigError(why_no_gates(run.name, run.manifest.cell))
    kept = [site for site in KINDS[run.manifest.cell].sites if not site.startswith("pre_")]
    return [f"layers.{layer}.{site}" for layer in range(run.manifest.layers) for site in kept]


def _shards(network: Network, inputs_RT: np.ndarray, sites: Sequence[str]) -> Shards:
    device = network.decoder_VH.device

    def shards_from(first: int, carried: Carried) -> Iterator[tuple[dict[str, np.ndarray], Carried]]:
        state = None
        if carried:
            layers = range(network.config.layers)
            names = range(len(network.zero_state(1)[0]))
            state = tuple(
                tuple(torch.from_numpy(carried[f"{layer}.{which}"]).to(device) for which in names)
                for layer in layers
            )
        for block, after in network.record_from(inputs_RT[:, first:], sites, state):
            yield (
                block,
                {
                    f"{layer}.{which}": each_BH.numpy(force=True)
                    for layer, layer_state in enumerate(after)
                    for which, each_BH in enumerate(layer_state)
                },
            )

    return shards_from


def rows_for(corpus: Corpus, part: str, most_chars: int) -> int:
    """How many whole rows of a part hold at most `most_chars` characters, one at least."""
    return max(1, min(corpus.part(part).rows, most_chars // corpus.part(part).row_chars))
