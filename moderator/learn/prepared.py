"""Prepared meetings on disk: one safetensors file each, tensors only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from moderator.errors import InputError
from moderator.learn.examples import Asked, SeatExample, seat_example, seats
from moderator.measure.bench.meeting import BenchMeeting
from moderator.measure.bench.seat_text import segments
from moderator.mind.moderator_lm.network import Network
from moderator.mind.moderator_lm.passage import read_below
from moderator.mind.moderator_lm.script import Encode, Segment, Tokens
from moderator.mind.moderator_lm.tensor_file import read_tensors, write_tensors
from moderator.plain_json import parse_json

KINDS = ("stream", "between", "boundary")
"""The moments of a `SeatExample`, in order."""


@dataclass(frozen=True, slots=True)
class PreparedSeat:
    """A seat, its prompts after the layers that are not trained.

    Attributes:
        example: its moments.
        prompt: ``(p, hidden)``.
        bare: ``(p, hidden)`` without any role.
    """

    example: SeatExample
    prompt: Tensor
    bare: Tensor


@dataclass(frozen=True, slots=True)
class PreparedMeeting:
    """A meeting ready to learn from.

    Attributes:
        meeting_id: its name.
        segments: of its transcript.
        words: per segment ``(t, hidden)`` after the layers that are not trained; in bfloat16,
            whatever the machine computes in.
        seats: everybody's.
        played: the position of the only seat, where somebody plays a role; None for a meeting in
            which nobody does.
    """

    meeting_id: str
    segments: Sequence[Segment]
    words: Sequence[Tensor]
    seats: Sequence[PreparedSeat]
    played: str | None = None


def prepare(meeting: BenchMeeting, network: Network, encode: Encode) -> PreparedMeeting:
    """Reads a meeting through the lower layers and lists all its moments."""
    room = network.shape.prompt_tokens
    parts = segments(meeting, encode)
    words = _below(network, [part.tokens.ids for part in parts], room)
    examples = [seat_example(seat, encode, room) for seat in seats(meeting)]
    texts = [ids for example in examples for ids in (example.prompt, example.bare)]
    prompts = _below(network, texts, 0)
    ready = [
        PreparedSeat(example, prompts[2 * index], prompts[2 * index + 1])
        for index, example in enumerate(examples)
    ]
    played = meeting.participants[meeting.played].position if meeting.played is not None else None
    return PreparedMeeting(meeting.meeting_id, parts, words, ready, played)


def _below(network: Network, texts: Sequence[NDArray[np.int64]], first: int) -> list[Tensor]:
    return [one.bfloat16() for one in read_below(network, texts, first)]


def write(meeting: PreparedMeeting, path: Path) -> None:
    """Writes a prepared meeting; what is there appears whole or not at all.

    Raises:
        OSError: the disk is full, or the place cannot be written to.
    """
    tensors: dict[str, Tensor] = {
        "words": torch.cat(list(meeting.words)),
        "ids": _tensor(np.concatenate([part.tokens.ids for part in meeting.segments])),
        "known": _tensor(np.concatenate([part.tokens.known for part in meeting.segments])),
        "lengths": torch.tensor([len(part.tokens) for part in meeting.segments]),
        "begins": torch.tensor([part.begin for part in meeting.segments]),
    }
    for index, seat in enumerate(meeting.seats):
        tensors[f"{index}.prompt"], tensors[f"{index}.bare"] = seat.prompt, seat.bare
        tensors[f"{index}.prompt_ids"] = _tensor(seat.example.prompt)
        tensors[f"{index}.bare_ids"] = _tensor(seat.example.bare)
        for kind in KINDS:
            for field in fields(Asked):
                values = getattr(getattr(seat.example, kind), field.name)
                tensors[f"{index}.{kind}.{field.name}"] = _tensor(values)
    about = {
        "meeting_id": meeting.meeting_id,
        "seats": [[seat.example.speaker, seat.example.leads] for seat in meeting.seats],
        "played": meeting.played,
    }
    write_tensors(tensors, path, {"about": json.dumps(about)})


def _tensor(values: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values))


def read(path: Path) -> PreparedMeeting:
    """Reads a prepared meeting; tensors stay on disk until they are used.

    Raises:
        InputError: the file is not one that `write` wrote.
    """
    try:
        tensors, says = read_tensors(path)
        return _assembled(parse_json(says["about"]), tensors)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            "not a prepared meeting",
            where=f"{path}: {error}",
            todo="delete it and run `moderator learn prepare` again",
        ) from error


def _assembled(about: dict[str, object], tensors: dict[str, Tensor]) -> PreparedMeeting:
    lengths = tensors["lengths"].tolist()
    words, ids, known = (torch.split(tensors[name], lengths) for name in ("words", "ids", "known"))
    parts = [
        Segment(begin, Tokens(one.numpy(), when.numpy()))
        for begin, one, when in zip(tensors["begins"].tolist(), ids, known, strict=True)
    ]
    listed = about["seats"]
    if not isinstance(listed, list):
        raise TypeError("no seats")
    ready = []
    for index, (speaker, leads) in enumerate(listed):
        prompts = [tensors[f"{index}.{name}"].numpy() for name in ("prompt_ids", "bare_ids")]
        asked = [_moments(tensors, f"{index}.{kind}") for kind in KINDS]
        example = SeatExample(str(speaker), bool(leads), prompts[0], prompts[1], *asked)
        ready.append(PreparedSeat(example, tensors[f"{index}.prompt"], tensors[f"{index}.bare"]))
    played = about.get("played")
    name = str(about["meeting_id"])
    return PreparedMeeting(name, parts, words, ready, None if played is None else str(played))


def _moments(tensors: dict[str, Tensor], where: str) -> Asked:
    return Asked(*(tensors[f"{where}.{field.name}"].numpy() for field in fields(Asked)))


def read_all(directory: Path) -> list[PreparedMeeting]:
    """All prepared meetings of a directory, by file name.

    Raises:
        InputError: there are none, or one is broken.
    """
    files = sorted(directory.glob("*.safetensors")) if directory.is_dir() else []
    if not files:
        raise InputError(
            "no prepared meetings in it",
            where=str(directory),
            todo="run `moderator learn prepare RECORDS --out` with this directory",
        )
    return [read(path) for path in files]
