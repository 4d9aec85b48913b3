"""The model card that goes beside exported weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill

from moderator.learn.run import Settings
from moderator.mind.moderator_lm.about import About
from moderator.mind.moderator_lm.thought import FIELDS

_TEXT = """\
# moderator-lm

Decides, once a chunk, whether a participant in a given role should take the turn in a meeting of
several people. It has no words of its own: duties or a larger model give those.

## What it is

{backbone} (frozen, not part of this file), of which a decision passes {depth} of {layers} layers;
LoRA of rank {rank} on layers {enter} to {depth}; a floor model over {features} timing features (a
small network, and boosted trees for its opinion); one head with four outputs: a floor turn of the
seat begins within 0.5, 1 and 2 s, and the next floor turn is the seat's. After ModeratorLM (arXiv
2606.13544), whose weights are not published, in small. It reads words and voices{hears}.{thinks}

## Trained on

{data}. {meetings} meetings, every participant in turn taking the seat with the position they had;
a fifth of the examples without any role. {steps} steps of {batch} segments, {seats} seats each,
seed {seed}{withheld}.{begun}{averaged}

The AMI Meeting Corpus is by the AMI Consortium, University of Edinburgh, and the ICSI Meeting
Corpus by ICSI, both under the licence CC BY 4.0. These weights are derived from what is named
above and may be used under CC BY 4.0 with that attribution.

## Scores

On {tuned} meetings that were not trained on, in the leaders' seats; threshold and calibration were
chosen on the same meetings. `moderator bench` computes them with intervals.

| | AP | AUC | P at R >= .40 |
|---|---|---|---|
{rows}

Advised threshold: probability {threshold:.3f}{after}.{roles}

## Limits

English; scenario meetings of four people around a table, words transcribed by hand; roles are
positions and whether one leads, so that other titles are extrapolation. It predicts
what people did, which is not always what a good moderator would do. It does not know what words
mean beyond what a model of 135 million parameters knows, and does not hear tone of voice.

## Make it again

`moderator learn prepare`, `train`, `eval`, `export`: see docs/training.md.
"""

_HEARS = {
    False: ", not audio",
    True: """; its decisions were trained without audio. A projector that was aligned on synthetic
speech is there, for `moderator-lm-hear`""",
}

_THINKS = """

It can think before it decides, where a role says so: the last act of another ({act}), whom it
addressed, whether that turn is complete, whether the topic closes. The thought's answers enter a
second judgement, which adds to the first."""

_EMBEDDED = "SmolLM2-135M-Instruct, Apache-2.0"

_OWN = "A Llama-like language model {hidden} wide (sha256 {sha256})"

_WITHHELD = ", {missed:.0%} of the words and {dropout:.0%} of LoRA's inputs withheld"

_BEGUN = " The run went on from weights with the sha256 {sha256}."

_AVERAGED = (
    """ These weights are the mean of what that gave and of the weights that it began with."""
)

_ROLES = " In roles that were played, with as large a share of moments above it: {}."

_NAMES = {
    "": "",
    "floor ": ", floor model alone",
    "no role ": ", without its role",
    "thought ": ", after a thought",
}


def model_card(
    about: About,
    settings: Settings,
    steps: int,
    scores: Mapping[str, Mapping[str, float]],
    tuned: Sequence[str],
) -> str:
    """The card as Markdown.

    Args:
        about: the checkpoint's own words.
        settings: of the run.
        steps: of its second stage.
        scores: per kind of moment.
        tuned: names of the meetings it was scored on.
    """
    rows = [
        f"| {kind}{name} | "
        + " | ".join(f"{values[prefix + column]:.3f}" for column in ("AP", "AUC", "P at R .40"))
        + " |"
        for kind, values in scores.items()
        for prefix, name in _NAMES.items()
        if f"{prefix}AP" in values
    ]
    shape, after = about.shape, about.after_thought
    own = _OWN.format(hidden=shape.backbone.hidden, sha256=about.backbone)
    withheld = settings.missed or settings.dropout
    text = _TEXT.format(
        backbone=own if settings.backbone else _EMBEDDED,
        depth=shape.depth,
        layers=shape.backbone.layers,
        rank=shape.rank,
        enter=shape.enter + 1,
        features=shape.features,
        data=about.data,
        meetings=len(settings.meetings),
        steps=steps,
        batch=settings.batch,
        seats=settings.seats,
        seed=settings.seed,
        withheld=_WITHHELD.format(**settings.model_dump()) if withheld else "",
        begun=_BEGUN.format(sha256=settings.begun_with) if settings.begun_with else "",
        averaged=_AVERAGED if settings.averaged_with else "",
        tuned=len(tuned),
        rows="\n".join(rows),
        threshold=about.threshold,
        roles=_ROLES.format(", ".join(f"{name} {one:.3f}" for name, one in about.roles.items()))
        if about.roles
        else "",
        after=f", after a thought {after.threshold:.3f}" if after else "",
        hears=_HEARS[about.aligned],
        thinks=_THINKS.format(act=", ".join(FIELDS["act"])) if after else "",
    )
    return "\n\n".join(_wrapped(part) for part in text.strip().split("\n\n")) + "\n"


def _wrapped(paragraph: str) -> str:
    """Lines of at most 100 characters; tables stay as they are."""
    return paragraph if paragraph.startswith("|") else fill(paragraph, 100)
