"""How long it takes to make the marts on an empty cluster, and to find that nothing has changed."""

from __future__ import annotations

import time

from bench.marts import events
from tests.lab.lab import Lab

COMMANDS = ("build", "run")


def measure(lab: Lab) -> dict[str, float]:
    """Seconds of `aspects dbt build` on nothing, then of `aspects dbt run`. Raises LabError."""
    found = {}
    for command in COMMANDS:
        start = time.monotonic()
        lab.aspects("dbt", command)
        found[command] = time.monotonic() - start
        events.say(f"aspects dbt {command}: {found[command]:.0f} s")
    return found
