"""What was said to the agent and waits for its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from moderator.events import Percept
from moderator.floor.addressee import AddresseeDetector, Call
from moderator.labels import unnamed_beside
from moderator.language.phrases import Phrases, normalise
from moderator.spacing import joined, tokens
from moderator.timeline import Samples, to_samples
from moderator.transcript import Transcript
from roles.schema import Command, Role

GOES_ON_WITHIN = to_samples(2.0)
"""What somebody says this soon after calling the agent belongs to what they ask."""

WAITS = to_samples(8.0)
"""A question that could not be answered within this has been overtaken by the talk."""

WORDS_COME_WITHIN = to_samples(4.0)
"""Words that were heard but may still change are waited for this long: a worker may be busy."""


@dataclass(slots=True)
class Question:
    """Something said to the agent that waits for its answer.

    Attributes:
        by: who asked.
        until: meeting time at which their last word ended.
        going_on: more of their words were heard than are stable.
        parts: by the start of the utterance, what was said in it, without the agent's name.
    """

    by: str
    until: Samples
    going_on: bool = False
    parts: dict[Samples, str] = field(default_factory=dict)

    @property
    def utterances(self) -> frozenset[tuple[str, Samples]]:
        """The utterances that it was asked in, each as its speaker and its start."""
        return frozenset((self.by, start) for start in self.parts)

    @property
    def text(self) -> str:
        """What was said; grows while they go on."""
        return joined(part for part in self.parts.values() if part)


class Questions:
    """Listens for calls of the agent's name and keeps the question that is open.

    Whatever a person asks who is alone with the agent (`Percept.alone_with`) is asked of it.

    Args:
        role: whose name is called.
        phrases: the words that tell a call from a mention.
        others: the names of those who are there now: one of theirs does not call the agent.
    """

    def __init__(
        self,
        role: Role,
        phrases: Phrases,
        *,
        others: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._phrases = phrases
        self._alone_with: str | None = None
        self._detector = AddresseeDetector.of(role, phrases, others)
        self._called_at: dict[str, tuple[Samples, int]] = {}
        self._open: Question | None = None

    @property
    def detector(self) -> AddresseeDetector:
        """Tells who calls the agent, and by which names."""
        return self._detector

    @property
    def open(self) -> Question | None:
        """The question asked last, if it was not answered and is not too old.

        A greeting or thanks asks nothing, and a command is obeyed and not answered.
        """
        return self._open if self._open is not None and self._asks(self._open.text) else None

    def _asks(self, text: str) -> bool:
        words = [normalise(word) for word in tokens(text.split())]
        if self._phrases.polite(words):
            return False
        return self._phrases.command(words) in (None, Command.STATUS)

    def hear(self, percept: Percept, transcript: Transcript) -> None:
        """Takes a percept whose words stand in the transcript already."""
        self._alone_with = percept.alone_with
        for speaker in dict.fromkeys(word.speaker for word in percept.words):
            self._listen_for_call(speaker, transcript)
        question = self._open
        if question is None:
            return
        since = percept.end - question.until
        if since > WAITS:
            self._open = None
        # On a shared microphone the end of a question may not be attributed yet.
        coming = (question.by, unnamed_beside(question.by))
        going_on = any(percept.partials.get(one) for one in coming)
        question.going_on = going_on and since < WORDS_COME_WITHIN

    def coming(
        self, now: Samples, partials: Mapping[str, str], transcript: Transcript
    ) -> Question | None:
        """What will be asked if the words that may still change stay as they are; changes nothing.

        Args:
            now: the percept's end.
            partials: such words by speaker.
            transcript: the words before them.
        """
        for speaker, text in partials.items():
            before = transcript.current(speaker)
            goes_on = before is not None and now - before.end <= GOES_ON_WITHIN
            fresh = tokens(text.split())
            words = [*(before.words if before is not None and goes_on else ()), *fresh]
            call = self._find(speaker, words)
            if call is not None:
                asked = joined([*call.rest, *words[call.end :]] or words[: call.begin])
                question = Question(speaker, now, parts={now: asked})
                return question if self._asks(asked) else None
        return None

    def answered(self) -> None:
        """The open question has got its answer."""
        self._open = None

    def forget(self, speaker: str) -> None:
        """Drops what somebody asked."""
        self._called_at.pop(speaker, None)
        if self._open is not None and self._open.by == speaker:
            self._open = None

    def _find(self, speaker: str, words: Sequence[str]) -> Call | None:
        call = self._detector.find(words)
        if call is None and speaker == self._alone_with:
            call = self._detector.find_question(words)
        return call

    def _listen_for_call(self, speaker: str, transcript: Transcript) -> None:
        utterance = transcript.current(speaker)
        if utterance is None:
            return
        call = self._find(speaker, utterance.words)
        if call is not None and self._called_at.get(speaker) != (utterance.start, call.first):
            self._called_at[speaker] = (utterance.start, call.first)
            self._open = Question(speaker, utterance.end)
        question = self._open
        if question is None or question.by != speaker:
            return
        if call is None and next(iter(question.parts), None) == utterance.start:
            self._open = None  # "Robin" has gone on: "Robin said so"
            return
        if utterance.start - question.until > GOES_ON_WITHIN:
            return
        text = utterance.text
        if call is not None:
            said = [*call.rest, *utterance.words[call.end :]]
            text = joined(said or utterance.words[: call.begin])
        question.parts[utterance.start] = text
        question.until = max(question.until, utterance.end)
