"""Seeds of streams that some version of the marts answered wrongly, each with what it found."""

from __future__ import annotations

REGRESSIONS: dict[int, str] = {}
