"""How well and how soon the ears recognise words.

    python -m benchmarks.recognition [--speech DIR]... [--meetings DIR] [--model NAME] [--json FILE]

Each directory given by --speech holds recordings with a text file of the same name (``a.wav``,
``a.txt``), and, where word times are known, a CTM file (``a.ctm``). --meetings holds recordings of
one microphone with a meeting record of the same name (``a.wav``, ``a.json``). A set of sentences
rendered by the embedded voice is always scored, so that there is a figure without any data.

All audio passes through the ears as in a meeting, in ticks of 100 ms. A delay is the time from a
correctly recognised word's true end to the tick in which it was stable; computing time is not in
it, but in the real-time factor.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.recognition_text import RENDERED, equal_words, normal
from diarize.base import Diarizer, SpeakerActivity
from integrations.files.sound.audio import AudioFile
from integrations.files.transcripts.ctm import read_ctm
from integrations.files.transcripts.records import read_record
from moderator.audio import AudioChunk, Waveform, silence
from moderator.ears.listener import Listener
from moderator.ears.loading import EarModels, load_diarization_models, load_ear_models
from moderator.ears.repetition import repeats
from moderator.ears.sources import Source
from moderator.errors import InputError
from moderator.events import Word
from moderator.models.store import ModelStore
from moderator.testing.ears import FakeDiarizer
from moderator.timeline import SAMPLE_RATE, TICK, Samples, to_seconds

TRACK = "speaker"
COLLAR_S = 5.0


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording and what is said in it.

    Attributes:
        name: for tables.
        audio: ``(n,)``.
        words: in order of start; times only mean something if `timed`.
        timed: the words' times are known.
    """

    name: str
    audio: Waveform
    words: tuple[Word, ...]
    timed: bool = True


@dataclass(slots=True)
class Score:
    """Counts of one set; errors of the words are (substituted, inserted, deleted)."""

    name: str
    clips: int = 0
    words: int = 0
    errors: list[int] = field(default_factory=lambda: [0, 0, 0])
    tcp: list[int] = field(default_factory=list)  # errors, words
    delays_s: list[float] = field(default_factory=list)
    audio_s: float = 0.0
    computed_s: float = 0.0
    loops: int = 0

    def summary(self) -> dict[str, Any]:
        """The figures, rounded; None where a set cannot give one."""

        def share(part: float, whole: float) -> float | None:
            return round(part / whole, 4) if whole else None

        def delay(percent: float) -> float | None:
            return round(float(np.percentile(self.delays_s, percent)), 3) if self.delays_s else None

        return {
            "set": self.name,
            "clips": self.clips,
            "audio_s": round(self.audio_s, 1),
            "words": self.words,
            "wer": None if self.tcp else share(sum(self.errors), self.words),
            "substituted": self.errors[0],
            "inserted": self.errors[1],
            "deleted": self.errors[2],
            "tcpwer": share(self.tcp[0], self.tcp[1]) if self.tcp else None,
            "delay_median_s": delay(50),
            "delay_p95_s": delay(95),
            "real_time_factor": share(self.computed_s, self.audio_s),
            "clips_with_a_loop": self.loops,
        }


def speech_clips(directory: Path) -> Iterator[Clip]:
    """Recordings with texts.

    Raises:
        InputError: there are none, or a file cannot be read.
    """
    texts = sorted(directory.glob("*.txt"))
    found = [(text, wav) for text in texts if (wav := text.with_suffix(".wav")).exists()]
    if not found:
        raise InputError(
            "no NAME.wav with a NAME.txt", where=str(directory), todo="name another folder"
        )
    for text, wav in found:
        times = text.with_suffix(".ctm")
        if timed := times.exists():
            words = tuple(Word(TRACK, w.text, w.start, w.end) for w in read_ctm(times).words)
        else:
            words = tuple(Word(TRACK, said, 0, 0) for said in text.read_text("utf-8").split())
        yield Clip(wav.stem, read_audio(wav), words, timed)


