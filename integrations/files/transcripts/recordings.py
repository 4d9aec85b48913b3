"""Which recording is told of, in forms of which one file may tell of several."""

from __future__ import annotations

from pathlib import Path

from integrations.files.disk.foreign import clipped, shown
from integrations.files.transcripts.drafts import Draft
from moderator.errors import InputError


class Recordings:
    """Who speaks in which recording: several are one meeting where each has a speaker of its own.

    Args:
        path: the file, for messages.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._speakers: dict[str, set[str]] = {}

    def take(self, recording: str, speaker: str) -> None:
        """Takes a segment's recording and speaker."""
        self._speakers.setdefault(recording, set()).add(speaker)

    def name(self, draft: Draft) -> None:
        """Gives a draft the recording's name; a note where there are several.

        Raises:
            InputError: there are several, with speakers in common or several in one.
        """
        if len(self._speakers) == 1:
            (draft.name,) = self._speakers
        if len(self._speakers) < 2:
            return
        some = self._speakers.values()
        if (
            len({who for one in some for who in one}) < sum(map(len, some))
            or max(map(len, some)) > 1
        ):
            first, other = (clipped(recording) for recording in list(self._speakers)[:2])
            raise InputError(
                f"several recordings, '{first}' and '{other}'",
                where=shown(self._path),
                todo="give one a file",
            )
        draft.note(f"{len(some)} recordings with a speaker each, taken as one meeting")
