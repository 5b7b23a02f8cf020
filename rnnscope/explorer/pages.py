"""The page's own files, held in memory: what a request names is looked up, never opened."""

import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import APIRouter, Request
from fastapi.responses import Response

from rnnscope.report.bundle import page_file, vega_bundle

VIEWS = ("text", "units", "search", "gates", "models", "errors", "live", "teach")
CHARTS = "vega.js"
SHARED = ("drawing.js", "looks.css")
"""Scripts that the report has too."""
TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
}
router = APIRouter(include_in_schema=False)


@router.get("/")
@router.get("/{view}")
def shell(request: Request, view: str = "text") -> Response:
    """The one page, which every view is drawn into."""
    if view not in VIEWS:
        return _not_found()
    return _file(request, "index.html")


@router.get("/static/{name:path}")
def static(request: Request, name: str) -> Response:
    return _file(request, name)


def _file(request: Request, name: str) -> Response:
    """A file, or 304 where the browser has it as it is now."""
    held = _charts_renderer() if name == CHARTS else static_files().get(name)
    if held is None:
        return _not_found()
    content, tag = held
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=TYPES[name.rpartition(".")[2]], headers=headers)


def _not_found() -> Response:
    return Response("rnnscope: no such page\n", 404, media_type="text/plain; charset=utf-8")


@cache
def static_files() -> dict[str, tuple[bytes, str]]:
    """Name under /static -> content and its tag."""
    contents = dict(_under(files("rnnscope.explorer") / "static", ""))
    contents |= {f"shared/{name}": page_file(name).encode() for name in SHARED}
    return {name: _tagged(each) for name, each in contents.items()}


@cache
def _charts_renderer() -> tuple[bytes, str]:
    """Put together when the first chart is drawn: it takes seconds, which no other view is to wait for."""
    return _tagged(vega_bundle().encode())


def _tagged(content: bytes) -> tuple[bytes, str]:
    return content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _under(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for each in folder.iterdir():
        if each.is_dir():
            found += _under(each, f"{prefix}{each.name}/")
        elif each.name.rpartition(".")[2] in TYPES:
            found.append((prefix + each.name, each.read_bytes()))
    return found
