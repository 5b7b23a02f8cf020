"""Two layouts of one chart -> a chart that a page draws by the room there is. Knows no analysis."""

from typing import Any


def fitting(wide: Any, narrow: Any, below_px: int) -> Any:
    """`wide`, or `narrow` where a page has less than `below_px`; `fitted` and
    report/page/drawing.js choose.

    Both are Altair charts of the same rows, `wide` what a file or a notebook shows.
    """
    spec = narrow.to_dict()
    spec.pop("config", None)
    return wide.properties(usermeta={"rnnscope": {"below_px": below_px, "narrow": spec}})


def fitted(spec: dict[str, Any], width_px: int) -> dict[str, Any]:
    """The layout of a chart's spec for so much room, with its data."""
    page = spec.get("usermeta", {}).get("rnnscope", {})
    if "narrow" not in page or width_px >= page["below_px"]:
        return spec
    return page["narrow"] | {name: spec[name] for name in ("datasets", "description") if name in spec}
