"""How streams reach a cluster: whatever order, copies, batches, nodes and ways there are.

Stage by stage: before the marts are built, while they are being built, and after. What is drawn
follows from the seed, so a failure can be delivered again in the same way.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from tests.lab.lab import Lab
from tests.marts.people import FORMER
from tests.marts.statements import Statement, text
from tests.marts.streams import Row, Stream
from tests.scenarios.steps import RAW, wait_until
from tests.scenarios.wire import PII_MODELS, Lms

_USERS = {"ralph": "lrs", "vector": "vector"}
LARGEST = 1000
SIP, PAUSE_SECS = 25, 0.15
STAGES = ("before", "during", "after", "late")
#: Stages of a statement's first copy, and how likely each plan is.
PLANS = (
    ("before",),
    ("after",),
    ("before", "after"),
    ("before", "during", "after"),
    ("before", "during", "after", "late"),
)


class Batch(NamedTuple):
    """Statements of one INSERT. `source` is ralph or vector.

    `astray` puts them on a shard that is not theirs, as before a shard was added.
    """

    source: str
    statements: tuple[Statement, ...]
    astray: bool = False


@dataclass
class Delivery:
    """What each stage sends. The sinks' rows are sent in "before" and "after" alone."""

    batches: dict[str, list[Batch]] = field(default_factory=lambda: defaultdict(list))
    rows: dict[str, list[tuple[str, Row]]] = field(default_factory=lambda: defaultdict(list))
    retired: list[int] = field(default_factory=list)

    def add(self, other: Delivery) -> None:
        for stage, batches in other.batches.items():
            self.batches[stage] += batches
        for stage, rows in other.rows.items():
            self.rows[stage] += rows
        self.retired += other.retired


def plan(stream: Stream) -> Delivery:
    """How a stream is delivered. "late" comes after the retirement of its learners."""
    rng = Random(f"delivery:{stream.seed}")
    delivery = Delivery(retired=list(stream.retired))
    stages = rng.choice(PLANS)
    copies = rng.choice((1, 1, 2, 3))
    by_time = rng.random() < 0.3  # the older ones first, else any
    shuffled = rng.random() < 0.7
    replayed = rng.random() < 0.4  # what was there before comes again afterwards
    queues: dict[str, list[Statement]] = defaultdict(list)
    for number, statement in enumerate(stream.statements):
        place = int(number * len(stages) / len(stream.statements))
        first = place if by_time else rng.randrange(len(stages))
        queues[stages[first]].append(statement)
        for _ in range(rng.randint(1, copies) - 1):
            queues[rng.choice(stages[first:])].append(statement)
        if replayed and rng.random() < 0.5:
            queues["after"].append(statement)
    for statement in stream.poison:
        queues[rng.choice(stages)].append(statement)
    for stage, queue in queues.items():
        if shuffled:
            rng.shuffle(queue)
        delivery.batches[stage] = list(_batches(rng, queue))
    for dump in stream.dumps:
        stage = rng.choice(("before", "after"))
        if any(row.get("email", "").startswith(FORMER) for row in dump.rows):
            # Replaced before the marts were there, a row may be merged away: nobody knows it.
            stage = "after"
        delivery.rows[stage] += [(dump.table, row) for row in dump.rows]
        if rng.random() < 0.1:
            delivery.rows["after"] += [(dump.table, row) for row in dump.rows]
    return delivery


def _batches(rng: Random, queue: list[Statement]) -> Iterator[Batch]:
    """Blocks of 1 to 1,000, small ones as likely as large ones."""
    at = 0
    while at < len(queue):
        size = int(LARGEST ** rng.random())
        source = "vector" if rng.random() < 0.3 else "ralph"
        yield Batch(source, tuple(queue[at : at + size]), astray=rng.random() < 0.15)
        at += size


