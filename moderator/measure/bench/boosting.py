"""Timing features only: gradient boosting trained on recorded meetings when it is asked for.

Every participant takes the seat in turn with the position they had, so that the model learns
positions and not people. Nothing is stored: training takes a minute or two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from moderator.floor.features import FIVE, timing
from moderator.floor.voices import Values
from moderator.measure.bench.boundary import boundary_moments
from moderator.measure.bench.dynamic import dynamic_moments
from moderator.measure.bench.floor_turns import speakers
from moderator.measure.bench.meeting import BenchMeeting, Seat, seat_voices
from moderator.measure.bench.moments import Asked, Moments, Protocol
from moderator.measure.bench.scorer import Traits
from moderator.measure.bench.scores import Flags
from moderator.measure.bench.stream import stream_moments

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

KEPT: Final = {Protocol.STREAM: 0.5, Protocol.BOUNDARY: 1.0, Protocol.DYNAMIC: 0.5}
"""Share of the negatives that is trained on; they weigh the more."""

TRAINING_RUN_SEED: Final = 1_000
"""Seeds of dynamic chunks trained on are not those scored."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to train.

    Attributes:
        name: as in the tables.
        protocol: whose moments and labels it learns.
        step_s: of the stream, s.
        role: the position of the seat is a feature.
        columns: only these features; None: all.
        seed: of everything drawn.
    """

    name: str
    protocol: Protocol
    step_s: float = 1.0
    role: bool = True
    columns: tuple[str, ...] | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Positions:
    """Positions known from training, as columns.

    Attributes:
        known: in order; others get zeros.
    """

    known: tuple[str, ...]

    def row(self, seat: Seat) -> NDArray[np.float32]:
        """``(k + 1,)``: one of the positions, and whether the seat leads."""
        row = [float(seat.position == name) for name in self.known]
        return np.array([*row, float(seat.leads)], dtype=np.float32)


class Boosted:
    """A trained model of one protocol.

    Args:
        recipe: how it was trained.
        positions: what the role columns mean.
        model: the classifier.
    """

    def __init__(
        self, recipe: Recipe, positions: Positions, model: HistGradientBoostingClassifier
    ) -> None:
        self.recipe = recipe
        self._positions, self._model = positions, model

    def score(self, seat: Seat, asked: Asked) -> Values:
        """``(n,)`` probabilities."""
        if not len(asked.at):
            return np.zeros(0)
        from threadpoolctl import threadpool_limits

        rows = _rows(seat, asked, self.recipe, self._positions)
        with threadpool_limits(1):
            return np.asarray(self._model.predict_proba(rows)[:, 1], dtype=np.float64)


class Timing:
    """Trained models of several protocols under one name.

    Args:
        traits: name and protocols.
        models: one for each protocol.
    """

    def __init__(self, traits: Traits, models: Sequence[Boosted]) -> None:
        self._traits = traits
        self._models = {model.recipe.protocol: model for model in models}

    @property
    def traits(self) -> Traits:
        """Its name; it is scored by what it was trained for."""
        return self._traits

    def score(self, seat: Seat, asked: Asked) -> Values:
        """``(n,)`` probabilities of the model trained for the protocol."""
        return self._models[asked.protocol].score(seat, asked)


def recipes(protocols: Sequence[Protocol], step_s: float, seed: int) -> list[Recipe]:
    """What is trained for some protocols: timing with and without role, and six features."""
    wanted = []
    for protocol in protocols:
        wanted.append(Recipe("timing", protocol, step_s, role=True, seed=seed))
        wanted.append(Recipe("timing, no role", protocol, step_s, role=False, seed=seed))
        if protocol is Protocol.DYNAMIC:
            wanted.append(Recipe("timing, six features", protocol, step_s, False, FIVE, seed))
    return wanted


def assemble(models: Sequence[Boosted]) -> list[Timing]:
    """Models of one name become one scorer."""
    names = list(dict.fromkeys(model.recipe.name for model in models))
    scorers = []
    for name in names:
        own = [model for model in models if model.recipe.name == name]
        traits = Traits(
            name,
            protocols=frozenset(model.recipe.protocol for model in own),
            without_role_of="timing" if name == "timing, no role" else None,
        )
        scorers.append(Timing(traits, own))
    return scorers


def moments_of(seat: Seat, protocol: Protocol, step_s: float, seed: int, runs: int) -> Moments:
    """The moments of a protocol."""
    if protocol is Protocol.STREAM:
        return stream_moments(seat, step_s)
    if protocol is Protocol.BOUNDARY:
        return boundary_moments(seat)
    return dynamic_moments(seat, runs, seed)


def fit(recipe: Recipe, meetings: Sequence[BenchMeeting]) -> Boosted | None:
    """Trains one model on every seat of every meeting.

    Returns:
        None where the meetings do not have both kinds of moments.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    people = [one for meeting in meetings for one in meeting.participants.values()]
    positions = Positions(tuple(sorted({one.position for one in people if one.position})))
    random = np.random.default_rng(recipe.seed)
    rows, positive, weights = [], [], []
    for meeting in meetings:
        for speaker in speakers(meeting):
            seat = Seat(meeting, speaker)
            moments = moments_of(
                seat, recipe.protocol, recipe.step_s, recipe.seed + TRAINING_RUN_SEED, runs=1
            )
            kept, weight = _keep(moments.positive, KEPT[recipe.protocol], random)
            if kept.any():
                asked = moments.asked
                picked = Asked(recipe.protocol, asked.at[kept], asked.chunk[kept])
                rows.append(_rows(seat, picked, recipe, positions))
                positive.append(moments.positive[kept])
                weights.append(weight[kept])
    labels = np.concatenate(positive) if positive else np.zeros(0, dtype=np.bool_)
    if not labels.any() or labels.all():
        return None
    model = HistGradientBoostingClassifier(
        max_iter=400,
        learning_rate=0.04,
        max_leaf_nodes=16,
        min_samples_leaf=200 if len(labels) > 20_000 else 20,
        max_features=0.3,
        early_stopping=False,
        random_state=recipe.seed,
    )
    # One thread: sums in another order would give other trees.
    with threadpool_limits(1):
        model.fit(np.concatenate(rows), labels, sample_weight=np.concatenate(weights))
    return Boosted(recipe, positions, model)


def _keep(positive: Flags, share: float, random: np.random.Generator) -> tuple[Flags, Values]:
    """All positives and a share of the negatives, which weigh the more."""
    kept = positive | (random.random(len(positive)) < share)
    return kept, np.where(positive, 1.0, 1 / share)


def _rows(seat: Seat, asked: Asked, recipe: Recipe, positions: Positions) -> NDArray[np.float32]:
    """``(n, k)`` features, with the seat's role where the recipe has it."""
    table = timing(seat_voices(seat), asked.at)
    if recipe.columns is not None:
        table = table.only(recipe.columns)
    values = table.values.astype(np.float32)
    if recipe.protocol is Protocol.DYNAMIC:
        # A mind knows how long its chunk is; here that is half of the answer.
        values = np.column_stack([values, asked.chunk.astype(np.float32)])
    if not recipe.role:
        return values
    return np.hstack([values, np.tile(positions.row(seat), (len(asked.at), 1))])
