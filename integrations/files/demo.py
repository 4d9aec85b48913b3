"""A short scripted meeting of three people, spoken by the embedded voices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

from integrations.files.disk.foreign import read_text
from integrations.files.sound.render import Progress, RenderedMeeting, Speech, speech
from moderator.audio import Waveform, silence
from moderator.errors import InputError
from moderator.events import Word
from moderator.mouth.base import Voice
from moderator.timeline import Samples, to_samples
from roles.schema import VoiceChoice

LONGEST_SCRIPT: Final = 64 * 1024
"""Characters of a script."""

DEEPEST_SCRIPT: Final = 16
"""Levels of a script; it needs four."""

SCRIPT: Final = Path(__file__).with_name("demo_script.yaml")
ROLE: Final = Path(__file__).with_name("demo_role.yaml")
"""The role it is meant for: the library's facilitator, less patient, since the meeting is short."""

AT_ONCE: Final = 2
"""Lines that are spoken at a time."""

LoadVoice: TypeAlias = Callable[[VoiceChoice], Voice]

_Seconds = Annotated[float, Field(ge=0, le=60)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Line(_Part):
    """Something somebody says.

    It begins `pause_s` after everything before it has ended, or `into_s` after the line before it
    began, which then goes on below it.
    """

    speaker: str
    text: Annotated[str, Field(min_length=1, max_length=2_000)]
    pause_s: _Seconds = 0.4
    into_s: _Seconds | None = None


class Speaker(_Part):
    """Somebody in the script."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    voice: VoiceChoice = VoiceChoice()


class Script(_Part):
    """A meeting to be spoken; `end_s` seconds of silence follow its last line."""

    meeting_id: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    speakers: Annotated[dict[str, Speaker], Field(min_length=1, max_length=8)]
    lines: Annotated[list[Line], Field(min_length=1, max_length=200)]
    end_s: _Seconds = 1.0

    @model_validator(mode="after")
    def _speakers_known(self) -> Script:
        for line in self.lines:
            if line.speaker not in self.speakers:
                raise ValueError(f"nobody is called {line.speaker!r} in speakers")
        if self.lines[0].into_s is not None:
            raise ValueError("the first line has no line before it: give it pause_s")
        return self


@dataclass(frozen=True, slots=True, eq=False)
class DemoMeeting(RenderedMeeting):
    """A scripted meeting as sound; `names` are those of the speakers, by id."""

    names: Mapping[str, str] = field(default_factory=dict)


def load_script(path: Path = SCRIPT) -> Script:
    """Reads a script.

    Raises:
        InputError: it cannot be read, or a key is unknown, missing or of the wrong type.
    """
    text = read_text(path)
    try:
        _check_plain(text)
        found = YAML(typ="safe", pure=True).load(text)
    except Exception as error:  # of numbers, dates and escapes it raises what Python raises
        reason = next(iter(str(error).splitlines()), "")[:200] or type(error).__name__
        raise InputError(f"not YAML ({reason})", where=str(path), todo="correct the file") from None
    try:
        return Script.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(
            first["msg"], where=f"{path}: {key}" if key else str(path), todo="correct the file"
        ) from None


def _check_plain(text: str) -> None:
    """Raises ValueError for what takes YAML's reader long, or becomes large."""
    if len(text) > LONGEST_SCRIPT:
        raise ValueError(f"more than {LONGEST_SCRIPT:,} characters")
    depth = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        depth += isinstance(event, CollectionStartEvent)
        depth -= isinstance(event, CollectionEndEvent)
        if depth > DEEPEST_SCRIPT:
            raise ValueError("nested too deep")
        if isinstance(event, AliasEvent):
            raise ValueError("an alias")


def render(
    load_voice: LoadVoice, progress: Progress | None = None, script: Script | None = None
) -> DemoMeeting:
    """Speaks a script, by default that of the demo. The same voices give the same samples.

    Args:
        load_voice: gives the voice of a choice, such as `moderator.mouth.loading.VoiceLoader`.
        progress: told the share of lines done.
        script: what is said.

    Raises:
        InputError: a voice cannot be loaded, or a speaker would talk over themselves.
    """
    script = script or load_script()
    placed: list[tuple[Samples, Line, Speech]] = []
    ends: dict[str, Samples] = {}
    begun = 0
    for done, (line, spoken) in enumerate(_spoken(load_voice, script), 1):
        if line.into_s is None:
            begun = max(ends.values(), default=0) + to_samples(line.pause_s)
        else:
            begun += to_samples(line.into_s)
        if begun < ends.get(line.speaker, 0):
            raise InputError(
                f"{line.speaker} would talk over themselves",
                where=f"line {done} of the script",
                todo="begin it later",
            )
        placed.append((begun, line, spoken))
        ends[line.speaker] = begun + len(spoken.samples)
        if progress:
            progress(done / len(script.lines))
    return _put_together(script, placed, max(ends.values()) + to_samples(script.end_s))


def _spoken(load_voice: LoadVoice, script: Script) -> Iterator[tuple[Line, Speech]]:
    """The lines in their order, each on its own and so two at a time."""
    voices = {id_: load_voice(speaker.voice) for id_, speaker in script.speakers.items()}

    def say(line: Line) -> Speech:
        return speech(voices[line.speaker], line.speaker, line.text)

    first, *others = script.lines
    yield first, say(first)  # alone: a model reads its spelling rules when it is first used
    with ThreadPoolExecutor(AT_ONCE, "speak") as threads:
        yield from zip(others, threads.map(say, others), strict=True)


def _put_together(
    script: Script, placed: list[tuple[Samples, Line, Speech]], duration: Samples
) -> DemoMeeting:
    tracks: dict[str, Waveform] = {id_: silence(duration) for id_ in script.speakers}
    words: list[Word] = []
    for begun, line, spoken in placed:
        tracks[line.speaker][begun : begun + len(spoken.samples)] = spoken.samples
        words += [Word(w.speaker, w.text, w.start + begun, w.end + begun) for w in spoken.words]
    ordered = tuple(sorted(words, key=lambda word: (word.start, word.end, word.speaker)))
    names = {id_: speaker.name for id_, speaker in script.speakers.items()}
    return DemoMeeting(tracks, ordered, names=names)
