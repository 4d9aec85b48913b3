"""What a listener listens to: participants' own tracks and shared microphones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from diarize.base import Diarizer, SpeakerActivity, VoiceActivityDetector
from moderator.audio import AudioChunk, Waveform, silence
from moderator.ears.attribution import Attribution
from moderator.ears.expecting import expect
from moderator.ears.intake import Intake
from moderator.ears.recogniser import Recognised, RecognisedWord, RecogniserStream
from moderator.ears.spelling import Spelling
from moderator.ears.utterances import GateOptions, Utterances, VoiceGate
from moderator.ears.vocabulary import Known, everything
from moderator.events import Word
from moderator.labels import SOMEBODY
from moderator.timeline import TICK, Samples, to_samples
from moderator.transcript import UTTERANCE_PAUSE

Probabilities: TypeAlias = npt.NDArray[np.float32]
"""Probability of speech by frame, shape ``(frames,)``."""

_SHORTEST = to_samples(0.02)  # a word has some length, whatever is known of its voice
_EDGE = to_samples(0.1)  # who spoke within this of where diarization settled may still speak


class GivenProbabilities:
    """Hands a diarizer the probabilities that its source has computed already.

    One network a track, and what a leakage guard took away is away for everybody.
    """

    def __init__(self, frame: Samples) -> None:
        self._frame = frame
        self.next: Probabilities = np.zeros(0, np.float32)
        """What the next `push` returns."""

    @property
    def frame(self) -> int:
        """Samples a frame."""
        return self._frame

    def push(self, audio: Waveform) -> Probabilities:
        """Probabilities of the whole frames `audio`, shape ``(frames * frame,)``."""
        if len(audio) != len(self.next) * self._frame:
            raise ValueError(f"{len(audio)} samples for {len(self.next)} frames")
        given, self.next = self.next, np.zeros(0, np.float32)
        return given


@runtime_checkable
class Losing(Protocol):
    """A diarizer that goes on where it has failed, and says what it does not know."""

    def take_lost(self) -> Sequence[tuple[Samples, Samples]]:
        """Stretches of the stream, since the last call, of which nobody knows who spoke."""
        ...


DiarizerMaker: TypeAlias = Callable[[VoiceActivityDetector], Diarizer]
"""Makes an own track's diarizer over the given detector."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one source made of one tick.

    Attributes:
        speaking: who has a voice now.
        activities: who spoke when, as far as it settled.
        words: words that became stable and have a speaker.
        partial: text that may still change; spoken by `partial_by`.
        partial_by: its speaker, as far as known.
    """

    speaking: frozenset[str]
    activities: tuple[SpeakerActivity, ...]
    words: tuple[Word, ...]
    partial: str
    partial_by: str


class Source:
    """What own tracks and shared microphones have in common: audio to utterances to words.

    Once a tick: `take` its chunks, `listen`, then `understand` (the heavy work, which touches
    nothing that another source has), then `report`.

    Args:
        id: the track's id.
        vad: this source's own detector.
        stream: this source's own recogniser stream.
        gate: when a voice begins and ends.
        start: meeting time from which it is heard.
        known: the words of what is spoken.
    """

    def __init__(
        self,
        id: str,  # noqa: A002 - what everybody calls it
        vad: VoiceActivityDetector,
        stream: RecogniserStream,
        gate: GateOptions,
        start: Samples,
        known: Known = everything,
    ) -> None:
        self.id = id
        self._known, self._spelling = known, Spelling()
        self._said: RecognisedWord | None = None  # the last stable word, as recognised
        self._frame = vad.frame
        self._start = start // self._frame * self._frame  # all sources' frames lie on one grid
        self._vad, self._stream = vad, stream
        self._intake = Intake(self._start)
        self._gate = VoiceGate(gate, self._frame, self._start)
        self._utterances = Utterances(stream, self._gate, gate, self._frame)
        self._last = False
        self._recognised = Recognised()
        self.heard = self._start
        """Meeting time up to which frames were listened to."""
        self.audio: Waveform = silence(0)
        """This tick's whole frames, ``(frames * frame,)``."""
        self.probabilities: Probabilities = np.zeros(0, np.float32)
        """Their probabilities, ``(frames,)``; a guard may lower them before `understand`."""

    def take(self, chunk: AudioChunk, now: Samples) -> None:
        """Takes the next chunk.

        Raises:
            InputError: the chunk is not mono, or lies in the future.
        """
        self._intake.take(chunk, now)

    def listen(self, now: Samples, *, last: bool = False) -> None:
        """Looks for voices in what came until `now`; `last`: the source ends there."""
        self._last = last
        if last:
            self._intake.close(now)
        else:
            self._intake.wait_no_longer(now)
        self.audio = self._intake.frames(self._frame)
        self.probabilities = self._vad.push(self.audio)
        self.heard += len(self.audio)

    def cut(self) -> None:
        """Hands the tick's frames to the recogniser stream as utterances. Cheap."""
        self._utterances.push(self.audio, self.probabilities)
        if self._last:
            self._utterances.end()

    @property
    def busy(self) -> bool:
        """`understand` has heavy work in this tick."""
        return self._stream.due

    def understand(self) -> None:
        """Recognises what is due."""
        if self._stream.due:
            found = self._stream.read()
            words = tuple(self._spelled(list(map(self._voiced_word, found.words))))
            self._recognised = Recognised(words, self._spelled_text(found.partial))
        else:
            self._recognised = Recognised((), self._recognised.partial)

    def expect(self, names: Sequence[str]) -> None:
        """Takes the names that are to be expected from now on."""
        expect(self._stream, names)
        self._spelling = Spelling(names, self._known)

    def _spelled(self, words: Sequence[RecognisedWord]) -> Iterator[RecognisedWord]:
        """Words with the names among them as they are spelt in the room."""
        before, at = self._before_utterance(words), 0
        for found in self._spelling.spell([word.text for word in words], before):
            parts = words[at : at + found.count]
            at += found.count
            self._said = parts[-1]
            heard = " ".join(part.text for part in parts) if found.changed else None
            yield replace(parts[0], text=found.text, end=parts[-1].end, heard=heard)

    def _before_utterance(self, words: Sequence[RecognisedWord]) -> str:
        """The word before those given, unless a pause lies between."""
        said = self._said
        if said is None or (words and words[0].start - said.end >= UTTERANCE_PAUSE):
            return ""
        return said.text

    def _spelled_text(self, text: str) -> str:
        before = self._said.text if self._said is not None else ""
        return " ".join(found.text for found in self._spelling.spell(text.split(), before))

    def _voiced_word(self, word: RecognisedWord) -> RecognisedWord:
        """A word that begins where the voice does.

        Recognisers are given a little silence before a voice, and often let its first word begin
        with that.
        """
        for begun, voice in self._utterances.leads:
            if begun <= word.start < voice:
                return replace(word, start=voice, end=max(word.end, voice + _SHORTEST))
        return word

    def report(self) -> Report:
        """What came of the tick."""
        raise NotImplementedError

    @property
    def _voiced(self) -> bool:
        """There was a voice in the tick: whether it only pauses is for the floor to say."""
        return not self._last and self._gate.voiced(TICK)

    def _diarize(self, diarizer: Diarizer) -> list[SpeakerActivity]:
        """Settled activity of the tick's frames, in meeting time."""
        found = diarizer.push(self.audio)
        if self._last:
            found = [*found, *diarizer.flush()]
        offset = self._start
        return [SpeakerActivity(a.speaker, a.start + offset, a.end + offset) for a in found]


