"""Library -> the web application: pages, /api, and how a refusal is told. Knows no network.

Every view has a page of its own, `/text` say, whose address restores it, and its numbers under `/api`,
described by `/api/openapi.json`.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from rnnscope import __version__
from rnnscope.errors import RnnscopeError
from rnnscope.explorer import pages
from rnnscope.explorer.breakdowns import Breakdowns
from rnnscope.explorer.guard import LOCAL_HOSTS, Guard
from rnnscope.explorer.indexing import Indexes
from rnnscope.explorer.library import Library, NotThere
from rnnscope.explorer.opening import Opening
from rnnscope.explorer.parameters import Refusal, refusal
from rnnscope.explorer.rankings import Rankings
from rnnscope.explorer.views import ROUTERS
from rnnscope.explorer.views.live import Live


def create_app(
    work: Path,
    *,
    live: Live | None = None,
    token: str | None = None,
    hosts: Sequence[str] = LOCAL_HOSTS,
    promised: Callable[[Path], bool] = lambda folder: False,
) -> FastAPI:
    """The explorer of a work folder. Of a record that is `promised` it says that it is being made.

    `live` runs networks; without it the views that want one say so. `hosts` are the names that it answers to,
    and with a `token` it answers only who has it.
    """
    app = FastAPI(
        title="rnnscope explorer",
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.library = Library(work, promised)
    app.state.opening = Opening()
    app.state.live = live
    app.state.indexes = Indexes()
    app.state.breakdowns = Breakdowns()
    app.state.rankings = Rankings()
    for router in ROUTERS:
        app.include_router(router, prefix="/api")
    app.include_router(pages.router)
    app.add_exception_handler(RnnscopeError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _no_such)
    app.add_middleware(Guard, hosts=hosts, token=token)
    return app


async def _refused(request: Request, error: Exception) -> JSONResponse:
    """What the user can act on, in one line."""
    told = refusal(request.app.state.library, error)
    return _answer(told, 404 if isinstance(error, NotThere) else 422)


async def _no_such(request: Request, error: Exception) -> JSONResponse:
    """An address or a method that there is not."""
    assert isinstance(error, HTTPException)
    return _answer(Refusal(error=str(error.detail)), error.status_code, error.headers)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(each) for each in first["loc"][1:]) or "request"
    return _answer(Refusal(error=f"{where}: {first['msg']}"[:500]), 422)


def _answer(told: Refusal, status: int, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(told.model_dump(), status, headers=headers)
