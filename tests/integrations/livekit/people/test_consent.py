"""What people are told when the agent comes in."""

from __future__ import annotations

import pytest

from integrations.livekit.people.consent import Consent
from moderator.language.phrases import languages
from roles.schema import Role

AI = {"de": "KI", "en": "AI", "es": "IA", "fr": "IA", "it": "IA", "ja": "AI", "pt": "IA"}


@pytest.mark.parametrize("language", languages())
def test_people_are_told_in_their_language_that_it_is_an_ai(language: str) -> None:
    role = Role.model_validate(
        {"id": "r", "summary": "...", "identity": {"name": "Robin"}, "language": language}
    )
    told = Consent(role, lambda: 0).announcement()
    assert told.startswith("Robin")
    assert AI.get(language, "人工智能") in told
    assert "/optout" in told
