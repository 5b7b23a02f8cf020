"""Units that are ranked from disk, a few at a time, get the numbers that the definition gives of whole arrays
in memory: not nearly, but all digits."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from rnnscope.analyses.cell_roles import (
    Hypothesis,
    UnitStates,
    associate,
    association,
    finding,
    labels,
    ranked_for,
    ranks,
    role_rows,
)
from rnnscope.analyses.cell_roles import scores as scoring
from rnnscope.analyses.cell_roles.intervals import BLOCK_CHARS, _of_area, _of_rho
from rnnscope.analyses.cell_roles.labels import SHIFTS, Labelings
from rnnscope.analyses.cell_roles.ranks import mid_ranks
from rnnscope.estimate import Interval, resampled
from rnnscope.records import half_levels
from rnnscope.records.half_levels import LEVELS, levels_of
from rnnscope.records.trace import Trace, TraceDtype, write_trace

ROWS, CHARS, UNITS = 5, 2_400, 9
SITES = ("layers.0.tanh_c", "layers.1.tanh_c")
TRAINED, BEFORE = 0, 1
TEXTS = ["a“bc d”.\n" * (CHARS // 8)] * ROWS


def groups_in_memory(sites: Sequence[np.ndarray]) -> Iterator[tuple[slice, np.ndarray]]:
    """(units, all their levels (U, R, T))."""
    first = 0
    for values_RTH in sites:
        rows, steps, units = values_RTH.shape
        width = max(1, ranks.GROUP_NUMBERS // (rows * steps))
        for start in range(0, units, width):
            levels_URT = np.ascontiguousarray(
                levels_of(values_RTH[:, :, start : start + width]).transpose(2, 0, 1)
            )
            yield slice(first + start, first + start + len(levels_URT)), levels_URT
        first += units


def ranked_in_memory(levels_URt: np.ndarray) -> np.ndarray:
    counts = [np.bincount(levels_Rt.ravel(), minlength=LEVELS) for levels_Rt in levels_URt]
    return np.stack([mid_ranks(each)[levels] for each, levels in zip(counts, levels_URt, strict=True)])


def scores_in_memory(
    sites: Sequence[np.ndarray],
    labelings: Labelings,
    *,
    with_shifts: bool = True,
    with_bits: bool = True,
    told=None,
) -> scoring.Scores:
    """The definition: ranks of whole halves, all units of a group side by side."""
    flags_K = np.array([hypothesis.is_flag for hypothesis in labelings.hypotheses])
    count, each = len(flags_K), 1 + SHIFTS * with_shifts
    units = sum(values.shape[2] for values in sites)
    found, is_told = np.zeros((2, each * count, units)), np.ones((2, each * count), bool)
    bits_KU = np.zeros((count, units))
    classes = scoring._classes(labelings)
    for some, levels_URT in groups_in_memory(sites):
        for half, span in enumerate(labelings.halves):
            ranks_URt = ranked_in_memory(levels_URT[:, :, span])
            sums, moments = np.zeros((each * count, len(ranks_URt))), np.zeros((2, each * count))
            for piece in labelings.pieces(half, with_shifts=with_shifts):
                ranks_UN = ranks_URt[:, piece.rows, piece.steps].reshape(len(ranks_URt), -1)
                sums += piece.labels_MN @ ranks_UN.T
                moments[0] += piece.labels_MN.sum(axis=1)
                moments[1] += np.einsum("mn,mn->m", piece.labels_MN, piece.labels_MN)
            squares_U = np.einsum("urt,urt->u", ranks_URt, ranks_URt)
            chars, is_flag_M = ranks_URt[0].size, np.tile(flags_K, each)
            is_told[half] = scoring._tells(moments, chars, is_flag_M)
            found[half, :, some] = scoring._normalised(sums, moments, squares_U, chars, is_flag_M)
            if half == 1 and with_bits:
                ranks_UN = ranks_URt.reshape(len(ranks_URt), -1)[:, :: classes.every]
                bits_KU[:, some] = scoring._bits(ranks_UN, classes)
    by_shift = found.reshape(2, each, count, units)
    return scoring.Scores(by_shift[:, 0], by_shift[:, 1:], is_told.reshape(2, each, count)[:, 1:], bits_KU)


def intervals_in_memory(
    sites: Sequence[np.ndarray], labelings: Labelings, pairs: Sequence[tuple[int, int]], told=None
) -> dict[tuple[int, int], Interval]:
    levels_URT = np.concatenate([levels for _, levels in groups_in_memory(sites)])[:, :, labelings.halves[1]]
    wanted = sorted(set(pairs), key=lambda pair: pair[1])
    series = []
    for place, unit in wanted:
        labels_Rt = labelings.true(1)[place]
        codes_Rt = np.unique(labels_Rt, return_inverse=True)[1].reshape(labels_Rt.shape)
        is_flag = labelings.hypotheses[place].is_flag
        series.append(
            _of_area(levels_URT[unit], labels_Rt > 0.5) if is_flag else _of_rho(levels_URT[unit], codes_Rt)
        )
    drawn = resampled(series, block_chars=BLOCK_CHARS)
    return {pair: drawn.combination({place: 1.0}) for place, pair in enumerate(wanted)}


def trace_of(folder: Path, dtype: TraceDtype, shard: int, seed: int) -> Trace:
    """Two layers; a unit that follows the flag, one that is always 0, one of few levels."""
    generator = np.random.default_rng(seed)
    noise = np.cumsum(generator.normal(size=(ROWS, CHARS, 2 * UNITS)), axis=1)
    values = np.tanh(noise % 20 / 10 - 1).astype(np.float32)
    if seed == TRAINED:
        values[..., 4] = np.where(flag(1).values_RT, 0.9, -0.7) + 0.2 * values[..., 4]
    values[..., 7] = 0
    values[..., UNITS + 3] = np.round(values[..., UNITS + 3])
    by_site = dict(zip(SITES, np.split(values, 2, axis=2), strict=True))
    facts = {"predictor": "p", "cell": "lstm", "corpus": "c", "corpus_fingerprint": "f", "part": "test"}
    facts |= {"rows": ROWS, "row_chars": CHARS, "dtype": dtype}
    shards = [
        ({site: values[:, at : at + shard] for site, values in by_site.items()}, {})
        for at in range(0, CHARS, shard)
    ]
    return write_trace(folder, facts, lambda first, carried: iter(shards))


def flag(seed: int) -> Hypothesis:
    switches = np.random.default_rng(seed).uniform(size=(ROWS, CHARS)) < 0.02
    return Hypothesis("flag", "a flag", True, np.cumsum(switches, axis=1) % 2 == 1)


def graded(seed: int) -> Hypothesis:
    ends = np.random.default_rng(seed).uniform(size=(ROWS, CHARS)) < 1 / 60
    here = np.arange(CHARS)
    return Hypothesis(
        "graded", "characters since", False, here - np.maximum.accumulate(np.where(ends, here, 0), axis=1)
    )


def states_of(traces: Sequence[Trace], in_memory: bool) -> UnitStates:
    trained, before = (
        {site: trace.site(site) if in_memory else trace.site_values(site) for site in SITES}
        for trace in traces
    )
    return UnitStates("net", "lstm", trained, TEXTS, before)


def told_of(states: UnitStates, hypotheses: Sequence[Hypothesis]) -> str:
    """Every number there is, as text: each hypothesis's ranking, and the roles beside all of them."""
    rankings = [ranked_for(states, associate(states, [each], 3), 0) for each in hypotheses]
    return json.dumps([rankings, role_rows(states, hypotheses, 3)])


