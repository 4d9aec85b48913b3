"""Models of a process."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.livekit.hearing import model_cache
from integrations.livekit.hearing.model_cache import ModelCache
from roles.loader import load_role


def test_what_was_loaded_ahead_is_not_loaded_again_for_an_app_with_ears_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded: list[bool] = []

    def load(*_: Any, ears_brought: bool) -> object:
        loaded.append(ears_brought)
        return object()

    monkeypatch.setattr(model_cache, "load_models", load)
    store: Any = None
    role = load_role("facilitator")
    cache = ModelCache(store, store)
    assert cache.for_role(role, ears_brought=True) is cache.for_role(role, ears_brought=True)
    ahead = cache.for_role(role)
    assert cache.for_role(role, ears_brought=True) is ahead
    assert loaded == [True, False]
