"""One module a view, or two: its numbers under /api. No view knows another."""

from rnnscope.explorer.views import (
    errors,
    gates,
    library,
    live,
    live_stream,
    models,
    search,
    teach,
    text,
    text_colours,
    units,
)

ROUTERS = tuple(
    module.router
    for module in (
        library,
        text,
        text_colours,
        units,
        search,
        gates,
        models,
        errors,
        live,
        live_stream,
        teach,
    )
)
