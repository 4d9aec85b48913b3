"""The journal: every arrow of the design as a line of JSON, append-only.

Running a journal's percepts, proposals and commands through the turn keeper again gives the
decisions in it, bit for bit (`rerun`).
"""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import BinaryIO

from moderator.errors import InputError
from moderator.events import CommandGiven, ConsentGiven, Erased
from moderator.journal.erasure import Erasure, Traces, redact
from moderator.journal.lines import Closed, Event, Line, Opened, text_of, time_of, to_line
from moderator.journal.thinning import Thinning
from moderator.timeline import Samples, to_samples

FLUSH_EVERY = to_samples(0.5)
"""Meeting time that a crash may lose, at most twice over: what is flushed lags one step behind."""

_AT_ONCE = (Opened, Closed, CommandGiven, ConsentGiven, Erased)
_PROMISES = (ConsentGiven, Erased)


class Journal:
    """Appends events to a file, or keeps them in memory where no path is given.

    What was written half a second of meeting time ago is in the file, whatever happens to the
    process; commands and consent are at once, consent on the disk itself. Of percepts without news,
    which become one line, the file ends with that line as far as it goes; it is written over until
    news come, so that a crash loses no silence either.

    Args:
        path: file to write; it must not exist yet.
        goes_on: it exists, and is added to behind its last whole line.
        keep_thoughts: write the minds' thoughts (the role's ``thought.journal``).

    Raises:
        InputError: the file cannot be written.
    """

    def __init__(
        self, path: Path | None = None, *, keep_thoughts: bool = False, goes_on: bool = False
    ) -> None:
        self.lines: list[Line] = []
        self._thinning: Thinning[Event | Opened | Closed] = Thinning()
        self._keep_thoughts = keep_thoughts
        self._path = path
        self._waiting: list[bytes] = []
        self._end = 0
        self._flushed: Samples = 0
        self._writing, self._erasing = threading.Lock(), threading.Lock()
        self._file: BinaryIO | None = None
        try:
            if path is not None:
                self._file = path.open("r+b" if goes_on else "xb", buffering=0)
                self._end = _cut_to_whole_lines(self._file)
        except OSError as error:
            raise InputError(
                f"cannot write the journal: {error.strerror}", where=str(path), todo="choose --out"
            ) from error

    def write(self, event: Event | Opened | Closed) -> None:
        """Appends an event's line; percepts without news are one line when the next news come.

        Raises:
            InputError: the disk is full, or the file cannot be written any more.
            ValueError: the journal is closed.
        """
        lines = [to_line(each) for each in self._thinning.take(event)]
        if not self._keep_thoughts:
            for line in lines:
                line.pop("thought", None)
        if self._path is None:
            self.lines += lines
            return
        with self._writing:
            if self._file is None:
                raise ValueError("the journal is closed")
            self._waiting += [text_of(line).encode() for line in lines]
            at = time_of(event)
            if isinstance(event, _AT_ONCE) or at - self._flushed >= FLUSH_EVERY:
                self._flush(self._file)
                self._flushed = max(self._flushed, at)
                if isinstance(event, _PROMISES):
                    self._sync(self._file)

    def _flush(self, file: BinaryIO) -> None:
        """Puts what waits at the end, and behind it the run of percepts that may still grow.

        Both in one piece, which is never shorter than the run it is written over: whenever the
        process ends, whole lines stand in the file, and at most one cut off at its end.
        """
        settled = b"".join(self._waiting)
        run = self._thinning.run
        data = settled if run is None else settled + text_of(to_line(run)).encode()
        try:
            done = 0
            while done < len(data):
                done += os.pwrite(file.fileno(), data[done:], self._end + done)
        except OSError as error:
            raise self._refused(error) from error
        self._end += len(settled)
        self._waiting.clear()

    def _sync(self, file: BinaryIO) -> None:
        try:
            os.fsync(file.fileno())
        except OSError as error:
            raise self._refused(error) from error

    def erase(self, erasure: Erasure) -> Traces:
        """Takes what somebody said before a meeting time out of the lines written so far.

        When they spoke stays, so that decisions come out the same when the journal is run again.
        What minds noted until then goes whoever it was about: it may quote them; and so do the
        words of the agent's own turns that may.

        May be called in a thread while lines are being added. Needs no space on the disk. When it
        fails, part of it may be done; doing it again does the rest.

        Returns:
            Where they, and turns that quote them, are to be heard in what was recorded.

        Raises:
            InputError: the file cannot be written.
            ValueError: the journal is closed; `redact` takes a closed one.
        """
        if self._path is None:
            traces = erasure.traces(self.lines)
            self.lines = [erasure.without(line, traces) for line in self.lines]
            return traces
        with self._erasing:
            with self._writing:
                if self._file is None:
                    raise ValueError("the journal is closed")
                self._flush(self._file)
                end = self._end
            try:
                return redact(self._path, erasure, end)
            except OSError as error:
                raise self._refused(error) from error

    def close(self) -> None:
        """Flushes and closes the file; does nothing the second time.

        Raises:
            InputError: the disk is full.
        """
        with self._erasing, self._writing:
            file, self._file = self._file, None
            if file is None:
                return
            try:
                self._flush(file)
            finally:
                file.close()

    def _refused(self, error: OSError) -> InputError:
        full = error.errno == errno.ENOSPC
        what = "the disk is full" if full else f"cannot write the journal ({error.strerror})"
        return InputError(what, where=str(self._path), todo="free some space and run again")


def _cut_to_whole_lines(file: BinaryIO) -> int:
    """Takes off what a crash left of a last line; the length of the rest."""
    end = file.seek(0, os.SEEK_END)
    while end:
        begin = max(0, end - 65_536)
        file.seek(begin)
        at = file.read(end - begin).rfind(b"\n")
        end = begin + at + 1 if at >= 0 else begin
        if at >= 0:
            break
    file.truncate(end)
    return end
