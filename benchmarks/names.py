"""How many names are heard right, with and without the ears being told of them.

    python -m benchmarks.names --json FILE

Voices read sentences in which the agent is called or people are mentioned, and sentences without a
name; recordings of real meetings have none of these names in them. Each clip is heard as in a room,
once without names and once with those of everybody in the room.

The rules were made on the rooms of `TUNED`; the figures are those of `ROOMS`, none of whose names,
the agent's default one aside, and none of whose sentences they were tried on.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import count, cycle
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.recognition import Clip, meeting_clips, read_audio, speech_clips
from benchmarks.recognition_text import equal_words, normal
from integrations.files.sound.render import speech
from integrations.livekit.hearing.ears import GATE
from integrations.livekit.hearing.models import AHEAD_S
from moderator.audio import AudioChunk, Waveform, silence
from moderator.ears.expecting import expect
from moderator.ears.listener import Listener
from moderator.ears.loading import EarModels, load_ear_models
from moderator.ears.whisper_stream import StreamOptions
from moderator.errors import InputError
from moderator.events import Word
from moderator.floor.addressee import AddresseeDetector
from moderator.language.phrases import load_phrases
from moderator.models.store import ModelStore
from moderator.mouth.base import Voice
from moderator.mouth.loading import HIBARI_SPEAKERS, VoiceLoader
from moderator.timeline import FRAME, SAMPLE_RATE, TICK, to_samples
from roles.schema import VoiceChoice

TRACK = "speaker"
FLITE = ("rms", "slt")
NOISE_DB = 10.0
LOSS, BURST = 0.2, 5

TUNED = (
    ["Robin", "Ngozi", "Siobhan", "Xiulan", "Bodhi", "Anneliese", "Priya", "Mateusz", "Saoirse"],
    [
        "Moira",
        "Oluwaseun",
        "Katarzyna",
        "Zainab",
        "Joaquin",
        "Yevgenia",
        "Thandiwe",
        "Rajesh",
        "Dmitri",
    ],
)
TUNED_SAID = (
    "{0}, how much time do we have left?",
    "I think {0} should take this one.",
    "Thank you, {0}. What's next?",
)
ROOMS = (
    ["Ingrid", "Aoife", "Emeka", "Nguyet", "Haruki", "Leila", "Stanislaw", "Xochitl", "Bjorn"],
    ["Kwame", "Niamh", "Tomasz", "Yuki", "Farhad", "Giuseppe", "Anneke", "Lakshmi", "Deirdre"],
    ["Robin", "Mark", "Grace", "Rose", "Will", "Hope", "Bill", "Faith", "Frank"],
)
"""The agent first. Those of the last are words as well."""

CALLED = ("{0}, can you sum up where we are?", "So what do you make of it, {0}?")
MENTIONED = (
    "Then {0} told us about the new warehouse.",
    "The second half of the report comes from {0}.",
)
NAMELESS = (
    "We have been over this twice and nobody wants to begin again.",
    "Please mark the boxes that will go out with the morning lorry.",
    "There is a grace period of ten days before they bill the customer.",
    "Prices rose by a third, and to be frank, I hope that they will fall.",
    "In good faith, robbing one budget to pay for another is not a plan.",
    "The engine room was cold, so we moved the meeting into the kitchen.",
    "Who can call the supplier about the missing screws tomorrow?",
    "Okay, moving on, what is left on the list for today?",
    "Right, well, let me think about it over lunch.",
    "They like a tomato soup and a layer of cheese on the bread.",
)


@dataclass(frozen=True, slots=True)
class Case:
    """A clip and what must be understood.

    Attributes:
        condition: for the table.
        room: names that are expected, the agent's first.
        audio: ``(n,)``.
        said: what is said; empty where only false names are looked for.
        name: which of the names is said; None: none is.
        called: it is the agent's, and called.
    """

    condition: str
    room: Sequence[str]
    audio: Waveform
    said: str
    name: str | None = None
    called: bool = False


@dataclass(slots=True)
class Tally:
    """Counts of one condition; each pair is without names and with them."""

    cases: int = 0
    names: int = 0
    right: list[int] = field(default_factory=lambda: [0, 0, 0])  # the third: before the spelling
    calls: int = 0
    noticed: list[int] = field(default_factory=lambda: [0, 0])
    false: list[int] = field(default_factory=lambda: [0, 0])
    words: int = 0
    errors: list[int] = field(default_factory=lambda: [0, 0])


def voices(store: ModelStore) -> list[Callable[[str], Waveform]]:
    """Whoever can read here: the embedded voices, piper's if it is installed, flite's if it is."""
    load = VoiceLoader(store)
    choices = [VoiceChoice(speaker=name) for name in list(HIBARI_SPEAKERS)[:3]]
    found: list[Callable[[str], Waveform]] = []
    for choice in [*choices, VoiceChoice(backend="piper")]:
        try:
            voice = load(choice)
        except InputError:
            continue
        found.append(partial(_read, voice))
    if shutil.which("flite"):
        found += [partial(_flite, name) for name in FLITE]
    return found


def _read(voice: Voice, text: str) -> Waveform:
    return speech(voice, "", text).samples


def _flite(voice: str, text: str) -> Waveform:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        subprocess.run(["flite", "-voice", voice, "-t", text, str(path)], check=True)
        return read_audio(path)


def lossy(audio: Waveform, rng: np.random.Generator) -> Waveform:
    """A fifth of the packets of 20 ms missing, in bursts of five on average."""
    made, lost = audio.copy(), False
    ends, begins = 1 / BURST, LOSS / (1 - LOSS) / BURST
    for at in range(0, len(made), FRAME):
        lost = rng.random() < (1 - ends if lost else begins)
        if lost:
            made[at : at + FRAME] = 0.0
    return made


def noisy(audio: Waveform, rng: np.random.Generator) -> Waveform:
    """Pink noise at 10 dB below the speech."""
    loud = audio[np.abs(audio) > 0.1 * np.max(np.abs(audio))]
    level = float(np.sqrt(np.mean(loud**2))) * 10 ** (-NOISE_DB / 20)
    made: Waveform = np.clip(audio + level * pink(len(audio), rng), -1.0, 1.0)
    return made


def pink(length: int, rng: np.random.Generator) -> Waveform:
    """``(length,)`` of RMS 1, its power falling with the frequency."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    spectrum /= np.sqrt(np.maximum(1.0, np.arange(len(spectrum))))
    found = np.fft.irfft(spectrum, length)
    made: Waveform = (found / np.sqrt(np.mean(found**2))).astype(np.float32)
    return made


