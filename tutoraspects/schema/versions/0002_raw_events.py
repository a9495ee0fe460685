"""Statements as they arrive from Ralph and from Vector, and Vector's tracking logs.

Both raw tables have the three columns that Ralph inserts and Vector sends; both feed the parsing
table, so that duplicates of one statement meet whichever way they came.

Revision: 0002
"""

from __future__ import annotations

from tutoraspects.schema.model import Column, Index, Placement, Ref, Table, View
from tutoraspects.schema.operations import Operations

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# A tuple's first element also takes the first item of a JSON array that stands where an object
# belongs; this name is never a key of a statement, so a text here tells an array from an object.
ARRAY = "[0]"

SHAPE: dict[str, object] = {
    "id": "String",
    "actor": {
        ARRAY: "String",
        "objectType": "String",
        "account": {ARRAY: "String", "name": "String", "homePage": "String"},
        "mbox": "String",
        "mbox_sha1sum": "String",
        "openid": "String",
    },
    "verb": {ARRAY: "String", "id": "String"},
    "object": {
        ARRAY: "String",
        "id": "String",
        "objectType": "String",
        "definition": {
            ARRAY: "String",
            "type": "String",
            "interactionType": "String",
            "extensions": {
                "http://id.tincanapi.com/extension/attempt-id": "String",
                "https://w3id.org/xapi/acrossx/extensions/type": "String",
                "https://w3id.org/xapi/acrossx/extensions/time-limit": "String",
                "https://w3id.org/xapi/acrossx/extensions/total-items": "String",
            },
        },
    },
    "result": {
        ARRAY: "String",
        "success": "String",
        "completion": "String",
        "response": "String",
        "duration": "String",
        "score": {
            ARRAY: "String",
            "scaled": "String",
            "raw": "String",
            "min": "String",
            "max": "String",
        },
        "extensions": {
            "https://w3id.org/xapi/video/extensions/time": "String",
            "https://w3id.org/xapi/video/extensions/time-from": "String",
            "https://w3id.org/xapi/video/extensions/time-to": "String",
            "https://w3id.org/xapi/video/extensions/cc-enabled": "String",
            "https://w3id.org/xapi/cmi5/result/extensions/progress": "String",
            "https://w3id.org/xapi/openedx/extension/speed-from": "String",
            "https://w3id.org/xapi/openedx/extension/speed-to": "String",
            "http://www.tincanapi.co.uk/activitytypes/grade_classification": "String",
        },
    },
    "context": {
        ARRAY: "String",
        "statement": {"id": "String"},
        "contextActivities": {
            "parent": [{"id": "String", "objectType": "String", "definition": {"type": "String"}}],
            "grouping": [
                {
                    "id": "String",
                    "definition": {
                        "type": "String",
                        "extensions": {
                            "http://id.tincanapi.com/extension/attempt-id": "String",
                            "http://id.tincanapi.com/extension/duration": "String",
                            "https://w3id.org/xapi/openedx/extension/attempt-started": "String",
                            "https://w3id.org/xapi/openedx/extension/attempt-completed": "String",
                        },
                    },
                }
            ],
        },
        "extensions": {
            "http://id.tincanapi.com/extension/starting-position": "String",
            "http://id.tincanapi.com/extension/ending-point": "String",
            "https://w3id.org/xapi/video/extensions/length": "String",
            "https://w3id.org/xapi/acrossx/extensions/type": "String",
            "https://w3id.org/xapi/openedx/extension/transformer-version": "String",
            "https://w3id.org/xapi/openedx/extensions/session-id": "String",
        },
    },
}

COURSE = "'http://adlnet.gov/expapi/activities/course'"
MAX_EVENT_BYTES = 1048576
OBJECT_EXTENSIONS = "s.object.definition.extensions"
RESULT_EXTENSIONS = "s.result.extensions"
CONTEXT_EXTENSIONS = "s.context.extensions"

BLOCK = r"((?:ccx-)?block-v1:[^/?#]+|i4x://[^/?#]+/[^/?#]+/[^/?#]+/[^/?#]+)"
COURSE_IN_PATH = r"/courses?/([a-z]+-v1:[^/?#]+|[^/?#]+/[^/?#]+/[^/?#]+)"

