"""The embedded model in the seat: causal, the same however it is asked, and it knows its role."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import logit

from moderator.measure.bench.moments import Asked, Protocol
from moderator.measure.bench.seat_model import SeatModel
from moderator.mind.moderator_lm.about import About, Advice
from moderator.mind.moderator_lm.loading import Loaded
from moderator.timeline import to_samples
from tests.moderator.measure.bench.rooms import chat, seat_of
from tests.moderator.mind.moderator_lm.tiny import encode, network

ROOM = chat(3, minutes=3.0)
AT = np.array([to_samples(s) for s in (5.0, 40.0, 60.0, 61.0, 125.5)], dtype=np.int64)


def loaded() -> Loaded:
    """Random, and always the same."""
    return Loaded(network(), encode, About())


def asked(protocol: Protocol = Protocol.STREAM) -> Asked:
    return Asked(protocol, AT, np.zeros(len(AT), dtype=np.int64))


def test_one_pass_gives_what_each_protocol_alone_gives() -> None:
    model, seat = SeatModel("m", loaded), seat_of(ROOM)
    together = model.score_all(seat, [asked(protocol) for protocol in Protocol])
    for protocol, values in zip(Protocol, together.values, strict=True):
        np.testing.assert_allclose(model.score(seat, asked(protocol)), values, atol=1e-4)


def test_what_is_said_later_changes_nothing() -> None:
    model = SeatModel("m", loaded)
    whole = model.score(seat_of(ROOM), asked())
    for index, at in enumerate(AT):
        past = tuple(word for word in ROOM.words if word.start < at)
        before = model.score(seat_of(replace(ROOM, words=past)), asked())
        np.testing.assert_allclose(before[index], whole[index], atol=1e-4)


def test_the_role_is_told_or_not() -> None:
    told = SeatModel("m", loaded).score(seat_of(ROOM), asked())
    untold = SeatModel("n", loaded, role=False, without_role_of="m")
    assert untold.traits.without_role_of == "m"
    assert np.abs(untold.score(seat_of(ROOM), asked()) - told).max() > 1e-6


def thinking() -> Loaded:
    """The same, and it thinks."""
    return Loaded(network(thinks=True), encode, About(after_thought=Advice()))


def test_a_thought_changes_the_decision_and_only_where_it_is_asked_for() -> None:
    seat = seat_of(ROOM)
    plain = SeatModel("m", loaded).score(seat, asked())
    np.testing.assert_array_equal(SeatModel("o", thinking).score(seat, asked()), plain)
    thought = SeatModel("t", thinking, thinks=True).score(seat, asked())
    assert np.abs(thought - plain).max() > 1e-3


def doubly_sure() -> Loaded:
    """Thinks, and its logits count twice after that."""
    about = About(after_thought=Advice(scale=(2.0, 2.0, 2.0, 2.0)))
    return Loaded(network(thinks=True), encode, about)


def test_after_a_thought_its_own_scale_counts() -> None:
    seat = seat_of(ROOM)
    once = SeatModel("t", thinking, thinks=True).score(seat, asked())
    twice = SeatModel("u", doubly_sure, thinks=True).score(seat, asked())
    np.testing.assert_allclose(logit(twice), 2.0 * logit(once), rtol=1e-6)
    plain = SeatModel("o", thinking).score(seat, asked())
    np.testing.assert_array_equal(SeatModel("p", doubly_sure).score(seat, asked()), plain)
