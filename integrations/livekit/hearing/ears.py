"""Ears that follow who is in the room, and who may be heard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from diarize.nobody import Nobody
from moderator.audio import AudioChunk
from moderator.ears.live import LiveListener, LiveParts
from moderator.ears.utterances import GateOptions
from moderator.events import Heard
from moderator.timeline import Samples, to_samples

if TYPE_CHECKING:
    from integrations.livekit.hearing.shared_diarization import SharedDiarization
    from integrations.livekit.people.shared_microphones import SharedMicrophones
    from moderator.ears.leakage import LeakageGuard

LINGER = to_samples(3.0)
"""How long a track that has gone is still listened to: its last words are being recognised."""


GATE = GateOptions(hang_s=0.1, pause_s=0.3)
"""An utterance ends sooner than in a replay: somebody may be waiting for an answer."""


class RoomEars(LiveListener):
    """Ears with a source for everybody who is heard.

    Args:
        parts: of which the sources are made, and which may fail.
        diarization: tells voices on a shared microphone apart.
        shared: knows whose microphone is shared.
        present: who is in the room and may be heard.
        allowed: whether what somebody says from a meeting time on may be used.
        guard: takes voices off microphones that leaked in from another.
    """

    def __init__(
        self,
        parts: LiveParts,
        diarization: SharedDiarization,
        shared: SharedMicrophones,
        present: Callable[[], frozenset[str]],
        allowed: Callable[[str, Samples], bool],
        guard: LeakageGuard | None = None,
    ) -> None:
        super().__init__(parts, guard=guard)
        self._diarization, self._shared = diarization, shared
        self._present, self._allowed = present, allowed
        self._gone: dict[str, Samples] = {}
        self._as_shared: dict[str, bool] = {}
        self._since: dict[str, Samples] = {}
        self._left: set[str] = set()

    def hear(self, now: Samples, chunks: Sequence[AudioChunk]) -> Heard:
        """Takes what arrived until `now`; whoever speaks for the first time gets a source."""
        self._forget()
        self._drop_refused()
        allowed = [chunk for chunk in chunks if self._allowed(chunk.track, chunk.start)]
        for chunk in allowed:
            self._gone.pop(chunk.track, None)
            if chunk.track not in self.sources:
                self._add(chunk)
        known = frozenset(self.sources)
        self._drop(now)
        return super().hear(now, [c for c in allowed if c.track in known])

    def finish(self, now: Samples) -> Heard:
        """Ends all streams and waits for their last words."""
        self._drop_refused()
        return super().finish(now)

    def admits(self, speaker: str, at: Samples) -> bool:
        """Whether what a speaker said at `at`, and these ears heard, may still be used.

        Nothing may of what was heard before a refusal. To be asked when it is used: people refuse
        while these ears hear and recognise.
        """
        microphone = self._shared.microphone_of(speaker)
        return self._allowed(microphone, at) and self._fresh(microphone)

    def _fresh(self, name: str) -> bool:
        """Nobody refused on this track since it began to be heard; or it is not heard at all."""
        since = self._since.get(name)
        return since is None or self._allowed(name, since)

    def _add(self, chunk: AudioChunk) -> None:
        """Hears one more track; a shared one as soon as diarization is loaded."""
        name, models = chunk.track, self._parts.models
        shares = self._shared.shares(name)
        if shares and models.recogniser.spec.diarizes:
            prefix = self._shared.prefix(name)
            self.add(models.shared_mic(name, Nobody(), start=chunk.start, gate=GATE, prefix=prefix))
        elif not shares or self._diarization.failed:
            self.add(models.own_track(name, start=chunk.start, gate=GATE))
        elif (make := self._diarization.maker()) is not None:
            diarizer, prefix = self._parts.diarization.open(make), self._shared.prefix(name)
            self.add(models.shared_mic(name, diarizer, start=chunk.start, gate=GATE, prefix=prefix))
        self._as_shared[name], self._since[name] = shares, chunk.start

    def _drop_refused(self) -> None:
        """Takes out who refused, also if they agree again, with all that they have not said yet."""
        for name in [one for one in self._since if not self._fresh(one)]:
            if name in self.sources:
                self.remove(name, forget=True)
            del self._since[name], self._as_shared[name]
            self._gone.pop(name, None)

    def _forget(self) -> None:
        """Keeps nothing of who has gone; what they said last has been used since."""
        for name in self._left - set(self.sources):
            self._since.pop(name, None)
            self._as_shared.pop(name, None)
        self._left.clear()

    def _drop(self, now: Samples) -> None:
        """Takes out who has gone, when their last words are known.

        Who begins or ceases to share their microphone gets another source with the next audio.
        """
        present = self._present()
        for name in self.sources:
            if self._as_shared[name] != self._shared.shares(name):
                self.remove(name)
            elif name not in present and now - self._gone.setdefault(name, now) >= LINGER:
                self.remove(name)
                self._left.add(name)
                del self._gone[name]
