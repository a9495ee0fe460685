"""How a configuration is refused: with its sentence, and nothing around it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from tutor.exceptions import TutorError

# What Tutor 22 writes on stderr about an error in any action, before it prints the error itself.
_NOISE = "Error applying action"


class _SkipNoise:
    """Stands in for stderr during one write, and drops it if it is Tutor's line of noise."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        sys.stderr = self._stream
        return len(text) if text.startswith(_NOISE) else self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def one_sentence() -> Iterator[None]:
    """Let an error out of an action without the line of internals that Tutor writes about it."""
    try:
        yield
    except TutorError:
        sys.stderr = _SkipNoise(sys.stderr)
        raise
