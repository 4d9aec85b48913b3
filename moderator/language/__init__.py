"""What the agent says and understands without a larger model, a YAML file a language.

Texts are data; no rule and no measured state may enter.
"""
