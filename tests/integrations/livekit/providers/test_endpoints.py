"""Speech of OpenAI-compatible servers, as the command line names them."""

from __future__ import annotations

from typing import Any

import pytest
from livekit.agents import stt, tts

from integrations.livekit.providers.endpoints import endpoint
from integrations.livekit.providers.specs import Wanted
from moderator.errors import InputError
from moderator.mind.duties.session import Duties
from roles.loader import load_role

pytest.importorskip("livekit.plugins.openai", reason="extra `plugins`")

URL = "http://127.0.0.1:9/v1"
NONE: dict[str, str] = {}


def test_a_model_at_an_address_needs_no_key() -> None:
    hears = endpoint("openai:whisper-1", URL, "--stt", "de", NONE)
    assert isinstance(hears, stt.STT)
    assert (hears.model, hears.capabilities.streaming) == ("whisper-1", False)
    inside: Any = hears
    assert str(inside._client.base_url) == f"{URL}/"
    assert inside._opts.languages == ["de"]
    assert inside._client.api_key == "none"
    speaks = endpoint("openai:kokoro", None, "--tts", "en", {"OPENAI_BASE_URL": URL})
    assert isinstance(speaks, tts.TTS)
    assert speaks.model == "kokoro"
    assert str(speaks._client.base_url) == f"{URL}/"  # type: ignore[attr-defined]


def test_the_key_comes_from_the_environment() -> None:
    hears = endpoint("openai:gpt-4o-transcribe", None, "--stt", "en", {"OPENAI_API_KEY": "SECRET"})
    assert hears._client.api_key == "SECRET"
    assert "api.openai.com" in str(hears._client.base_url)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (Wanted(stt="openai:", stt_url=URL), "no model is named, --stt, use --stt openai:MODEL"),
        (Wanted(tts="openai:a b", tts_url=URL), "no model is named, --tts, use --tts openai:MODEL"),
        (
            Wanted(stt="openai:m", stt_url="nowhere"),
            "not an address like http://127.0.0.1:8000/v1, --stt-url or OPENAI_BASE_URL, correct",
        ),
        (
            Wanted(stt="openai:m", stt_url="http://me:SECRET@h/v1"),
            "an address without user, password and query is needed, --stt-url or OPENAI_BASE_URL",
        ),
        (Wanted(tts="openai:m"), "neither a server nor a key, --tts openai:m, give --tts-url, or"),
        (Wanted(stt_url=URL), "an address, but no model to ask there, --stt-url, give --stt open"),
        (
            Wanted(tts="a.b:C", tts_url=URL),
            "an address, but no model to ask there, --tts-url, give --tts openai:MODEL",
        ),
        (Wanted(vad="silero"), "no plugin is called silero, --vad, give"),
        (Wanted(vad="livekit/silero"), "no plugin is called livekit/silero, --vad, give"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    wanted: Wanted, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError) as error:
        wanted.check(Duties(), load_role("facilitator"))
    assert str(error.value).startswith(told)
    assert "SECRET" not in str(error.value)
    assert "\n" not in str(error.value)
