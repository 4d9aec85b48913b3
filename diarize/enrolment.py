"""Names for voices, from a few seconds of speech of each person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from diarize.base import SAMPLE_RATE, Audio
from diarize.embedding import SpeakerEmbedder, Vector, unit
from diarize.errors import DiarizeError
from diarize.samples import checked

PART = 2 * SAMPLE_RATE
"""Samples embedded at a time; the parts must agree that they are one voice."""

QUIET_DB = 30.0
"""Parts this far below the loudest are pauses."""


@dataclass(frozen=True, slots=True)
class EnrolmentSettings:
    """What enrolment asks for.

    Attributes:
        min_s: least seconds of speech of a person.
        max_s: what is longer is cut.
        coherence: least length of the mean of the parts' unit vectors: how far they agree.
        distinct: two people whose similarity is over this cannot be told apart.
        threshold: least similarity of a voice to the person it is named after …
        margin: … and least lead over the next.
    """

    min_s: float = 2.0
    max_s: float = 60.0
    coherence: float = 0.55
    distinct: float = 0.75
    threshold: float = 0.45
    margin: float = 0.1


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Known voices.

    Attributes:
        voices: unit vector and seconds of speech by name, as `diarize.online.OnlineDiarizer` takes
            them.
        settings: thresholds.
    """

    voices: Mapping[str, tuple[Vector, float]]
    settings: EnrolmentSettings = field(default_factory=EnrolmentSettings)

    def name(self, vector: Vector | None) -> str | None:
        """Whose voice this is; None if nobody's, if two are as near, or if the vector is bad."""
        voice = None if vector is None else unit(vector)
        if voice is None:
            return None
        similar = sorted(
            (
                (float(known @ voice), name)
                for name, (known, _) in self.voices.items()
                if known.shape == voice.shape
            ),
            reverse=True,
        )
        if not similar or similar[0][0] < self.settings.threshold:
            return None
        if len(similar) > 1 and similar[0][0] - similar[1][0] < self.settings.margin:
            return None
        return similar[0][1]


def enrol(
    embedder: SpeakerEmbedder,
    recordings: Mapping[str, Audio],
    settings: EnrolmentSettings | None = None,
) -> Enrolment:
    """Learns voices from recordings.

    Args:
        embedder: the one the diarizer uses.
        recordings: a few seconds of one person's speech by name, shape ``(n,)``, 16 kHz.
        settings: thresholds.

    Raises:
        DiarizeError: a recording has too little speech or more than one voice, or two people sound
            the same.
    """
    settings = settings or EnrolmentSettings()
    voices: dict[str, tuple[Vector, float]] = {}
    for name in sorted(recordings):
        voices[name] = _embed(embedder, name, checked(recordings[name]), settings)
        for other in sorted(set(voices) - {name}):
            if float(voices[name][0] @ voices[other][0]) > settings.distinct:
                raise DiarizeError(
                    "the voice cannot be told from another's",
                    where=f"{name}, {other}",
                    todo="check that each recording is of the person named",
                )
    return Enrolment(voices, settings)


def known_voices(
    vectors: Mapping[str, tuple[Vector, float]], dimension: int
) -> dict[str, tuple[Vector, float]]:
    """The vectors that can serve; a bad one means no name for that person, not a failure.

    Args:
        vectors: as stored: vector and seconds of speech by name.
        dimension: size the embedder makes.
    """
    good: dict[str, tuple[Vector, float]] = {}
    for name in sorted(vectors):
        stored, evidence_s = vectors[name]
        vector = unit(stored) if np.shape(stored) == (dimension,) else None
        if vector is not None and np.isfinite(evidence_s) and evidence_s > 0:
            good[name] = (vector, float(evidence_s))
    return good


def _embed(
    embedder: SpeakerEmbedder, name: str, audio: Audio, settings: EnrolmentSettings
) -> tuple[Vector, float]:
    audio = audio[: round(settings.max_s * SAMPLE_RATE)]
    parts = [audio[start : start + PART] for start in range(0, len(audio), PART)]
    levels = [10 * np.log10(float(np.mean(np.square(part))) + 1e-10) for part in parts]
    loud = [p for p, db in zip(parts, levels, strict=True) if db > max(max(levels) - QUIET_DB, -70)]
    embedded = [(embedder.embed(embedder.features(part)), len(part)) for part in loud]
    vectors = [(vector, length) for vector, length in embedded if vector is not None]
    seconds = sum(length for _, length in vectors) / SAMPLE_RATE
    if seconds < settings.min_s:
        raise DiarizeError(
            f"{seconds:.1f} s of speech",
            where=f"enrolment of {name}",
            todo=f"record at least {settings.min_s:g} s",
        )
    lengths = np.array([length for _, length in vectors], dtype=np.float64)
    mean = lengths @ np.stack([vector for vector, _ in vectors]) / lengths.sum()
    vector = unit(mean)
    if vector is None or float(np.linalg.norm(mean)) < settings.coherence:
        raise DiarizeError(
            "not one clear voice", where=f"enrolment of {name}", todo="record one person alone"
        )
    return vector, seconds
