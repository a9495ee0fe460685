"""Waiting between attempts: longer each time, never in step with other clients, not for ever."""

from __future__ import annotations

import random
import time

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0


class Backoff:
    """Pauses between the attempts at one thing, for at most `patience` seconds in all."""

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self._began = time.monotonic()
        self._pause = _FIRST_PAUSE

    @property
    def elapsed(self) -> float:
        """Seconds since the first attempt."""
        return time.monotonic() - self._began

    def sleep(self, wanted: float | None = None) -> bool:
        """Wait before the next attempt; False, at once, when patience is over.

        `wanted` is what the server asked for in Retry-After, in seconds.
        """
        pause = self._pause * (0.5 + random.random())
        if wanted is not None:
            pause = max(pause, wanted)
        if self.elapsed + pause > self.patience:
            return False
        time.sleep(pause)
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        return True
