"""CHAT: transcripts of TalkBank, CLAN and CHILDES (MacWhinney), main lines with media bullets.

``@Participants:`` gives codes, names and roles; ``*ANA:`` begins what Ana says, which ends with its
times in milliseconds between two NAK characters; lines of ``%`` comment on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from integrations.files.transcripts.drafts import Draft
from integrations.files.transcripts.segments import join_words
from integrations.files.transcripts.words import MeetingWords, clean
from moderator.events import Word
from moderator.timeline import SAMPLE_RATE

_BULLET: Final = re.compile("\x15(?:%snd:[^\x15]*?)?(\\d{1,12})_(\\d{1,12})-?\x15")
_MARKS: Final = re.compile(
    r"\[[^\[\]]{0,300}\]"  # codes: [//], [?], [: replaced]
    r"|\(\.{1,3}\)|\(\d{0,4}[:.]?\d{0,4}\.?\d{0,4}\)"  # pauses
    r"|\+[^\s\w]{1,4}|&=\S+|[<>\u2039\u203a]"  # trailing off, events, scopes
    r"|(?<![\w.,:])0(?:[^\W\d]\w{0,100})?(?=\s|$)"  # words left out: 0is, and 0 for none at all
)


def fits(text: str) -> bool:
    """Whether a text is CHAT."""
    return text.startswith(("@UTF8", "@Begin", "@Font", "@PID"))


def parse_chat(text: str, path: Path) -> MeetingWords:
    """A meeting from the text of a CHAT file; `path` stands in messages.

    Codes of the transcribers are taken out of what was said. What has no bullet follows what was
    said before.

    Raises:
        InputError: times are reversed, a bad name, no words.
    """
    draft = Draft(path)
    names: dict[str, str] = {}
    for number, line in _lines(text):
        place = f"line {number}"
        head, _, rest = line.partition(":")
        if head == "@Participants":
            for entry in rest.split(","):
                fields = entry.split()
                if len(fields) > 2:
                    names[fields[0]] = fields[1].replace("_", " ")
        elif head == "@Media":
            draft.name = rest.split(",")[0].strip() or draft.name
        elif line.startswith("*"):
            code = head[1:].strip()
            found = _BULLET.search(rest)
            start, end = (int(ms) / 1000 for ms in found.groups()) if found else (None, None)
            speaker = draft.speaker(names.get(code, code), place, code)
            draft.say(
                speaker,
                _said(_BULLET.sub(" ", rest)),
                None if start is None else draft.time(start, place),
                None if end is None else draft.time(end, place),
                place,
            )
    return draft.meeting("give CHAT with main lines")


def chat_text(
    meeting_id: str, words: Iterable[Word], names: Mapping[str, str] | None = None
) -> str:
    """Words as CHAT, a segment a main line with its bullet; times to the millisecond.

    Args:
        meeting_id: the recording's name.
        words: in any order.
        names: what to show for a participant's id; the id itself where it is missing.
    """
    shown = names or {}
    segments = join_words(words)
    codes: dict[str, str] = {}
    for segment in segments:
        codes.setdefault(segment.speaker, f"S{len(codes):02d}")
    people = ", ".join(
        f"{code} {'_'.join(clean(shown.get(who, who)).replace(',', ' ').split())} Participant"
        for who, code in codes.items()
    )
    heads = "".join(f"@ID:\teng|meeting|{code}|||||Participant|||\n" for code in codes.values())
    lines = "".join(
        f"*{codes[segment.speaker]}:\t{clean(segment.text)} . \x15{_ms(segment.start)}_"
        f"{max(_ms(segment.end), _ms(segment.start) + 1)}\x15\n"
        for segment in segments
    )
    media = "_".join(meeting_id.replace(",", " ").split())
    return (
        f"@UTF8\n@Begin\n@Languages:\teng\n@Participants:\t{people}\n{heads}"
        f"@Media:\t{media}, audio\n{lines}@End\n"
    )


def _ms(at: int) -> int:
    return at * 1000 // SAMPLE_RATE


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers; a line that begins with a tab goes on with the one before."""
    begun = 0
    parts: list[str] = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if line.startswith("\t") and parts:
            parts.append(line.strip())
            continue
        if parts:
            yield begun, " ".join(parts)
        begun, parts = number, [line] if line.strip() else []
    if parts:
        yield begun, " ".join(parts)


def _said(text: str) -> str:
    """What was said, without codes; a mark that ends it stands with its last word."""
    text = _MARKS.sub(" ", text)
    text = re.sub(r"&[-~+]?(?=\w)", "", text).replace("(", "").replace(")", "")
    words = [word for word in clean(text).split() if word not in ("xxx", "yyy", "www")]
    while words and not any(char.isalnum() for char in words[-1]):
        mark = words.pop()
        if words and mark in ("?", "!"):
            words[-1] += mark
    return " ".join(words)
