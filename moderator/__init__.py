"""A voice agent that takes a role in a meeting and speaks only when that role should."""

from moderator._version import __version__
from moderator.errors import InputError, ModeratorError

__all__ = ["InputError", "ModeratorError", "__version__"]
