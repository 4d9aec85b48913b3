"""Who shares a microphone, and what the voices on it are called."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from integrations.livekit.hearing.shared_diarization import SharedDiarization
from integrations.livekit.people.shared_microphones import SharedMicrophones
from moderator.errors import InputError
from roles.loader import load_role
from roles.schema import Role


def microphones(*shared: str) -> SharedMicrophones:
    role = load_role("observer").model_dump(mode="json")
    return SharedMicrophones(Role.model_validate(role | {"microphones": {"shared": list(shared)}}))


def test_by_role_or_by_attribute() -> None:
    shared = microphones("hall")
    assert shared.shares("hall")
    assert not shared.read_attributes("ana", {"moderator.shared_mic": "no"})
    assert shared.read_attributes("ana", {"moderator.shared_mic": " TRUE "})
    assert shared.shares("ana")
    assert shared.read_attributes("ana", {})
    assert not shared.shares("ana")
    assert not shared.read_attributes("hall", {})


def test_voices_belong_to_their_microphone() -> None:
    shared = microphones("hall/west")
    assert shared.microphone_of("hall/west/speaker_2") == "hall/west"
    assert shared.name_of("hall/west/speaker_2") == "speaker 2"
    assert shared.name_of("hall/west/Ana Li") == "Ana Li"
    for person in ("ana", "hall/speaker_1", "hall/west"):
        assert shared.microphone_of(person) == person
        assert shared.name_of(person) is None


def test_what_was_said_on_a_microphone_stays_its_own_when_it_is_shared_no_more() -> None:
    shared = microphones()
    shared.read_attributes("ana", {"moderator.shared_mic": "1"})
    shared.read_attributes("ana", {})
    assert shared.microphone_of("ana/speaker_1") == "ana"


def test_no_participant_takes_the_label_of_a_voice() -> None:
    shared = microphones("hall")
    shared.read_attributes("hall/speaker_1", {})
    assert shared.disguised("hall/speaker_1")
    assert shared.microphone_of("hall/speaker_1") == "hall"
    assert not shared.disguised("hall")
    assert not shared.read_attributes("hall", {})  # its voices are still told apart
    assert shared.shares("hall")


def test_no_microphone_takes_a_participant_for_one_of_its_voices() -> None:
    shared = microphones("org/hall")
    shared.read_attributes("org/ana", {})
    assert not shared.read_attributes("org", {"moderator.shared_mic": "true"})
    assert not shared.shares("org")
    assert not shared.disguised("org/ana")
    assert shared.microphone_of("org/ana") == "org/ana"
    assert shared.labels_of("org") == ("org",)


def test_diarization_is_loaded_once_beside_the_meeting() -> None:
    gate: Future[None] = Future()
    loads = []

    def load() -> object:
        loads.append(1)
        gate.result(10)
        return lambda: "diarizer"

    diarization = SharedDiarization(load)  # type: ignore[arg-type]
    assert diarization.maker() is None
    assert not diarization.failed
    gate.set_result(None)
    diarization.prepare().result(10)
    assert diarization.maker() is not None
    assert loads == [1]


def test_models_that_cannot_be_loaded_are_known_to_be_missing() -> None:
    def load() -> object:
        raise InputError("model is not on this machine", todo="pull it")

    diarization = SharedDiarization(load)  # type: ignore[arg-type]
    with pytest.raises(InputError):
        diarization.prepare().result(10)
    assert diarization.failed
