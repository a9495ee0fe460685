"""Parse again what is stored as text and is neither in columns nor in quarantine.

An insert writes the statement's text, and then the views write its columns. A node that dies in
between keeps the first without the second, and the repeated request does not help: Ralph finds
the identifier, takes the statement as stored and acknowledges it. This finds such statements by
their identifiers and sends their text through the same views once more. Done twice, or to a
statement whose views are at work just then, it changes nothing: the rows replace each other.

Statements older than Ralph's look-back need no repair: Ralph does not see them, stores a repeated
one again, and the views run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone

from tutoraspects.schema.client import Client
from tutoraspects.schema.context import Context
from tutoraspects.schema.ddl import data_ref, ident, literal, qualified
from tutoraspects.schema.model import Ref, View
from tutoraspects.schema.nodes import discover

# One day of one shard's identifiers is a set of some tens of megabytes; all of them would not be.
_STEP = timedelta(days=1)

Say = Callable[[str], None]


@dataclass
class Repair:
    """One node: statements looked at, and those that lacked their columns."""

    node: str
    looked_at: int = 0
    lacking: int = 0
    mended: int = 0

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def reparse(context: Context, days: float, say: Say, *, dry_run: bool = False) -> list[Repair]:
    """Mend every node, for statements that happened in the last `days` days.

    Raises AspectsError when a node cannot be reached: what was mended until then stays mended.
    """
    repairs = []
    for address in discover(context.target).nodes:
        repair = Repair(str(address))
        with Client(context.target, address) as client:
            for window in _windows(days):
                for view in _parsing_views(context):
                    _mend(context, client, view, window, repair, dry_run)
        say(f"{repair.node}: {repair.lacking} of {repair.looked_at} statements lacked columns")
        repairs.append(repair)
    return repairs


def _windows(days: float) -> Iterator[tuple[datetime, datetime]]:
    """Steps of a day up to tomorrow: an event whose clock is a little fast is an event, too."""
    end = datetime.now(timezone.utc) + timedelta(days=1)
    start = end - timedelta(days=days + 1)
    while start < end:
        yield start, min(start + _STEP, end)
        start += _STEP


def _parsing_views(context: Context) -> Iterator[View]:
    """The views from a raw table into the parsing table: one for Ralph's, one for Vector's."""
    target = Ref(context.names.xapi_database, context.names.parse_table)
    return (view for view in context.history.schema.views.values() if view.target == target)


def _mend(
    context: Context,
    client: Client,
    view: View,
    window: tuple[datetime, datetime],
    repair: Repair,
    dry_run: bool,
) -> None:
    schema, layout, names = context.history.schema, context.layout, context.names
    raw, parsed, quarantine = (
        qualified(data_ref(schema.table(ref), layout))
        for ref in (
            view.source,
            Ref(names.xapi_database, names.parsed_table),
            Ref(names.xapi_database, names.quarantine_table),
        )
    )
    within = " AND ".join(
        f"emission_time {sign} toDateTime64({literal(f'{moment:%Y-%m-%d %H:%M:%S}')}, 6, 'UTC')"
        for sign, moment in zip((">=", "<"), window, strict=True)
    )
    lacking = " AND ".join(
        f"event_id NOT IN (SELECT event_id FROM {table} WHERE {within})"
        for table in (parsed, quarantine)
    )
    ((looked_at,),) = client.rows(f"SELECT count() FROM {raw} WHERE {within}")
    if not looked_at:
        return
    ((found,),) = client.rows(f"SELECT uniqExact(event_id) FROM {raw} WHERE {within} AND {lacking}")
    repair.looked_at += looked_at
    repair.lacking += found
    if found and not dry_run:
        staging = schema.table(view.target)
        columns = ", ".join(ident(column.name) for column in staging.columns)
        texts = f"(SELECT * FROM {raw} WHERE {within} AND {lacking})"
        query = view.query.replace("{source}", texts)
        client.run(f"INSERT INTO {qualified(staging.ref)} ({columns}) {query}")
        repair.mended += found
