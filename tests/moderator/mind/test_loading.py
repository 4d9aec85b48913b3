"""Minds by name, as on the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from moderator.errors import InputError
from moderator.mind.loading import load_mind
from moderator.mind.moderator_lm import loading

KEY = {"OPENAI_API_KEY": "sk-secret"}


def test_duties_are_the_default() -> None:
    assert load_mind(environ={}).capabilities.name == "duties"


@pytest.mark.parametrize(
    ("url", "environ"),
    [
        ("http://127.0.0.1:8000/v1", {}),
        (None, {"OPENAI_BASE_URL": "http://127.0.0.1:8000/v1"}),
        (None, KEY),
    ],
)
def test_a_server_is_joined_with_the_duties(url: str | None, environ: dict[str, str]) -> None:
    capabilities = load_mind("openai:qwen2.5:7b", url, environ=environ).capabilities
    assert capabilities.name == "duties+openai"
    assert capabilities.models == ("openai:qwen2.5:7b",)
    assert capabilities.open_answers


@pytest.mark.parametrize(
    ("spec", "url", "environ", "what", "where"),
    [
        ("oracle", None, KEY, "unknown mind 'oracle'", "--mind"),
        ("duties:x", None, KEY, "unknown mind", "--mind"),
        ("", None, KEY, "unknown mind", "--mind"),
        ("\x1b[31m", None, KEY, r"unknown mind '\\x1b", "--mind"),
        ("openai", None, KEY, "no model is named", "--mind"),
        ("openai:", None, KEY, "no model is named", "--mind"),
        ("openai:a b", None, KEY, "pattern", "--mind"),
        ("openai:m", None, {}, "neither a server nor a key", "--mind openai"),
        ("openai:m", "ftp://host", KEY, "not an address", "--mind-url"),
        ("openai:m", "http://[", KEY, "Invalid", "--mind-url"),
        ("openai:m", "http://me:hidden@host/v1", KEY, "without user", "--mind-url"),
        ("duties", "http://host/v1", {}, "no model to ask", "--mind-url"),
    ],
)
def test_what_cannot_be_loaded_is_said_in_one_line(
    spec: str, url: str | None, environ: dict[str, str], what: str, where: str
) -> None:
    with pytest.raises(InputError, match=what) as caught:
        load_mind(spec, url, environ=environ)
    assert caught.value.where.startswith(where)
    assert caught.value.todo
    message = str(caught.value)
    assert message.isprintable()
    assert "hidden" not in message
    assert "secret" not in message


def test_the_client_is_not_imported_before_a_meeting_opens() -> None:
    code = (
        "import sys; from moderator.mind.loading import load_mind;"
        "load_mind('openai:m', 'http://127.0.0.1:1/v1');"
        "print(sorted({'openai', 'torch', 'hibari'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_embedded_model_is_not_imported_before_a_meeting_opens() -> None:
    code = (
        "import sys; from moderator.mind.timed import TimedDuties;"
        "from moderator.mind.moderator_lm.mind import ModeratorLM;"
        "from moderator.mind.duties.session import Duties;"
        "TimedDuties(Duties(), ModeratorLM(lambda: 1 / 0)).capabilities;"
        "import moderator.mind.moderator_lm.session, moderator.mind.moderator_lm.about;"
        "print(sorted({'transformers', 'torch', 'ctranslate2'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_weights_that_have_not_learned_to_hear_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin = tmp_path / "pin.json"
    pin.write_text('{"sha256": "0"}')
    monkeypatch.setattr(loading, "PIN", pin)
    with pytest.raises(InputError, match="not learned to hear") as caught:
        load_mind("moderator-lm-hear", environ={})
    assert "moderator-lm" in caught.value.todo
