"""Plugins as the command line names them."""

from __future__ import annotations

from pathlib import Path

import pytest
from livekit.agents import inference, stt, tts

from integrations.livekit.providers.specs import Wanted, made
from moderator.errors import InputError
from moderator.mind.duties.session import Duties
from roles.loader import load_role

ROLE = load_role("facilitator")
FAKES = "tests.integrations.livekit.providers.fakes"


def test_a_class_with_arguments_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "voice.yaml"
    file.write_text("rate: 48000\naligned: true\n")
    assert made(f"{FAKES}:FakeTts@{file}", "--tts", tts.TTS).sample_rate == 48_000


def test_a_model_of_the_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKIT_API_KEY", "key")
    monkeypatch.setenv("LIVEKIT_API_SECRET", "secret")
    found = made("deepgram/nova-3:en", "--stt", stt.STT)
    assert isinstance(found, inference.STT)
    assert found.model == "deepgram/nova-3"


@pytest.mark.parametrize(
    ("spec", "arguments", "what"),
    [
        ("nothing", None, r"no plugin is called nothing, --stt"),
        ("a\nb", None, r"no plugin is called a\\nb, --stt"),
        ("no_such_module:STT", None, r"no module no_such_module is installed, --stt"),
        (f"{FAKES}:NoSuch", None, r"fakes has no NoSuch, --stt"),
        (f"{FAKES}:FakeTts", None, r"FakeTts is no livekit\.agents\.stt\.STT, --stt"),
        (f"{FAKES}:final", None, r"final is no livekit\.agents\.stt\.STT, --stt"),
        (f"{FAKES}:FakeStt", None, r"cannot be made \(TypeError: .*script.*\), --stt"),
        (f"{FAKES}:FakeStt", "x: 1", r"cannot be made \(TypeError.*\), --stt"),
        (f"{FAKES}:FakeStt", "- 1", r"no arguments by name, "),
        (f"{FAKES}:FakeStt", "x: [", r"no valid YAML, "),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    spec: str, arguments: str | None, what: str, tmp_path: Path
) -> None:
    if arguments is not None:
        file = tmp_path / "arguments.yaml"
        file.write_text(arguments)
        spec += f"@{file}"
    with pytest.raises(InputError, match=what) as error:
        made(spec, "--stt", stt.STT)
    assert "\n" not in str(error.value)


def test_a_missing_file_of_arguments_is_told() -> None:
    with pytest.raises(InputError, match="no such file"):
        made(f"{FAKES}:FakeStt@/no/such.yaml", "--stt", stt.STT)


def test_without_a_key_the_gateway_is_refused_before_the_meeting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("KEY", "SECRET"):
        monkeypatch.delenv(f"LIVEKIT_API_{name}", raising=False)
        monkeypatch.delenv(f"LIVEKIT_INFERENCE_API_{name}", raising=False)
    with pytest.raises(InputError, match="--stt"):
        Wanted(stt="deepgram/nova-3").check(Duties(), ROLE)
    Wanted().check(Duties(), ROLE)
