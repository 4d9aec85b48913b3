"""What bad input to diarization raises."""

from __future__ import annotations


class DiarizeError(ValueError):
    """Bad input from outside: audio, a weights file, an option.

    Args:
        what: what is wrong, without a full stop.
        where: file, line or option at fault.
        todo: what the user can do about it.
    """

    def __init__(self, what: str, *, where: str = "", todo: str) -> None:
        self.what, self.where, self.todo = what, where, todo
        super().__init__(", ".join(part for part in (what, where, todo) if part))
