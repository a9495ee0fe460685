"""Statements as typed columns, and a quarantine for what cannot be one.

The raw tables' views (version 0002) parse each statement once, by a single JSONExtract into a
tuple, and write `<raw>_parse`. That table holds nothing (engine Null): two views take from it the
sound rows to `<raw>_parsed` and the others, with their text and the reason, to the quarantine.
No expression here throws: an insert with one bad row keeps the other rows.

Absent numbers and booleans are NULL, so that 0 and false keep their meaning; absent texts are ''.
Extension addresses are those that edx-event-routing-backends writes.

Revision: 0001
"""

from __future__ import annotations

from tutoraspects.schema.model import Column, Placement, Ref, Table, View
from tutoraspects.schema.operations import Operations

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

LABEL = "LowCardinality(String)"
TEXT = "String"
NUMBER = "Nullable(Float64)"
WHOLE = "Nullable(Int32)"
FLAG = "Nullable(Bool)"
TIME = "Nullable(DateTime64(6))"

COLUMNS = (
    Column("event_id", "UUID", "NONE"),
    Column("emission_time", "DateTime64(6)", "Delta(8), ZSTD(1)"),
    Column("actor_id", TEXT, "ZSTD(1)", comment="Learner: account name, mbox, its sha1 or openid"),
    Column("actor_kind", LABEL, comment="Which of the four identifiers actor_id is"),
    Column("actor_home_page", LABEL, comment="The platform that the account belongs to"),
    Column("verb_id", LABEL),
    Column("object_id", TEXT, "ZSTD(1)"),
    Column("object_kind", LABEL, comment="objectType: Activity, GroupActivity, ..."),
    Column("object_type", LABEL, comment="definition.type: video, course, question, ..."),
    Column("block_id", TEXT, "ZSTD(1)", comment="Usage key of the block, without response suffix"),
    Column("course_id", LABEL, comment="The course's address as the statement has it"),
    Column("course_key", LABEL, comment="e.g. course-v1:Org+Course+Run or Org/Course/Run"),
    Column("org", LABEL),
    Column("interaction_type", LABEL),
    Column("success", FLAG, "ZSTD(1)"),
    Column("completion", FLAG, "ZSTD(1)"),
    Column("response", TEXT, "ZSTD(1)"),
    Column("duration", TEXT, "ZSTD(1)", comment="result.duration as ISO 8601"),
    Column("score_scaled", NUMBER, "ZSTD(1)"),
    Column("score_raw", NUMBER, "ZSTD(1)"),
    Column("score_min", NUMBER, "ZSTD(1)"),
    Column("score_max", NUMBER, "ZSTD(1)"),
    Column("grade_classification", LABEL, comment="Pass or Fail on course grades"),
    Column("progress", NUMBER, "ZSTD(1)", comment="Percent, on block completion"),
    Column("attempt", WHOLE, "ZSTD(1)", comment="Attempt number of a problem or an exam"),
    Column("enrollment_mode", LABEL),
    Column("starting_position", WHOLE, "ZSTD(1)"),
    Column("ending_point", LABEL, comment="A position or words such as 'next unit'"),
    Column("total_items", WHOLE, "ZSTD(1)", comment="Units in the sequence that is navigated"),
    Column("video_time", NUMBER, "ZSTD(1)", comment="Seconds"),
    Column("video_time_from", NUMBER, "ZSTD(1)", comment="Seconds"),
    Column("video_time_to", NUMBER, "ZSTD(1)", comment="Seconds"),
    Column("video_length", NUMBER, "ZSTD(1)", comment="Seconds"),
    Column("video_speed_from", LABEL),
    Column("video_speed_to", LABEL),
    Column("captions_enabled", FLAG, "ZSTD(1)"),
    Column("discussion_type", LABEL, comment="Thread type, or direction of a vote"),
    Column("grouping_id", TEXT, "ZSTD(1)", comment="Forum thread or exam attempt of the object"),
    Column("time_limit", NUMBER, "ZSTD(1)", comment="Minutes, of an exam"),
    Column("attempt_duration", NUMBER, "ZSTD(1)", comment="Seconds, of an exam's attempt"),
    Column("attempt_started", TIME, "ZSTD(1)"),
    Column("attempt_completed", TIME, "ZSTD(1)"),
    Column("parent_event", TEXT, "ZSTD(1)", comment="Statement about the problem as a whole"),
    Column("session_id", TEXT, "ZSTD(1)"),
    Column("transformer_version", LABEL),
)

MAX_EVENT_BYTES = 1048576


def upgrade(op: Operations) -> None:
    names = op.names
    for database in names.databases:
        op.create_database(database)

    parsed = Table(
        ref=Ref(names.xapi_database, names.parsed_table),
        columns=COLUMNS,
        placement=Placement.SHARDED,
        engine="ReplacingMergeTree",
        partition_by="toYYYYMM(emission_time)",
        # Reports ask about courses: with the organization in front the server would not find a
        # course's rows, since a filter on the course says nothing about the first column.
        primary_key=("course_key", "verb_id", "actor_id"),
        order_by=("course_key", "verb_id", "actor_id", "emission_time", "event_id"),
        ttl=names.events_ttl,
        # A course has a few thousand rows in each of many parts: with the usual 8192 rows between
        # two marks, most of what is read for it would be its neighbours'.
        settings={"ttl_only_drop_parts": 1, "index_granularity": 2048},
        sharding_key="cityHash64(if(actor_id != '', actor_id, toString(event_id)))",
        comment="Events as typed columns",
    )
    quarantine = Table(
        ref=Ref(names.xapi_database, names.quarantine_table),
        columns=(
            Column("event_id", "UUID"),
            Column("emission_time", "DateTime64(6)"),
            Column("received_at", "DateTime"),
            Column("source", LABEL, comment="ralph or vector"),
            Column("reason", LABEL),
            Column("event", TEXT, "ZSTD(1)", comment="The text as received, up to 1 MiB"),
        ),
        placement=Placement.SHARDED,
        engine="ReplacingMergeTree",
        engine_arguments=("received_at",),
        # Rows without an id are told apart by their text.
        order_by=("event_id", "emission_time", "if(empty(event_id), cityHash64(event), 0)"),
        ttl="received_at + INTERVAL 90 DAY",
        sharding_key="cityHash64(toString(event_id))",
        comment="Events that could not be parsed, with the reason",
    )
    staging = Table(
        ref=Ref(names.xapi_database, names.parse_table),
        columns=(
            *(Column(column.name, column.type) for column in COLUMNS),
            Column("problem", LABEL),
            Column("source", LABEL),
            Column("event", TEXT),
        ),
        placement=Placement.LOCAL,
        engine="Null",
        comment="Passes parsed rows on to the parsed table or the quarantine; holds nothing",
    )
    for table in (parsed, quarantine, staging):
        op.create_table(table)

    op.create_view(
        View(
            ref=Ref(names.xapi_database, f"{names.parsed_table}_mv"),
            source=staging.ref,
            target=parsed.ref,
            query=f"SELECT {', '.join(column.name for column in COLUMNS)} "
            "FROM {source} WHERE problem = ''",
        )
    )
    op.create_view(
        View(
            ref=Ref(names.xapi_database, f"{names.quarantine_table}_mv"),
            source=staging.ref,
            target=quarantine.ref,
            query="SELECT event_id, emission_time, now() AS received_at, source, "
            f"problem AS reason, substring(event, 1, {MAX_EVENT_BYTES}) AS event "
            "FROM {source} WHERE problem != ''",
        )
    )
    op.create_front(parsed.ref)
    op.create_front(quarantine.ref)
