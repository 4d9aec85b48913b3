"""Tells forms of transcript apart by their content, and reads what was given together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

from pydantic_core import from_json

from integrations.files.disk.foreign import gunzipped, open_input, read_text, shown
from integrations.files.transcripts import (
    audacity,
    chat,
    ctm,
    docx,
    eaf,
    kaldi,
    manifests,
    plain_text,
    srt,
    stm,
    textgrid,
    uem,
    vtt,
)
from integrations.files.transcripts.attribution import attribute, attributed, named, with_turns
from integrations.files.transcripts.records import parse_record
from integrations.files.transcripts.rttm import TYPES, SpeakerTurns, numbered_fields, parse_rttm
from integrations.files.transcripts.seglst import parse_seglst
from integrations.files.transcripts.services.telling import service_of
from integrations.files.transcripts.words import NOBODY, MeetingWords
from moderator.errors import InputError

KINDS: Final = "a transcript (WebVTT, SRT, text, docx, JSON, STM, CTM, …; see docs/inputs.md)"

_LINES_TOLD_BY: Final = 1000
_ZIP: Final = b"PK\3\4"
_GZIP: Final = b"\x1f\x8b"


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
NEMO: Final = Form("nemo", manifests.parse_nemo)
LHOTSE: Final = Form("lhotse", manifests.parse_lhotse)
STM: Final = Form("stm", stm.parse_stm)
CTM: Final = Form("ctm", lambda text, path: ctm.by_speaker(ctm.parse_ctm(text, path), path))
RTTM: Final = Form("rttm", None)
UEM: Final = Form("uem", None)
KALDI: Final = Form("kaldi", None)
AUDACITY: Final = Form("audacity", audacity.parse_audacity)
TEXT: Final = Form("text", plain_text.parse_text)

_OWN_KEYS: Final = frozenset(
    {"meeting_id", "speakers", "turns", "session_id", "speaker", "start_time", "end_time", "words"}
)
"""A meeting record or SegLST has one of these at least, even if others were forgotten."""

_BY_BEGINNING: Final = (
    (vtt.fits, Form("vtt", vtt.parse_vtt)),
    (srt.fits, Form("srt", srt.parse_srt)),
    (textgrid.fits, Form("textgrid", textgrid.parse_textgrid)),
    (eaf.fits, Form("eaf", eaf.parse_eaf)),
    (chat.fits, Form("chat", chat.parse_chat)),
)
"""Forms that a text's first characters tell."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """A file that was given, told apart."""

    path: Path
    text: str
    form: Form


def is_packed(file: BinaryIO) -> bool:
    """Whether a file may hold a transcript though it is no text: gzipped, or a document of Word."""
    file.seek(0)
    head = file.read(4)
    file.seek(0)
    return head.startswith(_GZIP) or (head == _ZIP and docx.is_docx(file))


def text_of(path: Path) -> str:
    """The text of a file, unpacked if it is gzipped or a document of Word.

    Raises:
        InputError: it is neither text in UTF-8 or UTF-16 nor a document, or cannot be read.
    """
    with open_input(path) as file:
        head = file.read(4)
        if head == _ZIP and docx.is_docx(file):
            return docx.docx_text(file, path)
        if head.startswith(_GZIP):
            file.seek(0)
            return gunzipped(file, path)
    return read_text(path)


def tell(text: str, path: Path) -> Form | None:
    """The form of a text; None where it has none that is known here. `path` breaks ties."""
    if path.name in kaldi.PARTS:
        return KALDI
    for fits, form in _BY_BEGINNING:
        if fits(text):
            return form
    if text.lstrip()[:1] in ("{", "[") and not plain_text.fits(text):
        return _tell_json(text)
    return _tell_lines(text, path)


def _tell_json(text: str) -> Form | None:
    """The form of JSON, by its keys; what is no JSON is told so by the reader of its likeliest."""
    value = _json(text)
    if value is None and text.lstrip()[:1] == "{":
        value = _json(text.lstrip().partition("\n")[0])
    first = value[0] if isinstance(value, list) and value else value
    if isinstance(first, dict):
        if "audio_filepath" in first:
            return NEMO
        if "recording_id" in first or "supervisions" in first:
            return LHOTSE
        if "turns" not in first and (known := service_of(value)):
            return Form(*known)
        if not _OWN_KEYS & first.keys():
            return None
    return RECORD if text.lstrip()[:1] == "{" else SEGLST


def _json(text: str) -> Any:
    try:
        return from_json(text)
    except ValueError:
        return None


def _tell_lines(text: str, path: Path) -> Form | None:
    lines = [fields for _, fields in islice(numbered_fields(text), _LINES_TOLD_BY)]
    suffix = path.suffix.lower()
    if not lines:
        return None
    if lines[0][0] in TYPES:
        return RTTM
    if uem.fits(lines):
        return UEM
    if audacity.fits(text):
        return AUDACITY
    if suffix != ".stm" and ctm.fits(lines, 2):
        return CTM
    if suffix == ".stm" or (suffix != ".ctm" and stm.fits(lines)):
        return STM
    if suffix == ".ctm" or ctm.fits(lines) or ctm.begins(lines[0]):
        return CTM
    if plain_text.fits(text):
        return TEXT
    return RTTM if suffix == ".rttm" else None


def read(given: Sequence[Transcript]) -> MeetingWords:
    """A meeting from one transcript, or from several files that are one transcript together.

    Raises:
        InputError: one of them is bad, they do not go together, or nobody says who speaks.
    """
    turns = [one for one in given if one.form is RTTM]
    stretches = [one for one in given if one.form is UEM]
    parts = {one.path.name: (one.text, one.path) for one in given if one.form is KALDI}
    whole = [one for one in given if one.form.parse is not None]
    if not parts and not whole:
        raise InputError("no words in it", where=shown(given[0].path), todo="add the CTM file")
    several = len(turns) > 1 or len(stretches) > 1 or len(whole) + bool(parts) > 1
    if several or len(given) != len(turns) + len(stretches) + len(whole) + len(parts):
        listed = ", ".join(f"{shown(one.path)} ({one.form.name})" for one in given)
        raise InputError("inputs that do not go together", where=listed, todo=f"give {KINDS}")
    speech = parse_rttm(turns[0].text, turns[0].path) if turns else None
    meeting = (
        _whole(whole[0], speech)
        if whole
        else _beside(kaldi.parse_kaldi(parts), given[0].path, speech)
    )
    if stretches:
        meeting = uem.within(meeting, uem.parse_uem(stretches[0].text, stretches[0].path))
    return meeting


def _whole(words: Transcript, speech: SpeakerTurns | None) -> MeetingWords:
    if speech is not None and words.form is CTM:
        return attribute(speech, ctm.parse_ctm(words.text, words.path), words.path)
    assert words.form.parse is not None
    return _beside(words.form.parse(words.text, words.path), words.path, speech)


def _beside(meeting: MeetingWords, path: Path, speech: SpeakerTurns | None) -> MeetingWords:
    """A meeting in which every word has a speaker."""
    if speech is None:
        return named(meeting, path)
    if all(word.speaker == NOBODY for word in meeting.words):
        return attributed(meeting, speech)
    return with_turns(named(meeting, path), speech, path)
