"""Who was who, put right after a meeting: a journal's lines as those read them who tell of it.

The lines themselves stay as they were heard and decided on, so that decisions come out the same
when they are run again. A line `relabelled` behind them holds the labels that count from then on,
all of them; one without any takes everything back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moderator.errors import InputError
from moderator.journal.lines import Line, parse, read

_BEGINS = b'{"kind":"relabelled"'


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels that take the place of ids.

    Attributes:
        by_id: label by id; two ids with one label are one person.
        names: what people are called, by label.
    """

    by_id: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def of(self, id_: str) -> str:
        """The label of an id: the id itself where none takes its place."""
        return self.by_id.get(id_, id_)


def labels_in(path: Path) -> Labels:
    """The labels that count in a journal; lines of other kinds are not looked at.

    Raises:
        InputError: it cannot be read, or a line of them is damaged.
    """
    found = Labels()
    try:
        with path.open("rb") as file:
            for raw in file:
                if raw.startswith(_BEGINS) and raw.endswith(b"\n"):
                    line = parse(raw, str(path))
                    found = Labels(line["labels"], line["names"])
    except OSError as error:
        raise InputError("cannot read the journal", where=str(path), todo=str(error)) from error
    return found


def read_relabelled(path: Path) -> Iterator[Line]:
    """The lines of a journal under the labels that count in it. Raises as `lines.read`."""
    return relabelled(read(path), labels_in(path))


def relabelled(lines: Iterable[Line], labels: Labels) -> Iterator[Line]:
    """Lines with labels in the place of ids and of names; words that were said stay as they are."""
    relabeller = Relabeller(labels)
    return map(relabeller.line, lines)


class Relabeller:
    """Gives lines, in their order, other labels.

    Args:
        labels: that take the place of ids.
    """

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._called = {id_: labels.names.get(label, label) for id_, label in labels.by_id.items()}
        self._pattern: re.Pattern[str] | None = None

    def line(self, line: Line) -> Line:
        """The line, with other labels.

        Raises:
            TypeError, ValueError, KeyError: it is damaged.
        """
        if not self._labels.by_id:
            return line
        made = dict(line)
        kind = line["kind"]
        if kind == "opened":
            made["participants"] = self._people(line["participants"])
        elif kind == "heard":
            self._heard(made)
        elif kind in ("joined", "renamed", "left"):
            self._known(line["id"], line.get("name"))
            made["id"] = self._of(line["id"])
            if "name" in line and line["id"] in self._labels.by_id:
                made["name"] = self._labels.names.get(made["id"], made["id"])
        elif kind == "proposal":
            made["cue"] = self._cue(line.get("cue", ""))
            made["facts"] = {key: self._value(value) for key, value in _items(line, "facts")}
        elif kind == "decision":
            made["inputs"] = {key: self._value(value) for key, value in _items(line, "inputs")}
        for key in ("addressee", "by"):
            if key in line:
                made[key] = self._of(line[key])
        if "quotes" in line:
            made["quotes"] = sorted({self._of(who) for who in line["quotes"]})
        return made

    def _of(self, id_: Any) -> Any:
        return self._labels.of(id_) if isinstance(id_, str) else id_

    def _value(self, value: Any) -> Any:
        """A value that is an id, or ids with commas between, as those of voices are."""
        if not isinstance(value, str):
            return value
        if value in self._called:
            return self._labels.of(value)
        parts = [self._labels.of(part) for part in value.split(",")]
        return ",".join(dict.fromkeys(parts))

    def _people(self, people: Any) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for id_, person in dict(people).items():
            label = self._of(id_)
            person = dict(person)
            self._known(id_, person.get("name"))
            if id_ in self._labels.by_id:
                person["name"] = self._labels.names.get(label, label)
            if label == id_ or label not in made:
                made[label] = person
        return made

    def _known(self, id_: Any, name: Any) -> None:
        """Remembers what somebody was called, for texts that say so."""
        if id_ in self._labels.by_id and isinstance(name, str) and name not in self._called:
            self._called[name] = self._called[id_]
            self._pattern = None

    def _heard(self, made: Line) -> None:
        if "speaking" in made:
            made["speaking"] = sorted({self._of(who) for who in made["speaking"]})
        for key in ("activities", "words"):
            if key in made:
                made[key] = [[self._of(who), *rest] for who, *rest in made[key]]
        if "partials" in made:
            made["partials"] = {self._of(who): said for who, said in _items(made, "partials")}

    def _cue(self, cue: Any) -> Any:
        """Names before the first colon, behind which words that were said may stand."""
        if not isinstance(cue, str):
            return cue
        if self._pattern is None:
            names = sorted(self._called, key=len, reverse=True)
            self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)")
        told, colon, said = cue.partition(":")
        return self._pattern.sub(lambda found: self._called[found[0]], told) + colon + said


def _items(line: Mapping[str, Any], key: str) -> Iterable[tuple[Any, Any]]:
    return dict(line.get(key) or {}).items()
