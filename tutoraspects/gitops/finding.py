"""What `tutor aspects preflight` says about one need."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One need: met, or not met and then with what helps."""

    need: str
    met: bool
    found: str = ""
    command: str = ""
