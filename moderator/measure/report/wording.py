"""The report's words for what the journal says in codes."""

from __future__ import annotations

_HELD = "\N{NO-BREAK SPACE}"

ACTIONS = {
    "speak": "spoke",
    "backchannel": "backchannelled",
    "raise_hand": "raised its hand",
    "pause": "paused",
    "go_on": "went on",
    "yield": "gave way",
    "stop": "stopped",
    "wait": "waited",
}
"""Action to what the agent did."""

REASONS = {
    "no_proposal": "had nothing to say",
    "not_eager_enough": "was not sure enough",
    "never_speaks": "its role never speaks",
    "hushed": "had been hushed",
    "listen_only": "was told only to listen",
    "not_addressed": "was not addressed",
    "not_connected": "had lost the meeting",
    "overloaded": "was behind the meeting",
    "no_listener_turn": "no one person had the floor",
    "act_banned": "its role does not do this",
    "floor_held": "somebody had the floor",
    "gap_too_short": "the pause was too short",
    "cooling_down": "had only just spoken",
    "share_ceiling": "had no share of the talk left for more",
    "protected_speaker": "the speaker may not be interrupted",
    "already_speaking": "was speaking",
    "stale": "the moment had passed",
    "floor_free": "the floor was free",
    "may_cut_in": "its role may cut in here",
    "backchannel_due": "a sign of listening was due",
    "wants_floor": "asked for the floor",
    "voice_over": "somebody made a sound over it",
    "was_backchannel": "that was only a backchannel",
    "talked_over": "somebody talked over it",
    "started_together": "somebody began at the same moment",
    "turn_too_long": "its turn was too long",
    "hard_stop": "was told to stop",
    "floor_taken": "somebody took the floor",
}
"""Reason to a clause that finishes “… because”."""

ACTS = {
    "open": "to open the meeting",
    "answer": "to answer",
    "invite": "to invite",
    "cut_in": "to cut in",
    "hand_over": "to hand over",
    "prompt": "to get talk going",
    "summarise": "to sum up",
    "time_check": "to tell the time left",
    "backchannel": "to show it listens",
    "hand_raise": "to ask for the floor",
    "close": "to close the meeting",
}
"""Act to what a turn was for."""

_TO_SOMEBODY = {"answer": "", "invite": "", "hand_over": "to "}
"""Acts whose words go on with the addressee, and what stands before the name."""


def said(table: dict[str, str], code: str) -> str:
    """The words for a code; a code that the table lacks speaks for itself."""
    return table.get(code, code.replace("_", " "))


def purpose(act: str, name: str) -> str:
    """What a turn was for, and whom it was meant for: ``to invite Dana``."""
    words = said(ACTS, act) if act else ""
    if not name:
        return words
    if act in _TO_SOMEBODY:
        return f"{words} {_TO_SOMEBODY[act]}{name}"
    return f"{words}, speaking to {name}" if words else f"to speak to {name}"


def plural(count: int, one: str, many: str = "") -> str:
    """``1 turn``, ``2 turns``."""
    word = one if count == 1 else many or one + "s"
    return f"{count:,}{_HELD}{word}".replace(",", "\N{THIN SPACE}")


def clock(seconds: float) -> str:
    """Meeting time as people write it: ``0:07``, ``12:31``, ``1:02:45``."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def length(seconds: float) -> str:
    """A duration in words: ``48 s``, ``12 min 31 s``, ``8 h 4 min``."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    parts = [(hours, "h"), (minutes, "min"), (rest if not hours else 0, "s")]
    words = [f"{count}{_HELD}{unit}" for count, unit in parts if count]
    return " ".join(words) or f"0{_HELD}s"


def times(count: int) -> str:
    """``once``, ``twice``, ``12 times``."""
    return {0: "never", 1: "once", 2: "twice"}.get(count) or plural(count, "time")


def percent(share: float) -> str:
    """A share in [0, 1] as people read it: ``4 %``, ``under 1 %``."""
    if 0 < share < 0.01:
        return f"under 1{_HELD}%"
    return f"{round(100 * share)}{_HELD}%"
