"""The marts as a laboratory answers them against the reference, and a report one can read."""

from __future__ import annotations

import math
import re
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from tests.lab.lab import Lab
from tests.marts.reference import MARTS, Mart, World
from tests.marts.reference.mart import Row
from tutoraspects.access.courses import scope

PERSONAL = ("event_sink.user_pii", "reporting.dim_user_pii")  # of which reports see nothing alone
SHOWN = 4  # differences of a mart in the report
_STREAM = re.compile(r"Stream(\d+)|\bu(\d+)_\d")


@dataclass
class Difference:
    """What is wrong with one mart."""

    mart: str
    found: list[str] = field(default_factory=list)
    seeds: set[int] = field(default_factory=set)

    def add(self, message: str, *rows: Row | None) -> None:
        self.found.append(message)
        for row in rows:
            self.seeds |= {int(a or b) for a, b in _STREAM.findall(repr(row))}

    def __str__(self) -> str:
        shown = "".join(f"\n    {one}" for one in self.found[:SHOWN])
        more = len(self.found) - SHOWN
        seeds = f" (seeds {sorted(self.seeds)[:8]})" if self.seeds else ""
        rest = f"\n    and {more} more" if more > 0 else ""
        return f"{self.mart}: {len(self.found)} differences{seeds}{shown}{rest}"


def compare(lab: Lab, world: World, marts: Iterable[Mart] = MARTS) -> list[Difference]:
    """The marts that do not hold what the reference does, each with what is different.

    Each is read whole, and once more for one course alone, as a dashboard asks.
    """
    courses = sorted({event["course_key"] for event in world.learning})
    wrong = []
    for number, mart in enumerate(marts):
        expected = [plain_row(row) for row in mart.rows(world)]
        scopes: list[str | None] = [None]
        if expected and "course_key" in expected[0]:
            scopes.append(courses[number % len(courses)])
        for course in scopes:
            difference = Difference(mart.name if course is None else f"{mart.name} of {course}")
            rows = [row for row in expected if course in (None, row.get("course_key"))]
            try:
                got = read(lab, mart, course, number % len(lab.nodes))
            except Exception as error:
                difference.add(f"cannot be read: {str(error).splitlines()[0]}")
            else:
                match(mart, rows, got, difference)
            if difference.found:
                wrong.append(difference)
    return wrong


def report(wrong: Iterable[Difference]) -> str:
    return "\n".join(str(difference) for difference in wrong)


def read(lab: Lab, mart: Mart, course: str | None = None, node: int = 0) -> list[Row]:
    """The rows of a mart, or those of one course, as the user of the reports gets them."""
    allowed = scope(None if course is None else [course])
    settings = {"use_client_time_zone": False, "log_comment": allowed}
    user = "admin" if mart.name in PERSONAL else "report"
    client = lab.client(node, user, settings=settings)
    query = mart.query or f"SELECT * FROM {mart.name}"
    if course is not None:
        query += " WHERE course_key = %(course)s"
    try:
        rows, described = client.execute(query, {"course": course}, with_column_types=True)
    finally:
        client.disconnect()
    names = [name for name, _ in described]
    return [plain_row(dict(zip(names, row, strict=True))) for row in rows]


def match(mart: Mart, expected: list[Row], got: list[Row], difference: Difference) -> None:
    """Rows with the same key are compared in some fixed order, column by column."""
    if expected and got:
        missing = expected[0].keys() - got[0].keys()
        if missing:
            difference.add(f"has no column {', '.join(sorted(missing))}")
            return
    columns = tuple(expected[0]) if expected else ()
    theirs, ours = _by_key(mart, got, columns), _by_key(mart, expected, columns)
    for key in sorted(ours.keys() | theirs.keys(), key=repr):
        for mine, other in zip_longest(ours.get(key, ()), theirs.get(key, ())):
            name = ", ".join(
                f"{column}={value!r}" for column, value in zip(mart.key, key, strict=True)
            )
            if other is None:
                difference.add(f"missing {name}: expected {mine}", mine)
            elif mine is None:
                difference.add(f"unexpected {name}: got {other}", other)
            else:
                wrong = [
                    f"{column}: expected {mine[column]!r}, got {other[column]!r}"
                    for column in columns
                    if not same(mine[column], other[column])
                ]
                if wrong:
                    difference.add(f"{name}: {'; '.join(wrong)}", mine, other)


def _by_key(
    mart: Mart, rows: list[Row], columns: tuple[str, ...]
) -> dict[tuple[Any, ...], list[Row]]:
    found = defaultdict(list)
    for row in rows:
        chosen = {column: row[column] for column in columns} if columns else row
        found[tuple(row.get(column) for column in mart.key)].append(chosen)
    for same_key in found.values():
        same_key.sort(key=lambda row: repr(list(row.values())))
    return found


def same(mine: Any, other: Any) -> bool:
    """Equal; fractions as far as four bytes hold them."""
    if isinstance(mine, float | int) and isinstance(other, float | int):
        return math.isclose(mine, other, rel_tol=1e-6, abs_tol=1e-6)
    return bool(mine == other)


def plain_row(row: Row) -> Row:
    return {column: plain(value) for column, value in row.items()}


def plain(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(timezone.utc).replace(tzinfo=None)
    return value
