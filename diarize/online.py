"""Online diarization of a shared microphone, overlap-aware, at a chosen latency.

A window of a few seconds slides over the stream. In each window a segmentation model finds up to
three voices; the latest stretch of each is embedded where nobody else speaks and given to a speaker
of the meeting; overlapping windows vote on every frame. After Coria et al., "Overlap-aware
low-latency online speaker diarization based on end-to-end local segmentation", ASRU 2021,
https://arxiv.org/abs/2109.06483, with two differences: voices are embedded and assigned by
stretches of a second or so rather than by whole windows, as one local voice of the segmentation
often holds two speakers in turn; and what earlier windows said of the same frames is evidence.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from diarize.base import SAMPLE_RATE, Audio, DiarizerSpec, SpeakerActivity
from diarize.clustering import ClusterSettings, Floats, SpeakerClusters, Voice
from diarize.embedding import Features, SpeakerEmbedder, Vector
from diarize.errors import DiarizeError
from diarize.segmentation import FRAME_CENTRE, FRAME_STEP, Activity, LocalSegmentation, Submit
from diarize.stretches import Cutter, EmbeddingMemory, Stretch
from diarize.votes import Votes
from diarize.windows import Window, Windows

FRAME_S = FRAME_STEP / SAMPLE_RATE
_FIRST_EDGE = FRAME_CENTRE - FRAME_STEP // 2
"""Where the second frame's share of the stream would begin, less one step."""
_TELLING = 5
"""Frames of a voice alone from which they, rather than the whole stretch, say whose it is."""
_SHORTEST = 2 * FRAME_CENTRE + 1 + FRAME_STEP
"""Samples of the shortest window that is read: it has two frames, the fewest a model takes."""


@dataclass(frozen=True, slots=True)
class OnlineSettings:
    """How windows are cut and read. Probabilities are in [0, 1].

    Attributes:
        window_s: length of a window.
        step_s: a window is read this often; kept to whole segmentation frames.
        max_speakers: speakers told apart.
        onset: a speaker begins where the vote rises over this …
        offset: … and ends where it falls under this.
        voice: probability from which a frame is speech of a voice.
        extent: probability from which a frame belongs to a stretch of a voice.
        gap_s: pauses up to this do not end a stretch.
        stretch_s: longest stretch that is embedded and assigned as one.
        fresh_s: a stretch is embedded while it reaches into the window's last seconds …
        settled_share: … or less than this of it was given to a speaker before.
        reuse: share of common frames from which an earlier embedding of a stretch still serves.
        clusters: thresholds of the clustering.
    """

    window_s: float = 5.0
    step_s: float = 0.25
    max_speakers: int = 12
    onset: float = 0.5
    offset: float = 0.5
    voice: float = 0.5
    extent: float = 0.4
    gap_s: float = 0.2
    stretch_s: float = 1.25
    fresh_s: float = 1.0
    settled_share: float = 0.3
    reuse: float = 0.7
    clusters: ClusterSettings = field(default_factory=ClusterSettings)

    @property
    def window(self) -> int:
        """Frames of a window."""
        return max(1, round(self.window_s / FRAME_S))

    @property
    def step(self) -> int:
        """Frames of a step."""
        return max(1, round(self.step_s / FRAME_S))

    @property
    def cutter(self) -> Cutter:
        """Cuts voices into stretches."""
        gap, longest = round(self.gap_s / FRAME_S), max(1, round(self.stretch_s / FRAME_S))
        return Cutter(self.voice, self.extent, gap, longest)


