"""What the JSON of all services has in common, and how it is checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

from integrations.files.disk.foreign import invalid
from integrations.files.transcripts.words import LATEST_S

Seconds = Annotated[float, Field(ge=0, le=LATEST_S, allow_inf_nan=False)]
"""Numbers, or strings that are numbers."""

Milliseconds = Annotated[float, Field(ge=0, le=LATEST_S * 1000, allow_inf_nan=False)]

Text = Annotated[str, Field(max_length=1_000_000)]

_T = TypeVar("_T")


def _numbered(name: object) -> object:
    return str(name) if isinstance(name, int) and not isinstance(name, bool) else name


Speaker = Annotated[str, BeforeValidator(_numbered), Field(max_length=1000)]
"""A name or a number."""


class Part(BaseModel):
    """An object of a service's JSON; keys that are not needed are passed over.

    Built when a file of that service is read: most are of another.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


def checked(kind: type[_T], text: str, path: Path, root: str = "") -> _T:
    """The text as what it should be.

    Args:
        kind: a model, or a list of models.
        text: JSON.
        path: the file, for messages.
        root: as for `foreign.invalid`.

    Raises:
        InputError: it is something else; the message names the first fault's place.
    """
    try:
        return TypeAdapter(kind).validate_json(text)
    except ValidationError as error:
        raise invalid(error, path, root) from None