# Every text whose type matters: column -> (place in the statement for the reason, expression).
NUMBERS = {
    "score_scaled": ("result.score.scaled", "s.result.score.scaled"),
    "score_raw": ("result.score.raw", "s.result.score.raw"),
    "score_min": ("result.score.min", "s.result.score.min"),
    "score_max": ("result.score.max", "s.result.score.max"),
    "progress": (
        "result progress",
        f"{RESULT_EXTENSIONS}.`https://w3id.org/xapi/cmi5/result/extensions/progress`",
    ),
    "video_time": (
        "result time",
        f"{RESULT_EXTENSIONS}.`https://w3id.org/xapi/video/extensions/time`",
    ),
    "video_time_from": (
        "result time-from",
        f"{RESULT_EXTENSIONS}.`https://w3id.org/xapi/video/extensions/time-from`",
    ),
    "video_time_to": (
        "result time-to",
        f"{RESULT_EXTENSIONS}.`https://w3id.org/xapi/video/extensions/time-to`",
    ),
    "video_length": (
        "context length",
        f"{CONTEXT_EXTENSIONS}.`https://w3id.org/xapi/video/extensions/length`",
    ),
    "time_limit": (
        "object time-limit",
        f"{OBJECT_EXTENSIONS}.`https://w3id.org/xapi/acrossx/extensions/time-limit`",
    ),
    "attempt_duration": (
        "grouping duration",
        "g.definition.extensions.`http://id.tincanapi.com/extension/duration`",
    ),
}
WHOLES = {
    "attempt": (
        "attempt-id",
        f"if({OBJECT_EXTENSIONS}.`http://id.tincanapi.com/extension/attempt-id` != '', "
        f"{OBJECT_EXTENSIONS}.`http://id.tincanapi.com/extension/attempt-id`, "
        "g.definition.extensions.`http://id.tincanapi.com/extension/attempt-id`)",
    ),
    "starting_position": (
        "context starting-position",
        f"{CONTEXT_EXTENSIONS}.`http://id.tincanapi.com/extension/starting-position`",
    ),
    "total_items": (
        "object total-items",
        f"{OBJECT_EXTENSIONS}.`https://w3id.org/xapi/acrossx/extensions/total-items`",
    ),
}
FLAGS = {
    "success": ("result.success", "s.result.success"),
    "completion": ("result.completion", "s.result.completion"),
    "captions_enabled": (
        "result cc-enabled",
        f"{RESULT_EXTENSIONS}.`https://w3id.org/xapi/video/extensions/cc-enabled`",
    ),
}
TIMES = {
    "attempt_started": (
        "grouping attempt-started",
        "g.definition.extensions.`https://w3id.org/xapi/openedx/extension/attempt-started`",
    ),
    "attempt_completed": (
        "grouping attempt-completed",
        "g.definition.extensions.`https://w3id.org/xapi/openedx/extension/attempt-completed`",
    ),
}
LABELS = {
    "actor_home_page": "s.actor.account.homePage",
    "verb_id": "s.verb.id",
    "object_kind": "s.object.objectType",
    "object_type": "s.object.definition.type",
    "interaction_type": "s.object.definition.interactionType",
    "grade_classification": f"{RESULT_EXTENSIONS}."
    "`http://www.tincanapi.co.uk/activitytypes/grade_classification`",
    "enrollment_mode": f"{OBJECT_EXTENSIONS}.`https://w3id.org/xapi/acrossx/extensions/type`",
    "ending_point": f"{CONTEXT_EXTENSIONS}.`http://id.tincanapi.com/extension/ending-point`",
    "video_speed_from": f"{RESULT_EXTENSIONS}.`https://w3id.org/xapi/openedx/extension/speed-from`",
    "video_speed_to": f"{RESULT_EXTENSIONS}.`https://w3id.org/xapi/openedx/extension/speed-to`",
    "discussion_type": f"{CONTEXT_EXTENSIONS}.`https://w3id.org/xapi/acrossx/extensions/type`",
    "transformer_version": f"{CONTEXT_EXTENSIONS}."
    "`https://w3id.org/xapi/openedx/extension/transformer-version`",
}
TEXTS = {
    "object_id": "s.object.id",
    "response": "s.result.response",
    "duration": "s.result.duration",
    "parent_event": "s.context.statement.id",
    "session_id": f"{CONTEXT_EXTENSIONS}.`https://w3id.org/xapi/openedx/extensions/session-id`",
}


