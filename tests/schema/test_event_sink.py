"""Copies of LMS models: the newest row of each key, on every node, and retirement."""

from __future__ import annotations

import csv
import io

import pytest

from tests.lab.lab import Lab
from tutoraspects.schema import scripts
from tutoraspects.schema.model import Placement, Ref
from tutoraspects.schema.names import Names

# The order of platform-plugin-aspects' CSV, as its serializers have it.
CSV_ORDER = {
    "course_overviews": "org,course_key,display_name,course_start,course_end,enrollment_start,"
    "enrollment_end,self_paced,course_data_json,created,modified,dump_id,time_last_dumped",
    "course_blocks": "org,course_key,location,display_name,xblock_data_json,order,edited_on,"
    "dump_id,time_last_dumped",
    "user_profile": "id,user_id,name,username,email,meta,courseware,language,location,"
    "year_of_birth,gender,level_of_education,mailing_address,city,country,state,goals,bio,"
    "profile_image_uploaded_at,phone_number,dump_id,time_last_dumped",
    "external_id": "external_user_id,external_id_type,username,user_id,dump_id,time_last_dumped",
    "course_enrollment": "id,course_key,created,is_active,mode,username,user_id,dump_id,"
    "time_last_dumped",
    "tag": "id,taxonomy,parent,value,external_id,lineage,dump_id,time_last_dumped",
    "taxonomy": "id,name,dump_id,time_last_dumped",
    "object_tag": "id,object_id,taxonomy,tag,_value,_export_id,lineage,dump_id,time_last_dumped",
}
DUMP = "a1b2c3d4-0000-4000-8000-00000000000{}"
OLD, NEW = "2026-05-03 15:47:39.331024+00:00", "2026-05-03 15:47:39.331025+00:00"


def send(lab: Lab, table: str, rows: list[list[object]], node: int = 0) -> None:
    """One request as the sinks make it: CSV, no column list, one bad row allowed."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_NONNUMERIC).writerows(rows)
    answer = lab.http(
        f"INSERT INTO event_sink.{table} FORMAT CSV",
        text.getvalue(),
        node=node,
        user="cms",
        gateway=True,
        input_format_allow_errors_num="1",
        input_format_allow_errors_ratio="0.1",
    )
    assert answer.status == 200, answer


@pytest.mark.parametrize("table", CSV_ORDER)
def test_columns_are_in_the_order_of_the_csv(node: Lab, table: str) -> None:
    rows = node.client().execute(
        "SELECT name FROM system.columns WHERE database = 'event_sink' AND table = %(table)s "
        "AND default_kind = '' ORDER BY position",
        {"table": table},
    )
    assert ",".join(row[0] for row in rows) == CSV_ORDER[table]


def test_every_copy_is_whole_on_every_node() -> None:
    schema = scripts.load(Names()).schema
    copies = [table for ref, table in schema.tables.items() if ref.database == "event_sink"]
    assert {table.ref.name for table in copies} == {*CSV_ORDER, "course_relationships", "auth_user"}
    assert {table.placement for table in copies} == {Placement.EVERYWHERE}
    assert Ref("xapi", "xapi_events_all") in schema.fronts


@pytest.mark.parametrize("lab_name", ["node", "pair"])
def test_the_newest_dump_wins_whenever_it_comes(
    lab_name: str, request: pytest.FixtureRequest
) -> None:
    lab: Lab = request.getfixturevalue(lab_name)
    block = ["Org", "course-v1:Org+C+R", "block-v1:Org+C+R+type@html+block@x"]
    for number, (name, when) in enumerate([("new", NEW), ("old", OLD), ("new", NEW)]):
        send(
            lab,
            "course_blocks",
            [[*block, f'{name} "title", line 2\nend', "{}", 3, when, DUMP.format(number), when]],
        )
    course = ["Org", "course-v1:Org+C+R"]
    old = [*course, "Old", *[""] * 4, True, "{}", "", "", DUMP.format(1), OLD]
    new = [*course, "New", *[""] * 4, False, "{}", "", "", DUMP.format(2), NEW]
    send(lab, "course_overviews", [new, old])
    for rows in lab.on_nodes(
        "SELECT display_name, order, toString(version) FROM event_sink.course_blocks FINAL"
    ):
        assert rows == [('new "title", line 2\nend', 3, "2026-05-03 15:47:39.331025")]
    for rows in lab.on_nodes(
        "SELECT display_name, self_paced FROM event_sink.course_overviews FINAL"
    ):
        assert rows == [("New", False)]


@pytest.mark.parametrize("lab_name", ["node", "pair"])
def test_retirement(lab_name: str, request: pytest.FixtureRequest) -> None:
    lab: Lab = request.getfixturevalue(lab_name)
    for user in (7, 8):
        external = f"00000000-0000-4000-8000-00000000000{user}"
        send(lab, "external_id", [[external, "xapi", f"u{user}", user, DUMP.format(1), NEW]])
        profile = [user, user, f"User {user}", f"u{user}", f"u{user}@example.org", *[""] * 15]
        send(lab, "user_profile", [[*profile, DUMP.format(1), NEW]])
    for table in ("user_profile", "external_id", "auth_user"):
        answer = lab.http(
            f"ALTER TABLE event_sink.{table} DELETE WHERE user_id in (7)",
            user="cms",
            gateway=True,
            mutations_sync="2",
        )
        assert answer.status == 200, answer
    for table in ("user_profile", "external_id"):
        for rows in lab.on_nodes(f"SELECT user_id FROM event_sink.{table} FINAL"):
            assert rows == [(8,)]
