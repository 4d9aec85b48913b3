"""Incremental clustering: which voice of the meeting is each voice of a window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from diarize.embedding import Vector, unit
from diarize.errors import DiarizeError

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """How voices become speakers. Similarities are cosines, evidence is in seconds of clean speech.

    Attributes:
        accept: similarity from which a voice speaks for a speaker rather than against.
        continuity: what having been heard as a speaker a moment ago weighs, as similarity.
        full_s: evidence from which an embedding counts in full.
        create_below: a voice less similar than this to all speakers is a new one …
        create_s: … if there is this much evidence,
        first_s: or this much while nobody has been heard.
        update_s: least evidence that may move a speaker's centroid.
        update_above: least similarity that may move it.
        merge_above: two speakers this similar, never heard at once, are one.
        forced_above: a voice that fits nobody well goes to the nearest speaker from here on, else
            to nobody.
        max_evidence_s: a centroid weighs new speech as if no more than this had been heard.
    """

    accept: float = 0.3
    continuity: float = 0.3
    full_s: float = 1.0
    create_below: float = 0.3
    create_s: float = 1.0
    first_s: float = 0.3
    update_s: float = 0.6
    update_above: float = 0.3
    merge_above: float = 0.6
    forced_above: float = 0.1
    max_evidence_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of a window.

    Attributes:
        vector: its embedding; None if there was too little clean speech.
        clean_s: seconds of clean speech the embedding was made of.
        fresh_s: seconds of them that no earlier window held.
        continuity: share of its activity that was given to each speaker before, ``(speakers,)``.
    """

    vector: Vector | None
    clean_s: float
    fresh_s: float
    continuity: Floats


