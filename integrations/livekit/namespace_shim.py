"""Installed as ``livekit/plugins/moderator/__init__.py``: the moderator among LiveKit's plugins.

``livekit`` and ``livekit.plugins`` are namespace packages that many distributions add to; this is
all that ours adds.
"""

from integrations.livekit.plugin import *  # noqa: F403 - its `__all__` says what
from integrations.livekit.plugin import __all__ as __all__