def tuple_type(shape: object) -> str:
    """A nested dict as a ClickHouse type: dict to Tuple, list to Array."""
    if isinstance(shape, dict):
        return f"Tuple({', '.join(f'`{key}` {tuple_type(item)}' for key, item in shape.items())})"
    if isinstance(shape, list):
        return f"Array({tuple_type(shape[0])})"
    return str(shape)


def number(text: str) -> str:
    """A finite number or NULL; JSON knows no nan, but a text may say it."""
    return f"if(isFinite(toFloat64OrNull({text})), toFloat64OrNull({text}), NULL)"


def expressions() -> dict[str, str]:
    """Column of the parsing table -> expression over `s` (statement) and `g` (its grouping)."""
    columns = {name: f"toLowCardinality({text})" for name, text in LABELS.items()}
    columns |= TEXTS
    columns |= {name: number(text) for name, (_, text) in NUMBERS.items()}
    columns |= {
        name: f"accurateCastOrNull({number(text)}, 'Int64')" for name, (_, text) in WHOLES.items()
    }
    columns |= {
        name: f"CAST(multiIf({text} = 'true', 1, {text} = 'false', 0, NULL), 'Nullable(Bool)')"
        for name, (_, text) in FLAGS.items()
    }
    columns |= {
        name: f"parseDateTime64BestEffortOrNull({text}, 6)" for name, (_, text) in TIMES.items()
    }
    columns["actor_id"] = (
        "multiIf(s.actor.account.name != '', s.actor.account.name, s.actor.mbox != '', "
        "s.actor.mbox, s.actor.mbox_sha1sum != '', s.actor.mbox_sha1sum, s.actor.openid)"
    )
    columns["actor_kind"] = (
        "toLowCardinality(multiIf(s.actor.account.name != '', 'account', s.actor.mbox != '', "
        "'mbox', s.actor.mbox_sha1sum != '', 'mbox_sha1sum', s.actor.openid != '', 'openid', ''))"
    )
    # The grouping that says something: a forum thread or an exam attempt, never the course.
    columns["grouping_id"] = f"if(g.definition.type = {COURSE}, '', g.id)"
    # One part of a problem with several questions is told to its whole by the parent.
    columns["block_id"] = (
        "if(s.object.definition.interactionType != '' AND match(block, '_[0-9]+_[0-9]+$'), "
        "replaceRegexpOne(block, '(block@[0-9a-f]{32})_[0-9]+_[0-9]+$', '\\\\1'), block)"
    )
    columns["course_id"] = "toLowCardinality(course)"
    columns["course_key"] = (
        f"toLowCardinality(multiIf(course = '', "
        "if(extract(block, 'block-v1:(.+?)[+]type@') != '', "
        "concat(if(startsWith(block, 'ccx-'), 'ccx-v1:', 'course-v1:'), "
        "extract(block, 'block-v1:(.+?)[+]type@')), "
        f"extract(s.object.id, '{COURSE_IN_PATH}')), "
        f"extract(toLowCardinality(course), '{COURSE_IN_PATH}') != '', "
        f"extract(toLowCardinality(course), '{COURSE_IN_PATH}'), "
        "extract(toLowCardinality(course), '([^/?#]+)/*(?:[?#].*)?$')))"
    )
    columns["org"] = "extract(course_key, '^(?:[a-z]+-v1:)?([^+/]+)[+/]')"
    columns["problem"] = f"toLowCardinality({problem()})"
    return columns


