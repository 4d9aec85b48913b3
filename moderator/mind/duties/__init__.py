"""Duties as a mind: timing and floor state propose; templates filled with facts give the words."""

from moderator.mind.duties.session import Duties

__all__ = ["Duties"]
