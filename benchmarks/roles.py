"""How long it takes to set every unit against every hypothesis, with all controls, from a trace.

    python benchmarks/roles.py [--units 512] [--chars 1000000] [--hypotheses 25] [--repeats 3] [--json]

A trace of half precision is written first, values made up: half of the units follow something. Timed is what
`cell_roles` does: reading the trace and that of the untrained network from disk, scores with 20 shifted
labelings, false discovery rate, the untrained network's best, the last character, and an interval for every
unit. The labels are there already. Beside it, on a few pairs and scaled up, the scores alone by scipy.
"""

import argparse
import json
import platform
import resource
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy import stats

from rnnscope.analyses.cell_roles import SHIFTS, Hypothesis, UnitStates, cell_roles

SCIPY_UNITS = 2


def texts(chars: int, generator: np.random.Generator) -> list[str]:
    return ["".join(map(chr, generator.integers(97, 123, chars)))]


def hypotheses(count: int, chars: int, generator: np.random.Generator) -> list[Hypothesis]:
    """Flags and graded labels in turn, each with a rhythm of its own."""
    found = []
    for n in range(count):
        steps = generator.uniform(size=(1, chars)) < 0.002 * (n + 1)
        if n % 2:
            found.append(Hypothesis(f"flag{n}", "flag", True, np.cumsum(steps, axis=1) % 2 == 1))
        else:
            here = np.arange(chars)
            since = here - np.maximum.accumulate(np.where(steps, here, 0), axis=1)
            found.append(Hypothesis(f"graded{n}", "graded", False, since.astype(np.int32)))
    return found


def write_values(path: Path, units: int, known: list[Hypothesis], generator: np.random.Generator) -> None:
    chars = known[0].values_RT.shape[1]
    values = np.lib.format.open_memmap(path, "w+", np.float16, (1, chars, units))
    for unit in range(units):
        label = known[unit % len(known)].values_RT[0].astype(np.float32)
        pull = 0.5 if unit % 2 else 0.0
        values[0, :, unit] = np.tanh(
            pull * stats.zscore(label) + generator.standard_normal(chars, np.float32)
        )


def scipy_seconds(path: Path, known: list[Hypothesis], hypotheses_timed: int = 4) -> float:
    """Of one unit and hypothesis, without controls, by the functions that scipy has for it."""
    values = np.load(path, mmap_mode="r")
    begun = time.perf_counter()
    for unit in range(SCIPY_UNITS):
        column = values[0, :, unit].astype(np.float32)
        for hypothesis in known[:hypotheses_timed]:
            labels = hypothesis.values_RT[0]
            if hypothesis.is_flag:
                stats.mannwhitneyu(column[labels], column[~labels], method="asymptotic")
            else:
                stats.spearmanr(column, labels)
    return (time.perf_counter() - begun) / (SCIPY_UNITS * hypotheses_timed)


def measured(units: int, chars: int, count: int, repeats: int) -> dict:
    generator = np.random.default_rng(0)
    known, text = hypotheses(count, chars, generator), texts(chars, generator)
    with tempfile.TemporaryDirectory() as folder:
        trained, before = Path(folder, "trained.npy"), Path(folder, "before.npy")
        for path in (trained, before):
            write_values(path, units, known, generator)
        took, clear = [], 0
        for _ in range(repeats):
            begun = time.perf_counter()
            site = "layers.0.tanh_c"
            states = UnitStates(
                "run",
                "lstm",
                {site: np.load(trained, mmap_mode="r")},
                text,
                {site: np.load(before, mmap_mode="r")},
            )
            finding = cell_roles([states], known, "c", "test")
            took.append(time.perf_counter() - begun)
            clear = int(str(finding.numbers["units_with_a_clear_role"]))
        one_by_one = scipy_seconds(trained, known)
    return {
        "units": units,
        "chars": chars,
        "hypotheses": count,
        "labelings": count * (1 + SHIFTS),
        "seconds": {"min": min(took), "median": statistics.median(took)},
        "scipy_seconds_without_controls": one_by_one * units * count,
        "units_clear": clear,
        "highest_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "numpy": np.__version__,
        "machine": platform.machine(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("units", 512), ("chars", 1_000_000), ("hypotheses", 25), ("repeats", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = measured(asked.units, asked.chars, asked.hypotheses, asked.repeats)
    if asked.json:
        print(json.dumps(found))
        return
    seconds = found["seconds"]
    print(
        f"{found['units']} units x {found['hypotheses']} hypotheses ({found['labelings']} labelings) x "
        f"{found['chars']:,} characters"
    )
    print(f"all controls          {seconds['min']:8.1f} s at best, {seconds['median']:.1f} in the median")
    print(
        f"scipy, no controls    {found['scipy_seconds_without_controls']:8.0f} s, scaled up from a few pairs"
    )
    print(f"highest memory        {found['highest_bytes'] / 1e6:8.0f} MB")


if __name__ == "__main__":
    main()