def problem() -> str:
    """Why a row cannot be parsed, or ''. What is dear to find out is asked only when needed."""
    typed = {**NUMBERS, **WHOLES, **TIMES, **FLAGS}
    wrong = {place: f"{text} != '' AND {name} IS NULL" for name, (place, text) in typed.items()}
    named = ", ".join(f"{test}, 'wrong type: {place}'" for place, test in wrong.items())
    any_wrong = " OR ".join(f"({test})" for test in wrong.values())
    arrays = {
        "actor": f"s.actor.`{ARRAY}` != '' OR s.actor.account.`{ARRAY}` != ''",
        "verb": f"s.verb.`{ARRAY}` != ''",
        "object": f"s.object.`{ARRAY}` != '' OR s.object.definition.`{ARRAY}` != ''",
        "result": f"s.result.`{ARRAY}` != '' OR s.result.score.`{ARRAY}` != ''",
        "context": f"s.context.`{ARRAY}` != ''",
    }
    is_json = r"match({}, '^[\\[{{]')"
    tests = [
        (f"length(event) > {MAX_EVENT_BYTES}", "'larger than 1 MiB'"),
        (
            "isNull(toUUIDOrNull(s.id))",
            "multiIf(NOT isValidJSON(event), 'not JSON', JSONType(event) != 'Object', "
            "'not a JSON object', s.id = '', 'no id', 'id is not a UUID')",
        ),
        ("assumeNotNull(toUUIDOrNull(s.id)) != event_id", "'id differs from event_id'"),
        *((test, f"'wrong type: {place}'") for place, test in arrays.items()),
        (
            "actor_id = '' AND s.actor.objectType != 'Group'",
            "if(JSONType(event, 'actor') IN ('Null', 'Object'), "
            "'no actor identifier', 'wrong type: actor')",
        ),
        (is_json.format("actor_id"), "'wrong type: actor'"),
        ("s.verb.id = ''", "'no verb'"),
        ("position(s.verb.id, ':') = 0 OR " + is_json.format("s.verb.id"), "'wrong type: verb'"),
        ("object_id = ''", "'no object id'"),
        (is_json.format("object_id"), "'wrong type: object'"),
        (
            "emission_time < toDateTime64('2000-01-01 00:00:00', 6, 'UTC')",
            "'timestamp before 2000'",
        ),
        ("emission_time > now64(6) + INTERVAL 1 DAY", "'timestamp in the future'"),
        (any_wrong, f"multiIf({named}, 'wrong type')"),
    ]
    return f"multiIf({', '.join(f'{test}, {reason}' for test, reason in tests)}, '')"


def parse_query(source: str, columns: tuple[Column, ...]) -> str:
    """Raw rows to rows of the parsing table. `source` is ralph or vector."""
    by_name = {
        "event_id": "event_id",
        "emission_time": "emission_time",
        "event": "event",
        "source": f"toLowCardinality('{source}')",
        **expressions(),
    }
    chosen = ", ".join(f"{by_name[column.name]} AS {column.name}" for column in columns)
    return (
        f"WITH JSONExtract(event, '{tuple_type(SHAPE)}') AS s, "
        "arrayFirst(a -> tupleElement(tupleElement(a, 'definition'), 'type') != "
        f"{COURSE}, s.context.contextActivities.grouping) AS g, "
        f"extract(if(s.context.statement.id != '' AND "
        "s.context.contextActivities.parent[1].objectType = 'GroupActivity', "
        f"s.context.contextActivities.parent[1].id, s.object.id), '{BLOCK}') AS block, "
        "arrayFirst(a -> tupleElement(tupleElement(a, 'definition'), 'type') = "
        f"{COURSE}, s.context.contextActivities.parent).id AS parent_course, "
        "arrayFirst(a -> tupleElement(tupleElement(a, 'definition'), 'type') = "
        f"{COURSE}, s.context.contextActivities.grouping).id AS grouping_course, "
        "multiIf(parent_course != '', parent_course, grouping_course != '', grouping_course, "
        f"s.object.definition.type = {COURSE}, s.object.id, '') AS course "
        f"SELECT {chosen} FROM {{source}}"
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
            Column("message", "String", "ZSTD(3)"),
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
            Column("event", "String", "ZSTD(3)"),
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


ACTOR = (
    "JSONExtract(event, 'actor', 'Tuple(account Tuple(name String), mbox String, "
    "mbox_sha1sum String, openid String)')"
)
LEARNER = (
    f"arrayFirst(x -> x != '', [tupleElement(tupleElement({ACTOR}, 'account'), 'name'), "
    f"tupleElement({ACTOR}, 'mbox'), tupleElement({ACTOR}, 'mbox_sha1sum'), "
    f"tupleElement({ACTOR}, 'openid'), toString(event_id)])"
)
