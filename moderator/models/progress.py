"""How the store tells how far it is, without knowing of terminals."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol


class Progress(Protocol):
    """Opens one progress display; the function it yields takes the bytes done since last time."""

    def __call__(
        self, description: str, total: float | None
    ) -> AbstractContextManager[Callable[[float], None]]:
        """Show `description` until the context ends."""
        ...


@contextmanager
def silent(description: str, total: float | None) -> Iterator[Callable[[float], None]]:
    """The progress display that shows nothing."""
    yield lambda done: None


def _tree_bytes(root: Path) -> int:
    total = 0
    for path in root.rglob("*"):
        try:
            total += path.lstat().st_size if path.is_file() else 0
        except OSError:  # moved or deleted by the one who writes
            continue
    return total


@contextmanager
def growth(root: Path, advance: Callable[[float], None]) -> Iterator[None]:
    """Report how much the directory `root` grows while the block runs.

    The pip client and the hub client have no common way to say how far they are; what they have
    written so far is true for both.
    """
    stop = threading.Event()

    def watch() -> None:
        seen = _tree_bytes(root)
        while not stop.wait(0.2):
            now = _tree_bytes(root)
            if now > seen:
                advance(now - seen)
                seen = now

    watcher = threading.Thread(target=watch, name="download-progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()
