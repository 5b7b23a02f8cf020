"""Puts the page together: findings, their figures and the page's own files, within the byte budget."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from rnnscope import __version__
from rnnscope.errors import RecordError
from rnnscope.figures import Figure, charts, config, plain
from rnnscope.records import Finding
from rnnscope.records.finding import Row, Scalar
from rnnscope.records.folder import write_bytes
from rnnscope.report import coloured, tables
from rnnscope.report.answer import answer
from rnnscope.report.bundle import page_file, page_style, vega_bundle
from rnnscope.report.cards import RunOfCards, by_run
from rnnscope.report.limits import MOST_BYTES, Limits
from rnnscope.report.tables import TableView, as_json

ORDER = (
    "comparison",
    "model_map",
    "error_overlap",
    "per_character",
    "long_range",
    "effective_context",
    "error_oracles",
    "training_curves",
    "training_dynamics",
    "saturation",
    "cell_roles",
    "unit_cards",
    "samples",
)
"""Analyses that a reader wants in this order; others follow in the order given."""
SCRIPTS = ("theme.js", "drawing.js", "charts.js", "csv.js", "excerpts.js")


@dataclass(frozen=True)
class FigureView:
    """A figure for the page."""

    figure: Figure
    spec: Markup
    table: TableView
    pictures: dict[str, str] | None = None
    """Colour scheme -> the chart as the address of a picture, for a page without scripts."""


@dataclass(frozen=True)
class Section:
    """One finding for the page."""

    id: str
    template: jinja2.Template
    finding: Finding
    figures: list[FigureView]
    excerpts: list[coloured.ExcerptView]
    tables: list[TableView]
    numbers: list[tuple[str, str]]
    cards: list[RunOfCards]
    cut: str
    """What of the finding is not on the page."""


def write_report(
    findings: Sequence[Finding],
    path: Path,
    *,
    title: str = "rnnscope report",
    command: str = "",
    facts: Mapping[str, Scalar] | None = None,
) -> Path:
    """Writes the page of `findings` to `path`, whole or not at all, and returns `path`.

    `command` makes the page again; `facts` (name -> value) say of text and training what a reader wants to
    know first. The file needs no network and has at most MOST_BYTES: what does not fit is left out, and the
    page says so.
    Raises RecordError where the disk refuses.
    """
    ordered = sorted(findings, key=lambda f: ORDER.index(f.analysis) if f.analysis in ORDER else len(ORDER))
    limits = Limits()
    page = _page(ordered, limits, title, command, facts or {})
    while len(page) > MOST_BYTES:
        if limits == limits.halved():
            raise RecordError(f"the report '{path}' would have {len(page):,} bytes, more than {MOST_BYTES:,}")
        limits = limits.halved()
        page = _page(ordered, limits, title, command, facts or {})
    write_bytes(path, page)
    return path


def _page(
    findings: list[Finding], limits: Limits, title: str, command: str, facts: Mapping[str, Scalar]
) -> bytes:
    templates = environment()
    sections = [
        section_of(f"s{index}", finding, limits, templates)
        for index, finding in enumerate(findings[: limits.findings], 1)
    ]
    # Scripts and the style sheet go in last, as the very bytes whose hashes the security policy names.
    bundle, style = Markup(vega_bundle()), Markup(page_style())
    scripts = [Markup(page_file(name)) for name in SCRIPTS]
    page = templates.get_template("page.html").render(
        title=plain(title, limits.cell_chars),
        answer=answer(findings, title),
        command=plain(command, limits.sentence_chars),
        facts=[
            (plain(name, 60), tables.shown_number(name, value, 120))
            for name, value in list(facts.items())[:16]
        ],
        sections=sections,
        left_out=len(findings) - len(sections),
        is_cut=limits != Limits() or any(section.cut for section in sections),
        limits=limits,
        version=__version__,
        is_static=False,
        configs=as_json({scheme: config(scheme) for scheme in ("light", "dark")}),
        bundle=bundle,
        style=style,
        scripts=scripts,
        policy=policy([bundle, *scripts], style),
    )
    return page.encode("utf-8", "replace")


def section_of(id: str, finding: Finding, limits: Limits, templates: jinja2.Environment) -> Section:
    """A finding as its section of the page, no more of it than the limits allow, and what was cut in words;
    its analysis's own template, else the one for any.
    """
    figures = charts(finding, limits.figure_rows)
    names = tables_beside(finding, [figure.rows for figure in figures.values()])
    # Where units have cards, the excerpts stand on them.
    cards = by_run(finding, limits)
    excerpts = [] if cards else finding.excerpts
    cuts = [
        _of(len(finding.tables.get("cards", [])), sum(len(run.cards) for run in cards), "cards"),
        _of(len(excerpts), limits.excerpts, "excerpts"),
        _of(len(names), limits.tables, "tables"),
        _of(len(finding.numbers), limits.numbers, "numbers"),
        _of(len(finding.caveats), limits.caveats, "caveats"),
    ]
    stem = (
        "".join(c if c.isalnum() and c.isascii() else "-" for c in finding.analysis).strip("-")[:40]
        or "finding"
    )
    return Section(
        id=id,
        template=templates.select_template([f"sections/{stem.replace('-', '_')}.html", "sections/any.html"]),
        finding=finding,
        figures=[
            FigureView(
                figure,
                as_json(figure.spec(None, with_rows=False)),
                tables.view(
                    f"{id}-f{n}",
                    figure.title,
                    f"{stem}-{figure.name}.csv",
                    figure.rows,
                    limits,
                    is_drawn=True,
                ),
            )
            for n, figure in enumerate(figures.values(), 1)
        ],
        excerpts=[
            coloured.view(f"{id}-e{n}", excerpt, limits)
            for n, excerpt in enumerate(excerpts[: limits.excerpts], 1)
        ],
        tables=[
            tables.view(
                f"{id}-t{n}", tables.label(name), f"{stem}-table-{n}.csv", finding.tables[name], limits
            )
            for n, name in enumerate(names[: limits.tables], 1)
        ],
        numbers=[
            (plain(tables.label(name), 80), tables.shown_number(name, value, limits.cell_chars))
            for name, value in list(finding.numbers.items())[: limits.numbers]
        ],
        cards=cards,
        cut=" ".join(cut for cut in cuts if cut),
    )


def tables_beside(finding: Finding, drawn: list[list[Row]]) -> list[str]:
    """Names of the tables that no figure draws whole: those need not stand on a page twice."""
    return [name for name, rows in finding.tables.items() if rows and not any(_holds(d, rows) for d in drawn)]


def _holds(drawn: list[Row], rows: list[Row]) -> bool:
    """Whether a figure's rows are these rows, all of them, with perhaps a column more."""
    first = rows[0].items()
    return len(drawn) == len(rows) and all(any(row.get(k) == v for row in drawn) for k, v in list(first)[:3])


