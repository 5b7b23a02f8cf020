"""Figure -> SVG, PNG or PDF file, by vl-convert: no browser, no network."""

from pathlib import Path
from typing import Any

import vl_convert

from rnnscope.errors import ConfigError, did_you_mean
from rnnscope.figures.figure import VEGALITE, Figure
from rnnscope.figures.fitting import fitted
from rnnscope.figures.theme import PAPER, Scheme, config
from rnnscope.records.folder import write_bytes

WIDTH_PX = 720


def save(figure: Figure, path: Path, scheme: Scheme = "light", width_px: int = WIDTH_PX) -> Path:
    """Writes `path` in the format of its ending, whole or not at all.

    Raises ConfigError for an ending other than .svg, .png or .pdf, RecordError where the disk refuses.
    """
    kind = path.suffix.lower().lstrip(".")
    if kind not in ("svg", "png", "pdf"):
        raise ConfigError(
            f"no picture format '{path.suffix}' ('{path}'); {did_you_mean(kind, ('svg', 'png', 'pdf'))}"
        )
    write_bytes(path, render(figure, kind, scheme, width_px))
    return path


def render(figure: Figure, kind: str, scheme: Scheme = "light", width_px: int = WIDTH_PX) -> bytes:
    """The picture's bytes; `kind` is 'svg', 'png' or 'pdf'."""
    spec = _of_fixed_width(fitted(figure.spec(None), width_px), width_px) | {
        "config": config(scheme) | {"background": PAPER[scheme]}
    }
    if kind == "svg":
        return vl_convert.vegalite_to_svg(spec, vl_version=VEGALITE).encode()
    if kind == "png":
        return vl_convert.vegalite_to_png(spec, vl_version=VEGALITE, scale=2)
    return vl_convert.vegalite_to_pdf(spec, vl_version=VEGALITE)


def _of_fixed_width(spec: dict[str, Any], width_px: int) -> dict[str, Any]:
    """A chart that would fill its page's column gets a column of `width_px`; panels keep their own width."""
    return spec | {"width": width_px} if spec.get("width") == "container" else spec
