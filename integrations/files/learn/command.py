"""`moderator learn`: makes the embedded mind's weights from recorded meetings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from moderator.cli.options import Jobs, On, Records, Seed

app = typer.Typer(help="Train the embedded mind on recorded meetings.")

Prepared = Annotated[Path, typer.Argument(metavar="PREPARED", help="Made by `learn prepare`.")]
RunDirectory = Annotated[Path, typer.Argument(metavar="RUN", help="Directory of a training run.")]

Backbone = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Llama-like language model of your own, as save_pretrained writes it.",
    ),
]


@app.callback()
def _learn() -> None:
    """Train the embedded mind on recorded meetings."""


@app.command("role-play")
def role_play(
    records: Records,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="For the new records.")],
    role: Annotated[
        list[str] | None,
        typer.Option(help="A role of the library; several: in turn. Default: all that can be."),
    ] = None,
) -> None:
    """Make role-play meetings: somebody new says what others said in the way of a role.

    Each meeting gets one more participant, who has the role and takes the real turns that do its
    work: the leader's questions and openings of topics (chair, facilitator, host), everybody's
    questions (interviewer), what is said of the time left (timekeeper); an observer takes none.
    The new records can be prepared, trained on and scored (`moderator bench --seat played`).
    """
    from integrations.files.learn.role_plays import playable, write_role_plays

    cast = write_role_plays(records, out, playable(role or []))
    for name, meetings in sorted(cast.meetings.items()):
        typer.echo(f"{name}: {meetings} meetings, {cast.turns[name]} turns")
    left_out = f"; {cast.left_out} left out, nobody does the work" if cast.left_out else ""
    typer.echo(f"{out}: {cast.meetings.total()} meetings{left_out}")


@app.command()
def prepare(
    records: Records,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="For prepared meetings.")],
    jobs: Jobs = None,
    on: On = "processes",
    backbone: Backbone = None,
) -> None:
    """Read meetings through the layers that are not trained; goes on where it stopped.

    What is trained on them, and exported, keeps to the language model that is chosen here.
    """
    from integrations.files.learn.prepared import prepare_meetings

    done, there = prepare_meetings(records, out, jobs, backbone, on)
    typer.echo(f"{out}: {done} meetings prepared, {there} were there already")


@app.command()
def train(
    prepared: Prepared,
    run: Annotated[Path, typer.Option("--run", metavar="DIR", help="Kept in; goes on from it.")],
    floor_epochs: Annotated[int, typer.Option(min=1, max=1000)] = 8,
    epochs: Annotated[float, typer.Option(min=0.01, max=1000.0)] = 1.6,
    batch: Annotated[int, typer.Option(min=1, max=1024, help="Segments a step.")] = 8,
    seats: Annotated[int, typer.Option(min=1, max=64, help="Of each segment.")] = 3,
    silent: Annotated[int, typer.Option(min=1, max=60, help="Moments without a turn.")] = 14,
    rate: Annotated[float, typer.Option(min=1e-7, max=0.1, help="Peak learning rate.")] = 6e-4,
    missed: Annotated[float, typer.Option(min=0, max=0.9, help="Share of words not seen.")] = 0.0,
    dropout: Annotated[float, typer.Option(min=0, max=0.9, help="Of LoRA's inputs.")] = 0.0,
    trees: Annotated[int, typer.Option(min=0, max=10_000, help="Of the floor, each head.")] = 500,
    seed: Seed = 0,
    threads: Annotated[int, typer.Option(min=1, max=256, help="Of the processor.")] = 1,
    begin: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="RUN|FILE",
            exists=True,
            help="Run or exported weights, the shipped ones too, to go on from; the floor model"
            " stays.",
        ),
    ] = None,
) -> None:
    """Train on prepared meetings; an interrupted run goes on with the same command."""
    from integrations.files.learn.run import train_run
    from moderator.learn.run import Settings

    settings = Settings(
        floor_epochs=floor_epochs,
        epochs=epochs,
        batch=batch,
        seats=seats,
        silent=silent,
        rate=rate,
        missed=missed,
        dropout=dropout,
        trees=trees,
        seed=seed,
    )
    train_run(prepared, run, settings, threads, begin)


@app.command()
def think(
    run: RunDirectory,
    prepared: Prepared,
    records: Records,
    epochs: Annotated[int, typer.Option(min=1, max=1000)] = 4,
    seats: Annotated[int, typer.Option(min=1, max=64, help="Of each segment.")] = 2,
    silent: Annotated[int, typer.Option(min=1, max=60, help="Moments without a turn.")] = 14,
    rate: Annotated[float, typer.Option(min=1e-7, max=0.1, help="Peak learning rate.")] = 1e-3,
    seed: Seed = 0,
) -> None:
    """Let a trained run learn to think before it decides; goes on where it was interrupted.

    PREPARED are the meetings that it was trained on, DIR... their records.
    """
    from integrations.files.learn.run import learn_thoughts
    from moderator.learn.thought_stage import ThoughtSettings

    settings = ThoughtSettings(epochs=epochs, seats=seats, silent=silent, rate=rate, seed=seed)
    moments = learn_thoughts(run, prepared, records, settings)
    typer.echo(f"{run}: thinks, learned from {moments} moments")


@app.command()
def align(
    records: Records,
    run: Annotated[Path, typer.Option("--run", metavar="DIR", help="Kept in; goes on from it.")],
    minutes: Annotated[float, typer.Option(min=0.1, max=600, help="Read of each meeting.")] = 8.0,
    matching: Annotated[int, typer.Option(min=0, help="Steps without language model.")] = 600,
    predicting: Annotated[int, typer.Option(min=0, help="Steps with it.")] = 220,
    batch: Annotated[int, typer.Option(min=1, max=1024, help="Windows a step.")] = 8,
    window: Annotated[int, typer.Option(min=1, max=120, help="Seconds of a window.")] = 12,
    seed: Seed = 0,
    threads: Annotated[int, typer.Option(min=1, max=256, help="Of the processor.")] = 1,
    backbone: Backbone = None,
) -> None:
    """Let the model hear: synthetic voices read meetings, the projector learns what they say.

    Goes on where it was interrupted with the same command.
    """
    from integrations.files.learn.align import align_projector
    from moderator.learn.align_stage import AlignSettings

    settings = AlignSettings(
        minutes=minutes,
        matching=matching,
        predicting=predicting,
        batch=batch,
        window=window,
        seed=seed,
    )
    align_projector(records, run, settings, threads, backbone)
    typer.echo(f"{run}: aligned")


@app.command()
def hear(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Made by `learn align`.")],
    records: Records,
    minutes: Annotated[float, typer.Option(min=0.1, max=600, help="Heard of each meeting.")] = 2.0,
    recorded: Annotated[
        bool, typer.Option("--recorded", help="Hear the .wav files beside the records.")
    ] = False,
    backbone: Backbone = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Score an aligned projector: how likely transcripts are after hearing them.

    DIR... are meetings that it did not learn from; other voices read them.
    """
    from integrations.files.learn.align import show_hearing

    show_hearing(run, records, minutes, backbone, recorded=recorded, as_json=as_json)


