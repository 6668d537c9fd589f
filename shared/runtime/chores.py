"""Chores: what a service does by itself and at its own pace, one after another in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from shared.runtime.telemetry import Reading, in_one_line

log = logging.getLogger("pruefpfad.chores")

FIRST_PAUSE: Final = 0.1
LONGEST_PASSING: Final = 5.0
LONGEST_PAUSE: Final = 60.0
"""Seconds of rest after failures: each pause is twice the one before; what passes by itself, such as a lost database, is tried
again sooner."""
SHORTEST_REST: Final = 0.02


@dataclass
class Chore:
    """Something to do at least ``every`` so many seconds; sooner after something was applied, if that ``wakes`` it and ``when``
    says so. Returns ``run`` True, there is more to do."""

    name: str
    run: Callable[[], object]
    every: float
    when: Callable[[], bool] | None = None
    wakes: bool = True
    due: float = 0.0
    earliest: float = 0.0
    pause: float = FIRST_PAUSE
    failures: int = 0
    """How often in a row it has failed."""


class Chores:
    """The chores of one service."""

    def __init__(
        self, service: str, trouble: Callable[[str, str | None], None], is_passing: Callable[[BaseException], bool]
    ) -> None:
        """``trouble``: told why a chore fails, or that it works again; ``is_passing``: is an error over by itself some day?"""
        self._service, self._trouble, self._is_passing = service, trouble, is_passing
        self._all: list[Chore] = []
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._worker: threading.Thread | None = None

    def add(self, chore: Chore) -> None:
        """One more thing to do."""
        self._all.append(chore)

    def wake(self) -> None:
        """Say that there may be something to do."""
        self._wake.set()

    def start(self) -> None:
        """Begin. The thread is a daemon: what it is at when the process ends is rolled back."""
        self._worker = threading.Thread(target=self._work, name=f"{self._service} chores", daemon=True)
        self._worker.start()

    def stop(self) -> None:
        """Begin no further chore."""
        self._stopping.set()
        self._wake.set()

    def join(self, seconds: float) -> bool:
        """Wait for the chore at hand, so many seconds at most; has it ended?"""
        if self._worker is None:
            return True
        self._worker.join(seconds)
        return not self._worker.is_alive()

    @property
    def died(self) -> bool:
        """Has the thread ended, although nobody stopped it?"""
        return self._worker is not None and not self._worker.is_alive() and not self._stopping.is_set()

    def failures(self) -> Reading:
        """How often in a row each has failed."""
        return {(chore.name,): float(chore.failures) for chore in self._all}

    def _work(self) -> None:
        while not self._stopping.is_set():
            woken = self._wake.is_set()
            self._wake.clear()
            for chore in self._all:
                now = time.monotonic()
                if woken and chore.wakes:
                    chore.due = min(chore.due, max(now, chore.earliest))
                if now >= chore.due and not self._stopping.is_set():
                    self._do(chore)
            pause = min((chore.due for chore in self._all), default=time.monotonic() + 60) - time.monotonic()
            if pause > 0:
                self._wake.wait(pause)

    def _do(self, chore: Chore) -> None:
        name, began = chore.name, time.monotonic()
        try:
            more = (chore.when is None or chore.when()) and chore.run() is True
        except Exception as error:
            passing = self._is_passing(error)
            chore.failures += 1
            chore.pause = min(chore.pause * 2, LONGEST_PASSING if passing else LONGEST_PAUSE)
            self._trouble(f"chore {name}", f"{name} fails: {in_one_line(error)}")
            log.warning("chore %s fails; again in %.1f s: %s", name, chore.pause, in_one_line(error), exc_info=not passing)
            chore.due = chore.earliest = time.monotonic() + chore.pause
            return
        self._trouble(f"chore {name}", None)
        now, chore.pause, chore.failures = time.monotonic(), FIRST_PAUSE, 0
        chore.earliest = now if more else now + max(SHORTEST_REST, now - began)
        chore.due = now if more else now + chore.every
