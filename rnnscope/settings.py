"""Settings of a thing as a frozen model, and how text changes them. Knows no thing."""

import re
from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from rnnscope.errors import ConfigError, did_you_mean

MOST_NUMBERS = 10_000


class Settings(BaseModel):
    """What an analysis can be told, all with a default; `--set field=value` changes one."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _numbers(value: object) -> object:
    """'1-9,20' -> (1, ..., 9, 20); anything but text goes on as it is."""
    if not isinstance(value, str):
        return value
    found: list[int] = []
    for piece in value.split(","):
        match = re.fullmatch(r"\s*(\d{1,7})(?:-(\d{1,7}))?\s*", piece, re.ASCII)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not first <= last < first + MOST_NUMBERS:
            raise ValueError("write it as 1-9,20")
        found += range(first, last + 1)
    return tuple(found)


def _words(value: object) -> object:
    """'a, b' -> ('a', 'b'); anything but text goes on as it is."""
    return tuple(piece.strip() for piece in value.split(",")) if isinstance(value, str) else value


Numbers = Annotated[tuple[int, ...], BeforeValidator(_numbers)]
"""Whole numbers, as text '1-9,20'."""
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
"""Texts without commas, as text 'a, b'."""

_Model = TypeVar("_Model", bound=BaseModel)


def as_text(value: object) -> str:
    """A setting's value as `--set` takes it, short."""
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else f"{value}"


def changed(settings: _Model, changes: Mapping[str, object]) -> _Model:
    """`settings` with some fields replaced; values may be text ('none' too), as `--set field=value` gives
    them.

    Raises ConfigError that names the field.
    """
    fields = settings.model_dump()
    for name, value in changes.items():
        if name not in fields:
            raise ConfigError(f"no setting '{name}'; {did_you_mean(name, fields)}")
        fields[name] = None if isinstance(value, str) and value.strip().lower() == "none" else value
    try:
        return type(settings).model_validate(fields)
    except ValidationError as error:
        raise ConfigError(f"setting {first_error(error)}") from None


def first_error(error: ValidationError) -> str:
    """'hidden=0: input should be greater than or equal to 1'."""
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"]) or "config"
    message = first["msg"][:1].lower() + first["msg"][1:]
    message = message.removeprefix("value error, ")
    return (
        f"{name}={first['input']}: {message}"
        if isinstance(first["input"], str | int | float)
        else f"{name}: {message}"
    )
