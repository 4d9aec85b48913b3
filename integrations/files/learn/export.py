"""`moderator learn export`: a run becomes the files that ship."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from integrations.files.disk.atomic import disk_errors, write_text
from integrations.files.learn.prepared import fresh_network, read_prepared
from integrations.files.learn.run import Told, answer_all, scores_of, tell
from moderator.errors import InputError

if TYPE_CHECKING:
    from moderator.learn.prepared import PreparedMeeting
    from moderator.learn.run import Settings
    from moderator.learn.scores import Answers
    from moderator.mind.moderator_lm.about import About
    from moderator.mind.moderator_lm.network import Network


def export_run(
    directory: Path,
    tune: Path,
    out: Path,
    data: str,
    projector: Path | None = None,
    plays: Path | None = None,
) -> str:
    """Writes weights, pin and model card.

    Args:
        directory: of the run.
        tune: prepared meetings on which threshold and calibration are chosen.
        out: for the weights.
        data: what it was trained on, for people.
        projector: an aligned one that goes with them.
        plays: prepared role-plays on which each role's threshold is chosen.

    Returns:
        The weights' sha256.

    Raises:
        InputError: there is no run, nothing to tune on, no such projector, or nothing can be
            written.
    """
    from moderator.learn.align_run import load_projector
    from moderator.learn.card import model_card
    from moderator.learn.export import weigh_words
    from moderator.learn.run import load_run
    from moderator.learn.thought_run import load_thoughts
    from moderator.mind.moderator_lm.checkpoint import save

    meetings, settings = read_prepared(tune, directory)
    by_role = _by_role(read_prepared(plays, directory)[0], plays) if plays else {}
    with disk_errors(out.parent):
        out.parent.mkdir(parents=True, exist_ok=True)  # now, not after minutes of computing
    network, _ = fresh_network(settings.backbone)
    step = load_run(network, directory)
    thinks = load_thoughts(network, directory)
    if projector is not None:
        load_projector(network, projector)
    _check_unseen(settings, meetings, f"--tune {tune}")
    for some in by_role.values():
        _check_unseen(settings, some, f"--plays {plays}")
    told = tell(network, meetings)
    played = {role: answer_all(network, some, "stream") for role, some in by_role.items()}
    shares = weigh_words(network, told["stream", True], told["boundary", True])
    told = {key: one.weighing_words(shares) for key, one in told.items()}
    played = {role: one.weighing_words(shares) for role, one in played.items()}
    about = _about(network, settings, told, played, thinks=thinks)
    about = about.model_copy(update={"data": data[:500], "aligned": projector is not None})
    with disk_errors(out):
        sha256 = save(network, about, out)
    write_text(out.with_suffix(".json"), json.dumps(_pin(sha256, about, settings)) + "\n")
    card = model_card(about, settings, step, scores_of(told), [one.meeting_id for one in meetings])
    write_text(out.with_name("MODEL_CARD.md"), card)
    return sha256


def _by_role(
    meetings: Sequence[PreparedMeeting], where: Path
) -> Mapping[str, Sequence[PreparedMeeting]]:
    """Role-plays by the position that is played."""
    found: dict[str, list[PreparedMeeting]] = {}
    for one in meetings:
        if one.played is None:
            todo = "prepare what `moderator learn role-play` wrote"
            what = f"nobody plays a role in {one.meeting_id!a}"
            raise InputError(what, where=f"--plays {where}", todo=todo)
        found.setdefault(one.played, []).append(one)
    return found


def _check_unseen(settings: Settings, meetings: Sequence[PreparedMeeting], where: str) -> None:
    from moderator.learn.role_play import original

    learned = set(map(original, settings.meetings))
    if learned & {original(meeting.meeting_id) for meeting in meetings}:
        todo = "choose threshold and calibration on meetings that were not learned from"
        raise InputError("some of these were trained on", where=where, todo=todo)


def _about(
    network: Network,
    settings: Settings,
    told: Told,
    played: Mapping[str, Answers],
    *,
    thinks: bool,
) -> About:
    """What the weights say of themselves."""
    from moderator.cli.models import open_store
    from moderator.learn.export import advice, words_reach
    from moderator.mind.moderator_lm.about import About
    from moderator.mind.moderator_lm.unpacked import MODEL

    own = settings.backbone
    stream, boundary = told["stream", True], told["boundary", True]
    about = About(
        shape=network.shape,
        backbone=own.sha256 if own else open_store(offline=True).model(MODEL).files[0].sha256,
        words_reach=words_reach([stream, *played.values()]),
        **advice(stream, boundary, played).model_dump(),
    )
    if not thinks:
        return about
    over = {role: one.thought_over() for role, one in played.items()}
    after = advice(stream.thought_over(), boundary.thought_over(), over)
    return about.model_copy(update={"after_thought": after})


def _pin(sha256: str, about: About, settings: Settings) -> dict[str, Any]:
    """What stands beside the weights, to be read without loading them."""
    traits = {"thinks": about.after_thought is not None, "aligned": about.aligned}
    pin: dict[str, Any] = {"sha256": sha256} | {
        trait: True for trait, there in traits.items() if there
    }
    if settings.backbone is not None:
        pin["backbone"] = settings.backbone.model_dump(mode="json")
    return pin
