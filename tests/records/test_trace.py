"""What a trace keeps of a network's values, and what a kill leaves of it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rnnscope.errors import RecordError
from rnnscope.records.trace import FEW, Carried, Trace, TraceDtype, shard_path, write_trace

ROWS, STEPS, UNITS, SHARD = 3, 10, 4, 4
VALUES = {
    "layers.0.h": np.random.default_rng(0).uniform(-1, 1, (ROWS, STEPS, UNITS)).astype(np.float32),
    "layers.0.c": np.random.default_rng(1).normal(0, 20, (ROWS, STEPS, UNITS)).astype(np.float32),
}


def facts(dtype: TraceDtype = "float16", command: str = "a") -> dict:
    return {
        "predictor": "p",
        "cell": "lstm",
        "corpus": "c",
        "corpus_fingerprint": "f",
        "part": "test",
        "rows": ROWS,
        "row_chars": STEPS,
        "dtype": dtype,
        "command": command,
    }


class Network:
    """Gives VALUES shard by shard, and is killed before a shard."""

    def __init__(self, killed_before: int | None = None) -> None:
        self.killed_before, self.asked = killed_before, []

    def __call__(self, first: int, carried: Carried) -> Iterator[tuple[dict[str, np.ndarray], Carried]]:
        assert int(carried["step"]) == first if first else not carried
        for start in range(first, STEPS, SHARD):
            if start // SHARD == self.killed_before:
                raise KeyboardInterrupt
            self.asked.append(start)
            block = {name: values[:, start : start + SHARD] for name, values in VALUES.items()}
            yield block, {"step": np.array(start + SHARD)}


@pytest.mark.parametrize("dtype", ["float16", "float32", "int8"])
def test_values_come_back_within_the_error_that_the_trace_states(tmp_path: Path, dtype: TraceDtype):
    trace = write_trace(tmp_path / "trace", facts(dtype), Network())
    assert trace.manifest.shards == [4, 4, 2]
    assert trace.manifest.sites == {"layers.0.h": UNITS, "layers.0.c": UNITS}
    for name, values in VALUES.items():
        apart = np.abs(trace.site(name).astype(np.float32) - values).max()
        assert apart == pytest.approx(trace.manifest.largest_error[name], rel=1e-6)
        most = {"float16": 2**-11, "float32": 0.0, "int8": 0.5 / 127}[dtype]
        assert apart <= most * 1.001 * np.abs(values).max()
        if dtype == "int8":  # to each unit its own scale
            small = np.abs(trace.site(name)[..., 0] - values[..., 0]).max()
            assert small <= 0.5 / 127 * 1.001 * np.abs(values[..., 0]).max()
    on_disk = np.load(tmp_path / "trace" / "layers.0.c" / "00002.npy")
    assert on_disk.dtype == dtype and on_disk.shape == (ROWS, 2, UNITS)


def test_a_site_that_never_leaves_zero_is_kept_in_int8(tmp_path: Path):
    zero = np.zeros((1, 2, 2), np.float32)
    trace = write_trace(tmp_path / "t", facts("int8"), lambda first, carried: iter([({"s": zero}, {})]))
    assert (trace.site("s") == 0).all() and trace.manifest.largest_error == {"s": 0.0}


@pytest.mark.parametrize("dtype", ["float16", "int8"])
@pytest.mark.parametrize("killed_before", [0, 1, 2])
def test_a_trace_that_was_killed_goes_on_after_its_last_whole_shard(
    tmp_path: Path, dtype: TraceDtype, killed_before: int
):
    whole = write_trace(tmp_path / "whole", facts(dtype), Network())
    with pytest.raises(KeyboardInterrupt):
        write_trace(tmp_path / "trace", facts(dtype), Network(killed_before))
    assert not (tmp_path / "trace").exists()
    network = Network()
    trace = write_trace(tmp_path / "trace", facts(dtype, command="another way to ask"), network)
    assert network.asked == list(range(killed_before * SHARD, STEPS, SHARD))
    ignored = {"command", "machine", "created"}
    assert trace.manifest.model_dump(exclude=ignored) == whole.manifest.model_dump(exclude=ignored)
    for name in VALUES:
        assert np.array_equal(trace.site(name), whole.site(name))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trace", "whole"]
    assert not list((tmp_path / "trace").glob("*.npz"))


def test_what_was_begun_of_another_trace_is_not_gone_on_with(tmp_path: Path):
    with pytest.raises(KeyboardInterrupt):
        write_trace(tmp_path / "trace", facts("int8"), Network(killed_before=2))
    network = Network()
    write_trace(tmp_path / "trace", facts("float16"), network)
    assert network.asked == [0, 4, 8]


def test_a_kill_between_a_shard_and_the_word_that_it_counts_loses_nothing(tmp_path, monkeypatch):
    written = []

    def killed(path: Path, text: str) -> None:
        written.append(path)
        if len(written) == 2:
            raise KeyboardInterrupt
        path.write_text(text)

    monkeypatch.setattr("rnnscope.records.trace.write_text", killed)
    with pytest.raises(KeyboardInterrupt):
        write_trace(tmp_path / "trace", facts(), Network())
    monkeypatch.undo()
    network = Network()  # checks what is carried to it
    trace = write_trace(tmp_path / "trace", facts(), network)
    assert network.asked == [4, 8]
    assert np.abs(trace.site("layers.0.h").astype(np.float32) - VALUES["layers.0.h"]).max() < 1e-3


@pytest.mark.parametrize("dtype", ["float16", "float32", "int8"])
def test_values_that_cannot_be_kept_are_refused(tmp_path: Path, dtype: TraceDtype):
    for bad in (np.nan, np.inf, 1e6 if dtype == "float16" else np.nan):
        block = {"s": np.array([[[bad, 1.0]]], np.float32)}
        with pytest.raises(RecordError, match="site 's'"):
            write_trace(tmp_path / "t", facts(dtype), lambda first, carried, b=block: iter([(b, {})]))


@pytest.mark.parametrize("broken", ["begun.json", "carried-00002.npz"])
def test_a_begun_trace_that_cannot_be_read_is_begun_anew(tmp_path: Path, broken: str):
    with pytest.raises(KeyboardInterrupt):
        write_trace(tmp_path / "trace", facts(), Network(killed_before=2))
    (tmp_path / ".trace.unfinished" / broken).write_bytes(b"cut o")
    network = Network()
    write_trace(tmp_path / "trace", facts(), network)
    assert network.asked == [0, 4, 8]


def test_a_site_that_is_not_there_is_named(tmp_path: Path):
    write_trace(tmp_path / "trace", facts(), Network())
    with pytest.raises(RecordError, match=r"no site 'layers\.0\.x'"):
        Trace.read(tmp_path / "trace").site("layers.0.x")


@pytest.mark.parametrize("dtype", ["float16", "float32", "int8"])
def test_a_site_read_piece_by_piece_is_the_site(tmp_path: Path, dtype: TraceDtype):
    generator = np.random.default_rng(0)
    values = generator.normal(size=(4, 90, 6)).astype(np.float32)
    of = facts(dtype) | {"rows": 4, "row_chars": 90}
    shards = (({"h": values[:, at : at + 40]}, {}) for at in range(0, 90, 40))
    trace = write_trace(tmp_path / "trace", of, lambda first, carried: shards)
    whole_RTH, site = trace.site("h")[:3], trace.site_values("h", 3)
    assert site.shape == whole_RTH.shape
    for steps, units in (
        (slice(0, 90), slice(None)),
        (slice(39, 81), slice(2, 5)),
        (slice(45, 50), slice(0, 1)),
    ):
        pieces = list(site.blocks(steps, units))
        assert all(piece.dtype == whole_RTH.dtype for piece in pieces)
        assert np.array_equal(np.concatenate(pieces, axis=1), whole_RTH[:, steps, units])
    rows, places = generator.integers(3, size=50), generator.integers(90, size=50)
    assert np.array_equal(site.at(rows, places), whole_RTH[rows, places])
    assert np.array_equal(site.at(rows, places, 4), whole_RTH[rows, places, 4])
    levels_H, side_H = whole_RTH[1, 17].astype(np.float16).astype(np.float32), np.array([1, -1] * 3)
    halves = whole_RTH.astype(np.float16).astype(np.float32)
    shares = (side_H * (halves - levels_H) > 0).mean(axis=(0, 1))
    assert np.array_equal(site.share_beyond(levels_H, side_H), shares)
    with pytest.raises(RecordError, match="no site"):
        trace.site_values("c")


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are counted as Linux lists them")
@pytest.mark.parametrize("dtype", ["float16", "float32", "int8"])
def test_places_are_the_sites_own_however_many_and_no_file_stays_open(tmp_path: Path, dtype: TraceDtype):
    trace = write_trace(tmp_path / "t", facts(dtype), Network())
    before = len(list(Path("/proc/self/fd").iterdir()))
    for places in (1, 7, 3 * FEW * 3):
        choice = np.random.default_rng(places)
        rows_N, steps_N = choice.integers(0, ROWS, places), choice.integers(0, STEPS, places)
        for name in VALUES:
            found = trace.at(name, rows_N, steps_N)
            np.testing.assert_array_equal(found, trace.site(name)[rows_N, steps_N])
            np.testing.assert_array_equal(trace.at(name, rows_N, steps_N, 2), found[:, 2])
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


@pytest.mark.parametrize("content", [b"", b"x" * 100])
def test_a_shard_of_another_size_is_told_by_its_name(tmp_path: Path, content: bytes):
    trace = write_trace(tmp_path / "t", facts(), Network())
    shard_path(trace.folder, "layers.0.h", 1).write_bytes(content)
    one = np.ones(1, np.int64)
    with pytest.raises(RecordError, match="00001"):
        trace.at("layers.0.h", one, 5 * one)
    assert trace.at("layers.0.h", one, 2 * one).shape == (1, UNITS)
