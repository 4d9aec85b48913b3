"""What the agent says and understands without a larger model, a YAML file a language."""

from moderator.language.phrases import Phrases, languages, load_phrases

__all__ = ["Phrases", "languages", "load_phrases"]
