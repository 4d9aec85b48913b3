"""EAF: annotations of ELAN (Max Planck Institute for Psycholinguistics), XML with tiers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Final
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from integrations.files.disk.foreign import shown
from integrations.files.transcripts.tiers import Interval, Tier, meeting_of_tiers
from integrations.files.transcripts.words import LATEST_S, MeetingWords, clean
from moderator.errors import InputError
from moderator.timeline import SAMPLE_RATE, Samples, to_samples

_DECLARATION: Final = re.compile(r"\A\s{0,100}<\?xml[^>]{0,200}\?>")
"""It names the encoding that the text had before it was read."""

_TOLD_BY: Final = 5000  # characters
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def fits(text: str) -> bool:
    """Whether a text is an EAF file."""
    begins = text[:_TOLD_BY].lstrip()
    return begins.startswith("<") and "<ANNOTATION_DOCUMENT" in begins


def parse_eaf(text: str, path: Path) -> MeetingWords:
    """A meeting from the text of an EAF file; `path` stands in messages.

    Tiers below others (translations, words of an utterance) are passed over, with a note.

    Raises:
        InputError: damaged XML, times reversed, a bad name, no words.
    """
    from defusedxml import DefusedXmlException
    from defusedxml.sax import parseString

    found = _Annotations()
    try:
        parseString(_DECLARATION.sub("", text, count=1).encode(), found)
        tiers = found.tiers()
    except SAXParseException as error:
        why, line = ascii(error.getMessage())[1:80], error.getLineNumber()
        raise InputError(
            f"XML that cannot be read ({why})", where=f"{shown(path)}:{line}", todo="save it again"
        ) from None
    except (DefusedXmlException, ValueError) as error:
        raise InputError(
            f"no annotations of ELAN ({type(error).__name__})",
            where=shown(path),
            todo="save it again",
        ) from None
    return meeting_of_tiers(tiers, path, found.below())


def eaf_text(tiers: Sequence[Tier]) -> str:
    """Tiers as an EAF file; times to the millisecond, each annotation 1 ms long at least."""
    slots: list[int] = []
    parts: list[str] = []
    for tier in tiers:
        participant = f" PARTICIPANT={_attribute(tier.speaker)}" if tier.speaker else ""
        parts.append(
            f'    <TIER LINGUISTIC_TYPE_REF="default-lt"{participant} '
            f"TIER_ID={_attribute(tier.name)}>\n"
        )
        until = 0
        for one in tier.intervals:
            start = max(one.start * 1000 // SAMPLE_RATE, until)
            until = max(one.end * 1000 // SAMPLE_RATE, start + 1)
            slots += [start, until]
            parts.append(
                f'        <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{len(slots) // 2}" '
                f'TIME_SLOT_REF1="ts{len(slots) - 1}" TIME_SLOT_REF2="ts{len(slots)}">'
                f"<ANNOTATION_VALUE>{escape(_xml(one.text))}</ANNOTATION_VALUE>"
                "</ALIGNABLE_ANNOTATION></ANNOTATION>\n"
            )
        parts.append("    </TIER>\n")
    times = "".join(
        f'        <TIME_SLOT TIME_SLOT_ID="ts{number}" TIME_VALUE="{ms}"/>\n'
        for number, ms in enumerate(slots, start=1)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ANNOTATION_DOCUMENT AUTHOR="" DATE="1970-01-01T00:00:00+00:00" '
        'FORMAT="3.0" VERSION="3.0" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">\n'
        '    <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>\n'
        f"    <TIME_ORDER>\n{times}    </TIME_ORDER>\n{''.join(parts)}"
        '    <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="default-lt" '
        'TIME_ALIGNABLE="true"/>\n</ANNOTATION_DOCUMENT>\n'
    )


def _xml(text: str) -> str:
    return _NOT_XML.sub("", clean(text))


def _attribute(text: str) -> str:
    return f'"{escape(_xml(text))}"'


@dataclass(slots=True)
class _Found:
    name: str
    participant: str
    below: bool
    annotations: list[tuple[str, str, str]] = field(default_factory=list)


class _Annotations(ContentHandler):
    """Collects the time slots and, by tier, the annotations that have two of them."""

    def __init__(self) -> None:
        super().__init__()
        self._slots: dict[str, float | None] = {}
        self._tiers: list[_Found] = []
        self._open: tuple[str, str] | None = None
        self._value: list[str] | None = None

    def startElement(self, name: str, attrs: AttributesImpl) -> None:
        if name == "TIME_SLOT":
            value = attrs.get("TIME_VALUE")
            self._slots[attrs.get("TIME_SLOT_ID", "")] = None if value is None else float(value)
        elif name == "TIER":
            below = bool(attrs.get("PARENT_REF"))
            found = _Found(attrs.get("TIER_ID", ""), attrs.get("PARTICIPANT", "").strip(), below)
            self._tiers.append(found)
        elif name == "ALIGNABLE_ANNOTATION":
            self._open = (attrs.get("TIME_SLOT_REF1", ""), attrs.get("TIME_SLOT_REF2", ""))
        elif name == "ANNOTATION_VALUE":
            self._value = []

    def characters(self, content: str) -> None:
        if self._value is not None:
            self._value.append(content)

    def endElement(self, name: str) -> None:
        if name == "ANNOTATION_VALUE" and self._value is not None:
            said = clean("".join(self._value))
            if self._open is not None and self._tiers and said:
                self._tiers[-1].annotations.append((*self._open, said))
            self._value = None
        elif name == "ALIGNABLE_ANNOTATION":
            self._open = None

    def tiers(self) -> list[Tier]:
        """The tiers below none. Raises ValueError where a slot is missing or out of range."""
        times = self._times()
        return [
            Tier(
                one.name,
                [Interval(times[a], times[b], said) for a, b, said in one.annotations],
                one.participant or None,
            )
            for one in self._tiers
            if not one.below and all(a in times and b in times for a, b, _ in one.annotations)
        ]

    def below(self) -> list[str]:
        """Names of the tiers below others that hold something."""
        return [one.name for one in self._tiers if one.below]

    def _times(self) -> dict[str, Samples]:
        """Samples of each slot; those without a time lie evenly between their neighbours."""
        ids = list(self._slots)
        known = [at for at, id_ in enumerate(ids) if self._slots[id_] is not None]
        times: dict[str, Samples] = {}
        for before, after in zip([None, *known], [*known, None], strict=True):
            low = self._slots[ids[before]] if before is not None else None
            high = self._slots[ids[after]] if after is not None else None
            first = 0 if before is None else before
            last = len(ids) if after is None else after
            low = low if low is not None else (high or 0.0)
            high = high if high is not None else low
            for at in range(first, last):
                share = (at - first) / (last - first)
                times[ids[at]] = _samples(low + (high - low) * share)
        return times


def _samples(ms: float) -> Samples:
    if not 0 <= ms <= LATEST_S * 1000:
        raise ValueError
    return to_samples(ms / 1000)
