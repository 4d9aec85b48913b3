"""What the model is told: always the same, then some lines of the meeting and a question.

The task is one that a small model can do: to pick words out of the lines, or to say that they are
not there. What it writes is looked up in the lines (`moderator.mind.grounding.quoting`), so that
nothing it makes up, and no order that somebody spoke, is ever said.
"""

from __future__ import annotations

from collections.abc import Sequence

from moderator.mind.grounding.said_lines import SaidLine
from moderator.mind.local.engine import Message

_TASK = (
    "You answer a question from lines of a meeting. Answer in at most eight words, with the words "
    "of one line. If no line says it, answer: not said."
)

_OFFICE = (
    "Ana: When does the new office open?\n"
    "Ben: On the third of May, if the paint is dry.\n"
    "Ana: Who pays for the paint?\n"
    "Cleo: I bought four chairs for it."
)
_PUMP = (
    "Dev: The pump failed twice last week.\n"
    "Eli: It was the seal. We have two spare ones.\n"
    "Dev: The supplier sent the wrong seal.\n"
    "Fay: I will order another."
)
_EXAMPLES = (
    (_OFFICE, "when does the new office open?", "On the third of May."),
    (_OFFICE, "how much did the paint cost?", "not said"),
    (_PUMP, "what did Eli say about the pump?", "It was the seal."),
    (_PUMP, "when was the pump built?", "not said"),
)


def _asking(lines: str, question: str) -> Message:
    return {"role": "user", "content": f"{lines}\n\nQuestion: {question}"}


def _opening() -> list[Message]:
    """What stands before every question."""
    messages = [{"role": "system", "content": _TASK}]
    for lines, question, answer in _EXAMPLES:
        messages += [_asking(lines, question), {"role": "assistant", "content": answer}]
    return messages


NOTHING: Sequence[Message] = (*_opening(), {"role": "user", "content": "."})
"""No lines and no question: after it the model has read what stands before every question."""


def asking(lines: Sequence[SaidLine], question: str) -> list[Message]:
    """The messages for a question about some lines."""
    told = "\n".join(f"{line.name}: {line.text}" for line in lines)
    return [*_opening(), _asking(told, question)]
