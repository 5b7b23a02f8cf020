"""What a view is told, as JSON that /api describes. Knows no view."""

from pydantic import BaseModel, ConfigDict


class Shown(BaseModel):
    """Numbers and words for a page; a view's own add fields."""

    model_config = ConfigDict(frozen=True)
