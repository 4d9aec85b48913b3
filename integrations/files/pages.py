"""What a run writes for people to read: the report, and minutes where they are wanted."""

from __future__ import annotations

from collections.abc import Collection

from integrations.files.disk.atomic import write_text
from integrations.files.disk.outdir import FORMATS, MINUTES, OutputDirectory
from moderator.measure.report.minutes import minutes_text
from moderator.measure.report.page import write_report


def write_pages(out: OutputDirectory, formats: Collection[str], *, embed_audio: bool) -> None:
    """Writes the report, and the minutes if they are among the formats.

    Args:
        out: the run's directory, with its journal and its summary.
        formats: names of `FORMATS` that the run writes.
        embed_audio: see `write_report`.

    Raises:
        InputError: one of them cannot be written.
    """
    write_report(out.path, embed_audio=embed_audio)
    if MINUTES in formats:
        write_text(out.file(FORMATS[MINUTES]), minutes_text(out.path))