@pytest.mark.parametrize(
    ("dtype", "shard", "group_units", "strip_units", "turned"),
    [
        ("float16", 170, 9, 2, (1 << 20, 1024, 64)),
        ("float32", 2_400, 5, 3, (900, 17, 64)),
        ("int8", 400, 4, 1, (5_000, 100, 900)),
        ("float16", 999, 1, 1, (600, 300, 1)),
        ("float32", 350, 8, 100, (1 << 20, 3, 500)),
        ("int8", 230, 9, 4, (1 << 20, 1024, 64)),
    ],
)
def test_a_ranking_from_disk_has_every_digit_of_the_definition_in_memory(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    dtype: TraceDtype,
    shard: int,
    group_units: int,
    strip_units: int,
    turned: tuple[int, int, int],
):
    traces = [
        trace_of(tmp_path / name, dtype, shard, seed)
        for seed, name in ((TRAINED, "trained"), (BEFORE, "before"))
    ]
    hypotheses = [flag(1), graded(2)]
    monkeypatch.setattr(ranks, "GROUP_NUMBERS", group_units * ROWS * CHARS)
    monkeypatch.setattr(labels, "PIECE_CHARS", 1_000)  # several in a half
    monkeypatch.setattr(ranks, "STRIP_NUMBERS", strip_units * ROWS * CHARS // 2)
    for name, number in zip(("TURNED_NUMBERS", "TURNED_STEPS", "GATHERED_STEPS"), turned, strict=True):
        monkeypatch.setattr(half_levels, name, number)
    from_disk = told_of(states_of(traces, in_memory=False), hypotheses)
    assert from_disk == told_of(states_of(traces, in_memory=True), hypotheses)
    monkeypatch.setattr(association, "scores", scores_in_memory)
    monkeypatch.setattr(scoring, "scores", scores_in_memory)
    monkeypatch.setattr(finding, "intervals", intervals_in_memory)
    by_definition = told_of(states_of(traces, in_memory=True), hypotheses)
    assert from_disk == by_definition
    best = json.loads(by_definition)[0][0][0]
    assert best["unit"] == 4 and best["score"] > 0.95 > best["untrained"]


def test_a_ranking_holds_the_levels_of_one_half_of_a_group_and_no_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    traces = [
        trace_of(tmp_path / name, "float16", 400, seed)
        for seed, name in ((TRAINED, "trained"), (BEFORE, "before"))
    ]
    asked: list[int] = []
    turned = half_levels.turned

    def counted(blocks, shape_URT, told):
        asked.append(int(np.prod(shape_URT)))
        return turned(blocks, shape_URT, told)

    monkeypatch.setattr(ranks, "turned", counted)
    monkeypatch.setattr(Trace, "site", lambda self, name: pytest.fail("a whole site was read"))
    monkeypatch.setattr(ranks, "GROUP_NUMBERS", 4 * ROWS * CHARS)
    states = states_of(traces, in_memory=False)
    ranked_for(states, associate(states, [flag(1)]), 0)
    assert max(asked) == 4 * ROWS * CHARS // 2


@pytest.mark.parametrize("shape", [(1, 4_000, 3), (4_000, 2, 3), (7, 90, 40)])
def test_the_share_rises_to_1_and_who_listens_can_stop_the_work(shape: tuple[int, int, int]):
    generator = np.random.default_rng(0)
    values, label = generator.normal(size=shape), generator.uniform(size=shape[:2]) < 0.3
    states = UnitStates("net", "gru", {"layers.0.h": values}, ["ab" * shape[1]] * shape[0])
    hypothesis, told = Hypothesis("f", "f", True, label), []
    found = associate(states, [hypothesis], told=told.append)
    assert told == sorted(told) and len(set(told)) > 3 and told[-1] == pytest.approx(1)
    told.clear()
    ranked_for(states, found, 0, told.append)
    assert told == sorted(told) and 0.9 < told[-1] <= 1

    class Enough(Exception):
        pass

    def stop(share: float) -> None:
        raise Enough

    with pytest.raises(Enough):
        associate(states, [hypothesis], told=stop)
