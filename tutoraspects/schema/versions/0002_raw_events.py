"""Statements as they arrive from Ralph and from Vector, and Vector's tracking logs.

Both raw tables have the three columns that Ralph inserts and Vector sends, and the time of arrival,
which nobody sends; both feed the parsing table, so that duplicates of one statement meet whichever
way they came.

The parsing query is written for the server's planner as much as for the reader: it is planned
anew for every insert, and each function in it costs some 40 microseconds there. Hence one tuple
taken apart step by step, texts compared in one array, and no expression written out twice.

Revision: 0002
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tutoraspects.schema.model import Column, Index, Placement, Ref, Table, View
from tutoraspects.schema.operations import Operations

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COURSE = "http://adlnet.gov/expapi/activities/course"
MAX_EVENT_BYTES = 1048576

# A tuple's first element also takes the first item of a JSON array that stands where an object
# belongs; this name is never a key of a statement, so a text here tells an array from an object.
ARRAY = "[0]"


class First(NamedTuple):
    """The first object of a JSON array."""

    shape: dict[str, object]


# Where each text stands in a statement, and what the query calls it: a column of the parsing
# table, or a name with `_text` that an expression below turns into one.
STATEMENT: dict[str, object] = {
    "id": "id",
    "actor": {
        ARRAY: "actor_array",
        "objectType": "agent_kind",
        "account": {"name": "account", "homePage": "actor_home_page"},
        "mbox": "mbox",
        "mbox_sha1sum": "mbox_sha1sum",
        "openid": "openid",
    },
    "verb": {ARRAY: "verb_array", "id": "verb_id"},
    "object": {
        ARRAY: "object_array",
        "id": "object_id",
        "objectType": "object_kind",
        "definition": {
            "type": "object_type",
            "interactionType": "interaction_type",
            "extensions": {
                "http://id.tincanapi.com/extension/attempt-id": "object_attempt",
                "https://w3id.org/xapi/acrossx/extensions/type": "enrollment_mode",
                "https://w3id.org/xapi/acrossx/extensions/time-limit": "time_limit_text",
                "https://w3id.org/xapi/acrossx/extensions/total-items": "total_items_text",
            },
        },
    },
    "result": {
        ARRAY: "result_array",
        "success": "success_text",
        "completion": "completion_text",
        "response": "response",
        "duration": "duration",
        "score": {
            "scaled": "score_scaled_text",
            "raw": "score_raw_text",
            "min": "score_min_text",
            "max": "score_max_text",
        },
        "extensions": {
            "https://w3id.org/xapi/video/extensions/time": "video_time_text",
            "https://w3id.org/xapi/video/extensions/time-from": "video_time_from_text",
            "https://w3id.org/xapi/video/extensions/time-to": "video_time_to_text",
            "https://w3id.org/xapi/video/extensions/cc-enabled": "captions_enabled_text",
            "https://w3id.org/xapi/cmi5/result/extensions/progress": "progress_text",
            "https://w3id.org/xapi/openedx/extension/speed-from": "video_speed_from",
            "https://w3id.org/xapi/openedx/extension/speed-to": "video_speed_to",
            "http://www.tincanapi.co.uk/activitytypes/grade_classification": "grade_classification",
        },
    },
    "context": {
        ARRAY: "context_array",
        "statement": {"id": "parent_event"},
        "contextActivities": {
            "parent": First(
                {
                    "id": "parent_id",
                    "objectType": "parent_kind",
                    "definition": {"type": "parent_type"},
                }
            ),
            "grouping": First(
                {
                    "id": "group_id",
                    "definition": {
                        "type": "group_type",
                        "extensions": {
                            "http://id.tincanapi.com/extension/attempt-id": "group_attempt",
                            "http://id.tincanapi.com/extension/duration": "attempt_duration_text",
                            "https://w3id.org/xapi/openedx/extension/attempt-started": (
                                "attempt_started_text"
                            ),
                            "https://w3id.org/xapi/openedx/extension/attempt-completed": (
                                "attempt_completed_text"
                            ),
                        },
                    },
                }
            ),
        },
        "extensions": {
            "http://id.tincanapi.com/extension/starting-position": "starting_position_text",
            "http://id.tincanapi.com/extension/ending-point": "ending_point",
            "https://w3id.org/xapi/video/extensions/length": "video_length_text",
            "https://w3id.org/xapi/acrossx/extensions/type": "discussion_type",
            "https://w3id.org/xapi/openedx/extension/transformer-version": "transformer_version",
            "https://w3id.org/xapi/openedx/extensions/session-id": "session_id",
        },
    },
}

# Column made of `<column>_text` -> the function that gives NULL when the text is not one.
TYPED = {
    "success": "transform({}, ['true', 'false'], [true, false], NULL)",
    "completion": "transform({}, ['true', 'false'], [true, false], NULL)",
    "captions_enabled": "transform({}, ['true', 'false'], [true, false], NULL)",
    "attempt": "toInt32OrNull({})",
    "starting_position": "toInt32OrNull({})",
    "total_items": "toInt32OrNull({})",
    "score_scaled": "toFloat64OrNull({})",
    "score_raw": "toFloat64OrNull({})",
    "score_min": "toFloat64OrNull({})",
    "score_max": "toFloat64OrNull({})",
    "progress": "toFloat64OrNull({})",
    "video_time": "toFloat64OrNull({})",
    "video_time_from": "toFloat64OrNull({})",
    "video_time_to": "toFloat64OrNull({})",
    "video_length": "toFloat64OrNull({})",
    "time_limit": "toFloat64OrNull({})",
    "attempt_duration": "toFloat64OrNull({})",
}

BLOCK = "((?:ccx-)?block-v1:[^/?#]+|i4x://[^/?#]+/[^/?#]+/[^/?#]+/[^/?#]+)"
COURSE_KEY = "(?:/courses?/|^)([a-z]+-v1:[^/?#]+|[^/?#:]+/[^/?#]+/[^/?#]+)"

# Names that later ones build on, in order.
STEPS = {
    "attempt_text": "if(object_attempt != '', object_attempt, group_attempt)",
    "actor_id": "multiIf(account != '', account, mbox != '', mbox, mbox_sha1sum != '', "
    "mbox_sha1sum, openid)",
    "actor_kind": "multiIf(account != '', 'account', mbox != '', 'mbox', mbox_sha1sum != '', "
    "'mbox_sha1sum', openid != '', 'openid', '')",
    # One question of a problem with several is a statement of its own, whose parent is the problem.
    "block_id": f"extract(if(parent_kind = 'GroupActivity', parent_id, object_id), '{BLOCK}')",
    "course_id": f"multiIf(parent_type = '{COURSE}', parent_id, group_type = '{COURSE}', group_id, "
    f"object_type = '{COURSE}', object_id, '')",
    "path_key": "extract(toLowCardinality(if(course_id != '', course_id, object_id)), "
    f"'{COURSE_KEY}')",
    "block_key": "if(path_key != '', '', extract(block_id, 'block-v1:(.+?)[+]type@'))",
    "course_key": "multiIf(path_key != '', path_key, block_key != '', concat("
    "if(startsWith(block_id, 'ccx-'), 'ccx-v1:', 'course-v1:'), block_key), "
    "extract(course_id, '([^/?#]+)/*(?:[?#].*)?$'))",
    "org": "extract(course_key, '^(?:[a-z]+-v1:)?([^+/]+)[+/]')",
    # The grouping that says something: a forum thread or an exam attempt, never the course.
    "grouping_id": f"if(group_type = '{COURSE}', '', group_id)",
    "attempt_started": "parseDateTime64BestEffortOrNull(attempt_started_text, 6)",
    "attempt_completed": "parseDateTime64BestEffortOrNull(attempt_completed_text, 6)",
    **{name: function.format(f"{name}_text") for name, function in TYPED.items()},
    # JSON knows no nan, but a text may say it.
    "mistyped": "arrayFirstIndex((text, value) -> text != '' AND ifNull(isNaN(value) OR "
    f"isInfinite(value), true), [{', '.join(f'{name}_text' for name in TYPED)}], "
    f"[{', '.join(TYPED)}])",
    "uuid": "toUUIDOrNull(id)",
}

ACTOR = (
    "JSONExtract(event, 'actor', 'Tuple(account Tuple(name String), mbox String, "
    "mbox_sha1sum String, openid String)')"
)
LEARNER = (
    f"arrayFirst(x -> x != '', [tupleElement(tupleElement({ACTOR}, 'account'), 'name'), "
    f"tupleElement({ACTOR}, 'mbox'), tupleElement({ACTOR}, 'mbox_sha1sum'), "
    f"tupleElement({ACTOR}, 'openid'), toString(event_id)])"
)

# Where JSONExtract finds something else than the shape above it fills in empty texts, as for a key
# that is absent. A search over the text says, at little cost, which events to look at closely;
# the same words may stand, rightly, inside an extension's own value.
OBJECTS = (
    ("result",),
    ("result", "score"),
    ("result", "extensions"),
    ("context",),
    ("context", "extensions"),
    ("context", "contextActivities"),
    ("object", "definition"),
    ("object", "definition", "extensions"),
)
LISTS = (("context", "contextActivities", "parent"), ("context", "contextActivities", "grouping"))


def keys(paths: tuple[tuple[str, ...], ...]) -> str:
    return "|".join(sorted({path[-1] for path in paths}))


def types(paths: tuple[tuple[str, ...], ...]) -> str:
    found = (f"JSONType(event, {', '.join(map(repr, path))})" for path in paths)
    return f"[{', '.join(found)}]"


SPACE = "[[:space:]]*"
SUSPECT = (
    f'match(event, \'[{{,]{SPACE}"(?:(?:{keys(OBJECTS)})"{SPACE}:{SPACE}[^{{n[:space:]]|'
    f"(?:{keys(LISTS)})\"{SPACE}:{SPACE}[^[n[:space:]])')"
)
MISSHAPED = (
    f"({SUSPECT} AND (arrayExists(found -> found NOT IN ('Object', 'Null'), {types(OBJECTS)}) "
    f"OR arrayExists(found -> found NOT IN ('Array', 'Null'), {types(LISTS)})))"
)

# Tested in order; what is dear to find out stands in the reasons, which are asked when needed.
PROBLEMS = (
    (f"length(event) > {MAX_EVENT_BYTES}", "'larger than 1 MiB'"),
    (
        "isNull(uuid)",
        "multiIf(NOT isValidJSON(event), 'not JSON', JSONType(event) != 'Object', "
        "'not a JSON object', id = '', 'no id', 'id is not a UUID')",
    ),
    ("uuid != event_id", "'id differs from event_id'"),
    (
        "concat(actor_array, verb_array, object_array, result_array, context_array) != ''",
        "'wrong type: an array instead of an object'",
    ),
    (MISSHAPED, "'wrong type: not the object or list that xAPI has there'"),
    ("actor_id = '' AND agent_kind != 'Group'", "'no actor'"),
    ("match(actor_id, '^[{\\\\[]')", "'wrong type: actor'"),
    (
        "NOT match(verb_id, '^[A-Za-z][A-Za-z0-9+.-]*:')",
        "if(verb_id = '', 'no verb', 'wrong type: verb')",
    ),
    ("object_id = ''", "'no object'"),
    ("match(object_id, '^[{\\\\[]')", "'wrong type: object'"),
    (
        "emission_time < toDateTime64('2000-01-01 00:00:00', 6, 'UTC')",
        "'timestamp before 2000'",
    ),
    ("emission_time > now64(6) + INTERVAL 1 DAY", "'timestamp in the future'"),
    (
        "mistyped != 0",
        f"concat('wrong type: ', [{', '.join(map(repr, TYPED))}][mistyped])",
    ),
)


def tuple_type(shape: object) -> str:
    """The type that JSONExtract fills: dict to Tuple, First to Array(Tuple), text to String."""
    if isinstance(shape, First):
        return f"Array({tuple_type(shape.shape)})"
    if isinstance(shape, dict):
        return f"Tuple({', '.join(f'`{key}` {tuple_type(item)}' for key, item in shape.items())})"
    return "String"


def take_apart(shape: dict[str, object], whole: str) -> Iterator[str]:
    """Each element of the tuple `whole` under its name, outer ones before inner ones."""
    for key, item in shape.items():
        element = f"tupleElement({whole}, '{key}')"
        inner = f"{whole}_{key}" if whole != "s" else key
        inner = inner if inner.isidentifier() else f"{whole}_x"
        if isinstance(item, First):
            yield f"{element}[1] AS {inner}"
            yield from take_apart(item.shape, inner)
        elif isinstance(item, dict):
            yield f"{element} AS {inner}"
            yield from take_apart(item, inner)
        else:
            yield f"{element} AS {item}"


def parse_query(source: str, columns: tuple[Column, ...]) -> str:
    """Raw rows to rows of the parsing table. `source` is ralph or vector."""
    reasons = ", ".join(f"{test}, {reason}" for test, reason in PROBLEMS)
    steps = [
        *take_apart(STATEMENT, "s"),
        *(f"{expression} AS {name}" for name, expression in STEPS.items()),
        f"multiIf({reasons}, '') AS problem",
        f"'{source}' AS source",
    ]
    chosen = ", ".join(column.name for column in columns)
    return (
        f"WITH {', '.join(steps)} SELECT {chosen} FROM (SELECT event_id, emission_time, event, "
        f"JSONExtract(event, '{tuple_type(STATEMENT)}') AS s FROM {{source}})"
    )


def upgrade(op: Operations) -> None:
    names = op.names
    staging = op.schema.table(Ref(names.xapi_database, names.parse_table))
    for database, source in ((names.xapi_database, "ralph"), (names.vector_database, "vector")):
        raw = raw_table(Ref(database, names.raw_table), source, names.events_ttl)
        op.create_table(raw)
        op.create_view(
            View(
                ref=Ref(names.xapi_database, f"{names.raw_table}_{source}_mv"),
                source=raw.ref,
                target=staging.ref,
                query=parse_query(source, staging.columns),
            )
        )
        op.create_front(raw.ref)

    tracking = Table(
        ref=Ref(names.vector_database, names.tracking_table),
        columns=(
            Column("time", "DateTime", "Delta(4), ZSTD(1)"),
            Column("message", "String", "ZSTD(1)"),
        ),
        placement=Placement.SHARDED,
        partition_by="toYYYYMM(time)",
        order_by=("time",),
        ttl=names.ttl_over("time"),
        settings={"ttl_only_drop_parts": 1},
        sharding_key="cityHash64(message)",
        comment="Tracking logs as Vector sends them, when storing them is switched on",
    )
    op.create_table(tracking)
    op.create_front(tracking.ref)


def raw_table(ref: Ref, source: str, ttl: str) -> Table:
    return Table(
        ref=ref,
        columns=(
            Column("event_id", "UUID", "NONE"),
            Column("emission_time", "DateTime64(6)", "Delta(8), ZSTD(1)"),
            Column("event", "String", "ZSTD(1)"),
            # Ralph sees what arrived some time ago only (tutoraspects.access): until then an
            # event that comes again is stored again, and parsed should it have been missed.
            Column("received_at", "DateTime", "Delta(4), ZSTD(1)", "MATERIALIZED", "now()"),
        ),
        placement=Placement.SHARDED,
        engine="ReplacingMergeTree",
        order_by=("emission_time", "event_id"),
        # Impossible years share one partition: no batch of bad clocks can open so many
        # partitions that the server refuses the good rows beside them.
        partition_by="if(emission_time >= toDateTime64('2000-01-01 00:00:00', 6, 'UTC') "
        "AND emission_time < toDateTime64('2050-01-01 00:00:00', 6, 'UTC'), "
        "toYYYYMM(emission_time), 0)",
        ttl=ttl,
        # Ralph asks before each insert whether it has the ids: without the index it would read
        # the column event_id of the whole table.
        indexes=(Index("event_id_bloom", "event_id", "bloom_filter(0.00001)"),),
        settings={"ttl_only_drop_parts": 1},
        # Fixed per learner whatever identifies them, so that the duplicates of an event meet.
        sharding_key=f"cityHash64({LEARNER})",
        comment=f"Statements as {source.capitalize()} sends them",
    )