class OwnTrack(Source):
    """The track of one participant: whatever voice is on it is theirs.

    Args:
        participant: the participant's id, which is also the track's.
        vad: this track's own detector.
        stream: this track's own recogniser stream.
        diarizer: makes the track's diarizer; its labels are replaced by `participant`.
        gate: when a voice begins and ends.
        start: meeting time at which they joined.
        known: the words of what is spoken.
    """

    def __init__(
        self,
        participant: str,
        vad: VoiceActivityDetector,
        stream: RecogniserStream,
        diarizer: DiarizerMaker,
        *,
        gate: GateOptions | None = None,
        start: Samples = 0,
        known: Known = everything,
    ) -> None:
        super().__init__(participant, vad, stream, gate or GateOptions(), start, known)
        self._given = GivenProbabilities(vad.frame)
        self._diarizer = diarizer(self._given)
        self._activities: list[SpeakerActivity] = []

    def understand(self) -> None:
        """Recognises what is due, and settles who spoke."""
        self._given.next = self.probabilities
        found = self._diarize(self._diarizer)
        self._activities = [SpeakerActivity(self.id, piece.start, piece.end) for piece in found]
        super().understand()

    def report(self) -> Report:
        """What came of the tick."""
        found = self._recognised.words
        words = tuple(Word(self.id, w.text, w.start, w.end, w.estimated, w.heard) for w in found)
        speaking = frozenset({self.id}) if self._voiced else frozenset()
        return Report(speaking, tuple(self._activities), words, self._recognised.partial, self.id)