class SpeakerClusters:
    """The speakers of a meeting, known by centroids of their embeddings.

    Voices of one window never share a speaker (they cannot link). Memory is bounded by `limit`.

    Args:
        limit: most speakers told apart; a further voice goes to the nearest.
        settings: thresholds.
    """

    def __init__(self, limit: int, settings: ClusterSettings | None = None) -> None:
        self.settings = settings or ClusterSettings()
        self.limit = limit
        self._names: list[str | None] = [None] * limit
        self._sums: list[npt.NDArray[np.float64] | None] = [None] * limit
        self._evidence = np.zeros(limit)
        self._together = np.zeros((limit, limit), dtype=bool)
        self._born = [0] * limit
        self._births = 0
        self._enrolled = [False] * limit
        self._created = 0

    @property
    def active(self) -> list[int]:
        """Slots in use."""
        return [slot for slot, total in enumerate(self._sums) if total is not None]

    def name(self, slot: int) -> str:
        """The label of a slot in use."""
        name = self._names[slot]
        assert name is not None, f"slot {slot} is empty"
        return name

    def enrol(self, name: str, vector: Vector, evidence_s: float) -> None:
        """Adds a known speaker.

        Args:
            name: label.
            vector: embedding of their speech.
            evidence_s: seconds it was made of.

        Raises:
            DiarizeError: there are more names than `limit`.
        """
        if len(self.active) >= self.limit:
            raise DiarizeError(
                f"more than {self.limit} enrolled speakers", where=name, todo="enrol fewer"
            )
        slot = self._free_slot()
        self._fill(slot, name, vector, evidence_s)
        self._enrolled[slot] = True

    def assign(self, voices: Sequence[Voice]) -> list[int | None]:
        """The slot of each voice, None where nothing speaks for any; learns from clean speech."""
        similar = self.similarities(voices)
        known = self.active
        slots = self._match(voices, similar, known)
        for index, voice in enumerate(voices):
            if slots[index] is None:
                slots[index] = self._place(voice, similar[index], known, slots)
        for index, voice in enumerate(voices):
            slot = slots[index]
            if slot in known:
                self._learn(slot, voice, float(similar[index, slot]))
        self._note_together(slots)
        return slots

    def similarities(self, voices: Sequence[Voice]) -> Floats:
        """Cosines, shape ``(voices, limit)``; `accept`, which decides nothing, where unknown."""
        cosines = np.full((len(voices), self.limit), self.settings.accept, dtype=np.float32)
        for slot in self.active:
            centroid = unit(self._sum(slot))
            for index, voice in enumerate(voices):
                if voice.vector is not None and centroid is not None:
                    cosines[index, slot] = float(voice.vector @ centroid)
        return cosines

    def merge_alike(self) -> tuple[int, int] | None:
        """Merges the two most similar speakers if they are one.

        Returns:
            The slot that stays and the slot that was emptied; None if all differ. The speaker with
            a name given by enrolment stays, else the one known longer.
        """
        known = self.active
        best, pair = self.settings.merge_above, None
        for position, first in enumerate(known):
            for second in known[position + 1 :]:
                both_named = self._enrolled[first] and self._enrolled[second]
                if self._together[first, second] or both_named:
                    continue
                alike = _cosine(self._sum(first), self._sum(second))
                if alike > best:
                    best, pair = alike, (first, second)
        if pair is None:
            return None
        kept, emptied = sorted(pair, key=lambda slot: (not self._enrolled[slot], self._born[slot]))
        self._merge(kept, emptied)
        return kept, emptied

    def _match(
        self, voices: Sequence[Voice], similar: Floats, known: list[int]
    ) -> list[int | None]:
        """One-to-one assignment by similarity and continuity (Hungarian method)."""
        slots: list[int | None] = [None] * len(voices)
        if not known or not voices:
            return slots
        score = np.stack([self._scores(v, similar[i])[known] for i, v in enumerate(voices)])
        for row, column in zip(*linear_sum_assignment(score, maximize=True), strict=True):
            if score[row, column] > 0:
                slots[row] = known[column]
        return slots

    def _scores(self, voice: Voice, similar: Floats) -> Floats:
        trust = 0.0
        if voice.vector is not None:
            trust = min(1.0, voice.clean_s / self.settings.full_s)
        score = trust * (similar - self.settings.accept)
        return np.asarray(score + self.settings.continuity * voice.continuity, dtype=np.float32)

    def _place(
        self, voice: Voice, similar: Floats, known: list[int], slots: list[int | None]
    ) -> int | None:
        """A new speaker's slot, or the nearest free speaker's."""
        settings = self.settings
        free = [slot for slot in known if slot not in slots]
        heard = any(not self._enrolled[slot] for slot in known)
        needed = settings.create_s if heard else settings.first_s
        nearest = max((float(similar[slot]) for slot in free), default=-1.0)
        if (
            voice.vector is not None
            and voice.clean_s >= needed
            and nearest < settings.create_below
            and len(self.active) < self.limit
        ):
            slot = self._free_slot()
            self._created += 1
            self._fill(slot, f"speaker_{self._created}", voice.vector, voice.clean_s)
            return slot
        # A name is given only to a voice that fits it, never to the nearest that does not.
        free = [slot for slot in free if not self._enrolled[slot]]
        if not free:
            return None
        if voice.vector is None and not voice.continuity[free].any():
            return None
        scores = self._scores(voice, similar)
        best = max(free, key=lambda slot: (float(scores[slot]), -slot))
        return best if similar[best] >= settings.forced_above else None

    def _learn(self, slot: int, voice: Voice, similarity: float) -> None:
        settings = self.settings
        if voice.vector is None or voice.fresh_s <= 0 or voice.clean_s < settings.update_s:
            return
        if similarity < settings.update_above:
            return
        total = self._sum(slot) + voice.vector.astype(np.float64) * voice.fresh_s
        evidence = self._evidence[slot] + voice.fresh_s
        if evidence > settings.max_evidence_s:
            total *= settings.max_evidence_s / evidence
            evidence = settings.max_evidence_s
        self._sums[slot], self._evidence[slot] = total, evidence

    def _note_together(self, slots: Sequence[int | None]) -> None:
        present = [slot for slot in slots if slot is not None]
        for first in present:
            for second in present:
                if first != second:
                    self._together[first, second] = True

    def _merge(self, kept: int, emptied: int) -> None:
        self._sums[kept] = self._sum(kept) + self._sum(emptied)
        self._evidence[kept] += self._evidence[emptied]
        self._together[kept] |= self._together[emptied]
        self._together[:, kept] |= self._together[:, emptied]
        self._together[emptied] = self._together[:, emptied] = False
        self._sums[emptied], self._names[emptied], self._evidence[emptied] = None, None, 0.0

    def _fill(self, slot: int, name: str, vector: Vector, evidence_s: float) -> None:
        self._names[slot] = name
        self._sums[slot] = vector.astype(np.float64) * evidence_s
        self._evidence[slot] = evidence_s
        self._together[slot] = self._together[:, slot] = False
        self._enrolled[slot] = False
        self._births += 1
        self._born[slot] = self._births

    def _free_slot(self) -> int:
        return next(slot for slot, total in enumerate(self._sums) if total is None)

    def _sum(self, slot: int) -> npt.NDArray[np.float64]:
        total = self._sums[slot]
        assert total is not None, f"slot {slot} is empty"
        return total


def _cosine(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> float:
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))
