"""A laboratory with marts, to which streams were delivered before, while and after they came."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

from tests.lab.lab import Lab
from tests.marts import real
from tests.marts.delivery import Courier, Delivery, plan, refresh
from tests.marts.reference import World
from tests.marts.regressions import REGRESSIONS
from tests.marts.streams import Stream, make

# Streams are years apart, so a shorter retention would drop most of them as soon as they are in.
RETENTION_DAYS = 7_300
SHARDS = (1, 2, 3)
REAL_SHARDS = 2  # the laboratory that shows names, and has the real statements too


def start(shards: int, *, pii: bool = False) -> Lab:
    """A laboratory whose schema is made but whose marts are not. The caller closes it."""
    settings = {"ASPECTS_RETENTION_DAYS": RETENTION_DAYS, "ASPECTS_ENABLE_PII": pii}
    return Lab(shards, settings=settings, schema=True)


def world_of(streams: Iterable[Stream], *, pii: bool = False) -> World:
    """What these streams tell, as the reference sees it."""
    told = list(streams)
    return World(
        (one for stream in told for one in stream.statements),
        [(dump.table, row) for stream in told for dump in stream.dumps for row in dump.rows],
        [user for stream in told for user in stream.retired],
        pii=pii,
        now=datetime.now(timezone.utc),
    )


class Streams:
    """Streams by their seeds and others besides, and how a laboratory gets them."""

    def __init__(
        self, seeds: Iterable[int], *, pii: bool = False, besides: Iterable[Stream] = ()
    ) -> None:
        now = datetime.now(timezone.utc)
        self.pii = pii
        self.streams: list[Stream] = [*(make(seed, now) for seed in seeds), *besides]
        self.delivery = Delivery()
        for stream in self.streams:
            self.delivery.add(plan(stream))

    def deliver(self, lab: Lab) -> None:
        """All stages, with the marts built between the first and the last."""
        courier = Courier(lab, self.streams[0].seed)
        courier.send(self.delivery, "before")
        # What arrives while the marts are built is what a backfill misses or counts twice.
        built = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            meanwhile = pool.submit(courier.send_meanwhile, self.delivery, built.is_set)
            try:
                lab.aspects("dbt", "run")
            finally:
                built.set()
            meanwhile.result()
        courier.send(self.delivery, "after")
        courier.retire(self.delivery.retired)
        courier.send(self.delivery, "late")
        refresh(lab)

    def world(self) -> World:
        """What the marts must say now."""
        return world_of(self.streams, pii=self.pii)


def seeds(shards: int, count: int, first: int) -> list[int]:
    """A laboratory's share of the seeds, and of those that were once answered wrongly."""
    chosen = [*range(first, first + count), *(one.seed for one in REGRESSIONS)]
    return [seed for seed in dict.fromkeys(chosen) if seed % len(SHARDS) == shards - 1]


def delivered(shards: int, count: int, first: int) -> Iterator[tuple[Lab, Streams]]:
    """One laboratory of so many shards to which its share of the streams was delivered."""
    chosen = seeds(shards, count, first)
    shows = shards == REAL_SHARDS
    streams = Streams(chosen, pii=shows, besides=[real.stream()] if shows else [])
    with start(shards, pii=shows) as lab:
        streams.deliver(lab)
        yield lab, streams