def _of(total: int, most: int, what: str) -> str:
    return f"{most} of {total:,} {what} are on this page." if total > most else ""


@cache
def environment() -> jinja2.Environment:
    """Templates from the package, found in an installed wheel too; all they print is escaped."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("rnnscope.report", "page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: plain(value) if type(value) is str else value,
    )
    made.filters["whole_names"] = _whole_names
    return made


def _whole_names(sentence: str) -> Markup:
    """The sentence, escaped, with names such as 'lstm-1x128' kept from being broken at their hyphens."""
    # An entity ends in a semicolon, so that no match can begin or end within one.
    names = re.compile(r"\b[\w.]{1,12}(?:-[\w.]{1,12}){1,3}\b")
    return Markup(names.sub(r'<span class="whole">\g<0></span>', str(escape(plain(sentence)))))


def policy(scripts: list[Markup], style: Markup) -> str:
    """A Content-Security-Policy: only the page's own scripts and style run, nothing is fetched."""
    hashes = " ".join(_sha256(script) for script in scripts)
    allowed = f"script-src {hashes}; style-src {_sha256(style)}; img-src data:"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _sha256(text: str) -> str:
    # The parser reads \r\n and \r as \n before the hash is taken.
    content = text.replace("\r\n", "\n").replace("\r", "\n").encode()
    return f"'sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}'"
