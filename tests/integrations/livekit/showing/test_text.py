"""Transcripts in the room, with a room that only keeps what it is sent."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from integrations.livekit.people.shared_microphones import SharedMicrophones
from integrations.livekit.showing.text import FINAL, TextPublisher
from moderator.events import ConsentGiven, Heard, Part, PartChanged, Percept, Word
from moderator.timeline import to_samples
from roles.loader import load_role


class Sent:
    """A room, as far as transcripts need one."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self.chat: list[str] = []
        self.final: list[str] = []
        self.remote_participants: dict[str, object] = {}
        self.local_participant = self

    async def send_text(self, text: str, **_: object) -> None:
        self.chat.append(text)

    async def stream_text(
        self, *, sender_identity: str, attributes: dict[str, str], **_: object
    ) -> SimpleNamespace:
        async def write(text: str) -> None:
            self.said.append((sender_identity, text))
            if attributes[FINAL] == "true":
                self.final.append(text)

        async def aclose() -> None:
            await asyncio.sleep(0)

        return SimpleNamespace(write=write, aclose=aclose)


def test_what_waits_to_be_sent_of_somebody_who_refuses_is_dropped() -> None:
    async def run() -> list[tuple[str, str]]:
        room, text = Sent(), TextPublisher(SharedMicrophones(load_role("facilitator")))
        text.attach(room)  # type: ignore[arg-type]
        words = (Word("ana", "elephant", 0, 1), Word("ben", "door", 0, 1))
        text(Heard(1, words=words, partials={"ana": "pur"}))
        text(ConsentGiven(2, "ana", "chat", False))
        text(ConsentGiven(3, "ana", "chat", True))
        text(Heard(4, words=(Word("ana", "hello", 3, 4),)))
        await text.close()
        return room.said

    said = asyncio.run(run())
    assert said == [("ben", "door"), ("ana", "hello"), ("ben", "door"), ("ana", "hello")]


def test_the_last_words_before_a_silence_become_final() -> None:
    """Nothing is heard of a silence but that percepts go on."""

    async def run() -> list[list[str]]:
        room, text = Sent(), TextPublisher(SharedMicrophones(load_role("facilitator")))
        text.attach(room)  # type: ignore[arg-type]
        text(Heard(1, speaking=frozenset({"ana"}), words=(Word("ana", "hello", 0, 1),)))
        found = []
        for index, second in enumerate((0.5, 1.4, 1.6)):
            if index == 0:  # a percept that ends with what was heard says nothing of a silence
                text(Heard(to_samples(second), speaking=frozenset({"ana"})))
            text(Percept(index, 0, to_samples(second)))
            await asyncio.sleep(0.01)
            found.append(list(room.final))
        await text.close()
        return [*found, room.final]

    assert asyncio.run(run()) == [[], [], ["hello"], ["hello"]]


def test_people_are_told_when_a_part_fails_and_when_it_is_back() -> None:
    async def run() -> list[str]:
        room, text = Sent(), TextPublisher(SharedMicrophones(load_role("facilitator")))
        text.attach(room)  # type: ignore[arg-type]
        for part in Part:
            text(PartChanged(1, part, up=False))
            text(PartChanged(2, part, up=True))
        await text.close()
        return room.chat

    chat = asyncio.run(run())
    assert len(set(chat)) == len(chat) == 2 * len(Part)
    assert ["failed" in one for one in chat] == [True, False] * len(Part)