def read_cases(
    rooms: Sequence[Sequence[str]],
    sentences: Sequence[tuple[str, bool]],
    nameless: Sequence[str],
    say: Sequence[Callable[[str], Waveform]],
) -> Iterator[Case]:
    """Each name called or mentioned in each condition; voices and sentences take turns."""
    spoil = {"clean": lambda audio, _: audio, "20 % lost": lossy, "noise, 10 dB": noisy}
    rng, turn, sentence = np.random.default_rng(7), count(), count()
    for room in rooms:
        for name in [*room, room[0]]:  # the agent twice
            for condition, worse in spoil.items():
                text, called = sentences[next(sentence) % len(sentences)]
                audio = worse(say[next(turn) % len(say)](text.format(name)), rng)
                calls = called and name == room[0]
                yield Case(condition, room, audio, text.format(name), name, calls)
        for text in nameless[rooms.index(room) :: len(rooms)]:
            audio = say[next(turn) % len(say)](text)
            yield Case("no name said", room, audio, text)


def real_cases(rooms: Sequence[Sequence[str]], clips: Sequence[Clip], name: str) -> Iterator[Case]:
    """Recordings without these names, each with the names of one of the rooms."""
    for clip, room in zip(clips, cycle(rooms)):
        yield Case(name, room, clip.audio, " ".join(word.text for word in clip.words))


def empty_cases(rooms: Sequence[Sequence[str]]) -> Iterator[Case]:
    """Noise and silence that the detector of voices may take for speech."""
    rng = np.random.default_rng(11)
    for room in rooms:
        for level in (0.0, 0.001, 0.01, 0.05, 0.1):
            noise = (level * pink(to_samples(4.0), rng)).astype(np.float32)
            yield Case("nobody speaks", room, noise, "")
            yield Case("nobody speaks", room, noise * np.hanning(len(noise)).astype(np.float32), "")