@app.command("average")
def average_runs(
    run: RunDirectory,
    weights: Annotated[
        Path, typer.Argument(metavar="WEIGHTS", help="Exported; those that the run began with.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="For the new run.")],
) -> None:
    """Make a run of the mean of a run's weights and of exported ones."""
    from integrations.files.learn.run import average_run

    average_run(run, weights, out)
    typer.echo(f"{out}: the mean of {run} and {weights}")


@app.command("eval")
def evaluate(
    run: RunDirectory,
    prepared: Prepared,
    records: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Their records: also score each thought."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Score a run on prepared meetings: with thoughts, its floor model alone, without its role."""
    from integrations.files.learn.run import evaluate_run

    evaluate_run(run, prepared, records or [], as_json=as_json)


@app.command()
def export(
    run: RunDirectory,
    tune: Annotated[
        Path,
        typer.Option(metavar="PREPARED", help="Chooses threshold and calibration; not trained on."),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The weights; a model card goes beside.")
    ] = Path("moderator-lm.safetensors"),
    projector: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Made by `learn align`: the model can hear."),
    ] = None,
    plays: Annotated[
        Path | None,
        typer.Option(metavar="PREPARED", help="Role-plays: chooses a threshold for each role."),
    ] = None,
    data: Annotated[
        str, typer.Option(help="What it was trained on, as the model card says it.")
    ] = "AMI Meeting Corpus, scenario meetings",
) -> None:
    """Make the one file that ships from a run, with its model card."""
    from integrations.files.learn.export import export_run

    typer.echo(f"{out}: sha256 {export_run(run, tune, out, data, projector, plays)}")
