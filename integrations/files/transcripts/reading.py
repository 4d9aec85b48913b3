"""Tells forms of transcript apart by their content, and reads what was given together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from pydantic_core import from_json

from integrations.files.disk.foreign import open_input, read_text, shown
from integrations.files.transcripts import ctm, docx, plain_text, srt, stm, vtt
from integrations.files.transcripts.attribution import attribute, attributed, named, with_turns
from integrations.files.transcripts.records import parse_record
from integrations.files.transcripts.rttm import TYPES, numbered_fields, parse_rttm
from integrations.files.transcripts.seglst import parse_seglst
from integrations.files.transcripts.services.telling import service_of
from integrations.files.transcripts.words import NOBODY, MeetingWords
from moderator.errors import InputError

KINDS: Final = "a transcript (WebVTT, SRT, text, docx, JSON, STM, CTM, …; see docs/inputs.md)"

_LINES_TOLD_BY: Final = 1000


@dataclass(frozen=True, slots=True)
class Form:
    """A form of transcript.

    Attributes:
        name: as people call it.
        parse: makes a meeting of a file's text; None for a form without words, which goes with
            another.
    """

    name: str
    parse: Callable[[str, Path], MeetingWords] | None


RECORD: Final = Form("record", parse_record)
SEGLST: Final = Form("seglst", parse_seglst)
STM: Final = Form("stm", stm.parse_stm)
RTTM: Final = Form("rttm", None)
VTT: Final = Form("vtt", vtt.parse_vtt)
SRT: Final = Form("srt", srt.parse_srt)
TEXT: Final = Form("text", plain_text.parse_text)
CTM: Final = Form("ctm", lambda text, path: ctm.by_speaker(ctm.parse_ctm(text, path), path))


@dataclass(frozen=True, slots=True)
class Transcript:
    """A file that was given, told apart."""

    path: Path
    text: str
    form: Form


def text_of(path: Path) -> str:
    """The text of a file, or of the document that it is.

    Raises:
        InputError: it is neither text in UTF-8 or UTF-16 nor a document, or cannot be read.
    """
    with open_input(path) as file:
        if file.read(4) == b"PK\3\4" and docx.is_docx(file):
            return docx.docx_text(file, path)
    return read_text(path)


def tell(text: str, path: Path) -> Form | None:
    """The form of a text; None where it has none that is known here. `path` breaks ties."""
    for form, fits in ((VTT, vtt.fits), (SRT, srt.fits)):
        if fits(text):
            return form
    if text.lstrip()[:1] in ("{", "[") and not plain_text.fits(text):
        return _tell_json(text)
    return _tell_lines(text, path)


def _tell_json(text: str) -> Form:
    """The form of JSON, by its keys; what is no JSON is told so by the reader of its likeliest."""
    try:
        value = from_json(text)
    except ValueError:
        value = None
    if isinstance(value, dict) and "turns" not in value and (known := service_of(value)):
        return Form(*known)
    if isinstance(value, list) and (known := service_of(value)):
        return Form(*known)
    return RECORD if text.lstrip()[:1] == "{" else SEGLST


def _tell_lines(text: str, path: Path) -> Form | None:
    lines = [fields for _, fields in islice(numbered_fields(text), _LINES_TOLD_BY)]
    suffix = path.suffix.lower()
    if not lines:
        return None
    if lines[0][0] in TYPES:
        return RTTM
    if suffix != ".stm" and ctm.fits(lines):
        return CTM
    if stm.fits(text):
        return STM
    if suffix == ".ctm" or ctm.begins(lines[0]):
        return CTM
    if plain_text.fits(text):
        return TEXT
    return {".rttm": RTTM, ".stm": STM}.get(suffix)


def read(given: Sequence[Transcript]) -> MeetingWords:
    """A meeting from one transcript, or from several files that are one transcript together.

    Raises:
        InputError: one of them is bad, they do not go together, or nobody says who speaks.
    """
    speech = [one for one in given if one.form is RTTM]
    said = [one for one in given if one.form is not RTTM]
    if len(speech) > 1 or len(said) > 1:
        listed = ", ".join(f"{shown(one.path)} ({one.form.name})" for one in given)
        raise InputError("inputs that do not go together", where=listed, todo=f"give {KINDS}")
    if not said:
        raise InputError("no words in it", where=shown(given[0].path), todo="add the CTM file")
    words = said[0]
    if not speech:
        assert words.form.parse is not None
        return named(words.form.parse(words.text, words.path), words.path)
    turns = parse_rttm(speech[0].text, speech[0].path)
    if words.form is CTM:
        return attribute(turns, ctm.parse_ctm(words.text, words.path), words.path)
    assert words.form.parse is not None
    meeting = words.form.parse(words.text, words.path)
    if all(word.speaker == NOBODY for word in meeting.words):
        return attributed(meeting, turns)
    return with_turns(named(meeting, words.path), turns, words.path)
