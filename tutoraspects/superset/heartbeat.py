"""Worker and scheduler show that they live by touching a file: probes look at its age.

`celery inspect ping` would start all of Superset for every probe, which takes seconds of CPU.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def connect() -> None:
    """Touch the file ASPECTS_SUPERSET_HEARTBEAT: a worker at every heartbeat that it sends (each 2
    seconds), the scheduler at every task that it sends (each minute)."""
    path = os.environ.get("ASPECTS_SUPERSET_HEARTBEAT")
    if not path:
        return
    from celery import signals

    def touch(*_: Any, **__: Any) -> None:
        Path(path).touch()

    for signal in (
        signals.worker_ready,
        signals.heartbeat_sent,
        signals.beat_init,
        signals.before_task_publish,
    ):
        signal.connect(touch, weak=False)
