"""Rows that belong to courses, and the filter by which reports see those of named courses only.

Superset filters by course itself. This is the second lock: whoever asks ClickHouse as the user of
the reports names the courses that the answer may be about, in the setting `log_comment`:

    courses=*                                    every course
    courses=course-v1:A+B+C,course-v1:A+D+E      these two
    (anything else, or nothing)                  no row at all

That setting, because it travels with a query to every node of a cluster (HTTP headers do not),
needs no preparation on a server that others run (settings of one's own do), and leaves in
system.query_log what a query was allowed to see. See docs/decisions, "Rows by course".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tutoraspects.access.marts import COURSE_COLUMN, marts
from tutoraspects.access.model import Names, RowFilter

PREFIX = "courses="
EVERYTHING = "*"
_SINKS = ("course_overviews", "course_blocks", "course_relationships", "course_enrollment")


def scope(courses: Collection[str] | None) -> str:
    """The value of `log_comment` for these courses, or for every course with None."""
    if courses is None:
        return PREFIX + EVERYTHING
    # A comma, which no course key has, would name two others; a star alone every one.
    named = (key for key in courses if key and "," not in key and key != EVERYTHING)
    return PREFIX + ",".join(sorted(named))


def condition() -> str:
    """The filter. Rows without a course are for those who see every course.

    The range finds the rows by the primary key. `transform` picks out the named courses and, unlike
    `has`, is asked once for each different course of a block, not for each row: 40 times cheaper
    with one course, 600 times with 300. See RowFilter for the characters that it may not have.
    """
    said = "getSetting('log_comment')"
    named = f"splitByChar(',', substring({said}, {len(PREFIX) + 1}))"
    return (
        f"{said} = '{PREFIX}{EVERYTHING}' OR (startsWith({said}, '{PREFIX}') "
        f"AND {COURSE_COLUMN} != '' "
        f"AND {COURSE_COLUMN} >= arrayMin({named}) AND arrayMax({named}) >= {COURSE_COLUMN} "
        f"AND transform({COURSE_COLUMN}, {named}, arrayMap(one -> 1, {named}), 0) = 1)"
    )


def course_filters(names: Names) -> tuple[RowFilter, ...]:
    """One for every table and view with a course key that reports may read.

    The marts are views. What they are made of has names that change with the definition, and no
    filter of its own: a dataset of it in Superset would be filtered by Superset alone.
    """
    return tuple(RowFilter(database, name, condition()) for database, name in _tables(names))


def _tables(names: Names) -> Iterator[tuple[str, str]]:
    parsed = f"{names.raw_table}_parsed"
    yield names.ralph_database, parsed
    yield names.ralph_database, f"{parsed}_local"
    for name in _SINKS:
        yield names.event_sink_database, name
    for mart in marts():
        if mart.by_course:
            yield mart.of(names)
