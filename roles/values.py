"""The values that keys of a role take: texts, durations, shares, names."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

# Control characters could drive a terminal, and bidirectional overrides disguise a name.
_UNSAFE = r"\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff"
ONE_LINE = rf"^[^\x00-\x1f{_UNSAFE}]*$"
MANY_LINES = rf"^[^\x00-\x08\x0b-\x1f{_UNSAFE}]*$"

Seconds = Annotated[float, Field(ge=0, le=86_400)]
Minutes = Annotated[float, Field(gt=0, le=24 * 60)]
Share = Annotated[float, Field(ge=0, le=1)]
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=ONE_LINE)]
Name = Annotated[str, Field(min_length=1, max_length=60, pattern=ONE_LINE)]

ToolName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$", examples=["find_date"])]
"""What language models can call a tool by."""
