"""Progress of a long step on a terminal or in a log: rate, what is left, done or FAILED."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TextIO

# A terminal's line is rewritten this often; a log gets a line this often. Seconds.
_TERMINAL_PERIOD = 0.5
_LOG_PERIOD = 10.0


class Progress:
    """Counts things up to `total` and tells how it goes on `stream`.

    A context manager: leaving it writes the last line, `done`, or `FAILED` after an exception.
    Not safe to share between threads: advance it from one of them.
    """

    def __init__(
        self, label: str, total: int, noun: str = "events", stream: TextIO | None = None
    ) -> None:
        self.label = label
        self.total = total
        self.noun = noun
        self.done = 0
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._began = self._told = time.monotonic()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._write("done" if kind is None else "FAILED", last=True)

    def advance(self, to: int) -> None:
        """Say that `to` things are done by now."""
        self.done = to
        now = time.monotonic()
        if now - self._told >= (_TERMINAL_PERIOD if self._terminal else _LOG_PERIOD):
            self._told = now
            self._write(self._remaining(now))

    def _remaining(self, now: float) -> str:
        rate = self.done / max(now - self._began, 1e-9)
        if not rate or self.done >= self.total:
            return "…"
        minutes, seconds = divmod(int((self.total - self.done) / rate), 60)
        return f"{minutes}:{seconds:02d} left"

    def _write(self, state: str, last: bool = False) -> None:
        elapsed = max(time.monotonic() - self._began, 1e-9)
        share = f" ({100 * self.done // self.total} %)" if self.total else ""
        line = (
            f"{self.label}: {self.done:,} of {self.total:,} {self.noun}{share}, "
            f"{self.done / elapsed:,.0f} a second, {state}"
        )
        if self._terminal:
            self._stream.write(f"\r{line:<79}" + ("\n" if last else ""))
        else:
            self._stream.write(line + "\n")
        self._stream.flush()
