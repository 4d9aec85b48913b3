"""A local model that answers from a script, for tests: no weights, no process."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from moderator.mind.local.engine import Message, Vectors

SIZE = 64


@dataclass
class ScriptedEngine:
    """Satisfies `moderator.mind.local.engine.Reads`.

    Attributes:
        answers: gives the words that the model writes to what a question's message holds, or
            raises; a text: always these.
        read: the last message of every request, in order.
        embedded: texts that were embedded, in order.
    """

    answers: Callable[[str], str] | str = "not said"
    read: list[str] = field(default_factory=list)
    embedded: list[str] = field(default_factory=list)

    async def write(self, messages: Sequence[Message], *, tokens: int, within_s: float) -> str:
        """The script's words."""
        asked = messages[-1]["content"]
        self.read.append(asked)
        if tokens == 1:
            return ""
        return self.answers if isinstance(self.answers, str) else self.answers(asked)

    async def embed(self, texts: Sequence[str], *, question: bool, within_s: float) -> Vectors:
        """A vector of each text: words in common make them alike."""
        self.embedded += texts
        found = np.zeros((len(texts), SIZE), np.float32)
        for row, text in zip(found, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row[sum(word.encode()) % SIZE] += 1.0
            row /= max(float(np.linalg.norm(row)), 1.0)
        return found