class OnlineDiarizer:
    """`diarize.base.Diarizer` for a shared microphone.

    Labels are ``speaker_1``, ``speaker_2`` … in order of appearance, or enrolled names.

    Args:
        segmentation: finds voices in a window.
        embedder: tells voices apart.
        latency_s: output settles this many seconds behind the input.
        settings: windows and thresholds.
        enrolled: embedding and seconds of speech of known speakers, by name.

    Raises:
        DiarizeError: the latency is too short for a step or longer than a window.
    """

    def __init__(
        self,
        segmentation: LocalSegmentation,
        embedder: SpeakerEmbedder,
        *,
        latency_s: float = 1.0,
        settings: OnlineSettings | None = None,
        enrolled: Mapping[str, tuple[Vector, float]] | None = None,
    ) -> None:
        self.settings = settings = settings or OnlineSettings()
        step = settings.step * FRAME_STEP
        # Output settles by whole steps of whole frames, so both come out of the latency.
        shortest = (step + FRAME_STEP + _SHORTEST) / SAMPLE_RATE
        if not shortest <= latency_s <= settings.window_s:
            raise DiarizeError(
                f"latency of {latency_s} s cannot be met",
                where="latency_s",
                todo=f"choose from {shortest:.2f} to {settings.window_s} s",
            )
        self._ahead = round(latency_s * SAMPLE_RATE) - step - FRAME_STEP
        self._segmentation, self._embedder = segmentation, embedder
        self.spec = DiarizerSpec(latency_s, step / SAMPLE_RATE, settings.max_speakers)
        self.settled = 0
        self._clusters = SpeakerClusters(settings.max_speakers, settings.clusters)
        for name, (vector, evidence_s) in sorted((enrolled or {}).items()):
            self._clusters.enrol(name, vector, evidence_s)
        self._votes = Votes(settings.max_speakers, settings.onset, settings.offset)
        self._memory = EmbeddingMemory(embedder, settings.reuse)
        self._cutter = settings.cutter
        self._windows, self._coming = (
            Windows(settings.window * FRAME_STEP, step) for _ in range(2)
        )
        self._foreseen: deque[tuple[Window, Future[Activity]]] = deque()
        self._done = 0  # frames decided

    def push(self, audio: Audio) -> list[SpeakerActivity]:
        """Takes the next samples, shape ``(n,)``, and returns what has become final, by start."""
        pieces: list[SpeakerActivity] = []
        for window in self._windows.push(audio):
            self._read(window)
            pieces += self._settle(window.end - self._ahead)
        return pieces

    def flush(self) -> list[SpeakerActivity]:
        """Ends the stream: everything not yet returned."""
        for window in self._windows.flush():
            self._read(window)
        return self._settle(self._windows.end, last=True)

    def segment_ahead(self, audio: Audio, submit: Submit, *, last: bool = False) -> None:
        """Has windows segmented whose samples will be pushed, all of them once and in order."""
        coming = [*self._coming.push(audio), *(self._coming.flush() if last else ())]
        for window in coming:
            if len(window.audio) >= _SHORTEST:
                work = partial(self._segmentation, window.audio.copy())
                self._foreseen.append((window, submit(work)))

    def _segment(self, window: Window) -> Activity:
        if self._foreseen and self._foreseen[0][0].same(window):
            return self._foreseen.popleft()[1].result()
        return self._segmentation(window.audio)  # the stream ends before the end foreseen

    def _read(self, window: Window) -> None:
        """Reads a window and casts its votes."""
        first = window.first
        if len(window.audio) < _SHORTEST:
            return
        activity = self._segment(window)
        self._votes.forget(min(first, self._done))
        weights = np.hamming(len(activity))
        self._votes.add(first, weights)
        open_from = max(0, self._done - first)
        stretches = self._cutter.cut(activity, open_from)
        for stretch, slot in self._assign(stretches, activity, first, window.audio):
            part = slice(stretch.start, stretch.end)
            weighted = activity[part, stretch.local] * weights[part]
            self._votes.cast(slot, first + stretch.start, weighted)
        merged = self._clusters.merge_alike()
        if merged is not None:
            self._votes.merge(*merged)

    def _assign(
        self, stretches: list[Stretch], activity: Activity, first: int, window: Audio
    ) -> list[tuple[Stretch, int]]:
        """Gives stretches to speakers: new ones by voice, others as earlier windows did."""
        self._memory.next_window()
        fresh_from = len(activity) - round(self.settings.fresh_s / FRAME_S)
        newest = {stretch.local: stretch.end for stretch in sorted(stretches, key=_by_end)}
        live: list[tuple[Stretch, Voice]] = []
        given: list[tuple[Stretch, int]] = []
        features: Features | None = None
        for stretch in sorted(stretches, key=_by_speech_alone):
            share = self._share(stretch, activity, first)
            is_live = stretch.end == newest[stretch.local] and stretch.end > fresh_from
            if not is_live:
                share[[slot for other, slot in given if _at_once(stretch, other)]] = 0.0
                if share.max() > self.settings.settled_share:
                    given.append((stretch, int(share.argmax())))
                    continue
            if features is None:
                features = self._embedder.features(window)
            vector = self._memory.embed(stretch, first, features)
            fresh = stretch.clean[max(0, len(activity) - self.settings.step - stretch.start) :]
            clean_s, fresh_s = float(stretch.clean.sum()), float(fresh.sum())
            voice = Voice(vector, clean_s * FRAME_S, fresh_s * FRAME_S, share)
            if is_live:
                live.append((stretch, voice))
            else:
                given += self._give([(stretch, voice)])
        return given + self._give(live)

    def _share(self, stretch: Stretch, activity: Activity, first: int) -> Floats:
        """Whose the stretch was so far; where two spoke at once, votes do not say who is who."""
        part = activity[stretch.start : stretch.end, stretch.local]
        if stretch.clean.sum() >= _TELLING:
            part = part * stretch.clean
        return self._votes.share(first + stretch.start, part)

    def _give(self, voices: list[tuple[Stretch, Voice]]) -> list[tuple[Stretch, int]]:
        slots = self._clusters.assign([voice for _, voice in voices])
        return [
            (stretch, slot)
            for (stretch, _), slot in zip(voices, slots, strict=True)
            if slot is not None
        ]

    def _settle(self, upto: int, last: bool = False) -> list[SpeakerActivity]:
        """Decides the stream up to position `upto`."""
        if upto <= self.settled:
            return []
        frames = self._votes.end if last else (upto - _FIRST_EDGE) // FRAME_STEP
        frames = min(frames, self._votes.end)
        pieces = []
        if frames > self._done:
            for slot, start, end in self._votes.settle(self._done, frames):
                begin = 0 if start == 0 else _FIRST_EDGE + start * FRAME_STEP
                pieces.append(
                    SpeakerActivity(
                        self._clusters.name(slot), begin, _FIRST_EDGE + end * FRAME_STEP
                    )
                )
            self._done = frames
            self.settled = _FIRST_EDGE + frames * FRAME_STEP
        if last:
            self.settled = upto
        return sorted(pieces, key=lambda piece: (piece.start, piece.speaker))


def _at_once(one: Stretch, other: Stretch) -> bool:
    return one.local != other.local and one.start < other.end and other.start < one.end


def _by_speech_alone(stretch: Stretch) -> tuple[int, int, int]:
    return -int(stretch.clean.sum()), stretch.local, stretch.start


def _by_end(stretch: Stretch) -> int:
    return stretch.end