def hear(models: EarModels, case: Case, names: Sequence[str]) -> list[Word]:
    """What is understood, tick by tick; where nobody speaks the detector is left out."""
    if not case.said:
        stream = models.recogniser.open()
        listener = Listener([models.own_track(TRACK, gate=GATE)])
        expect(stream, names)
        stream.begin(0)
        stream.push(case.audio, True)
        stream.end(len(case.audio))
        return [Word(TRACK, word.text, word.start, word.end) for word in stream.read().words]
    listener = Listener([models.own_track(TRACK, gate=GATE)])
    listener.expect(names)
    audio = np.concatenate([silence(to_samples(0.3)), case.audio, silence(SAMPLE_RATE)])
    words: list[Word] = []
    for at in range(0, len(audio), TICK):
        part = audio[at : at + TICK]
        words += listener.hear(at + TICK, [AudioChunk(TRACK, at, part)]).words
    words += listener.finish(len(audio) // TICK * TICK + TICK).words
    return words


def score(case: Case, models: EarModels) -> Tally:
    """Hears a case without the names and with them."""
    tally = Tally(1)
    truth = Counter(normal(case.said))
    room = {name.casefold() for name in case.room}
    for told, names in enumerate(((), tuple(case.room))):
        words = hear(models, case, names)
        texts = [word.text for word in words]
        found = Counter(normal(" ".join(texts)))
        tally.false[told] = sum((+(found - truth))[name] for name in room)
        if case.name is not None:
            key = case.name.casefold()
            tally.names = 1
            tally.right[told] = int(found[key] > 0)
            if told:
                heard = " ".join(word.heard or word.text for word in words)
                tally.right[2] = int(key in normal(heard))
        if case.called:
            tally.calls = 1
            detector = AddresseeDetector(case.room[:1], load_phrases("en"))
            tally.noticed[told] = int(detector.calls(texts))
        if case.said:
            spoken = normal(case.said)
            tally.words = len(spoken)
            tally.errors[told] = sum(equal_words(spoken, normal(" ".join(texts)))[1])
    return tally


def add(total: Tally, one: Tally) -> None:
    """Sums up."""
    for name in ("cases", "names", "calls", "words"):
        setattr(total, name, getattr(total, name) + getattr(one, name))
    for name in ("right", "noticed", "false", "errors"):
        both = zip(getattr(total, name), getattr(one, name), strict=True)
        setattr(total, name, [a + b for a, b in both])


def run(models: EarModels, cases: Iterator[Case]) -> dict[str, Tally]:
    """The tallies by condition."""
    found: dict[str, Tally] = {}
    with ThreadPoolExecutor(2) as workers:
        listed = list(cases)
        for case, one in zip(listed, workers.map(lambda c: score(c, models), listed), strict=True):
            add(found.setdefault(case.condition, Tally()), one)
    return found


def table(tallies: dict[str, Tally]) -> Table:
    """The figures for people: without names, and with them."""
    shown = Table(title="Names")
    headings = ("condition", "clips", "names right", "spelling apart", "calls noticed")
    for heading in (*headings, "false names", "WER"):
        shown.add_column(heading, justify="left" if heading == "condition" else "right")

    def pair(counts: Sequence[int], whole: int) -> str:
        return " → ".join(f"{one / whole:.1%}" for one in counts[:2]) if whole else "-"

    for name, one in tallies.items():
        shown.add_row(
            name,
            str(one.cases),
            pair(one.right, one.names),
            f"{one.right[2] / one.names:.1%}" if one.names else "-",
            pair(one.noticed, one.calls),
            f"{one.false[0]} → {one.false[1]}",
            pair(one.errors, one.words),
        )
    return shown


def main(
    speech_dir: Annotated[list[Path] | None, typer.Option("--speech", help="wav and txt.")] = None,
    tuned: Annotated[bool, typer.Option(help="The names that the rules were made on.")] = False,
    only: Annotated[str, typer.Option(help="read, real, or both.")] = "both",
    output: Annotated[Path | None, typer.Option("--json", help="Write figures here.")] = None,
) -> None:
    """Scores names."""
    store, data = ModelStore.default(), os.environ.get("MODERATOR_DATA")
    options = StreamOptions(full=False, ahead_s=AHEAD_S)
    models = load_ear_models(store, options=options)
    said = tuple((s, True) for s in CALLED) + tuple((s, False) for s in MENTIONED)
    cases: list[Case] = []
    rooms: Sequence[Sequence[str]] = TUNED if tuned else ROOMS
    if only != "real":
        sentences = tuple((s, False) for s in TUNED_SAID) if tuned else said
        cases += read_cases(rooms, sentences, () if tuned else NAMELESS, voices(store))
    if only != "read":
        cases += empty_cases(rooms)
        if data:
            clips = list(meeting_clips(Path(data) / "audio" / "ami_mix"))
            cases += real_cases(rooms, clips, "AMI, mixed headsets")
        for folder in speech_dir or []:
            cases += real_cases(rooms, list(speech_clips(folder)), folder.name)
    tallies = run(models, iter(cases))
    Console().print(table(tallies))
    if output is not None:
        made = {name: {k: getattr(t, k) for k in t.__slots__} for name, t in tallies.items()}
        output.write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    typer.run(main)
