"""Alignment of the projector in a directory: meetings read aloud and heard, then what is trained.

Independent of any training run: it uses the language model as it is published.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from moderator.errors import InputError
from moderator.learn import intermediate
from moderator.learn.align_stage import Alignment, AlignSettings
from moderator.learn.heard_meeting import Frames, HeardMeeting, hear
from moderator.learn.reading_aloud import Reader, read_aloud
from moderator.measure.bench.meeting import BenchMeeting
from moderator.mind.moderator_lm.network import Network
from moderator.mind.moderator_lm.parts import letters
from moderator.mind.moderator_lm.script import OPENING, Encode
from moderator.mind.moderator_lm.speech import CHUNK
from moderator.mind.moderator_lm.tensor_file import read_tensors, write_tensors
from moderator.plain_json import parse_json
from moderator.timeline import Samples, to_samples

PROJECTOR, STATE, SETTINGS = "projector.safetensors", "state.safetensors", "settings.json"
"""In an alignment's directory: the trained projector, where training stands, and how it is done."""

HEARD = "heard"
"""Directory of what was heard of each meeting; may be deleted when all is done."""

KEEP_EVERY = 25
"""Steps between checkpoints."""

Notice = Callable[[str, int, int, dict[str, float]], None]
"""Told stage, step, steps, and figures."""


@dataclass(frozen=True, slots=True)
class Studio:
    """What reads aloud and what hears it.

    Attributes:
        readers: voices.
        encode: the tokenizer.
        frames: the speech encoder.
        made_of: tells voices, tokenizer and encoder from others.
    """

    readers: Sequence[Reader]
    encode: Encode
    frames: Frames
    made_of: str


def rendered(
    meetings: Sequence[BenchMeeting],
    studio: Studio,
    directory: Path,
    minutes: float,
    seed: int,
    stacked: int,
    notice: Notice,
) -> list[HeardMeeting]:
    """What is heard of some minutes of each meeting, read aloud; kept on disk, and made once.

    Args:
        meetings: with words.
        studio: reads and hears.
        directory: for one file a meeting.
        minutes: of each meeting, from a moment drawn by chance; a shorter one is read whole.
        seed: of everything drawn.
        stacked: frames that make one embedding.
        notice: told of every meeting.

    Raises:
        InputError: no meeting lasts a second, or a file is broken.
        OSError: something cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    found = []
    for number, meeting in enumerate(meetings):
        path = directory / f"{number:05}.safetensors"
        mark = json.dumps([studio.made_of, seed, minutes, stacked, _content(meeting)])
        heard = intermediate.read(HeardMeeting, path, mark)
        if heard is None and meeting.duration >= CHUNK:
            random = np.random.default_rng([seed, 4, zlib.crc32(mark.encode())])
            begin, end = _stretch(meeting, minutes, random)
            reading = read_aloud(meeting, studio.readers, begin, end, random)
            labels = letters(sorted(meeting.participants))
            heard = hear(
                reading.samples, reading.words, begin, labels, studio.encode, studio.frames, stacked
            )
            intermediate.write(heard, path, mark)
            # From now on it lies on disk, not in memory.
            heard = intermediate.read(HeardMeeting, path, mark)
        if heard is not None:
            found.append(heard)
        notice("reading aloud", number + 1, len(meetings), {})
    if not found:
        raise InputError(
            "no meeting lasts a second", where=str(directory), todo="give longer meetings"
        )
    return found


def _content(meeting: BenchMeeting) -> list[object]:
    """What a meeting's sound depends on, in short."""
    words = repr([(one.speaker, one.text, one.start, one.end) for one in meeting.words])
    return [meeting.meeting_id, meeting.duration, zlib.crc32(words.encode())]


