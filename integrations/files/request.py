"""What `moderator replay` was asked for, in a form that other processes can be handed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from integrations.files.replay import ReplayOptions
from integrations.files.replayable import Replayable, prepare
from integrations.files.sound.enrolments import read_enrolments
from integrations.files.sound.tracks import Listening, listening
from moderator import __version__
from moderator.audio import Waveform
from moderator.language.phrases import phrases_of
from moderator.meeting.assembly import Hearing
from moderator.mind.base import SpeechLLM
from moderator.mind.loading import load_mind
from moderator.models.store import ModelStore
from roles.schema import Role


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """The options of a replay, whatever the meeting; the rest is as in `ReplayOptions`.

    Attributes:
        enrol: see `read_enrolments`.
        channels: see `listening`.
        accept_damage: use what can be read of damaged recordings.
        recogniser: name of a whisper; None: the smallest that knows the language.
        mind: its name.
        mind_url: an OpenAI-compatible server.
        offline: models are not fetched.
    """

    role: Role
    seat: str | None
    enrol: tuple[str, ...]
    channels: str
    accept_damage: bool
    realtime: bool
    honest_latency: bool
    step_s: float
    recogniser: str | None
    mind: str
    mind_url: str | None
    embed_audio: bool
    formats: tuple[str, ...]
    offline: bool

    def voices(self) -> dict[str, Waveform]:
        """The enrolled voices, by name; also refuses a language that the agent does not speak.

        Raises:
            InputError: one of them cannot be used, or the role's language is not known.
        """
        phrases_of(self.role)
        return read_enrolments(self.enrol)

    def how(self) -> Listening:
        """What is heard of recordings. Raises as `listening`."""
        return listening(self.channels, accept_damage=self.accept_damage)

    def meeting(self, inputs: Sequence[str], voices: Mapping[str, Waveform]) -> Replayable:
        """The meeting in some inputs. Raises as `prepare`."""
        return prepare(inputs, self.seat, list(voices), self.how())

    def hearing(self, store: ModelStore, voices: Mapping[str, Waveform]) -> Hearing:
        """The models to hear with."""
        language = self.role.language.split("-", maxsplit=1)[0]
        as_live = self.realtime or self.honest_latency
        return Hearing(store, self.recogniser, language, voices, as_live=as_live)

    def proposing(
        self, store: ModelStore, notice: Callable[[str], None] = lambda _: None
    ) -> SpeechLLM:
        """The mind. Raises as `load_mind`."""
        return load_mind(self.mind, self.mind_url, role=self.role, store=store, notice=notice)

    def options(self, out: Path, *, force: bool) -> ReplayOptions:
        """How one meeting is replayed into a directory."""
        return ReplayOptions(
            role=self.role,
            out=out,
            seat=self.seat,
            realtime=self.realtime,
            honest_latency=self.honest_latency,
            step_s=self.step_s,
            force=force,
            embed_audio=self.embed_audio,
            formats=self.formats,
        )

    def digests(self, voices: Mapping[str, Waveform]) -> dict[str, str]:
        """Of each option that results depend on, by its name on the command line.

        Digests, since an address or a role may hold what others should not read.
        """
        known: dict[str, object] = {
            "--role": self.role.model_dump(mode="json"),
            "--seat": self.seat,
            "--enrol": {
                name: hashlib.sha256(voice.tobytes()).hexdigest() for name, voice in voices.items()
            },
            "--channels": self.channels,
            "--accept-damage": self.accept_damage,
            "--realtime": self.realtime,
            "--honest-latency": self.honest_latency,
            "--step": self.step_s,
            "--recogniser": self.recogniser,
            "--mind": self.mind,
            "--mind-url": self.mind_url,
            "--audio-in-report": self.embed_audio,
            "--formats": self.formats,
            "release of moderator": __version__,
        }
        return {name: digest(value) for name, value in known.items()}


def digest(value: object) -> str:
    """Of a value that JSON can hold, as 16 hexadecimal digits."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
