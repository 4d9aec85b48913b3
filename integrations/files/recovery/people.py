"""Who was in a run, and what they are and were called."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from integrations.files.disk.foreign import shown
from integrations.files.disk.outdir import JOURNAL
from moderator.errors import InputError
from moderator.journal.lines import Line, read, role_from
from moderator.journal.relabelling import Labels, labels_in
from moderator.meeting.names import name_key, own_names


@dataclass(slots=True)
class People:
    """Everybody in a run.

    Attributes:
        where: the run's directory, for messages.
        names: all that somebody was called in the meeting, the last name last, by id.
        labels: that count now.
        agent: what the agent is called.
    """

    where: str
    names: dict[str, list[str]] = field(default_factory=dict)
    labels: Labels = field(default_factory=Labels)
    agent: frozenset[str] = frozenset()

    @classmethod
    def of(cls, directory: Path) -> People:
        """Those in a run's journal.

        Raises:
            InputError: it cannot be read.
        """
        path = directory / JOURNAL
        found = cls(shown(directory), labels=labels_in(path))
        for line in read(path):
            kind = line["kind"]
            if kind == "opened":
                found.agent = frozenset(map(name_key, _own_names(line, path)))
                for id_, person in line["participants"].items():
                    found.names[id_] = [person["name"]]
            elif kind == "role_changed":
                found.agent |= frozenset(map(name_key, _own_names(line, path)))
            elif kind in ("joined", "renamed"):
                found.names.setdefault(line["id"], []).append(line["name"])
            elif kind == "heard":
                for who, *_ in (*line.get("words", ()), *line.get("activities", ())):
                    found.names.setdefault(who, [who])
        return found

    def shown(self, label: str) -> str:
        """What somebody with a label is called."""
        if label in self.labels.names:
            return self.labels.names[label]
        return self.names[label][-1] if label in self.names else label

    def everybody(self) -> list[str]:
        """All labels, once each."""
        return list(dict.fromkeys(map(self.labels.of, self.names)))

    def find(self, text: str) -> str | None:
        """The label of whoever is, or else was, called so or has that id; None: nobody."""
        everybody = self.everybody()
        now = [one for one in everybody if text == one]
        now += [one for one in everybody if text == self.shown(one)]
        before = [self.labels.of(id_) for id_ in self.names if text == id_]
        before += [self.labels.of(id_) for id_, names in self.names.items() if text in names]
        return next(iter((*now, *before)), None)

    def ids(self, text: str) -> list[str]:
        """All ids of whoever `find` finds, sorted."""
        label = self.find(text)
        return sorted(id_ for id_ in self.names if self.labels.of(id_) == label)

    def unknown(self, text: str, where: str) -> InputError:
        """The error of a name that nobody has."""
        known = ", ".join(sorted({self.shown(one) for one in self.everybody()})[:20])
        return InputError(
            f"nobody is called {text[:60]!r}",
            where=where,
            todo=f"name one of: {known}" if known else "nobody was heard there",
        )


def _own_names(line: Line, path: Path) -> tuple[str, ...]:
    """What the agent is called from a line with a role on."""
    label = (line["agent"],) if "agent" in line else ()
    try:
        identity = role_from(line, str(path)).identity
    except InputError:  # of another version
        return label
    return (*label, *own_names(identity.name, identity.aliases))
