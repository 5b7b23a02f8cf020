"""The charts' renderer and the page's own files, for the report and for the explorer."""

from functools import cache
from importlib.resources import files

import vl_convert

from rnnscope.figures.figure import VEGALITE


@cache
def vega_bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, out of the vl-convert wheel."""
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=VEGALITE)


@cache
def page_file(name: str) -> str:
    """One of the page's own files, 'page.css' say, found in an installed wheel too."""
    return (files("rnnscope.report") / "page" / name).read_text(encoding="utf-8")


def page_style() -> str:
    """The report's style sheet, its colours and type first."""
    return page_file("looks.css") + page_file("page.css")
