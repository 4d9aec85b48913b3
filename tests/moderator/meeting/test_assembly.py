from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from moderator.ears import loading
from moderator.ears.whisper_stream import StreamOptions
from moderator.meeting.assembly import UNHURRIED_S, Hearing, ear_models
from moderator.models.store import ModelStore


@pytest.mark.parametrize(
    ("as_live", "step_s"), [(True, StreamOptions().step_s), (False, UNHURRIED_S)]
)
def test_words_are_guessed_less_often_where_nobody_waits_for_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, as_live: bool, step_s: float
) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr(loading, "load_ear_models", lambda _store, **how: given.update(how))
    ear_models(Hearing(ModelStore(tmp_path), as_live=as_live))
    assert given["options"] == StreamOptions(step_s=step_s)
