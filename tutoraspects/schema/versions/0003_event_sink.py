"""Copies of LMS and CMS models, in the exact column order of platform-plugin-aspects.

The sinks send CSV without a column list: one insertable column more or less and every row is
dropped with HTTP 200. So whatever is added must be MATERIALIZED. `version` is: the dump's time,
by which the newest row of each natural key replaces the older ones.

Every node holds these tables whole: they are small, joined everywhere, and the LMS retires users
with ALTER ... DELETE, which a Distributed table refuses.

Revision: 0003
"""

from __future__ import annotations

from tutoraspects.schema.model import Column, Placement, Ref, Table
from tutoraspects.schema.operations import Operations

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DUMP = "dump_id UUID, time_last_dumped String"

# Table -> (natural key, columns in the order of the CSV).
TABLES = {
    "course_overviews": (
        ("course_key",),
        "org String, course_key String, display_name String, course_start String, "
        "course_end String, enrollment_start String, enrollment_end String, self_paced Bool, "
        f"course_data_json String, created String, modified String, {DUMP}",
    ),
    "course_blocks": (
        ("course_key", "location"),
        "org String, course_key String, location String, display_name String, "
        f"xblock_data_json String, order Int32, edited_on String, {DUMP}",
    ),
    "course_relationships": (
        ("course_key", "parent_location", "child_location"),
        f"course_key String, parent_location String, child_location String, order Int32, {DUMP}",
    ),
    "user_profile": (
        ("id",),
        "id Int32, user_id Int32, name String, username String, email String, meta String, "
        "courseware String, language String, location String, year_of_birth String, "
        "gender String, level_of_education String, mailing_address String, city String, "
        "country String, state String, goals String, bio String, "
        f"profile_image_uploaded_at String, phone_number String, {DUMP}",
    ),
    "external_id": (
        ("external_user_id",),
        f"external_user_id UUID, external_id_type String, username String, user_id Int32, {DUMP}",
    ),
    "course_enrollment": (
        ("course_key", "user_id"),
        "id Int32, course_key String, created String, is_active Bool, "
        f"mode LowCardinality(String), username String, user_id Int32, {DUMP}",
    ),
    "tag": (
        ("id",),
        "id Int32, taxonomy Int32, parent Int32, value String, external_id String, "
        f"lineage String, {DUMP}",
    ),
    "taxonomy": (("id",), f"id Int32, name String, {DUMP}"),
    "object_tag": (
        ("id",),
        "id Int32, object_id String, taxonomy Int32, tag Int32, _value String, "
        f"_export_id String, lineage String, {DUMP}",
    ),
    # Nothing is ever sent here. The LMS deletes retired users from each table of its list of
    # personal data, and the list must hold this name; without the table each retirement fails.
    "auth_user": (("user_id",), f"user_id Int32, {DUMP}"),
}

VERSION = Column(
    "version",
    "DateTime64(6)",
    kind="MATERIALIZED",
    expression="parseDateTime64BestEffortOrZero(time_last_dumped, 6, 'UTC')",
)


def columns(text: str) -> tuple[Column, ...]:
    pairs = (item.strip().split(" ", 1) for item in text.split(", "))
    return (
        *(Column(name, kind, "ZSTD(1)" if kind == "String" else "") for name, kind in pairs),
        VERSION,
    )


def upgrade(op: Operations) -> None:
    for name, (key, text) in TABLES.items():
        op.create_table(
            Table(
                ref=Ref(op.names.event_sink_database, name),
                columns=columns(text),
                placement=Placement.EVERYWHERE,
                engine="ReplacingMergeTree",
                engine_arguments=("version",),
                order_by=key,
            )
        )
