"""Who talked how much, in words."""

from __future__ import annotations

from moderator.mind.duties.base import Scene

NAMED = 3
"""People named in one sentence; more nobody remembers."""


def percent(scene: Scene, participant: str) -> int:
    """A participant's share of all participants' talk, in percent."""
    return round(100 * scene.floor.share(participant))


def shares_in_words(scene: Scene) -> str:
    """The largest shares of talk; empty when nobody has spoken."""
    spoken = [name for name in sorted(scene.floor.tallies) if scene.talk(name)]
    spoken.sort(key=scene.talk, reverse=True)
    parts = [
        scene.phrases.say(
            "share_next" if index else "share",
            name=scene.name(participant),
            percent=percent(scene, participant),
        )
        for index, participant in enumerate(spoken[:NAMED])
    ]
    return scene.phrases.listed(parts)
