"""A server that says back what it was asked, in every way that it can fail."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from moderator.events import Failure
from moderator.mind.duties.session import Duties
from moderator.mind.ensemble import Ensemble
from moderator.testing.chat_server import ChatServer, Reply, Request, wish
from moderator.testing.meetings import chatter, hold_meeting, of, talk
from moderator.testing.server_scenes import PEOPLE, role_with, server_mind

SECRET = ("rhubarb", "xylophone")
"""Words that are said in the meeting and must not be written down by a failure."""

SAID = [
    *talk("ana", 1.0, "the rhubarb is mouldy"),
    *talk("ben", 4.0, "Robin, when does the xylophone come?"),
    *chatter("ana", 20.0, 22.0),
    *talk("ben", 24.0, "Robin, does the rhubarb come at all?"),
]


def asked(request: Request) -> str:
    return json.dumps(request["messages"])


def sse(data: str, event: str = "") -> str:
    return (f"event: {event}\n" if event else "") + f"data: {data}\n\n"


def failing(request: Request) -> dict[str, Reply]:
    """Replies to one request, by the way they fail."""
    echo = asked(request)
    error = json.dumps({"error": {"message": echo, "type": echo, "code": echo, "param": echo}})
    line = " ".join(echo.split())
    return {
        "refused": Reply(echo, status=400),
        "no key": Reply(echo, status=401),
        "not to be processed": Reply(echo, status=422),
        "failed": Reply(echo, status=500),
        "an error with status 200": Reply(raw=error),
        "text with status 500": Reply(raw=line, status=500),
        "no JSON": Reply(raw=line),
        "an answer that is none": Reply(echo),
        "thoughts alone": Reply(f"<think>{echo}", reasoning=echo),
        "numbers for words": Reply(raw=json.dumps({"choices": [{"message": {"content": [echo]}}]})),
        "an act that is none": wish(0.9, act=echo[:2000], reason="x", addressee=echo[:2000]),
        "a stream's error": Reply(raw=sse(error)),
        "a stream's error event": Reply(raw=sse(error, "error")),
        "a stream of nonsense": Reply(raw=sse(line)),
        "another stream of nonsense": Reply(raw=sse(json.dumps({"choices": {echo: echo}}))),
    }


WAYS = sorted(failing({"messages": []}))


def failures(script: Callable[[Request], Reply]) -> list[str]:
    """The failures of a meeting with that server, by the way they would be told."""
    with ChatServer(script) as server:
        mind = Ensemble(Duties(), server_mind(server, decide_every_s=0.5))
        role = role_with(duties=[{"type": "answer"}])
        events = hold_meeting(role, mind, SAID, 30, participants=PEOPLE)
        assert all(any(word in text for text in server.texts("user")) for word in SECRET)
    return [event.what for event in of(events, Failure)]


@pytest.mark.parametrize("way", WAYS)
def test_a_failed_decision_says_nothing_of_what_was_said(way: str) -> None:
    told = failures(lambda request: failing(request)[way])
    if way != "an act that is none":  # which is a wish for nothing
        assert told
    assert not [text for text in told if any(word in text.lower() for word in SECRET)]


@pytest.mark.parametrize("way", WAYS)
def test_failed_words_say_nothing_of_what_was_said(way: str) -> None:
    told = failures(lambda r: failing(r)[way] if r.get("stream") else wish(0.9, addressee="Ben"))
    assert not [text for text in told if any(word in text.lower() for word in SECRET)]
