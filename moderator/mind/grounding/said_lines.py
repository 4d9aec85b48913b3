"""The lines of a meeting's transcript, as an answer can name them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from moderator.spacing import ENDS, joined
from moderator.timeline import Samples
from moderator.transcript import Transcript

LONGEST_LINE = 80
"""Words of one line; a longer utterance is several."""


@dataclass(frozen=True, slots=True)
class SaidLine:
    """One line that somebody said.

    Attributes:
        speaker: participant's id.
        name: what they are called.
        start: meeting time at which the utterance that it stands in began.
        text: the words.
        to_agent: it calls the agent: a question or a request, and no statement to the others.
        call: number of the tool call, from 1, that returned it, and `name` the tool's; 0: somebody
            said it.
    """

    speaker: str
    name: str
    start: Samples
    text: str
    to_agent: bool = False
    call: int = 0


def said_lines(
    transcript: Transcript,
    names: Mapping[str, str],
    *,
    but: Collection[tuple[str, Samples]] = (),
    own: str = "",
    calls: Callable[[Sequence[str]], bool] = lambda _words: False,
    longest: int = LONGEST_LINE,
) -> list[SaidLine]:
    """The lines, oldest first.

    Args:
        transcript: what was said.
        names: by id of a speaker.
        but: utterances, as speaker and start, that are left out: the question itself.
        own: the agent's id in the transcript, whose words prove nothing.
        calls: whether words call the agent.
        longest: words of one line.
    """
    return [
        SaidLine(one.speaker, names.get(one.speaker, one.speaker), one.start, joined(part), to)
        for one in transcript
        if one.speaker != own and (one.speaker, one.start) not in but
        for to in (calls(one.words),)
        for part in pieces(one.words, longest)
    ]


def pieces(words: Sequence[str], longest: int = LONGEST_LINE) -> list[Sequence[str]]:
    """Pieces of at most `longest` words, at a sentence's end where there is one."""
    found = []
    while len(words) > longest:
        ends = [i for i in range(longest // 2, longest) if words[i].endswith(ENDS)]
        at = ends[-1] + 1 if ends else longest
        found.append(words[:at])
        words = words[at:]
    return [*found, words]