class Courier:
    """Sends to a laboratory as Ralph, Vector and the LMS do, each as its own user."""

    def __init__(self, lab: Lab, seed: int) -> None:
        self.lab = lab
        self.rng = Random(f"courier:{seed}")
        first = lab.nodes[0]
        port = first.gateway_http_port if lab.cluster else first.http_port
        url = f"http://{first.host}:{port}"
        self.lms = Lms(url, lab.rendering.users["cms"], lab.password("cms"), timeout_secs=120)

    def send(self, delivery: Delivery, stage: str) -> None:
        """Everything of a stage: batches of all streams mixed, then the sinks' rows."""
        for batch in self._joined(delivery.batches[stage]):
            self.insert(batch)
        self.dump(delivery.rows[stage])

    def _joined(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """In any order; some become one with the next, of another stream as a rule."""
        queue = list(batches)
        self.rng.shuffle(queue)
        while queue:
            batch = queue.pop()
            while queue and self.rng.random() < 0.6:
                following = queue[-1]
                statements = batch.statements + following.statements
                if len(statements) > LARGEST or following[::2] != batch[::2]:
                    break
                batch = batch._replace(statements=statements)
                queue.pop()
            yield batch

    def send_meanwhile(self, delivery: Delivery, built: Callable[[], bool]) -> None:
        """The batches of "during", a few rows at a time from when the first mart is being fed."""
        while not built() and not self._feeds():
            time.sleep(0.1)
        batches = [
            Batch(batch.source, batch.statements[at : at + SIP], batch.astray)
            for batch in delivery.batches["during"]
            for at in range(0, len(batch.statements), SIP)
        ]
        self.rng.shuffle(batches)
        for batch in batches:
            self.insert(batch)
            if not built():
                time.sleep(PAUSE_SECS)

    def _feeds(self) -> bool:
        """Whether any node has a view that feeds a mart."""
        found = self.lab.on_nodes(
            "SELECT count() FROM system.tables WHERE match(name, '_v[0-9a-f]{10}_mv$')"
        )
        return any(count for ((count,),) in found)

    def insert(self, batch: Batch) -> None:
        rows = [
            {"event_id": one["id"], "emission_time": one["timestamp"], "event": text(one)}
            for one in batch.statements
        ]
        table = ".".join(RAW[batch.source])
        astray = batch.astray and self.lab.cluster
        answer = self.lab.http(
            f"INSERT INTO {table}{'_local' if astray else ''} FORMAT JSONEachRow",
            "\n".join(json.dumps(row, ensure_ascii=False) for row in rows),
            node=self.rng.randrange(len(self.lab.nodes)),
            user="admin" if astray else _USERS[batch.source],
            date_time_input_format="best_effort",
        )
        assert answer.status == 200, answer

    def dump(self, rows: Iterable[tuple[str, Row]]) -> None:
        """Rows of the same table in bodies of any size, in any order."""
        tables: dict[str, list[Row]] = defaultdict(list)
        for table, row in rows:
            tables[table].append(row)
        bodies = []
        for table, found in tables.items():
            self.rng.shuffle(found)
            at = 0
            while at < len(found):
                size = int(LARGEST ** self.rng.uniform(0.4, 1))
                bodies.append((table, found[at : at + size]))
                at += size
        self.rng.shuffle(bodies)
        for table, body in bodies:
            answer = self.lms.dump(table, body)
            assert answer.status_code == 200, answer.text

    def retire(self, users: list[int]) -> None:
        """As the LMS: an ALTER for each table with personal data. Returns when they are gone."""
        if not users:
            return
        for answer in self.lms.retire(users):
            assert answer.status_code == 200, answer.text
        chosen = ", ".join(str(user) for user in users)

        def gone() -> bool:
            counts = [
                self.lab.on_nodes(
                    f"SELECT count() FROM event_sink.{table} WHERE user_id IN ({chosen})"
                )
                for table in PII_MODELS
            ]
            return all(rows == [(0,)] for node in counts for rows in node)

        wait_until(gone, "no row of a retired learner on any node", timeout=120)


def refresh(lab: Lab) -> None:
    """Let every refreshable view of every node see what is there, twice: some read others."""
    for _ in range(2):
        views = lab.on_nodes("SELECT database, view FROM system.view_refreshes ORDER BY 1, 2")
        for index, found in enumerate(views):
            client = lab.client(index)
            try:
                for database, view in found:
                    client.execute(f"SYSTEM REFRESH VIEW `{database}`.`{view}`")
                for database, view in found:
                    client.execute(f"SYSTEM WAIT VIEW `{database}`.`{view}`")
            finally:
                client.disconnect()
