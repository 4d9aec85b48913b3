"""Puts names right in a run that is over: who is who, and which voices are one person's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from integrations.files.disk.foreign import checked_id, clipped, shown
from integrations.files.disk.lock import locked
from integrations.files.disk.outdir import JOURNAL
from integrations.files.recovery.appending import append
from integrations.files.recovery.erasing import before_all, settle
from integrations.files.recovery.people import People
from integrations.files.recovery.recovering import recover_if_needed
from moderator.errors import InputError
from moderator.events import Relabelled
from moderator.journal.relabelling import Labels
from moderator.labels import unnamed
from moderator.meeting.names import name_key

_MOST_COMMAS = 5
"""Pieces between commas that may be one name."""


def relabel_in(directory: Path, renames: Sequence[str], merges: Sequence[str]) -> Labels:
    """Gives people in a finished run other names, and makes voices one person's.

    The journal gets a line `relabelled`; then all files that tell of the meeting are made anew,
    the summary last. Whoever opens the directory next goes on where that was broken off.

    Args:
        directory: the run's.
        renames: each ``OLD=NEW``; `OLD` is an id or a name, now or in the meeting.
        merges: each ``A,B,…``; all become the first.

    Returns:
        The labels that count now.

    Raises:
        InUse: the run goes on.
        InputError: a name is not known, is the agent's or another's, or something cannot be read or
            written. Nothing was written if the journal was not.
    """
    recover_if_needed(directory)
    with locked(directory):
        people = People.of(directory)
        labels = changed(people, renames, merges)
        return _settled(directory, people, labels)


def restore_in(directory: Path) -> Labels:
    """Takes all renames and merges back: everybody is called what they were called in the meeting.

    Raises:
        InUse: the run goes on.
        InputError: there are none, or something cannot be read or written.
    """
    recover_if_needed(directory)
    with locked(directory):
        people = People.of(directory)
        if not people.labels.by_id:
            raise InputError(
                "no names were changed", where=shown(directory), todo="leave out --undo-names"
            )
        return _settled(directory, people, Labels())


def _settled(directory: Path, people: People, labels: Labels) -> Labels:
    if labels != people.labels:
        line = Relabelled(before_all(directory) - 1, labels.by_id, labels.names)
        append(directory / JOURNAL, line)
    settle(directory)
    return labels


def changed(people: People, renames: Sequence[str], merges: Sequence[str]) -> Labels:
    """The labels of people once names were changed and voices merged.

    Args:
        people: of the run, with the labels that count so far.
        renames: see `relabel_in`.
        merges: see `relabel_in`.

    Raises:
        InputError: a name is not known, is the agent's or another's.
    """
    roots = {label: label for label in people.everybody()}
    for text in merges:
        _merge(people, text, roots)
    names: dict[str, str] = {}
    for text in renames:
        old, new = _rename(people, text)
        root = roots[old]
        if names.setdefault(root, new) != new:
            raise InputError(
                f"two names for {people.shown(root)}, {names[root]!r} and {new!r}",
                where="--rename",
                todo="give one",
            )
    _check_apart(people, set(roots.values()), names)
    final = {id_: roots[people.labels.of(id_)] for id_ in people.names}
    by_id = {id_: names.get(root, root) for id_, root in final.items()}
    by_id = {id_: label for id_, label in by_id.items() if id_ != label}
    kept = {names.get(root, root): names.get(root, people.shown(root)) for root in roots.values()}
    return Labels(by_id, {label: kept[label] for label in sorted(set(by_id.values()))})


def _merge(people: People, text: str, roots: dict[str, str]) -> None:
    labels = [_label(people, one, "--merge", "merged") for one in _split(people, text)]
    found = list(dict.fromkeys(roots[label] for label in labels))
    if len(labels) < 2:
        raise InputError("one person", where=f"--merge {clipped(text)}", todo="name two or more")
    for label, root in roots.items():
        if root in found:
            roots[label] = found[0]


def _split(people: People, text: str) -> list[str]:
    """The names between commas; a name may have commas itself, as ``Lee, Ana``."""
    parts = text.split(",")
    found: list[str] = []
    while parts:
        tried = (",".join(parts[:count]).strip() for count in range(_MOST_COMMAS, 0, -1))
        known = next((one for one in tried if people.find(one) is not None), parts[0].strip())
        found.append(known)
        parts = parts[known.count(",") + 1 :]
    return found


def _rename(people: People, text: str) -> tuple[str, str]:
    """A label, and the name that takes its place."""
    sides = [(text[:at].strip(), text[at + 1 :]) for at, char in enumerate(text) if char == "="]
    if not sides:
        raise InputError(
            "no '=' in it", where=f"--rename {clipped(text)}", todo="give it as OLD=NEW"
        )
    old, new = next((side for side in sides if people.find(side[0]) is not None), sides[0])
    label = _label(people, old, "--rename", "renamed")
    new = checked_id(new, f"--rename {clipped(text)}")
    if name_key(new) in people.agent:
        raise InputError(
            f"{new!r} is the agent", where=f"--rename {clipped(text)}", todo="choose another name"
        )
    return label, new


def _label(people: People, text: str, option: str, done: str) -> str:
    label = people.find(text)
    if label is None and name_key(text) in people.agent:
        raise InputError(f"the agent cannot be {done}", where=option, todo="name a participant")
    if label is None:
        raise people.unknown(text, option)
    if unnamed(label):
        raise InputError(
            f"{text!r} are voices that were not told apart", where=option, todo="name a person"
        )
    return label


def _check_apart(people: People, roots: set[str], names: Mapping[str, str]) -> None:
    """Nobody gets a name or label that somebody else has."""
    called = {root: (names.get(root, root), names.get(root, people.shown(root))) for root in roots}
    for root, new in sorted(names.items()):
        for other in sorted(roots - {root}):
            if name_key(new) in map(name_key, called[other]):
                raise InputError(
                    f"{people.shown(root)} and {people.shown(other)} would both be {new!r}",
                    where="--rename",
                    todo=f"add --merge {root},{other} if they are one, or choose another name",
                )
