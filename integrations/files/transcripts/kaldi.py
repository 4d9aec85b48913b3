"""A data directory of Kaldi: ``segments``, ``text`` and ``utt2spk``, told apart by their names.

``segments`` has ``<utterance> <recording> <start s> <end s>``, ``text`` ``<utterance> <words>``,
``utt2spk`` ``<utterance> <speaker>``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from integrations.files.disk.foreign import clipped, shown
from integrations.files.transcripts.drafts import Draft
from integrations.files.transcripts.recordings import Recordings
from integrations.files.transcripts.rttm import nist_field, times
from integrations.files.transcripts.segments import join_words
from integrations.files.transcripts.words import MeetingWords
from moderator.errors import InputError
from moderator.events import Word
from moderator.timeline import to_seconds

PARTS: Final = ("segments", "text", "utt2spk")
"""Names of the files; the last may be missing where an RTTM says who speaks."""


def parse_kaldi(parts: Mapping[str, tuple[str, Path]]) -> MeetingWords:
    """A meeting from the texts of `PARTS`, by their names, with their paths for messages.

    Raises:
        InputError: ``segments`` or ``text`` is missing, a line does not fit, or no words.
    """
    for name in PARTS[:2]:
        if name not in parts:
            _, path = next(iter(parts.values()))
            raise InputError(
                f"no file '{name}' beside it", where=shown(path), todo=f"give {', '.join(PARTS)}"
            )
    said = {utterance: rest for utterance, rest, _ in _lines(*parts["text"])}
    speakers = {u: rest for u, rest, _ in _lines(*parts["utt2spk"])} if "utt2spk" in parts else {}
    text, path = parts["segments"]
    draft, recordings = Draft(path), Recordings(path)
    for utterance, rest, number in _lines(text, path):
        fields, where = rest.split(), f"{shown(path)}:{number}"
        if len(fields) != 3:
            raise InputError(
                f"{len(fields) + 1} fields where segments has 4",
                where=where,
                todo="correct the line",
            )
        if speakers and utterance not in speakers:
            raise InputError(
                f"no speaker of '{clipped(utterance)}' in utt2spk", where=where, todo="add the line"
            )
        start, end = _times(fields, where)
        place = f"line {number}"
        speaker = draft.speaker(unquote(speakers.get(utterance, "")), place)
        recordings.take(unquote(fields[0]), speaker)
        draft.say(speaker, said.get(utterance, ""), start, end, place)
    recordings.name(draft)
    return draft.meeting("give segments and text of one meeting")


def kaldi_texts(meeting_id: str, words: Iterable[Word]) -> dict[str, str]:
    """Words as the texts of `PARTS`; white space in names as in a URL."""
    recording = nist_field(meeting_id)
    lines: dict[str, list[str]] = {name: [] for name in PARTS}
    for number, segment in enumerate(join_words(words), start=1):
        speaker = nist_field(segment.speaker)
        utterance = f"{speaker}-{recording}-{number:06d}"
        start, end = to_seconds(segment.start), to_seconds(segment.end)
        lines["segments"].append(f"{utterance} {recording} {start:.6f} {end:.6f}\n")
        lines["text"].append(f"{utterance} {segment.text}\n")
        lines["utt2spk"].append(f"{utterance} {speaker}\n")
    return {name: "".join(sorted(some)) for name, some in lines.items()}


def _lines(text: str, path: Path) -> Iterable[tuple[str, str, int]]:
    """First field, the rest and the number of each line."""
    seen: set[str] = set()
    for number, line in enumerate(text.split("\n"), start=1):
        first, _, rest = line.strip().partition(" ")
        if "\t" in first:
            first, _, rest = line.strip().partition("\t")
        if first in seen:
            raise InputError(
                f"'{clipped(first)}' twice", where=f"{shown(path)}:{number}", todo="leave one out"
            )
        if first:
            seen.add(first)
            yield first, rest.strip(), number


def _times(fields: list[str], where: str) -> tuple[int, int | None]:
    try:
        length = float(fields[2]) - float(fields[1])
    except ValueError:
        length = -1.0
    if fields[2] in ("-1", "-1.0"):  # to the end of the recording
        return times(fields[1], "0", where)[0], None
    return times(fields[1], repr(length), where)
