"""How well speakers are told apart on a shared microphone, and what it costs.

    python -m benchmarks.diarization [CLIPS] [--weights DIR] [--cross-validate] [--json FILE]

CLIPS is a directory of recordings, each with a meeting record of the same name (``a.wav``,
``a.json``). Scored with pyannote.metrics: collar 0, overlapped speech included, the whole clip; a
turn of the reference is one speaker's words joined over pauses under half a second.

The real-time factor is computing time of one thread (process time) over audio time, models loaded.
With --cross-validate the settings for each clip are those of `CANDIDATES` that do best on the other
clips at 1 s latency, so that no clip is scored with settings it helped to choose.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, TypeVar

import numpy as np
import numpy.typing as npt
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from diarize.base import SAMPLE_RATE, Audio, Diarizer, SpeakerActivity
from diarize.embedding import Features, SpeakerEmbedder, Vector
from diarize.errors import DiarizeError
from diarize.loading import (
    import_pyannote,
    load_campplus,
    load_pyannote_model,
    single_thread,
)
from diarize.online import OnlineDiarizer, OnlineSettings
from diarize.onnx_networks import (
    OnnxEmbedder,
    OnnxSegmentation,
    export_campplus,
    export_segmentation,
)
from diarize.pyannote_backend import PyannoteDiarizer, embedded_pipeline
from diarize.segmentation import Activity, LocalSegmentation
from integrations.files.sound.audio import AudioFile
from integrations.files.transcripts.records import read_record
from moderator.errors import InputError
from moderator.models.store import ModelStore

LATENCIES_S = (0.5, 1.0, 2.0, 5.0)
CHOSEN_AT_S = 1.0
PACKET = SAMPLE_RATE // 10
WEIGHTS = {
    "pyannote-segmentation-3.0": "pytorch_model.bin",
    "campplus-zh-en": "campplus_cn_en_common.pt",
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording, ``(n,)``, and who spoke when in it."""

    name: str
    audio: Audio
    turns: tuple[SpeakerActivity, ...]


@dataclass(slots=True)
class Score:
    """Summed seconds of one row."""

    name: str
    missed: float = 0.0
    false_alarm: float = 0.0
    confused: float = 0.0
    speech: float = 0.0
    audio_s: float = 0.0
    computed_s: float = 0.0
    clips: dict[str, float] = field(default_factory=dict)

    @property
    def error(self) -> float:
        """Diarization error rate, pooled over clips."""
        return (self.missed + self.false_alarm + self.confused) / max(self.speech, 1e-9)

    def summary(self, timed: bool = True) -> dict[str, Any]:
        """The figures as shares of the speech, rounded."""
        speech = max(self.speech, 1e-9)
        return {
            "diarizer": self.name,
            "der": round(self.error, 4),
            "missed": round(self.missed / speech, 4),
            "false_alarm": round(self.false_alarm / speech, 4),
            "confused": round(self.confused / speech, 4),
            "real_time_factor": round(self.computed_s / self.audio_s, 3) if timed else None,
            "clips": {name: round(der, 4) for name, der in self.clips.items()},
        }


@dataclass(frozen=True, slots=True)
class Models:
    """What the diarizers are made of."""

    segmentation: LocalSegmentation
    embedder: SpeakerEmbedder

    def online(self, latency_s: float, settings: OnlineSettings | None = None) -> Diarizer:
        """A fresh online diarizer."""
        return OnlineDiarizer(
            self.segmentation, self.embedder, latency_s=latency_s, settings=settings
        )

    def remembered(self) -> Models:
        """The same models, which compute nothing twice: for trying settings on the same clips."""
        return Models(_Remembered(self.segmentation), _RememberedEmbedder(self.embedder))


def exported_models(segmentation: Path, embedding: Path) -> Models:
    """Both networks, of their weights.

    Raises:
        DiarizeError: a weights file is broken.
    """
    with TemporaryDirectory() as folder:
        places = [Path(folder) / name for name in ("segmentation", "embedding")]
        for place, weights, export in zip(
            places, (segmentation, embedding), (export_segmentation, export_campplus), strict=True
        ):
            place.mkdir()
            export(weights, place)
        return Models(OnnxSegmentation(places[0]), OnnxEmbedder(places[1]))


def candidates() -> list[OnlineSettings]:
    """The settings that cross-validation chooses from: a full grid around the defaults."""
    grid = itertools.product((0.2, 0.4), (0.2, 0.3, 0.4), (0.1, 0.2, 0.3), (1.25, 1.5))
    default = OnlineSettings()
    return [
        replace(
            default,
            extent=extent,
            stretch_s=stretch_s,
            clusters=replace(
                default.clusters, accept=below, create_below=below, continuity=continuity
            ),
        )
        for extent, below, continuity, stretch_s in grid
    ]


