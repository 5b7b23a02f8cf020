"""Finding, or the sites of a pass -> a frame for a notebook: static HTML that survives being exported.

The frame holds a whole page as its `srcdoc`: the report's own templates and looks, figures as pictures for
light and dark, no script at all. It is sandboxed, fetches nothing, and has at most MOST_BYTES; what is left
out is said.
"""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from markupsafe import Markup, escape

from rnnscope.figures import Figure, plain
from rnnscope.figures.save import render
from rnnscope.figures.theme import Scheme
from rnnscope.records.finding import Finding, Row
from rnnscope.report import tables
from rnnscope.report.bundle import page_style
from rnnscope.report.coloured import spans
from rnnscope.report.limits import Limits
from rnnscope.report.write import FigureView, environment, policy, section_of

MOST_BYTES = 500_000
"""Of one display."""
HEIGHT_PX = 640
UNITS_SHOWN = 8
CHARS_SHOWN = 600
STATES = ("tanh_c", "h")
"""What stands for a unit: the first of these that a layer has."""
_LIMITS = Limits(
    figure_rows=300,
    excerpts=6,
    excerpt_chars=800,
    rows_shown=20,
    tables=6,
    cards=6,
    samples=6,
    table_bytes=1000,
)
_SCHEMES: tuple[Scheme, ...] = ("light", "dark")


@dataclass(frozen=True)
class UnitText:
    """A unit's name, and text on its colours."""

    title: str
    spans: Markup


def finding_html(finding: Finding) -> str:
    """The finding as the report shows it: as many of its figures as there is room for, in their order."""
    limits = _LIMITS
    section = section_of("s1", finding, limits, environment())
    views = _that_fit(replace(view, pictures=_pictures(view.figure)) for view in section.figures)
    left = len(section.figures) - len(views)
    said = (
        f"{left} more figures are left out here; rnnscope.figures.charts(finding) has them." if left else ""
    )
    while True:
        section = replace(section, figures=views, cut=f"{section.cut} {said}".strip())
        page = _page(plain(finding.title, limits.cell_chars), limits, section=section)
        if len(page.encode("utf-8", "replace")) <= MOST_BYTES:
            return page
        if limits == limits.halved():
            views, said = (
                views[:-1],
                "Its figures are left out here; rnnscope.figures.charts(finding) has them.",
            )
            if not views and not section.figures:
                return page
        limits = limits.halved()
        section = section_of("s1", finding, limits, environment())


def _that_fit(views: Iterable[FigureView]) -> list[FigureView]:
    """The first ones whose pictures leave a third of the room to text and tables; no others are drawn."""
    used, fit = 0, []
    for view in views:
        used += sum(map(len, (view.pictures or {}).values()))
        if used > MOST_BYTES * 2 // 3:
            break
        fit.append(view)
    return fit


def cache_html(
    shapes: Mapping[str, tuple[int, ...]], first_row: Callable[[str], np.ndarray], texts: Sequence[str]
) -> str:
    """The units that vary most on the first row's text, and all sites with their shapes.

    `first_row`: site -> (T, H). Without texts each step stands as a dot.
    """
    units = [unit for site in _states(shapes) for unit in _most_varied(site, first_row(site), texts)]
    batch, steps = next(iter(shapes.values()), (0, 0))[:2]
    rows: list[Row] = [{"site": name, "shape": str(shape)} for name, shape in shapes.items()]
    stretch = f"the first {CHARS_SHOWN:,} steps of " if steps > CHARS_SHOWN else ""
    reading = (
        f"{len(shapes)} sites, {batch} {'row' if batch == 1 else 'rows'} of {steps:,} steps. Behind each "
        f"character stands a unit's value once it has read it; the {UNITS_SHOWN} units of each layer that "
        f"vary most are here, on {stretch}the first row."
    )
    view = tables.view("sites", "Sites", "sites.csv", rows, replace(_LIMITS, rows_shown=200))
    return _page("What the network did", _LIMITS, reading=reading, units=units, sites=view, section=None)


def _page(title: str, limits: Limits, **shown: object) -> str:
    style = Markup(page_style())
    page = (
        environment()
        .get_template("notebook.html")
        .render(title=title, limits=limits, style=style, policy=policy([], style), is_static=True, **shown)
    )
    return (
        f'<iframe srcdoc="{escape(str(page))}" sandbox="" title="{escape(title)}" loading="lazy" '
        f'style="width:100%;height:{HEIGHT_PX}px;border:1px solid #8886;border-radius:6px"></iframe>'
    )


def _pictures(figure: Figure) -> dict[str, str]:
    return {
        scheme: "data:image/svg+xml;base64," + base64.b64encode(render(figure, "svg", scheme)).decode()
        for scheme in _SCHEMES
    }


def _states(shapes: Mapping[str, tuple[int, ...]]) -> list[str]:
    """One site of each layer and direction; the first that there is where no state was recorded."""
    layers: dict[str, list[str]] = {}
    for name in shapes:
        prefix, _, site = name.rpartition(".")
        layers.setdefault(prefix, []).append(site)
    chosen = [
        f"{prefix}.{site}"
        for prefix, sites in layers.items()
        if (site := next((state for state in STATES if state in sites), ""))
    ]
    return chosen or list(shapes)[:1]


def _most_varied(site: str, values_TH: np.ndarray, texts: Sequence[str]) -> list[UnitText]:
    steps = min(len(values_TH), CHARS_SHOWN)
    text = texts[0] if texts and len(texts[0]) == len(values_TH) else "·" * len(values_TH)
    known_TH = np.nan_to_num(values_TH[:steps].astype(np.float64))
    units = np.argsort(-known_TH.std(0), kind="stable")[:UNITS_SHOWN] if steps else []
    return [
        UnitText(
            f"{site}, unit {unit}",
            spans(text[:steps], [round(100 * v) for v in np.clip(known_TH[:, unit], -1, 1)]),
        )
        for unit in units
    ]
