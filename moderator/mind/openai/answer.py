"""The structured proposal: its schema, and how much of an answer is believed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.functional_validators import BeforeValidator

from moderator.errors import MindError
from moderator.events import Proposal
from moderator.mind.openai.prompt import said
from moderator.mind.questions import Question
from moderator.mind.thought import part
from moderator.mouth.sentences import CHARACTERS_A_WORD
from moderator.timeline import Samples
from roles.schema import Act

LONGEST_REASON = 120
LONGEST_ANSWER = 64_000
"""Characters of an answer that are looked at."""


def _probability(value: object) -> float:
    try:
        number = float(value) if isinstance(value, int | float | str) else math.nan
    except OverflowError:  # JSON's whole numbers have no end
        number = math.nan
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return min(1.0, max(0.0, number))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


class Answer(BaseModel):
    """What the model answers; the order is the order in which it writes.

    Attributes:
        thought: its reasoning, where it was asked for.
        take_turn: probability that speaking now is right; clipped into [0, 1].
        act: what for, unchecked.
        addressee: to whom, unchecked.
        reason: why, in a few words.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    thought: Annotated[str, BeforeValidator(_text)] = Field(
        default="", description="Your reasoning, in a few words."
    )
    take_turn: Annotated[float, BeforeValidator(_probability)] = Field(
        description="Probability from 0 to 1 that you should speak now."
    )
    act: Annotated[str, BeforeValidator(_text)] = Field(default="", description="What for.")
    addressee: Annotated[str, BeforeValidator(_text)] = Field(
        default="", description="Name of a participant, or null."
    )
    reason: Annotated[str, BeforeValidator(_text)] = Field(
        default="", description="At most ten words."
    )

    def permitted_act(self, acts: Sequence[Act]) -> Act | None:
        """The act, if it is one of `acts`."""
        return next((act for act in acts if act.value == self.act.strip().lower()), None)

    def known_addressee(self, names: Mapping[str, str]) -> str | None:
        """Id of the participant meant, if there is one.

        Args:
            names: the participants' labels by id, no two alike.
        """
        wanted = said(self.addressee).casefold()
        return next((one for one, name in names.items() if name.casefold() == wanted), None)

    def proposal(
        self,
        at: Samples,
        acts: Sequence[Act],
        names: Mapping[str, str],
        question: Question | None,
        thought_tokens: int | None,
    ) -> Proposal | None:
        """What is permitted of it; None where it wishes nothing that is.

        Args:
            at: meeting time of the percept that was asked about.
            acts: permitted ones.
            names: labels by id of who is there.
            question: what waits for the agent's answer.
            thought_tokens: longest thought; None: it has none.
        """
        act = self.permitted_act(acts)
        if act is None:
            return None
        # Whether somebody addressed the agent is measured; a model cannot claim it.
        answering = question is not None and act in (Act.ANSWER, Act.SUMMARISE)
        addressee = self.known_addressee(names)
        if answering and addressee is None and question is not None:
            addressee = question.by
        thought = None
        if thought_tokens is not None:  # servers count tokens; what is far beyond is cut here
            thought = said(self.thought, thought_tokens * CHARACTERS_A_WORD) or None
        return Proposal(
            at=at,
            mind="openai",
            probability=self.take_turn,
            act=act,
            addressee=addressee,
            answering=answering,
            cue=self.short_reason,
            thought=thought,
        )

    @property
    def short_reason(self) -> str:
        """The reason on one line, cut; no thought: it is shown where a hand is raised."""
        return said(part(self.reason).said, LONGEST_REASON)


def schema(acts: Sequence[Act], names: Sequence[str], *, thinks: bool) -> dict[str, Any]:
    """The JSON Schema of `Answer` with only what is permitted now, for `response_format`."""
    made = Answer.model_json_schema()
    fields: dict[str, dict[str, Any]] = made["properties"]
    wanted = {
        name: {"type": entry["type"], "description": entry["description"]}
        for name, entry in fields.items()
        if thinks or name != "thought"
    }
    wanted["act"]["enum"] = [act.value for act in acts]
    described = fields["addressee"]["description"]
    wanted["addressee"] = {"enum": [*names, None], "description": described}
    return {
        "type": "object",
        "properties": wanted,
        "required": list(wanted),
        "additionalProperties": False,
    }


def read_answer(text: str, reasoning: str = "") -> Answer:
    """The answer in a model's output: the first JSON object that is one, thoughts taken off.

    Args:
        text: what it wrote.
        reasoning: what its server had already parted from it.

    Raises:
        MindError: there is no such object.
    """
    thought, rest = part(text[:LONGEST_ANSWER])
    for found in _objects(rest):
        try:
            answer = Answer.model_validate(found)
        except ValidationError:
            continue
        thoughts = (said(reasoning), thought, answer.thought.strip())
        return answer.model_copy(update={"thought": " ".join(one for one in thoughts if one)})
    raise MindError("the server's answer is not a proposal in JSON")


def _objects(text: str) -> Iterator[object]:
    """JSON objects in a text that may stand around them; at most a few are tried."""
    decoder, at = json.JSONDecoder(), -1
    for _ in range(8):
        at = text.find("{", at + 1)
        if at < 0:
            return
        try:
            yield decoder.raw_decode(text, at)[0]
        except (ValueError, RecursionError):
            continue
