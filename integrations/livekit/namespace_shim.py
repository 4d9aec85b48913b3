"""Installed as ``livekit/plugins/moderator/__init__.py``: the moderator among LiveKit's plugins.

``livekit`` and ``livekit.plugins`` are namespace packages that many distributions add to; this is
all that ours adds.
"""

from integrations.livekit.plugin import DuplexModel as DuplexModel
from integrations.livekit.plugin import DuplexSession as DuplexSession
from integrations.livekit.plugin import Role as Role
from integrations.livekit.plugin import __version__ as __version__
from integrations.livekit.plugin import join as join
from integrations.livekit.plugin import load_role as load_role
from integrations.livekit.plugin import prewarm as prewarm
from integrations.livekit.plugin import requested_role as requested_role

__all__ = [
    "DuplexModel",
    "DuplexSession",
    "Role",
    "__version__",
    "join",
    "load_role",
    "prewarm",
    "requested_role",
]
