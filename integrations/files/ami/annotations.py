"""One meeting's layers: words, and the dialogue acts and topics that point to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from integrations.files.ami.release import NITE, Release, broken, references, time_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

DEEPEST_TOPIC: Final = 20
Span = tuple[float, float]
"""Start and end, s."""


@dataclass(frozen=True, slots=True)
class Token:
    """One element of a words file: a word, a punctuation mark, a laugh, a gap.

    Attributes:
        kind: the element's name; ``w`` for words and punctuation.
        text: as transcribed.
        start: seconds; None where not aligned.
        end: seconds; None where not aligned.
        punctuation: it is said together with the word before.
        cut_off: the speaker stopped within the word.
        sound: what kind of vocal sound.
    """

    kind: str
    text: str
    start: float | None
    end: float | None
    punctuation: bool = False
    cut_off: bool = False
    sound: str = ""


@dataclass(frozen=True, slots=True)
class WordsFile:
    """One speaker's tokens.

    Attributes:
        tokens: in the file's order.
        index: where each id is among them.
    """

    tokens: Sequence[Token]
    index: Mapping[str, int]


@dataclass(frozen=True)
class Layers:
    """What a release says of one meeting.

    Attributes:
        release: the files.
        meeting: its id.
        agents: ids of the speakers.
        left_out: counts what could not be used, by what it is.
        words: by the file's name.
    """

    release: Release
    meeting: str
    agents: Sequence[str]
    left_out: Counter[str]
    words: dict[str, WordsFile] = field(default_factory=dict)

    def read_words(self) -> None:
        """Reads the words of everybody who has any.

        Raises:
            InputError: a file is broken.
        """
        for agent in self.agents:
            name = f"words/{self.words_file(agent)}"
            if name in self.release:
                root, place = self.release.xml(name), self.release.place(name)
                self.words[self.words_file(agent)] = _tokens(root, place)

    def words_file(self, agent: str) -> str:
        """Name of a speaker's words file."""
        return f"{self.meeting}.{agent}.words.xml"

    def said_by(self, agent: str) -> Sequence[Token]:
        """A speaker's tokens in the file's order."""
        words = self.words.get(self.words_file(agent))
        return words.tokens if words is not None else ()

    def acts(self, types: Mapping[str, str]) -> list[dict[str, Any]]:
        """Dialogue acts by start: speaker, start, end, type, and to whom where annotated.

        Args:
            types: names by id.

        Raises:
            InputError: a file is broken.
        """
        acts = [act for agent in self.agents for act in self._acts_of(agent, types)]
        return sorted(acts, key=lambda act: (act["start"], act["end"], act["speaker"]))

    def _acts_of(self, agent: str, types: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        name = f"dialogueActs/{self.meeting}.{agent}.dialog-act.xml"
        if name not in self.release:
            return
        place = self.release.place(name)
        for element in self.release.xml(name).iter("dact"):
            span = self._span(element, place)
            if span is None:
                self.left_out["dialogue acts without times"] += 1
                continue
            kind = _type(element, types, place)
            act = {"speaker": agent, "start": span[0], "end": span[1], "type": kind}
            named = [one.strip() for one in element.get("addressee", "").split(",")]
            to = [one for one in dict.fromkeys(named) if one in self.agents]
            self.left_out["addressees who are nobody"] += sum(map(bool, named)) - len(to)
            yield {**act, "to": to} if to else act

    def topics(self, types: Mapping[str, str]) -> list[dict[str, Any]]:
        """Topics in the file's order: start, end, type, depth, and in the annotators' words.

        Args:
            types: names by id.

        Raises:
            InputError: the file is broken.
        """
        name = f"topics/{self.meeting}.topic.xml"
        if name not in self.release:
            return []
        found: list[dict[str, Any]] = []
        self._topics(self.release.xml(name), types, self.release.place(name), found)
        return found

    def _topics(
        self,
        parent: Element,
        types: Mapping[str, str],
        place: str,
        found: list[dict[str, Any]],
        depth: int = 0,
    ) -> Span | None:
        """Adds the topics in `parent` and below; what they span together."""
        if depth > DEEPEST_TOPIC:
            raise broken(f"topics more than {DEEPEST_TOPIC} deep", place)
        whole: Span | None = None
        for element in parent.findall("topic"):
            at = len(found)
            inner = self._topics(element, types, place, found, depth + 1)
            span = _joined(self._span(element, place), inner)
            whole = _joined(whole, span)
            if span is None:
                self.left_out["topics without times"] += 1
                continue
            kind = _type(element, types, place)
            topic = {"start": span[0], "end": span[1], "type": kind, "depth": depth}
            words = element.get("other_description") or element.get("description")
            found.insert(at, {**topic, "desc": words} if words else topic)
        return whole

    def _span(self, element: Element, place: str) -> Span | None:
        """From where to where the words go that an element points to."""
        span: Span | None = None
        for file, first, last in references(element, "child", place):
            words = self.words.get(file)
            if words is None or first not in words.index or last not in words.index:
                self.left_out["references to words that are not there"] += 1
                continue
            for token in words.tokens[words.index[first] : words.index[last] + 1]:
                if token.start is not None:
                    span = _joined(span, (token.start, max(token.start, token.end or 0.0)))
                elif token.end is not None:
                    span = _joined(span, (token.end, token.end))
        return span


def _joined(one: Span | None, other: Span | None) -> Span | None:
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), max(one[1], other[1])


def _tokens(root: Element, place: str) -> WordsFile:
    tokens: list[Token] = []
    index: dict[str, int] = {}
    for element in root:
        id_ = element.get(f"{NITE}id", "")
        if not id_ or id_ in index:
            raise broken("an element without an id of its own", place)
        index[id_] = len(tokens)
        token = Token(
            kind=str(element.tag),
            text=" ".join((element.text or "").split()),
            start=time_of(element, "starttime", place),
            end=time_of(element, "endtime", place),
            punctuation=element.get("punc") == "true",
            cut_off=element.get("trunc") == "true",
            sound=element.get("type") or element.get("description") or "other",
        )
        tokens.append(token)
    return WordsFile(tokens, index)


def ontology(release: Release, name: str) -> dict[str, str]:
    """The names of a tree of types by id.

    Args:
        release: the files.
        name: of the member; without it nothing has a type.

    Raises:
        InputError: it is broken.
    """
    if name not in release:
        return {}
    found = ((one.get(f"{NITE}id"), one.get("name")) for one in release.xml(name).iter())
    return {id_: text for id_, text in found if id_ and text}


def _type(element: Element, types: Mapping[str, str], place: str) -> str | None:
    """What an element's pointer into an ontology names; None where there is none."""
    for _, id_, _ in references(element, "pointer", place):
        if id_ in types:
            return types[id_]
    return None
