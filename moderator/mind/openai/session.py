"""One meeting with a server behind it: when it is asked, and what is believed of its answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from moderator.arbiter.rules.wish import STALE_AFTER
from moderator.errors import MindError
from moderator.events import Act, Percept, Proposal, SaidAt, Word
from moderator.floor.state import FloorStatus, FloorView
from moderator.language.phrases import phrases_of
from moderator.mind.base import Moment, Participant, names_of
from moderator.mind.grounding.answer import GroundedAnswer, unsaid
from moderator.mind.grounding.checking import Check
from moderator.mind.grounding.ranking import Ranking, bearing
from moderator.mind.grounding.said_lines import SaidLine, said_lines
from moderator.mind.grounding.wording import Wording
from moderator.mind.openai import prompt
from moderator.mind.openai.answer import Answer, read_answer, schema
from moderator.mind.openai.backoff import Backoff
from moderator.mind.openai.chat import Completes
from moderator.mind.openai.looking_up import LookUp
from moderator.mind.openai.prompt import OWN, Message
from moderator.mind.openai.settings import OpenAISettings
from moderator.mind.questions import Question, Questions
from moderator.mind.tools import Tool, ToolWish
from moderator.mouth.sentences import CHARACTERS_A_WORD, SAY_NOW, SentenceSplitter
from moderator.timeline import Samples, to_samples
from moderator.tool_calls import ToolCall
from moderator.transcript import Transcript
from roles.schema import Role

GROUNDED = frozenset({Act.ANSWER, Act.SUMMARISE})
"""Acts that tell what was said: only what lines of the meeting say is spoken."""

BEST_LINES, LAST_LINES = 10, 6
"""Lines that an answer is written from: the best, each with the one behind it, and the last."""


class OpenAISession:
    """The mind of one role in one meeting.

    The server is asked when there is something to decide: new words, the floor has become free,
    or a silence has outlasted the role's patience. What it wished stands until it is asked again.

    Args:
        role: what the agent is.
        participants: who is there; may grow.
        settings: how the server is asked.
        chat: the server.
        decides: it wishes to speak, too; otherwise it only finds words for what others wish.
        look_up: makes what calls tools for an answer; None: there are none.
    """

    def __init__(
        self,
        role: Role,
        participants: Mapping[str, Participant],
        settings: OpenAISettings,
        chat: Completes,
        *,
        decides: bool = True,
        look_up: Callable[[], LookUp] | None = None,
    ) -> None:
        self._role, self._participants = role, participants
        self._settings, self._chat, self._decides = settings, chat, decides
        self._phrases = phrases_of(role)
        self._questions = Questions(role, self._phrases, others=partial(names_of, participants))
        self._transcript = Transcript()
        self._met: dict[str, Participant] = {}
        self._acts = prompt.permitted_acts(role)
        self._thinks = role.thought.mode == "on"
        self._backoff = Backoff()
        self._now: Samples = 0
        self._floor: FloorView | None = None
        self._news = False
        self._asked: Samples | None = None
        self._wish: Proposal | None = None
        self._generation = 0
        self._wording = Wording(self._phrases)
        self._answer: GroundedAnswer | None = None
        self._asked_by: frozenset[str] = frozenset()
        self._look_up = look_up
        self._lookup: LookUp | None = None
        self._shown: frozenset[str] = frozenset()

    async def push(self, percept: Percept, floor: FloorView) -> None:
        """Takes the next chunk."""
        words = [replace(word, text=prompt.said(word.text)) for word in percept.words]
        self._transcript.add(word for word in words if word.text)
        for word in words:  # so that its stem is known when an answer is wanted
            self._wording.tokens(word.text)
        self._met |= self._participants
        self._questions.hear(percept, self._transcript)
        before, self._floor, self._now = self._floor, floor, percept.end
        self._news = self._news or bool(percept.words) or self._floor_opened(before, floor)
        if self._thinks and before is not None and before.holder != floor.holder:
            self._generation += 1  # a thought is for the floor it was begun on

    async def recall(self, moment: Moment) -> None:
        """Takes what was said, and what was answered."""
        if moment.own:
            self._now = moment.percept.end
            self.heard(moment.own)
            return
        await self.push(moment.percept, moment.floor)
        self._news = False
        if moment.granted is not None and moment.granted.answering:
            self._questions.answered()

    def _floor_opened(self, before: FloorView | None, floor: FloorView) -> bool:
        """The floor has just become free, or been so for longer than the role's patience."""
        if before is None or floor.status is not FloorStatus.FREE:
            return False
        patience = to_samples(self._role.turn.silence_patience_s)
        outlasted = before.silence < patience <= floor.silence
        return outlasted or before.status is not FloorStatus.FREE

    async def propose(self) -> Proposal | None:
        """The model's wish: asked for if there is something to decide, else the last one.

        Raises:
            MindError: the server failed; it is asked again later in the meeting.
        """
        if self._wish is not None and self._now - self._wish.at > STALE_AFTER:
            self._wish = None
        floor = self._floor
        if floor is None or not self._should_ask(floor):
            return self._wish
        self._news, self._asked, self._wish = False, self._now, None
        at, generation = self._now, self._generation
        answer = await self._decision(floor, at)
        if generation == self._generation:
            thought = self._role.thought.tokens if self._thinks else None
            question = self._questions.open
            self._wish = answer.proposal(at, self._acts, self._present(), question, thought)
        return self._wish

    def _should_ask(self, floor: FloorView) -> bool:
        turn = self._role.turn
        if not (self._decides and turn.may_speak and self._acts and self._news):
            return False
        if floor.agent_speaking:
            return False
        question = self._questions.open
        if question is None and turn.only_when_addressed:
            return False
        if question is not None and question.going_on:
            return False
        if self._asked is not None and self._now - self._asked < self._settings.decide_every:
            return False
        return not self._backoff.waiting(self._now)

    async def _decision(self, floor: FloorView, at: Samples) -> Answer:
        """Asks the server.

        A thought that takes longer than the role allows is dropped with the turn it was for.
        """
        tokens, timeout_s = self._settings.decision_tokens, self._settings.timeout_s
        if self._thinks:
            tokens += self._role.thought.tokens
            timeout_s = min(timeout_s, max(self._role.thought.budget_s, 0.001))
        task = prompt.deciding(self._role, thinks=self._thinks)
        form = schema(self._acts, list(self._present().values()), thinks=self._thinks)
        try:
            completion = await self._chat.ask(
                self._messages(floor, task, self._record()),
                schema=form,
                tokens=tokens,
                timeout_s=timeout_s,
            )
            answer = read_answer(completion.text, completion.reasoning)
        except MindError:
            self._backoff.failed(max(at, self._now))
            raise
        self._backoff.answered()
        return answer

    def _messages(
        self, floor: FloorView, task: str, record: str, addressee: str | None = None
    ) -> list[Message]:
        """The role, the meeting as data, then what is asked."""
        question = self._questions.open
        data = prompt.situation(
            floor, self._shown_names(), self._participants, question, record, addressee
        )
        return [
            {"role": "system", "content": f"{prompt.system(self._role)}\n\n{task}"},
            {"role": "user", "content": data},
        ]

    def _record(self) -> str:
        last = self._settings.transcript_turns
        return prompt.transcript_of(self._transcript, self._shown_names(), last)

    def _shown_names(self) -> dict[str, str]:
        return self._labels() | {OWN: prompt.own_label(self._role.identity.name)}

    def _labels(self) -> dict[str, str]:
        """What everybody is called who is there, has left, or was heard without being known."""
        return prompt.everybody(self._transcript, self._met, self._role.identity.name)

    def _present(self) -> dict[str, str]:
        """The same of who is there."""
        return {one: name for one, name in self._labels().items() if one in self._participants}

    async def compose(self, proposal: Proposal) -> AsyncIterator[str]:
        """The words of a proposal, sentence by sentence; no thought, no more than the turn holds.

        A backchannel and a raised hand need no server.

        Raises:
            MindError: the server failed.
        """
        generation, self._wish = self._generation, None
        question, self._answer, self._lookup = self._questions.open, None, None
        if proposal.answering:
            self._questions.answered()
        if proposal.act is Act.BACKCHANNEL:
            yield self._phrases.say("backchannel")
        elif proposal.act is Act.HAND_RAISE:
            yield proposal.cue
        else:
            grounded = proposal.act in GROUNDED
            written = self._told(proposal, question) if grounded else self._written(proposal)
            before = ""
            async for sentence in written:
                if generation != self._generation:
                    return
                yield before + sentence
                before = " "

    async def _told(self, proposal: Proposal, question: Question | None) -> AsyncIterator[str]:
        """What lines of the meeting say, sentence by sentence; or that nobody said it."""
        floor = self._ready()
        asked = question.text if question is not None and proposal.act is Act.ANSWER else ""
        names = self._labels()
        lines = said_lines(
            self._transcript,
            names,
            but=question.utterances if question is not None else (),
            own=OWN,
            calls=self._questions.detector.calls,
        )
        ranking = Ranking(asked, lines, self._wording)
        last = self._settings.transcript_turns
        best = bearing(ranking, BEST_LINES, LAST_LINES) if asked else range(len(lines))[-last:]
        words = prompt.longest_words(self._role, floor)
        shown = [lines[index] for index in best]
        identity = self._role.identity
        people = [*names.values(), identity.name, *identity.aliases]
        check = Check(shown, asked, people, self._wording)
        self._answer = GroundedAnswer(check, self._phrases, words)
        self._asked_by = frozenset() if question is None else frozenset({question.by})
        self._shown = frozenset(line.speaker for line in shown)
        self._lookup = self._look_up() if asked and self._look_up is not None else None
        if shown or self._lookup is not None:
            async for sentence in self._grounded(check, proposal, shown, asked, words):
                yield sentence
        if not self._answer.named and question is not None:
            yield unsaid(ranking, self._present(), question.by, self._phrases)

    async def _grounded(
        self,
        check: Check,
        proposal: Proposal,
        shown: list[SaidLine],
        asked: str,
        words: int,
    ) -> AsyncIterator[str]:
        """What the lines say; if the model wishes it, also what tools return, as further lines."""
        lookup, wishes = self._lookup, list[ToolWish]()
        generation = self._generation
        while generation == self._generation:  # what is asked anew holds nobody who is forgotten
            tools = () if lookup is None else lookup.tools
            answer = self._answer = GroundedAnswer(check, self._phrases, words)
            task = prompt.to_answer(proposal.act, words, tools=bool(tools))
            record = prompt.lines_of(shown, asked)
            messages = self._messages(self._ready(), task, record, proposal.addressee)
            pieces = self._pieces(messages, words * CHARACTERS_A_WORD, tools)
            try:
                async for piece in pieces:
                    if isinstance(piece, ToolWish):
                        wishes.append(piece)
                        continue
                    for sentence in answer.push(piece):
                        yield sentence
                    if answer.over and not (tools and not answer.named):
                        return  # a model may say that it will call a tool before it does
            finally:
                await pieces.aclose()
            if lookup is None or not tools or not wishes or answer.named:
                break
            known = len(lookup.lines())
            async for _ in lookup.run(wishes):
                yield self._phrases.say("one_moment") + SAY_NOW
            wishes.clear()
            check.add(lookup.lines()[known:])
            shown += lookup.lines()[known:]
        for sentence in self._answer.finish() if self._answer is not None else ():
            yield sentence

    def _ready(self) -> FloorView:
        """The floor, if the server may be asked.

        Raises:
            MindError: it may not.
        """
        if self._floor is None or self._backoff.waiting(self._now):
            raise MindError("the server failed lately and is not asked yet")
        return self._floor

    async def _written(self, proposal: Proposal) -> AsyncIterator[str]:
        """Whole sentences of the server's reply; one that was cut off at the end is left out."""
        floor = self._ready()
        words = prompt.longest_words(self._role, floor)
        task = prompt.to_compose(proposal.act, words)
        longest = words * CHARACTERS_A_WORD
        splitter, any_yet = SentenceSplitter(max_turn=longest), False
        messages = self._messages(floor, task, self._record(), proposal.addressee)
        async for piece in self._pieces(messages, longest):
            for sentence in splitter.push(piece) if isinstance(piece, str) else ():
                any_yet = True
                yield sentence
        for sentence in splitter.finish():
            if not any_yet or sentence[-1] in ".?!…":
                yield sentence

    async def _pieces(
        self, messages: Sequence[Message], longest: int, tools: Sequence[Tool] = ()
    ) -> AsyncGenerator[str | ToolWish, None]:
        """The server's reply as it comes, up to twice so many characters.

        Raises:
            MindError: the server failed.
        """
        read = 0
        stream = self._chat.stream(messages, tokens=self._settings.reply_tokens, tools=tools)
        try:
            async for piece in stream:
                yield piece
                read += len(piece) if isinstance(piece, str) else 0
                if read > longest * 2:
                    break
        except MindError:
            self._backoff.failed(self._now)
            raise
        finally:
            await stream.aclose()

    def quotes(self, proposal: Proposal) -> frozenset[str]:
        """Whose lines an answer names, and who asked; of free words, everybody who was shown."""
        if proposal.act is Act.BACKCHANNEL:
            return frozenset()
        if proposal.act in GROUNDED:
            answer = self._answer
            if self._lookup is not None and self._lookup.calls:  # what was looked up may quote them
                return self._shown | self._asked_by
            return answer.speakers | self._asked_by if answer and answer.named else frozenset()
        shown = {utterance.speaker for utterance in self._transcript} - {OWN}
        question = self._questions.open
        return frozenset(shown | ({question.by} if question is not None else set()))

    def cites(self, proposal: Proposal) -> tuple[SaidAt, ...]:
        """The lines that an answer names so far, as it named them."""
        if self._answer is None or proposal.act not in GROUNDED:
            return ()
        return self._answer.lines

    def looked_up(self, proposal: Proposal) -> tuple[ToolCall, ...]:
        """The calls of tools for an answer, as far as they have come."""
        if self._lookup is None or proposal.act not in GROUNDED:
            return ()
        return self._lookup.told(frozenset() if self._answer is None else self._answer.calls)

    def heard(self, words: str) -> None:
        """The agent's own words, as far as they were played, become part of the transcript."""
        own = [Word(OWN, prompt.said(text), self._now, self._now) for text in words.split()]
        self._transcript.add(word for word in own if word.text)

    def forget(self, speaker: str) -> None:
        """Drops what somebody said, what is being made of it, and own words: they may quote it."""
        self._transcript.forget(speaker)
        self._transcript.forget(OWN)
        self._questions.forget(speaker)
        self.cancel()

    def cancel(self) -> None:
        """Drops what is being thought or composed, and the last wish."""
        self._generation += 1
        self._wish = None

    async def close(self) -> None:
        """Closes the connections."""
        self._generation += 1
        await self._chat.close()
