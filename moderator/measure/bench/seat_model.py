"""`moderator-lm` as a scorer: a whole meeting in a few passes instead of word by word.

What it gives is what a session would give that sits in the seat and hears every word as it ends;
the tests compare the two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from moderator.floor.voices import Values
from moderator.measure.bench.dynamic import begins_at_end
from moderator.measure.bench.meeting import Seat, seat_voices
from moderator.measure.bench.moments import Asked, Protocol
from moderator.measure.bench.scorer import Pass, Traits

if TYPE_CHECKING:
    from moderator.mind.moderator_lm.loading import Loaded

SOON, WITHIN_A_SECOND, NEXT = 0, 1, 3
"""Which of `HEADS` answer what protocols ask."""


@dataclass(frozen=True, slots=True)
class SeatModel:
    """The embedded model in the seat, in the role of who sat there.

    Attributes:
        name: as in the tables.
        load: makes the model; picklable, and called once in each process.
        role: whether the model is told its role and the others'.
        without_role_of: see `Traits`.
        threshold: that it ships with; None: chosen.
        thinks: it decides after a thought; the model must have learned to.
        described: it is told the seat's description, if there is one, and not the title alone.
    """

    name: str
    load: Callable[[], Loaded]
    role: bool = True
    without_role_of: str | None = None
    threshold: float | None = None
    thinks: bool = False
    described: bool = True

    @property
    def traits(self) -> Traits:
        """A mind, scored by all protocols."""
        return Traits(self.name, self.threshold, without_role_of=self.without_role_of, mind=True)

    def score(self, seat: Seat, asked: Asked) -> Values:
        """``(n,)`` probabilities."""
        return self.score_all(seat, [asked]).values[0]

    def score_all(self, seat: Seat, asked: Sequence[Asked]) -> Pass:
        """The moments of several protocols, each segment read once."""
        import torch

        from moderator.measure.bench.seat_text import prompt_ids, segments
        from moderator.mind.moderator_lm import passage
        from moderator.mind.moderator_lm.floor_features import measure, role_numbers

        model = _loaded(self.load)
        network = model.network
        room = network.shape.prompt_tokens
        # Chunks of several runs, and protocols, end at the same moments now and then.
        at, places = np.unique(np.concatenate([one.at for one in asked]), return_inverse=True)
        logits = np.zeros((len(at), 4))
        with torch.inference_mode():
            ids = prompt_ids(seat, model.encode, room, role=self.role, described=self.described)
            parts = segments(seat.meeting, model.encode)
            questions = passage.Questions(
                passage.read_below(network, [ids], 0)[0],
                role_numbers(leads=seat.leads, known=self.role),
                at,
                measure(seat_voices(seat), at),
            )
            for rows, decided in passage.decide_segments(
                network,
                parts,
                lambda some: passage.read_below(network, [parts[i].tokens.ids for i in some], room),
                questions,
            ):
                judged = decided.logits
                if self.thinks:
                    judged = network.think(decided.hidden, decided.reading.embedding, judged).logits
                logits[rows] = judged.cpu().numpy()
        ends = np.cumsum([len(one.at) for one in asked])
        thought = model.about.after_thought if self.thinks else None
        scale = (thought or model.about).scale
        parted = zip(asked, np.split(logits[places], ends[:-1]), strict=True)
        return Pass([_answer(one, part, scale) for one, part in parted])


def _answer(asked: Asked, logits: Values, scale: Sequence[float]) -> Values:
    """``(n,)`` what a protocol asks, from ``(n, 4)`` logits and the heads' scales."""
    from moderator.mind.moderator_lm.about import probabilities

    def says(head: int) -> Values:
        return probabilities(logits[:, head], scale[head])

    if asked.protocol is Protocol.DYNAMIC:
        return begins_at_end(asked.chunk, says(SOON), says(NEXT))
    return says(NEXT if asked.protocol is Protocol.BOUNDARY else WITHIN_A_SECOND)


@lru_cache(maxsize=1)
def _loaded(load: Callable[[], Loaded]) -> Loaded:
    """Once in each process."""
    return load()
