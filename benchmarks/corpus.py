"""How long and in how much memory a large file becomes a corpus.

    python benchmarks/corpus.py --megabytes 1000

Writes a UTF-8 text of that size to a temporary folder, builds a corpus of it in a process of its own, and
prints the seconds and that process's peak memory as the system counts it. The goal: 1 GB within 600 MB of
memory.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

WORDS = "the of and to in he his that was with it her had at on not as for said — “prince” naïve été\n".split(
    " "
)


def write_text(path: Path, megabytes: int) -> None:
    """Random words, accents and curly quotes among them."""
    generator = np.random.default_rng(0)
    size = 0
    with path.open("wb") as file:
        while size < megabytes * 1_000_000:
            size += file.write(" ".join(generator.choice(WORDS, 200_000)).encode())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "large.txt"
        write_text(text, asked.megabytes)
        seconds = []
        for repeat in range(asked.repeats):
            started = time.perf_counter()
            command = ["corpus", "build", str(text), "--name", f"r{repeat}", "--work", f"{folder}/work"]
            subprocess.run([sys.executable, "-m", "rnnscope", *command], check=True)
            seconds.append(time.perf_counter() - started)
        peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
        print(
            f"{text.stat().st_size / 1e6:.0f} MB: {min(seconds):.1f} s (least of {asked.repeats}), "
            f"{peak_mb:.0f} MB"
        )


if __name__ == "__main__":
    main()
