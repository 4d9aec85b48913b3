"""What `moderator learn align` does with files and models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from integrations.files.bench.records import read_meetings, record_files
from integrations.files.disk.atomic import disk_errors
from integrations.files.learn.prepared import fresh_network
from integrations.files.learn.run import stages
from integrations.files.sound.audio import AudioFile
from moderator.cli.console import print_json, progress, stdout_console
from moderator.errors import InputError
from moderator.timeline import SAMPLE_RATE

if TYPE_CHECKING:
    from moderator.learn.align_run import Studio
    from moderator.learn.align_stage import AlignSettings
    from moderator.learn.heard_meeting import HeardMeeting
    from moderator.mind.moderator_lm.own_backbone import OwnBackbone
    from moderator.mind.moderator_lm.script import Encode
    from moderator.models.store import ModelStore

PITCHES = (0.8, 0.88, 0.96, 1.04, 1.16, 1.28)
"""Of the voices that are learned from: one voice at so many heights."""

HELD_OUT_PITCHES = (0.84, 0.92, 1.0, 1.1, 1.22)
"""Of those that are scored on."""


def make_studio(
    store: ModelStore, encode: Encode, pitches: Sequence[float], own: OwnBackbone | None = None
) -> Studio:
    """Voices at some heights, and the speech encoder.

    Args:
        store: has them.
        encode: the language model's tokenizer.
        pitches: the heights.
        own: that language model; None: the embedded one.

    Raises:
        InputError: a model is missing.
    """
    from moderator.learn.align_run import Studio
    from moderator.learn.reading_aloud import reader
    from moderator.mind.moderator_lm.speech import MODEL, load_speech_encoder
    from moderator.mind.moderator_lm.unpacked import MODEL as LANGUAGE
    from moderator.mouth.hibari import HibariVoice
    from moderator.mouth.loading import HIBARI_MODEL, VoiceLoader
    from roles.schema import VoiceChoice

    voice = VoiceLoader(store)(VoiceChoice(backend="hibari"))
    assert isinstance(voice, HibariVoice)
    readers = [reader(replace(voice, pitch=pitch)) for pitch in pitches]
    names = (MODEL, HIBARI_MODEL) if own else (MODEL, HIBARI_MODEL, LANGUAGE)
    hashes = {name: [file.sha256 for file in store.model(name).files] for name in names}
    if own is not None:
        hashes["backbone"] = [own.sha256]
    encoder = load_speech_encoder(store.directory(MODEL))
    made_of = json.dumps([hashes, list(pitches)])
    return Studio(readers, encode, encoder.frames, made_of)


def align_projector(
    records: Sequence[Path],
    directory: Path,
    settings: AlignSettings,
    threads: int,
    backbone: Path | None = None,
) -> None:
    """Trains a projector, with a bar for what is read aloud and for each stage.

    Args:
        records: of meetings that are read aloud.
        directory: kept in.
        settings: how.
        threads: of the processor.
        backbone: directory of the language model; None: the embedded one.

    Raises:
        InputError: records or models are missing, or the directory holds another alignment.
    """
    import torch

    from moderator.cli.models import open_store
    from moderator.learn.align_run import align
    from moderator.mind.moderator_lm.own_backbone import OwnBackbone

    torch.set_num_threads(threads)
    meetings = read_meetings(records)
    own = OwnBackbone.at(backbone) if backbone else None
    network, encode = fresh_network(own, whole=True)
    studio = make_studio(open_store(offline=False, show_progress=False), encode, PITCHES, own)
    with disk_errors(directory), stages() as notice:
        align(network, directory, meetings, studio, settings, notice)


def show_hearing(
    directory: Path,
    records: Sequence[Path],
    minutes: float,
    backbone: Path | None = None,
    *,
    recorded: bool,
    as_json: bool,
) -> None:
    """Prints how likely transcripts are after hearing them, another meeting, and nothing.

    Args:
        directory: of an alignment.
        records: meetings that it did not learn from.
        minutes: of each that are read aloud, by voices that it did not learn from.
        backbone: directory of the language model; None: the embedded one.
        recorded: hear the recordings beside the records instead.
        as_json: for machines.

    Raises:
        InputError: records, recordings or the aligned projector are missing or broken.
    """
    import torch

    from moderator.cli.models import open_store
    from moderator.learn.align_run import PROJECTOR, learned_from, load_projector
    from moderator.learn.hearing_scores import CONDITIONS, hearing
    from moderator.mind.moderator_lm.own_backbone import OwnBackbone
    from moderator.mind.moderator_lm.script import OPENING

    torch.set_num_threads(1)  # sums on one core have one order, and so one result
    window, names = learned_from(directory)
    meetings = read_meetings(records)
    for meeting in meetings:
        if meeting.meeting_id in names:
            todo = "give meetings that it did not learn from"
            raise InputError(
                f"learned from {meeting.meeting_id!a}", where=str(directory), todo=todo
            )
    own = OwnBackbone.at(backbone) if backbone else None
    network, encode = fresh_network(own, whole=True)
    load_projector(network, directory / PROJECTOR)
    store = open_store(offline=False, show_progress=False)
    studio = make_studio(store, encode, HELD_OUT_PITCHES, own)
    hear = _recordings if recorded else _read_aloud
    heard = hear(records, studio, minutes, network.shape.stacked)
    with progress("hearing", float(len(heard))) as advance:
        told = 0.0

        def notice(done: int, of: int) -> None:
            nonlocal told
            now = len(heard) * done / of
            advance(now - told)
            told = now

        found = hearing(network, heard, encode(OPENING), window, notice)
    if as_json:
        print_json({"meetings": len(heard), **found})
        return
    for name in CONDITIONS:
        what = {"own": "its own sound", "other": "another meeting's", "none": "none"}[name]
        stdout_console().print(f"{found[name]:.3f} nats a token after {what}")


def _read_aloud(
    records: Sequence[Path], studio: Studio, minutes: float, stacked: int
) -> list[HeardMeeting]:
    from moderator.learn.align_run import rendered

    meetings = read_meetings(records)
    with TemporaryDirectory() as kept, progress("reading aloud", float(len(meetings))) as advance:
        return rendered(
            meetings,
            studio,
            Path(kept),
            minutes,
            0,
            stacked,
            lambda *_: advance(1.0),
        )


def _recordings(
    records: Sequence[Path], studio: Studio, minutes: float, stacked: int
) -> list[HeardMeeting]:
    """Recordings of the same name as their records, from the beginning on.

    Raises:
        InputError: one is missing, broken, or shorter than a second.
    """
    from moderator.learn.heard_meeting import hear
    from moderator.mind.moderator_lm.parts import letters

    found = []
    for path in (path for place in records for path in record_files(place)):
        (meeting,) = read_meetings([path])
        most = int(60 * minutes * SAMPLE_RATE)
        sound = path.with_suffix(".wav")
        samples = np.concatenate([*AudioFile(sound).blocks(SAMPLE_RATE)])[:most]
        if len(samples) < SAMPLE_RATE:
            raise InputError("shorter than a second", where=str(sound), todo="leave it out")
        labels = letters(sorted(meeting.participants))
        found.append(hear(samples, meeting.words, 0, labels, studio.encode, studio.frames, stacked))
    return found
