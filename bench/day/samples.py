"""What is looked at every few seconds while a day passes."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass
from typing import Any

from clickhouse_driver.errors import Error

from bench.plot import Line, Panel, svg
from tests.lab.lab import Lab
from tests.lab.ralph import Ralph

PERIOD = 3.0
_PARTS = (
    "(SELECT max(parts) FROM (SELECT count() AS parts FROM system.parts WHERE active "
    "AND database = 'xapi' AND table LIKE '%_all{}' GROUP BY table, partition))"
)
_QUESTION = (
    f"SELECT {_PARTS.format('_local')} AS raw, {_PARTS.format('_parsed_local')} AS parsed, "
    "(SELECT value FROM system.metrics WHERE metric = 'MemoryTracking') AS tracked"
)


@dataclass(frozen=True)
class Sample:
    """One moment. Parts are the most in any partition of any node, memory is in MiB."""

    seconds: float
    sent: int
    raw_parts: int
    parsed_parts: int
    node_mib: tuple[float, ...]
    tracked_mib: tuple[float, ...]
    ralph_mib: float


class Sampler(threading.Thread):
    """Takes samples until it is stopped. `sent` is set by whoever sends."""

    def __init__(self, lab: Lab, ralph: Ralph) -> None:
        super().__init__(daemon=True)
        self.lab = lab
        self.ralph = ralph
        self.sent = 0
        self.samples: list[Sample] = []
        self._stopped = threading.Event()
        self._began = time.monotonic()

    def run(self) -> None:
        clients = [self.lab.client(node) for node in range(len(self.lab.nodes))]
        while not self._stopped.wait(PERIOD):
            try:
                rows = [client.execute(_QUESTION)[0] for client in clients]
            except Error:  # a node that is too busy to answer is looked at again
                continue
            self.samples.append(
                Sample(
                    seconds=round(time.monotonic() - self._began, 1),
                    sent=self.sent,
                    raw_parts=max(row[0] for row in rows),
                    parsed_parts=max(row[1] for row in rows),
                    node_mib=tuple(round(node.process.memory_mib()) for node in self.lab.nodes),
                    tracked_mib=tuple(round(row[2] / 2**20) for row in rows),
                    ralph_mib=round(self.ralph.process.memory_mib()),
                )
            )

    def stop(self) -> list[Sample]:
        """End; what was seen."""
        self._stopped.set()
        self.join()
        return self.samples


def plot(samples: list[Sample]) -> str:
    """Parts, memory and rate over time, as SVG."""

    def line(name: str, values: list[float]) -> Line:
        return Line(name, [(s.seconds / 60, v) for s, v in zip(samples, values, strict=True)])

    nodes = range(len(samples[0].node_mib))
    panels = [
        Panel(
            "Active parts in the fullest partition",
            [
                line("raw table", [s.raw_parts for s in samples]),
                line("parsed table", [s.parsed_parts for s in samples]),
            ],
        ),
        Panel(
            "Resident memory, MiB",
            [
                *(line(f"node {n + 1}", [s.node_mib[n] for s in samples]) for n in nodes),
                line("Ralph", [s.ralph_mib for s in samples]),
            ],
        ),
        Panel("Events per second", [line("acknowledged", _rates(samples))]),
    ]
    return svg(panels, samples[-1].seconds / 60)


def _rates(samples: list[Sample], window: int = 5) -> list[float]:
    rates = []
    for at, sample in enumerate(samples):
        first = samples[max(0, at - window)]
        rates.append((sample.sent - first.sent) / max(sample.seconds - first.seconds, PERIOD))
    return rates


def as_rows(samples: list[Sample]) -> list[dict[str, Any]]:
    return [asdict(sample) for sample in samples]
