"""The sizes of a `moderator-lm`: what a checkpoint and the code that loads it must agree on."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

Size = Annotated[int, Field(ge=1, le=200_000)]


class BackboneShape(BaseModel):
    """A Llama-like language model.

    The defaults are SmolLM2-135M's; others, up to several billion parameters, are a matter of
    numbers here and not of code.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    hidden: Size = 576
    intermediate: Size = 1536
    layers: Size = 30
    heads: Size = 9
    kv_heads: Size = 3
    head_dim: Size = 64
    vocabulary: Size = 49_152
    rope_theta: float = Field(default=100_000.0, gt=0)
    norm_eps: float = Field(default=1e-5, gt=0)


class Shape(BaseModel):
    """A `moderator-lm`.

    Layers below `enter` are the backbone's own and see the transcript alone. A decision enters
    there, as the last token plus the floor-state embedding, and is read after `depth` layers;
    layers between carry LoRA. Layers from `depth` on only write replies.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    backbone: BackboneShape = BackboneShape()
    enter: Size = Field(default=10, description="Layer at which a decision enters.")
    depth: Size = Field(default=18, description="Layers that a decision passes, from below.")
    rank: Size = Field(default=16, description="Of the LoRA matrices.")
    alpha: float = Field(default=32.0, gt=0, description="LoRA's scale, over the rank.")
    prompt_tokens: Size = Field(default=96, description="Room for the role prompt.")
    features: Size = Field(default=43, description="Timing features of a moment.")
    floor: Size = Field(default=192, description="Width of the floor-state embedding.")
    speech: Size = Field(default=384, description="Width of the speech encoder.")
    stacked: Size = Field(default=5, description="Speech frames that make one embedding.")

    @model_validator(mode="after")
    def _in_order(self) -> Shape:
        if not self.enter < self.depth <= self.backbone.layers:
            raise ValueError("needs enter < depth <= layers")
        return self