def _stretch(
    meeting: BenchMeeting, minutes: float, random: np.random.Generator
) -> tuple[Samples, Samples]:
    """Whole chunks of a meeting."""
    count = meeting.duration // CHUNK
    wanted = min(count, max(1, to_samples(60.0 * minutes) // CHUNK))
    first = int(random.integers(0, count - wanted + 1))
    return first * CHUNK, (first + wanted) * CHUNK


def align(
    network: Network,
    directory: Path,
    meetings: Sequence[BenchMeeting],
    studio: Studio,
    settings: AlignSettings,
    notice: Notice,
) -> None:
    """Trains a network's projector; goes on where it was interrupted.

    Args:
        network: fresh; only its projector changes.
        directory: kept in.
        meetings: to learn from.
        studio: reads them aloud and hears it.
        settings: how.
        notice: told stage, step, steps and figures.

    Raises:
        InputError: the directory holds another alignment, or a file is broken.
        OSError: something cannot be written.
        KeyboardInterrupt: interrupted; what was reached is kept.
    """
    known = _known(settings, meetings, studio)
    claim(directory, known)
    stacked = network.shape.stacked
    heard = rendered(
        meetings, studio, directory / HEARD, settings.minutes, settings.seed, stacked, notice
    )
    alignment = Alignment(network, heard, studio.encode(OPENING), settings)
    state = directory / STATE
    reached = first = _resume(alignment, state)
    try:
        for stage, step, steps, loss in alignment.train():
            reached = alignment.step
            notice(stage, step, steps, {"loss": loss})
            _log(directory, stage, step, loss)
            if reached % KEEP_EVERY == 0:
                write_tensors(alignment.state(), state)
    finally:
        if reached > first:
            write_tensors(alignment.state(), state)
    alignment.fold()
    about = {"aligned": json.dumps(known)}
    write_tensors(network.projector.state_dict(), directory / PROJECTOR, about)


def _known(
    settings: AlignSettings, meetings: Sequence[BenchMeeting], studio: Studio
) -> Mapping[str, object]:
    names = [meeting.meeting_id for meeting in meetings]
    return {**settings.model_dump(), "meetings": names, "made_of": studio.made_of}


def claim(directory: Path, known: Mapping[str, object]) -> None:
    """Writes down what is done in a directory.

    Raises:
        InputError: something else is.
        OSError: it cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path, text = directory / SETTINGS, json.dumps(known, indent=1) + "\n"
    if not path.exists():
        path.write_text(text)
    elif path.read_bytes() != text.encode():
        raise InputError(
            "this alignment was begun with other settings, meetings or models",
            where=str(path),
            todo="give the same ones to go on, or name another directory",
        )


def learned_from(directory: Path) -> tuple[int, frozenset[str]]:
    """The chunks of a window, and the names of the meetings that an alignment learned from.

    Raises:
        InputError: there is none.
    """
    path = directory / SETTINGS
    try:
        known = parse_json(path.read_text())
        return int(known["window"]), frozenset(map(str, known["meetings"]))
    except (OSError, ArithmeticError, ValueError, LookupError, TypeError) as error:
        raise InputError(
            "not an alignment", where=str(path), todo="run `moderator learn align` first"
        ) from error


def _resume(alignment: Alignment, path: Path) -> int:
    if not path.exists():
        return 0
    try:
        alignment.restore(read_tensors(path)[0])
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise InputError(
            "a broken checkpoint", where=str(path), todo="delete it; the alignment begins anew"
        ) from error
    return alignment.step


def _log(directory: Path, stage: str, step: int, loss: float) -> None:
    if step % 25 == 0:
        line = {"stage": stage, "step": step, "loss": round(loss, 5)}
        with (directory / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")


def load_projector(network: Network, path: Path) -> None:
    """Puts an aligned projector into a network.

    Raises:
        InputError: there is none, or it is broken or of another shape.
    """
    try:
        tensors, about = read_tensors(path)
        if "aligned" not in about:
            raise ValueError("not an aligned projector")
        finite = all(bool(torch.isfinite(one).all()) for one in tensors.values())
        if not finite:
            raise ValueError("not numbers")
        network.projector.load_state_dict(tensors)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(
            "no aligned projector that fits", where=str(path), todo="run `moderator learn align`"
        ) from error
