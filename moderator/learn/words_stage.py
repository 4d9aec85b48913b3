"""Second stage: the language model learns what the floor model cannot hear, from real meetings."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from moderator.floor.voices import Times
from moderator.learn.examples import SHIFTS, shifted_stream
from moderator.learn.floor_stage import HEAD_WEIGHTS, ROLE_WITHHELD
from moderator.learn.prepared import PreparedMeeting, PreparedSeat
from moderator.mind.moderator_lm.floor_features import role_numbers
from moderator.mind.moderator_lm.lora import LoRALinear
from moderator.mind.moderator_lm.network import Network
from moderator.mind.moderator_lm.passage import Passage, decide_passages
from moderator.mind.moderator_lm.script import Segment

BUCKETS = 32
"""Batches' worth of segments that are sorted by length at a time."""

LEADER_SHARE = 0.3
"""How often the leader's seat is among those of a segment, beyond chance."""


@dataclass(frozen=True, slots=True)
class WordsSettings:
    """How the language model is trained.

    Attributes:
        epochs: passes over all segments; may be a part of one.
        batch: segments a step.
        seats: of each segment, drawn anew each time.
        silent: moments without a turn that are drawn for each seat; they weigh the more.
        rate: peak of the one-cycle learning rate of the LoRA matrices.
        decay: of the weights.
        missed: share of the transcript's tokens that a decision does not see, drawn anew each time.
        dropout: of what LoRA's updates are fed with.
        seed: of everything drawn.
    """

    epochs: float = 1.0
    batch: int = 8
    seats: int = 2
    silent: int = 12
    rate: float = 4e-4
    decay: float = 0.01
    missed: float = 0.0
    dropout: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """Moments of one seat in one segment, with what they teach."""

    at: Times
    features: NDArray[np.float32]
    labels: NDArray[np.bool_]
    weights: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A batch: passages, and per question in order its features, role, labels and weights."""

    passages: Sequence[Passage]
    features: Tensor
    role: Tensor
    labels: Tensor
    weights: Tensor


def drawn_seats(
    meeting: PreparedMeeting, count: int, random: np.random.Generator
) -> Sequence[PreparedSeat]:
    """Some seats of a meeting, the leader's more often than chance would."""
    seats = meeting.seats
    chosen = random.permutation(len(seats))[:count].tolist()
    leaders = [index for index, seat in enumerate(seats) if seat.example.leads]
    if leaders and leaders[0] not in chosen and random.random() < LEADER_SHARE:
        chosen[0] = leaders[0]
    return [seats[index] for index in sorted(chosen)]


