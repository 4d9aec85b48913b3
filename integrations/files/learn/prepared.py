"""Meetings prepared for learning, and the language model that they are prepared for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from integrations.files.bench.records import read_meetings
from integrations.files.disk.atomic import disk_errors
from moderator.cli.console import progress
from moderator.errors import InputError
from moderator.measure.bench.meeting import BenchMeeting
from moderator.workers import PROCESSES, check_place, workers

if TYPE_CHECKING:
    from moderator.learn.prepared import PreparedMeeting
    from moderator.learn.run import Settings
    from moderator.mind.moderator_lm.network import Network
    from moderator.mind.moderator_lm.own_backbone import OwnBackbone
    from moderator.mind.moderator_lm.script import Encode


@lru_cache(maxsize=1)
def fresh_network(own: OwnBackbone | None = None, *, whole: bool = False) -> tuple[Network, Encode]:
    """An untrained network, once in each process.

    Args:
        own: its language model; None: the embedded one.
        whole: with the layers that only say which token follows.

    Raises:
        InputError: the language model is missing or broken.
    """
    import torch

    from moderator.cli.models import open_store
    from moderator.mind.moderator_lm.backbone import choose_device, load_backbone
    from moderator.mind.moderator_lm.network import Network
    from moderator.mind.moderator_lm.number_type import number_type
    from moderator.mind.moderator_lm.own_backbone import shape_for
    from moderator.mind.moderator_lm.shape import Shape
    from moderator.mind.moderator_lm.unpacked import read_encode, unpacked

    store = open_store(offline=False, show_progress=False)
    if own is None:
        shape = Shape()
        backbone = load_backbone(store, None if whole else shape.depth)
        encode = read_encode(unpacked(store))
    else:
        backbone, encode = own.load(number_type(store, choose_device()))
        shape = shape_for(backbone.shape)
    torch.manual_seed(0)
    return Network(shape, backbone).to(choose_device()), encode


def prepare_meetings(
    records: Sequence[Path],
    out: Path,
    jobs: int | None,
    backbone: Path | None = None,
    on: str = PROCESSES,
) -> tuple[int, int]:
    """Prepares every meeting that is not there yet.

    Args:
        records: of the meetings.
        out: for them.
        jobs: meetings at the same time; None: as many as there is room for.
        backbone: directory of the language model; None: the embedded one.
        on: where, see `moderator.workers.workers`.

    Returns:
        How many were prepared, and how many were there.

    Raises:
        InputError: records are missing or broken, others were prepared for another language model,
            or nothing can be written.
    """
    from moderator.mind.moderator_lm.own_backbone import REMEMBERED, OwnBackbone

    check_place(on)
    out = out.absolute()  # means the same to whoever works elsewhere
    meetings = read_meetings(records)
    own = OwnBackbone.at(backbone) if backbone else None
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        if any(out.glob("*.safetensors")):
            _check_backbone(out, own)
        elif own is not None:
            own.remember(out / REMEMBERED)
    missing = [one for one in meetings if not _place(out, one).exists()]
    if missing:
        fresh_network(own)  # one process unpacks the language model, not all at once
    with workers(jobs, on) as pool, progress("preparing", float(len(missing))) as advance:
        pool.each([partial(_prepare_one, one, out, own) for one in missing], advance)
    return len(missing), len(meetings) - len(missing)


def _check_backbone(prepared: Path, own: OwnBackbone | None) -> None:
    """Meetings are prepared for one language model, and of use to it alone.

    Raises:
        InputError: these were prepared for another one.
    """
    from moderator.mind.moderator_lm.own_backbone import REMEMBERED, OwnBackbone

    known = OwnBackbone.remembered(prepared / REMEMBERED)
    if (known and known.sha256) != (own and own.sha256):
        raise InputError(
            "these meetings were prepared for another language model",
            where=str(prepared),
            todo="prepare them for this one, in another directory",
        )


def read_prepared(prepared: Path, directory: Path) -> tuple[list[PreparedMeeting], Settings]:
    """Prepared meetings, and the settings of a run that is to read them.

    Raises:
        InputError: one of them is missing, or they are for different language models.
    """
    from moderator.learn.prepared import read_all
    from moderator.learn.run import read_settings

    meetings, settings = read_all(prepared), read_settings(directory)
    _check_backbone(prepared, settings.backbone)
    return meetings, settings


def _place(out: Path, meeting: BenchMeeting) -> Path:
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in meeting.meeting_id)
    return out / f"{name[:80].lstrip('.') or 'meeting'}.safetensors"


def _prepare_one(meeting: BenchMeeting, out: Path, own: OwnBackbone | None) -> None:
    from moderator.learn.prepared import prepare, write

    network, encode = fresh_network(own)
    with disk_errors(out):
        write(prepare(meeting, network, encode), _place(out, meeting))
