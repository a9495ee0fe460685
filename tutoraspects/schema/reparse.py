"""Parse stored events again that are in neither the parsed table nor the quarantine.

While a view is missing or wrong on a node, events are stored there but not parsed. Nothing is
read twice needlessly: day by day, only rows that nobody has parsed go through the declared query.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta

from tutoraspects.schema import ddl, lock
from tutoraspects.schema.client import Client
from tutoraspects.schema.ddl import qualified
from tutoraspects.schema.model import Ref, View
from tutoraspects.schema.nodes import Cluster, discover
from tutoraspects.schema.runner import Context, Say
from tutoraspects.schema.target import Address


@dataclass(frozen=True)
class Day:
    """What was found of one raw table on one node for one UTC day; `rows` were not parsed."""

    node: str
    table: str
    day: str
    rows: int

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def reparse(
    context: Context,
    say: Say,
    lock_timeout: float,
    first: date | None = None,
    last: date | None = None,
    dry_run: bool = False,
) -> list[Day]:
    """Parse what is missing between two UTC days, both included; with `dry_run` only count it.

    Run again it finds nothing, whenever it was interrupted. Raises AspectsError when a node does
    not answer.
    """
    cluster = discover(context.target)
    with lock.hold(context.target, cluster.control, context.lock_name, lock_timeout, say):
        found = []
        for address in _one_per_shard(context, cluster):
            with Client(context.target, address) as client:
                for view in _parsing_views(context):
                    found += list(_table(context, client, address, view, say, first, last, dry_run))
    return found


def _parsing_views(context: Context) -> list[View]:
    names = context.names
    staging = Ref(names.xapi_database, names.parse_table)
    return [view for view in context.history.schema.views.values() if view.target == staging]


def _one_per_shard(context: Context, cluster: Cluster) -> list[Address]:
    """Replicas of a shard hold the same rows and hand on to each other what is parsed."""
    shards: dict[str, Address] = {}
    for address in cluster.nodes:
        with Client(context.target, address) as client:
            rows = client.rows("SELECT substitution FROM system.macros WHERE macro = 'shard'")
        shards.setdefault(rows[0][0] if rows else str(address), address)
    return list(shards.values())


def _table(
    context: Context,
    client: Client,
    address: Address,
    view: View,
    say: Say,
    first: date | None,
    last: date | None,
    dry_run: bool,
) -> Iterator[Day]:
    schema, names = context.history.schema, context.names
    raw = ddl.data_ref(schema.table(view.source), context.layout)
    done = [
        ddl.data_ref(schema.table(Ref(names.xapi_database, name)), context.layout)
        for name in (names.parsed_table, names.quarantine_table)
    ]
    for day in _days(client, raw, first, last):
        start = time.monotonic()
        missing = _missing(raw, done, day)
        [(rows,)] = client.rows(f"SELECT count() FROM {missing}")
        if rows and not dry_run:
            columns = ", ".join(column.name for column in schema.table(view.target).columns)
            query = view.query.replace("{source}", missing)
            client.run(f"INSERT INTO {qualified(view.target)} ({columns}) {query}")
        if rows:
            seconds = time.monotonic() - start
            verdict = "would be parsed" if dry_run else f"parsed in {seconds:.1f} s"
            say(f"{address}: {raw} {day}: {rows} rows {verdict}")
            yield Day(str(address), str(raw), day.isoformat(), rows)


def _days(client: Client, raw: Ref, first: date | None, last: date | None) -> list[date]:
    rows = client.rows(
        f"SELECT DISTINCT toDate32(emission_time, 'UTC') AS day FROM {qualified(raw)} ORDER BY day"
    )
    return [
        day for (day,) in rows if (first is None or day >= first) and (last is None or day <= last)
    ]


def _missing(raw: Ref, done: list[Ref], day: date) -> str:
    """The day's rows that no table has, as a subquery with a raw table's columns."""
    begin, end = _midnight(day), _midnight(day + timedelta(days=1))
    span = f"emission_time >= {begin} AND emission_time < {end}"
    known = " AND ".join(
        f"event_id NOT IN (SELECT event_id FROM {qualified(ref)} WHERE {span})" for ref in done
    )
    return f"(SELECT event_id, emission_time, event FROM {qualified(raw)} WHERE {span} AND {known})"


def _midnight(day: date) -> str:
    return f"toDateTime64('{day.isoformat()} 00:00:00', 6, 'UTC')"