def read_clips(directory: Path) -> list[Clip]:
    """Recordings with meeting records.

    Raises:
        InputError: there are none, or a file cannot be read.
    """
    found = sorted(path for path in directory.glob("*.json") if path.with_suffix(".wav").exists())
    if not found:
        raise InputError(
            "no NAME.wav with a NAME.json", where=str(directory), todo="name another folder"
        )
    clips = []
    for path in found:
        blocks = list(AudioFile(path.with_suffix(".wav")).blocks(60 * SAMPLE_RATE))
        clips.append(Clip(path.stem, np.concatenate(blocks), reference_turns(path)))
    return clips


def reference_turns(path: Path) -> tuple[SpeakerActivity, ...]:
    """One speaker's words, joined over pauses under half a second."""
    turns: list[SpeakerActivity] = []
    by_speaker = sorted(read_record(path).words, key=lambda word: (word.speaker, word.start))
    for word in by_speaker:
        last = turns[-1] if turns else None
        if last and last.speaker == word.speaker and word.start - last.end < SAMPLE_RATE // 2:
            turns[-1] = replace(last, end=max(last.end, word.end))
        else:
            turns.append(SpeakerActivity(word.speaker, word.start, word.end))
    return tuple(sorted(turns, key=lambda turn: turn.start))


def run_clip(clip: Clip, diarizer: Diarizer, score: Score) -> None:
    """Diarizes a clip packet by packet and adds to a score."""
    from pyannote.core import Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate

    started = time.process_time()
    pieces: list[SpeakerActivity] = []
    for start in range(0, len(clip.audio), PACKET):
        pieces += diarizer.push(clip.audio[start : start + PACKET])
    pieces += diarizer.flush()
    score.computed_s += time.process_time() - started
    metric = DiarizationErrorRate(collar=0.0, skip_overlap=False)
    whole = Timeline([Segment(0.0, len(clip.audio) / SAMPLE_RATE)])
    parts = metric(_annotation(clip.turns), _annotation(pieces), uem=whole, detailed=True)
    score.missed += parts["missed detection"]
    score.false_alarm += parts["false alarm"]
    score.confused += parts["confusion"]
    score.speech += parts["total"]
    score.audio_s += len(clip.audio) / SAMPLE_RATE
    score.clips[clip.name] = parts["diarization error rate"]


def run_all(name: str, clips: Iterable[Clip], make: Callable[[], Diarizer]) -> Score:
    """One row: a fresh diarizer for each clip."""
    score = Score(name)
    for clip in clips:
        run_clip(clip, make(), score)
    return score


def cross_validate(
    clips: Sequence[Clip], models: Models, latencies: Sequence[float]
) -> list[Score]:
    """Scores each clip with the settings that do best on the others.

    Raises:
        InputError: there are fewer than two clips.
    """
    if len(clips) < 2:
        raise InputError("cross-validation of one clip", todo="give at least two")
    models, choices = models.remembered(), candidates()
    trials: list[dict[str, Score]] = [
        {c.name: run_all("", [c], partial(models.online, CHOSEN_AT_S, choice)) for c in clips}
        for choice in progress(choices, "settings")
    ]
    scores = [Score(f"online, {latency} s, held out") for latency in latencies]
    everyone = _best(trials, [clip.name for clip in clips])
    typer.echo(f"chosen on all clips, for use elsewhere: {choices[everyone]}", err=True)
    for clip in clips:
        others = [other.name for other in clips if other is not clip]
        best = _best(trials, others)
        for latency, score in zip(latencies, scores, strict=True):
            run_clip(clip, models.online(latency, choices[best]), score)
    return scores


def progress(items: Sequence[T], what: str) -> Iterable[T]:
    """Shows a bar on a terminal."""
    console = Console(stderr=True)
    return track(items, what, console=console, disable=not console.is_terminal, transient=True)


def _best(trials: Sequence[dict[str, Score]], clips: Sequence[str]) -> int:
    """The trial with the least error pooled over some clips; the first of equals."""

    def error(trial: dict[str, Score]) -> float:
        scores = [trial[clip] for clip in clips]
        wrong = sum(score.missed + score.false_alarm + score.confused for score in scores)
        return wrong / max(sum(score.speech for score in scores), 1e-9)

    return min(range(len(trials)), key=lambda index: error(trials[index]))


def _annotation(pieces: Iterable[SpeakerActivity]) -> Any:
    from pyannote.core import Annotation, Segment

    annotation = Annotation()
    for number, piece in enumerate(pieces):
        segment = Segment(piece.start / SAMPLE_RATE, piece.end / SAMPLE_RATE)
        annotation[segment, number] = piece.speaker
    return annotation.support()