def meeting_clips(directory: Path) -> Iterator[Clip]:
    """Recordings with meeting records.

    Raises:
        InputError: there are none, or a file cannot be read.
    """
    found = sorted(path for path in directory.glob("*.json") if path.with_suffix(".wav").exists())
    if not found:
        raise InputError(
            "no NAME.wav with a NAME.json", where=str(directory), todo="name another folder"
        )
    for path in found:
        audio = read_audio(path.with_suffix(".wav"))
        words = sorted(read_record(path).words, key=lambda word: word.start)
        yield Clip(path.stem, audio, tuple(word for word in words if word.start < len(audio)))


def rendered_clips(store: ModelStore) -> Iterator[Clip]:
    """The embedded voice reading `RENDERED`, half a second of silence around each text."""
    from moderator.mouth.loading import VoiceLoader
    from roles.schema import VoiceChoice

    voice = VoiceLoader(store)(VoiceChoice())
    for number, text in enumerate(RENDERED):
        parts: list[Waveform] = [silence(SAMPLE_RATE // 2)]
        words: list[Word] = []
        at = SAMPLE_RATE // 2
        for sentence in voice.say(text):
            words += [Word(TRACK, w.text, at + w.start, at + w.end) for w in sentence.words]
            parts.append(sentence.samples)
            at += len(sentence.samples)
        yield Clip(f"rendered-{number}", np.concatenate([*parts, parts[0]]), tuple(words))


def read_audio(path: Path) -> Waveform:
    """All of a file, mono at 16 kHz."""
    return np.concatenate(list(AudioFile(path).blocks(SAMPLE_RATE)))


def hear(
    source: Source, audio: Waveform, workers: ThreadPoolExecutor
) -> list[tuple[Word, Samples]]:
    """All words, each with the meeting time at which it became stable."""
    listener = Listener([source], workers=workers)
    found: list[tuple[Word, Samples]] = []
    for at in range(0, len(audio), TICK):
        now = at + TICK
        heard = listener.hear(now, [AudioChunk(source.id, at, audio[at:now])])
        found += [(word, now) for word in heard.words]
    end = -(-len(audio) // TICK) * TICK
    return found + [(word, end) for word in listener.finish(end).words]


def score_clip(
    clip: Clip, source: Source, score: Score, workers: ThreadPoolExecutor, *, speakers: bool
) -> None:
    """Hears a clip and adds it to the score; `speakers`: it matters who said a word."""
    before = time.perf_counter()
    found = hear(source, clip.audio, workers)
    score.computed_s += time.perf_counter() - before
    score.audio_s += to_seconds(len(clip.audio))
    score.clips += 1
    score.loops += repeats([word.text for word, _ in found]) and not repeats(
        [word.text for word in clip.words]
    )
    truth = [(said, word) for word in clip.words for said in normal(word.text)]
    heard = [(said, word, at) for word, at in found for said in normal(word.text)]
    pairs, errors = equal_words([said for said, _ in truth], [said for said, *_ in heard])
    score.words += len(truth)
    if not speakers:
        score.errors = [a + b for a, b in zip(score.errors, errors, strict=True)]
    if clip.timed:
        delays = ((heard[there][2] - truth[here][1].end) for here, there in pairs)
        score.delays_s += [to_seconds(delay) for delay in delays]
    if speakers:
        wrong, length = tcp_errors(clip, [word for word, _ in found])
        score.tcp = [a + b for a, b in zip(score.tcp or [0, 0], (wrong, length), strict=True)]


def tcp_errors(clip: Clip, found: Sequence[Word]) -> tuple[int, int]:
    """Errors and words of the time-constrained minimum-permutation WER (MeetEval)."""
    import meeteval

    def segments(words: Sequence[Word]) -> Any:
        return meeteval.io.SegLST(
            [
                {
                    "session_id": clip.name,
                    "speaker": word.speaker,
                    "start_time": to_seconds(word.start),
                    "end_time": to_seconds(word.end),
                    "words": " ".join(normal(word.text)),
                }
                for word in words
                if normal(word.text)
            ]
        )

    rates = meeteval.wer.tcpwer(segments(clip.words), segments(found), collar=COLLAR_S)
    combined = meeteval.wer.combine_error_rates(rates)
    return int(combined.errors), int(combined.length)


def oracle(clip: Clip) -> Diarizer:
    """A diarizer that knows the true words' times, a second late like the real one."""
    pieces = [SpeakerActivity(word.speaker, word.start, word.end) for word in clip.words]
    return FakeDiarizer(pieces, latency=SAMPLE_RATE)


def shared_mic(models: EarModels, diarizer: Callable[[Clip], Diarizer], clip: Clip) -> Source:
    """A microphone for one clip."""
    return models.shared_mic("room", diarizer(clip))


def run_set(
    name: str,
    clips: Sequence[Clip],
    make: Callable[[Clip], Source],
    workers: ThreadPoolExecutor,
    *,
    speakers: bool = False,
) -> Score:
    """Scores one set of clips, each with a fresh source from `make`."""
    score = Score(name)
    console = Console(stderr=True)
    for clip in track(clips, name, console=console, disable=not console.is_terminal):
        score_clip(clip, make(clip), score, workers, speakers=speakers)
    return score


def run_all(
    models: EarModels, store: ModelStore, speech: Sequence[Path], meetings: Path | None
) -> list[Score]:
    """All sets."""
    with ThreadPoolExecutor(2) as workers:

        def own(clip: Clip) -> Source:
            return models.own_track(TRACK)

        scores = [run_set("rendered", list(rendered_clips(store)), own, workers)]
        for directory in speech:
            clips = list(speech_clips(directory))
            scores.append(run_set(directory.name, clips, own, workers))
        if meetings is not None:
            diarization = load_diarization_models(store)
            clips = list(meeting_clips(meetings))
            shared: dict[str, Callable[[Clip], Diarizer]] = {
                "oracle speakers": oracle,
                "online diarization": lambda _: diarization.online(),
            }
            for label, diarizer in shared.items():
                scores.append(
                    run_set(
                        f"{meetings.name}, {label}",
                        clips,
                        partial(shared_mic, models, diarizer),
                        workers,
                        speakers=True,
                    )
                )
    return scores


def table(rows: Sequence[dict[str, Any]]) -> Table:
    """The figures for people."""
    shown = Table(title="Streaming recognition")
    columns = {
        "set": "set",
        "words": "words",
        "wer": "WER",
        "tcpwer": f"tcpWER, {COLLAR_S:g} s",
        "delay_median_s": "delay, median s",
        "delay_p95_s": "p95 s",
        "real_time_factor": "RTF",
        "clips_with_a_loop": "loops",
    }
    for index, heading in enumerate(columns.values()):
        shown.add_column(heading, justify="right" if index else "left")
    for row in rows:
        cells = []
        for key in columns:
            value = row[key]
            percent = key in ("wer", "tcpwer") and value is not None
            cells.append("-" if value is None else f"{value:.1%}" if percent else str(value))
        shown.add_row(*cells)
    return shown


def main(
    speech: Annotated[list[Path] | None, typer.Option(help="Directory of wav and txt.")] = None,
    meetings: Annotated[Path | None, typer.Option(help="Directory of wav and records.")] = None,
    model: Annotated[str, typer.Option(help="Whisper in the model store.")] = "whisper-tiny.en",
    output: Annotated[Path | None, typer.Option("--json", help="Write figures here.")] = None,
) -> None:
    """Scores the ears on recordings."""
    data = os.environ.get("MODERATOR_DATA")
    if meetings is None and data:
        meetings = Path(data) / "audio" / "ami_mix"
    store = ModelStore.default()
    try:
        models = load_ear_models(store, whisper=model)
        scores = run_all(models, store, speech or [], meetings)
    except InputError as error:
        Console(stderr=True).print(f"error: {error}", highlight=False)
        raise typer.Exit(2) from None
    rows = [score.summary() for score in scores]
    Console().print(table(rows))
    if output is not None:
        output.write_text(json.dumps({"model": model, "sets": rows}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    typer.run(main)
