"""Promise: Ralph may die at any moment; a client that retries stores each event exactly once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

from tests.lab.lab import Lab
from tests.scenarios import steps
from tests.scenarios.steps import PARSED, RAW
from tutoraspects.events.send import Pace, Summary, send
from tutoraspects.events.stream import Generator

COUNT = 4000
PACE = Pace(batch_size=50, connections=4, rate=1500, patience=60, timeout=10)


class Load(threading.Thread):
    """Sends events in the background; `settled` of them have their verdict so far."""

    def __init__(self, lab: Lab, seed: int) -> None:
        super().__init__(daemon=True)
        self.endpoint = steps.endpoint(lab)
        # Recent, so that Ralph looks them up: it takes older ones without asking.
        start = datetime.now(timezone.utc) - timedelta(days=2)
        self.generator = Generator(seed=seed, count=COUNT, courses=10, learners=500, start=start)
        self.settled = 0
        self.summary: Summary | None = None
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            self.summary = send(self.generator.lines(), self.endpoint, PACE, self._note)
        except BaseException as error:
            self.failure = error

    def _note(self, summary: Summary) -> None:
        self.settled = summary.settled

    def wait_for(self, share: float) -> None:
        """Until this share of the events is settled. Fails when the load has ended before."""

        def reached() -> bool:
            assert self.is_alive(), f"the load ended at {self.settled} events: {self.failure!r}"
            return self.settled >= share * COUNT

        steps.wait_until(reached, f"{share:.0%} of the load", timeout=60)

    def finish(self) -> Summary:
        self.join(120)
        assert not self.is_alive(), f"the load hangs at {self.settled} of {COUNT} events"
        if self.failure is not None:
            raise self.failure
        assert self.summary is not None
        return self.summary


def children(process: int) -> list[int]:
    """Process numbers of a process's children."""
    text = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf8")
    return [int(word) for word in text.split()]


def under_load(lab: Lab, seed: int, trouble: Callable[[Load], None]) -> Summary:
    """Make trouble under load; count the texts, and the rows of columns."""
    load = Load(lab, seed)
    load.start()
    trouble(load)
    summary = load.finish()
    assert (summary.sent, summary.acknowledged) == (COUNT, COUNT)
    assert (summary.conflicting, summary.refused) == (0, 0)
    steps.assert_exactly(lab, RAW["ralph"], COUNT)
    steps.assert_exactly(lab, PARSED, COUNT)
    return summary


def test_killed_and_started_again(cluster: Lab) -> None:
    def trouble(load: Load) -> None:
        for share in (0.2, 0.5):
            load.wait_for(share)
            cluster.kill_ralph()
            cluster.start_ralph()

    summary = under_load(cluster, 31, trouble)
    assert summary.retries > 0, "Ralph was killed and nobody noticed: the kill missed the load"


def test_a_worker_killed(cluster: Lab) -> None:
    """The others go on, and its master starts a new one."""

    def trouble(load: Load) -> None:
        load.wait_for(0.3)
        master = cluster.ralph.process.pid
        workers = [child for child in children(master) if "spawn_main" in command(child)]
        assert len(workers) == cluster.ralph.workers
        os.kill(workers[0], signal.SIGKILL)
        steps.wait_until(
            lambda: (
                len(set(children(master)) - {workers[0]}) > cluster.ralph.workers - 1
                and workers[0] not in children(master)
            ),
            "a new worker",
        )

    under_load(cluster, 32, trouble)


def command(process: int) -> str:
    return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()