class SharedMic(Source):
    """A microphone that hears several people.

    Words wait for diarization; a voice is `SOMEBODY`, with the prefix, until diarization
    has reached it.

    Args:
        id: the track's id.
        vad: this track's own detector.
        stream: this track's own recogniser stream, on the mixed voices.
        diarizer: tells the voices apart.
        gate: when a voice begins and ends.
        start: meeting time from which it is heard.
        prefix: put before the diarizer's labels, so that two microphones do not share them.
        known: the words of what is spoken.
    """

    def __init__(
        self,
        id: str,  # noqa: A002 - what everybody calls it
        vad: VoiceActivityDetector,
        stream: RecogniserStream,
        diarizer: Diarizer,
        *,
        gate: GateOptions | None = None,
        start: Samples = 0,
        prefix: str = "",
        known: Known = everything,
    ) -> None:
        super().__init__(id, vad, stream, gate or GateOptions(), start, known)
        self._diarizer, self._prefix = diarizer, prefix
        self._nobody = prefix + SOMEBODY
        self._attribution = Attribution(self._nobody)
        self._activities: list[SpeakerActivity] = []
        self._ends: dict[str, Samples] = {}  # where each speaker was last heard

    @property
    def busy(self) -> bool:
        """Diarization always has work."""
        return True

    def understand(self) -> None:
        """Diarizes the tick's audio, recognises what is due and gives words to speakers."""
        self._activities = [
            SpeakerActivity(self._prefix + piece.speaker, piece.start, piece.end)
            for piece in self._diarize(self._diarizer)
        ]
        for piece in self._activities:
            self._ends[piece.speaker] = max(piece.end, self._ends.get(piece.speaker, 0))
        if isinstance(self._diarizer, Losing):
            for start, end in self._diarizer.take_lost():
                self._attribution.lose(start + self._start, end + self._start)
                self._ends.clear()
        super().understand()
        self._activities += self._told()
        self._attribution.add(self._activities, self._recognised.words)

    def _told(self) -> list[SpeakerActivity]:
        """Who spoke when, as far as the recogniser says it of its words."""
        found: list[SpeakerActivity] = []
        for word in self._recognised.words:
            if word.speaker is not None:
                start, speaker = word.start, self._prefix + word.speaker
                if found and found[-1].speaker == speaker:
                    start = found.pop().start  # who goes on speaks between the words, too
                found.append(SpeakerActivity(speaker, start, max(word.end, start + 1)))
        return found

    def report(self) -> Report:
        """What came of the tick."""
        settled = self._start + self._diarizer.settled
        words = self._attribution.finish() if self._last else self._attribution.settle(settled)
        speaking = self._speaking(settled)
        by = min(speaking) if len(speaking) == 1 else self._nobody
        partial = f"{self._attribution.waiting} {self._recognised.partial}".strip()
        return Report(speaking, tuple(self._activities), tuple(words), partial, by)

    def _speaking(self, settled: Samples) -> frozenset[str]:
        """Whoever diarization last heard in the voice that goes on, if it has reached it."""
        if not self._voiced:
            return frozenset()
        known = {
            who
            for who, end in self._ends.items()
            if end > self._gate.since and end >= settled - _EDGE
        }
        return frozenset(known or {self._nobody})
