"""How a server is asked."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from moderator.timeline import Samples, to_samples


class OpenAISettings(BaseModel):
    """How an OpenAI-compatible server is asked. Holds no secret: the key stays in the environment.

    Attributes:
        model: the server's name for the model.
        base_url: as in ``http://127.0.0.1:8000/v1``; None: the vendor's own.
        api_key_env: environment variable with the key; a server that needs none may go without.
        timeout_s: wall-clock seconds for a decision, its retries included, for the first word of
            a reply, and between two pieces of it.
        reply_timeout_s: wall-clock seconds for a whole reply.
        max_retries: how often a request that failed at once is sent again.
        decide_every_s: least meeting time between two questions whether to speak.
        decision_tokens: longest decision; a thought comes on top.
        reply_tokens: longest reply.
        transcript_turns: utterances that the model is shown.
        temperature: 0: the likeliest words.
        seed: given to the server, where it takes one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    model: str = Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")
    base_url: str | None = Field(default=None, max_length=2_000)
    api_key_env: str = Field(default="OPENAI_API_KEY", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    timeout_s: float = Field(default=8.0, gt=0, le=600)
    reply_timeout_s: float = Field(default=30.0, gt=0, le=600)
    max_retries: int = Field(default=1, ge=0, le=10)
    decide_every_s: float = Field(default=1.0, ge=0, le=3_600)
    decision_tokens: int = Field(default=200, ge=32, le=32_768)
    reply_tokens: int = Field(default=160, ge=1, le=4_096)
    transcript_turns: int = Field(default=40, ge=1, le=400)
    temperature: float = Field(default=0.0, ge=0, le=2)
    seed: int | None = 0

    @field_validator("base_url")
    @classmethod
    def _plain_address(cls, url: str | None) -> str | None:
        """An address with a secret in it would end up in messages."""
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable():
            raise ValueError("not an address like http://127.0.0.1:8000/v1")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("an address without user, password and query is needed")
        return url

    @property
    def decide_every(self) -> Samples:
        """`decide_every_s` as meeting time."""
        return to_samples(self.decide_every_s)