def _digest(values: npt.NDArray[np.float32]) -> bytes:
    return hashlib.blake2b(values.tobytes(), digest_size=16).digest()


class _Remembered:
    """A segmentation that keeps every result."""

    def __init__(self, segmentation: LocalSegmentation) -> None:
        self._segmentation, self.window = segmentation, segmentation.window
        self._kept: dict[bytes, Activity] = {}

    def __call__(self, audio: Audio) -> Activity:
        key = _digest(audio)
        if key not in self._kept:
            self._kept[key] = self._segmentation(audio)
        return self._kept[key]


class _RememberedEmbedder:
    """An embedder that keeps every result."""

    def __init__(self, embedder: SpeakerEmbedder) -> None:
        self._embedder = embedder
        self._features: dict[bytes, Features] = {}
        self._vectors: dict[bytes, Vector | None] = {}

    def features(self, audio: Audio) -> Features:
        key = _digest(audio)
        if key not in self._features:
            self._features[key] = self._embedder.features(audio)
        return self._features[key]

    def embed(self, features: Features) -> Vector | None:
        key = _digest(features)
        if key not in self._vectors:
            self._vectors[key] = self._embedder.embed(features)
        return self._vectors[key]


def weight_paths(weights: Path | None) -> list[Path]:
    """The two files, from a directory that holds them or from the model store.

    Raises:
        InputError: a model is missing.
    """
    if weights is not None:
        return [weights / file for file in WEIGHTS.values()]
    store = ModelStore.default()
    return [store.path(model, file) for model, file in WEIGHTS.items()]


def table(rows: Sequence[dict[str, Any]]) -> Table:
    """The figures for people."""
    shown = Table(title="Diarization of a shared microphone, collar 0, overlap included")
    for index, heading in enumerate(
        ("diarizer", "DER", "missed", "false alarm", "confused", "RTF")
    ):
        shown.add_column(heading, justify="right" if index else "left")
    for row in rows:
        shares = [f"{row[key]:.1%}" for key in ("der", "missed", "false_alarm", "confused")]
        factor = row["real_time_factor"]
        shown.add_row(row["diarizer"], *shares, "-" if factor is None else f"{factor:.3f}")
    return shown


def measure(
    clips: Sequence[Clip], weights: Path | None, latencies: Sequence[float], held_out: bool
) -> list[dict[str, Any]]:
    """All rows.

    Raises:
        InputError: a model or a clip is missing.
        DiarizeError: a weights file is broken, or a latency cannot be met.
    """
    import_pyannote()
    single_thread()
    segmentation_file, embedding_file = weight_paths(weights)
    models = exported_models(segmentation_file, embedding_file)
    if held_out:
        return [score.summary(timed=False) for score in cross_validate(clips, models, latencies)]
    # The first call pays for lazy imports and buffers; that is loading, not diarizing.
    run_clip(
        replace(clips[0], audio=clips[0].audio[: 6 * SAMPLE_RATE]), models.online(1.0), Score("")
    )
    rows = [
        run_all(f"online, {latency} s", clips, partial(models.online, latency)).summary()
        for latency in progress(latencies, "online")
    ]
    network = load_campplus(embedding_file)
    pipeline = embedded_pipeline(load_pyannote_model(segmentation_file), network)
    batch = run_all("batch, pyannote.audio", clips, lambda: PyannoteDiarizer(pipeline))
    return [*rows, batch.summary()]


def main(
    clips: Annotated[Path | None, typer.Argument(help="Directory of wav and records.")] = None,
    weights: Annotated[Path | None, typer.Option(help="Directory with both files.")] = None,
    latency: Annotated[list[float] | None, typer.Option(help="Seconds; may be repeated.")] = None,
    cross: Annotated[bool, typer.Option("--cross-validate", help="Held-out settings.")] = False,
    output: Annotated[Path | None, typer.Option("--json", help="Write figures here.")] = None,
) -> None:
    """Scores the diarizers on recordings of one microphone."""
    data = os.environ.get("MODERATOR_DATA")
    try:
        if clips is None and data is None:
            raise InputError("no clips", todo="give a directory or set MODERATOR_DATA")
        directory = clips or Path(str(data)) / "audio" / "ami_mix"
        rows = measure(read_clips(directory), weights, latency or LATENCIES_S, cross)
    except (InputError, DiarizeError) as error:
        Console(stderr=True).print(f"error: {error}", highlight=False)
        raise typer.Exit(2) from None
    Console().print(table(rows))
    if output is not None:
        output.write_text(json.dumps({"rows": rows}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    typer.run(main)
