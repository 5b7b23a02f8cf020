"""How quick the explorer is in a real browser, on a trace of a million characters, 512 units and all sites.

    python benchmarks/explorer.py [--chars 1000000] [--units 512] [--repeats 3] [--folder DIR] [--json]

The trace (7 GB) is made once in DIR and kept; `rnnscope explore DIR --read-only` serves it from a process of
its own, the first search makes its index, and Playwright drives Chromium. Times in the page are from the
event to the first frame after the drawing. The trace was written or read shortly before, so that the system
may hold much of it in memory. Memory is what the server holds for itself (Linux, anonymous
memory): maps of files and the system's cache are not counted.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from explorer_trace import NAME, made
from playwright.sync_api import Page, ViewportSize, sync_playwright

CHROMIUM = "/usr/bin/chromium"
SCREEN: ViewportSize = {"width": 1920, "height": 1300}
FLIPS = 60
JUMPS = 20
SCROLL_PIXELS = 100_000 / 108 * 17
"""100,000 characters, 108 a line of 17 pixels."""
PAGE = Path(__file__).with_name("explorer_page.js")


@contextmanager
def explorer(work: Path) -> Iterator[tuple[str, int]]:
    """The command in a process of its own: its address and process."""
    command = [
        sys.executable,
        "-m",
        "rnnscope",
        "explore",
        str(work),
        "--no-open",
        "--read-only",
        "--port",
        "8190",
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        line = next(line for line in process.stderr if line.startswith("http"))
        base = line.split()[0].rstrip("/")
        for _ in range(400):
            try:
                urllib.request.urlopen(f"{base}/text").read()
                break
            except urllib.error.URLError:
                time.sleep(0.05)
        yield base, process.pid
    finally:
        process.terminate()
        process.wait(10)


def own_megabytes(process: int) -> float:
    """Memory that is of no file."""
    sizes = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in sizes if line.startswith("Anonymous:")) / 1000


def first_paint(page: Page, address: str) -> float:
    """Seconds from asking for the page to coloured text."""
    start = time.perf_counter()
    page.goto(address)
    page.evaluate("measuring.whole()")
    return time.perf_counter() - start


def span_search(base: str) -> float | None:
    """Seconds of a span search over the whole trace; None where the explorer has none."""
    asked = {"corpus": NAME, "run": "lstm", "part": "test", "spans": [{"row": 3, "start": 120, "stop": 160}]}
    request = urllib.request.Request(
        f"{base}/api/search/spans",
        json.dumps(asked).encode(),
        {"Content-Type": "application/json", "Origin": base},
    )
    start = time.perf_counter()
    try:
        urllib.request.urlopen(request, timeout=900).read()
    except urllib.error.HTTPError as error:
        if error.code in (404, 405):
            return None
        raise
    return time.perf_counter() - start


def measured(base: str, process: int) -> dict[str, list[float]]:
    """One repeat, in a browser of its own: what was measured -> values."""
    found: dict[str, list[float]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport=SCREEN)
        page.add_init_script(path=PAGE)
        got: dict[str, int] = {}
        page.on("response", lambda r: got.update({r.url: int(r.headers.get("content-length", 0))}))
        address = f"{base}/text?run=lstm&unit=1.0&size=11&columns=160"
        found["first paint, ms"] = [1000 * first_paint(page, address)]
        page.wait_for_timeout(500)
        found["characters on screen"] = [float(page.evaluate("measuring.characters()"))]
        found["flip, ms"] = page.evaluate("n => measuring.flip(n)", FLIPS)
        rows = int(
            page.evaluate("fetch('/api/library').then(r => r.json()).then(l => l.corpora[0].parts.test[0])")
        )
        places = [f"{(37 * n + 11) % rows}.{(619 * n) % 9000}" for n in range(JUMPS)]
        found["jump, ms"] = page.evaluate("p => measuring.jump(p)", places)
        page.evaluate("measuring.jump(['0.0'])")
        found["frame while scrolling, ms"] = page.evaluate("p => measuring.scroll(p, 120)", SCROLL_PIXELS)
        page.goto(f"{base}/models")
        page.wait_for_timeout(500)
        for name in ("vega.js", "shared/drawing.js"):
            page.evaluate("u => fetch(u).then(r => r.text())", f"/static/{name}")
        page.wait_for_timeout(300)
        pages = [url for url in got if "/api/" not in url]
        found["pages, kB"] = [sum(got[url] for url in pages) / 1000]
        found["asked elsewhere"] = [float(sum(not url.startswith((base, "data:")) for url in got))]
        browser.close()
    found["server, MB"] = [own_megabytes(process)]
    return found


LIMITS = {
    "first paint, ms": "1000",
    "characters on screen": "5000 or more",
    "flip, ms": "33 median, 100 at 95 %",
    "jump, ms": "150",
    "frame while scrolling, ms": "50 at most",
    "pages, kB": "1500",
    "asked elsewhere": "0",
    "server, MB": "500",
    "span search, first, s": "(makes its index)",
    "span search, s": "1",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chars", type=int, default=1_000_000)
    parser.add_argument("--units", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.gettempdir()) / f"rnnscope-explorer-{asked.chars}x{asked.units}"
    work = made(folder, asked.chars, asked.units)
    together: dict[str, list[float]] = {}
    with explorer(work) as (base, process):
        for turn in range(asked.repeats + 1):
            seconds = span_search(base)
            name = "span search, s" if turn else "span search, first, s"
            together.setdefault(name, []).extend([] if seconds is None else [seconds])
        for _ in range(asked.repeats):
            for name, values in measured(base, process).items():
                together.setdefault(name, []).extend(values)
        together["server, MB"].append(own_megabytes(process))
    if asked.json:
        print(json.dumps({"load": os.getloadavg(), "measured": together}))
        return
    print(f"{asked.chars:,} characters x {asked.units} units x 7 sites; load {os.getloadavg()[0]:.1f}")
    print("| what | limit | n | min | median | 95 % | most |\n|---|---|---|---|---|---|---|")
    for name, limit in LIMITS.items():
        values = sorted(together.get(name, []))
        if not values:
            print(f"| {name} | {limit} | 0 | not there | | | |")
            continue
        high = values[min(len(values) - 1, int(0.95 * len(values)))]
        numbers = (values[0], statistics.median(values), high, values[-1])
        print(
            f"| {name} | {limit} | {len(values)} | " + " | ".join(f"{each:,.1f}" for each in numbers) + " |"
        )


if __name__ == "__main__":
    main()