def drawn_question(
    seat: PreparedSeat, segment: Segment, silent: int, random: np.random.Generator
) -> Question:
    """All moments near a turn and at boundaries, and some of the others.

    Those of the stream are shifted by chance: what is right changes with them, so that a passage
    that is read again cannot be answered by heart.

    Args:
        seat: whose moments.
        segment: that they are in.
        silent: moments without a turn that are drawn; they weigh the more.
        random: draws them.
    """
    parts = []
    for kind, head_weights in HEAD_WEIGHTS.items():
        asked = getattr(seat.example, kind)
        if kind == "stream":
            asked = shifted_stream(seat.example, int(random.integers(SHIFTS)))
        here = segment.rows(asked.at)
        weights = np.tile(np.array(head_weights, dtype=np.float32), (len(here), 1))
        if kind == "stream":
            soon = asked.labels[here, 2]
            others = np.nonzero(~soon)[0]
            drawn = min(len(others), silent)
            if drawn:
                weights[~soon] *= len(others) / drawn
                others = random.choice(others, drawn, replace=False)
            kept = np.sort(np.concatenate([np.nonzero(soon)[0], others]))
            here, weights = here[kept], weights[kept]
        parts.append((asked.at[here], asked.features[here], asked.labels[here], weights))
    return Question(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def trained_parts(network: Network) -> list[dict[str, object]]:
    """What this stage trains: LoRA, the way in, and the head. The floor model stays as it is."""
    named = list(network.named_parameters())
    for name, parameter in named:
        parameter.requires_grad_(
            name.endswith((".a", ".b")) or name.startswith(("enter.", "head."))
        )
    lora = [one for name, one in named if name.endswith((".a", ".b"))]
    rest = [one for name, one in named if name.startswith(("enter.", "head."))]
    return [{"params": lora}, {"params": rest}]


class Drill:
    """The second stage, step by step; a step can be taken again from a checkpoint.

    Args:
        network: trained in place.
        meetings: to learn from.
        settings: how.
    """

    def __init__(
        self, network: Network, meetings: Sequence[PreparedMeeting], settings: WordsSettings
    ) -> None:
        self.network, self._meetings, self.settings = network, meetings, settings
        self._places = [
            (number, index)
            for number, meeting in enumerate(meetings)
            for index, words in enumerate(meeting.words)
            if len(words) > 8
        ]
        for module in network.modules():
            if isinstance(module, LoRALinear):
                module.dropout = settings.dropout
        self.steps = max(1, int(settings.epochs * len(self._places) / settings.batch))
        groups = trained_parts(network)
        rates = [settings.rate, 1.5 * settings.rate]
        self.optimizer = torch.optim.AdamW(
            groups, settings.rate, weight_decay=settings.decay, betas=(0.9, 0.98)
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, rates, total_steps=self.steps + 1, pct_start=0.06
        )

    def skip(self, steps: int) -> None:
        """Puts the learning rate where it is after some steps."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # steps of a schedule alone are meant
            for _ in range(steps):
                self.schedule.step()

    def order(self, epoch: int) -> list[tuple[int, int]]:
        """An epoch's segments: shuffled, then those of like length together."""
        random = np.random.default_rng([self.settings.seed, 1, epoch])
        batch = self.settings.batch
        mixed = random.permutation(len(self._places))
        found: list[tuple[int, int]] = []
        for start in range(0, len(mixed), batch * BUCKETS):
            some = sorted(mixed[start : start + batch * BUCKETS], key=self._length)
            batches = [some[at : at + batch] for at in range(0, len(some) - batch + 1, batch)]
            for index in random.permutation(len(batches)):
                found += [self._places[place] for place in batches[index]]
        return found

    def _length(self, place: int) -> int:
        number, index = self._places[place]
        return len(self._meetings[number].words[index])

    def lessons(self, first: int = 0) -> Iterator[tuple[int, Lesson]]:
        """(Steps done with it, batch) from step `first` on, drawn from seed and step alone."""
        batch, step = self.settings.batch, first
        a_pass = max(1, len(self.order(0)) // batch)
        while step < self.steps:
            order = self.order(step // a_pass)
            while step < self.steps:
                at = step % a_pass * batch
                random = np.random.default_rng([self.settings.seed, 2, step])
                step += 1
                lesson = self._lesson(order[at : at + batch], random)
                if lesson is not None:
                    yield step, lesson
                if step % a_pass == 0:
                    break

    def _lesson(
        self, places: Sequence[tuple[int, int]], random: np.random.Generator
    ) -> Lesson | None:
        passages, features, roles, labels, weights = [], [], [], [], []
        share = self.settings.missed
        for number, index in places:
            meeting = self._meetings[number]
            segment, prompts, asked = meeting.segments[index], [], []
            for seat in drawn_seats(meeting, self.settings.seats, random):
                question = drawn_question(seat, segment, self.settings.silent, random)
                if not len(question.at):
                    continue
                known = random.random() >= ROLE_WITHHELD
                prompts.append(seat.prompt if known else seat.bare)
                asked.append(question.at)
                features.append(question.features)
                role = role_numbers(leads=seat.example.leads, known=known)
                roles.append(np.tile(np.array(role, dtype=np.float32), (len(question.at), 1)))
                labels.append(question.labels)
                weights.append(question.weights)
            if asked:
                known_at = segment.tokens.known
                missed = [random.random((len(at), len(known_at))) < share for at in asked if share]
                passages.append(Passage(prompts, meeting.words[index], known_at, asked, missed))
        if not passages:
            return None
        stacked = [torch.from_numpy(np.concatenate(x)) for x in (features, roles, labels, weights)]
        return Lesson(passages, stacked[0], stacked[1], stacked[2].float(), stacked[3])

    def step(self, lesson: Lesson) -> tuple[float, float]:
        """Learns one batch.

        Returns:
            The loss of the head `within 1 s`, and what the floor model alone would have had.
        """
        losses, alone, weights = self.losses(lesson)
        total = (losses * weights).sum() / weights.sum()
        self.optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]  # untyped in torch
        trained = [one for group in self.optimizer.param_groups for one in group["params"]]
        nn.utils.clip_grad_norm_(trained, 1.0)
        self.optimizer.step()
        self.schedule.step()
        with torch.no_grad():
            weight = weights[:, 1]
            scale = weight.sum().clamp(min=1.0)
            one, other = ((found[:, 1] * weight).sum() / scale for found in (losses, alone))
            return float(one), float(other)

    def losses(self, lesson: Lesson) -> tuple[Tensor, Tensor, Tensor]:
        """Each question's ``(n, len(HEADS))`` losses, the floor model's alone, and weights.

        They are on the network's device.
        """
        decided = decide_passages(self.network, lesson.passages, lesson.features, lesson.role)
        labels, weights = (one.to(self.network.device) for one in (lesson.labels, lesson.weights))
        losses, alone = (
            functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
            for logits in (decided.logits, decided.reading.logits)
        )
        return losses, alone.detach(), weights


Notice = Callable[[int, int, float, float], None]
"""Told step, steps, the running loss and that of the floor model alone."""


def train_words(drill: Drill, first: int, notice: Notice, keep: Callable[[int], None]) -> None:
    """Trains from step `first` to the end.

    Args:
        drill: the stage.
        first: the step to go on with.
        notice: told of every step.
        keep: called after every step with the number of steps done; writes checkpoints.
    """
    drill.network.train()
    drill.network.floor.eval()
    running: tuple[float, float] | None = None
    with torch.random.fork_rng(devices=[]):
        for done, lesson in drill.lessons(first):
            torch.manual_seed((drill.settings.seed << 32) + done)  # of dropout
            now = drill.step(lesson)
            old = running or now
            running = (0.98 * old[0] + 0.02 * now[0], 0.98 * old[1] + 0.02 * now[1])
            notice(done, drill.steps, running[0], running[1])
            keep(done)
    drill.network.eval()
