"""Ears with models behind them: tracks and microphones in, attributed words and voices out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor

from moderator.audio import AudioChunk
from moderator.ears.expecting import expect
from moderator.ears.leakage import LeakageGuard
from moderator.ears.sources import OwnTrack, Report, Source
from moderator.errors import InputError
from moderator.events import Heard
from moderator.timeline import Samples


class Listener:
    """Satisfies `moderator.ears.base.Ears` over own tracks and shared microphones, in any mix.

    Args:
        sources: what is heard from the beginning; ids must differ.
        guard: takes voices off own tracks that leaked in from another; None: no guard.
        workers: does several sources' heavy work at the same time. The result is the same without.
    """

    def __init__(
        self,
        sources: Iterable[Source] = (),
        *,
        guard: LeakageGuard | None = None,
        workers: Executor | None = None,
    ) -> None:
        self._sources: dict[str, Source] = {}
        self._leaving: list[Source] = []
        self._guard, self._workers = guard, workers
        self._names: tuple[str, ...] = ()
        for source in sources:
            self.add(source)

    @property
    def sources(self) -> tuple[str, ...]:
        """Ids of the sources that are heard, in order of arrival."""
        return tuple(self._sources)

    def add(self, source: Source) -> None:
        """Hears one more source from now on, which joins late.

        Raises:
            InputError: its id is taken.
        """
        if source.id in self._sources:
            raise InputError(f"two tracks are called {source.id!r}", todo="give each its own id")
        self._sources[source.id] = source
        expect(source, self._names)

    def expect(self, names: Sequence[str]) -> None:
        """Takes the names that are to be expected from now on, the most important first."""
        self._names = tuple(names)
        for source in self._sources.values():
            expect(source, self._names)

    def remove(self, source: str, *, forget: bool = False) -> None:
        """Hears a source no longer; what it has not said yet comes with the next tick.

        Args:
            source: its id.
            forget: nothing more of it comes.

        Raises:
            InputError: there is none of that id.
        """
        if not forget:
            self._leaving.append(self._source(source))
        del self._sources[self._source(source).id]

    def hear(self, now: Samples, chunks: Sequence[AudioChunk]) -> Heard:
        """Takes what arrived until `now`, in order per track, and says what was understood.

        Raises:
            InputError: a chunk of an unknown track, not mono, or from the future.
        """
        leaving = {source.id: source for source in self._leaving}
        for chunk in chunks:
            known = leaving.get(chunk.track) or self._source(chunk.track)
            known.take(chunk, now)
        return self._tick(now)

    def finish(self, now: Samples) -> Heard:
        """Ends all streams: everything that had not become stable yet."""
        self._leaving += self._sources.values()
        self._sources = {}
        return self._tick(now)

    def _source(self, name: str) -> Source:
        try:
            return self._sources[name]
        except KeyError:
            known = ", ".join(self._sources) or "none"
            raise InputError(f"no track {name!r} is heard", todo=f"known: {known}") from None

    def _tick(self, now: Samples) -> Heard:
        leaving, self._leaving = self._leaving, []
        everyone = [*leaving, *self._sources.values()]
        for source in leaving:
            source.listen(now, last=True)
        for source in self._sources.values():
            source.listen(now)
        if self._guard is not None:
            self._guard.apply([source for source in everyone if isinstance(source, OwnTrack)])
        for source in everyone:
            source.cut()
        self._understand(everyone)
        return _merge(now, [source.report() for source in everyone])

    def _understand(self, everyone: Sequence[Source]) -> None:
        busy = [source for source in everyone if source.busy]
        if self._workers is None or len(busy) < 2:
            for source in everyone:
                source.understand()
            return
        pending = [self._workers.submit(source.understand) for source in busy]
        for source in everyone:
            if source not in busy:
                source.understand()
        for future in pending:
            future.result()


def _merge(now: Samples, reports: Sequence[Report]) -> Heard:
    words = [word for report in reports for word in report.words]
    activities = [piece for report in reports for piece in report.activities]
    partials: dict[str, str] = {}
    for report in reports:
        if report.partial:
            before = partials.get(report.partial_by, "")
            partials[report.partial_by] = f"{before} {report.partial}".strip()
    return Heard(
        at=now,
        speaking=frozenset().union(*(report.speaking for report in reports)),
        activities=tuple(sorted(activities, key=lambda a: (a.start, a.speaker, a.end))),
        words=tuple(sorted(words, key=lambda w: (w.start, w.speaker, w.end))),
        partials=partials,
    )
