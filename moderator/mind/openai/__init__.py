"""A mind behind any OpenAI-compatible server: attributed transcript in, structured proposal out."""

from moderator.mind.openai.mind import OpenAIMind
from moderator.mind.openai.settings import OpenAISettings

__all__ = ["OpenAIMind", "OpenAISettings"]
