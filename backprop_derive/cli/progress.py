"""A bar on stderr for what takes longer than a second, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE = 1.0
_EVERY = 0.1


@contextmanager
def shown_count(total: int, noun: str) -> Iterator[Callable[[int], None] | None]:
    """Something to be told how many are done; None where nobody would see the bar."""
    if not sys.stderr.isatty():
        yield None
        return
    bar = _Bar(total, noun)
    try:
        yield bar.count
    finally:
        bar.close()


@contextmanager
def shown_progress(total: int) -> Iterator[Callable[[int, float], None] | None]:
    """Something to be told of each step and its cost; None where nobody would see the bar."""
    if not sys.stderr.isatty():
        yield None
        return
    bar = _Bar(total)
    try:
        yield bar.tell
    finally:
        bar.close()


class _Bar:
    """A bar that comes when a run has lasted for a while, and goes when it ends."""

    def __init__(self, total: int, noun: str = "step", *, clock: Callable[[], float] = monotonic) -> None:
        self.noun, self.clock = noun, clock
        self.total, self.due = total, clock() + PATIENCE
        self.progress: Progress | None = None
        self.task: TaskID | None = None

    def tell(self, step: int, cost: float) -> None:
        """Step `step` is about to be made, from a cost of `cost`."""
        self._show(step, f"cost {cost:.6g}")

    def count(self, done: int) -> None:
        """So many are done."""
        self._show(done, "")

    def _show(self, done: int, told: str) -> None:
        now = self.clock()
        if now < self.due:
            return
        self.due = now + _EVERY
        if self.progress is None:
            self._open()
        assert self.progress is not None
        assert self.task is not None
        self.progress.update(self.task, completed=done, told=told)

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn(f"{self.noun} {{task.completed}} of {{task.total}}"), BarColumn(), TextColumn("{task.fields[told]}"), TimeRemainingColumn())
        self.progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self.progress.start()
        self.task = self.progress.add_task("steps", total=self.total, told="")

    def close(self) -> None:
        """Take the bar away."""
        if self.progress is not None:
            self.progress.stop()
