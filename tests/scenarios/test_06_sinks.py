"""Promise: what the LMS sends about courses and learners arrives as it is, on every node.

The requests are those of platform-plugin-aspects (`wire.py`), to the address that the LMS has: a
node's HTTP port on a single node, the gateway's on the cluster, as ch_cms.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import pytest

from tests.lab.lab import Lab
from tests.scenarios import steps
from tests.scenarios.wire import PII_MODELS, Lms
from tutoraspects.events import sinks
from tutoraspects.events.stream import Generator

GENERATOR = Generator(courses=2, learners=30)
DUMP = {
    "dump_id": "6b6a1c3e-8a54-4d9e-9f10-2b1f5a0c7d11",
    "time_last_dumped": "2026-03-01 12:00:00.123456+00:00",
}
TAGS: dict[str, Mapping[str, Any]] = {
    "tag": {
        "id": 7, "taxonomy": 2, "parent": 3, "value": "Límites, \"ε–δ\"", "external_id": "",
        "lineage": '["Mathematics", "Límites"]', **DUMP,
    },
    "taxonomy": {"id": 2, "name": "Subjects", **DUMP},
    "object_tag": {
        "id": 9, "object_id": "course-v1:UniNord+BIO101+2026", "taxonomy": 2, "tag": 7,
        "_value": "Límites", "_export_id": "2-subjects", "lineage": '["Mathematics"]', **DUMP,
    },
}  # fmt: skip


@pytest.fixture
def lms(lab: Lab) -> Lms:
    first = lab.nodes[0]
    port = first.gateway_http_port if lab.cluster else first.http_port
    url = f"http://{first.host}:{port}"
    return Lms(url, lab.rendering.users["cms"], lab.password("cms"))


def rows(lab: Lab, table: str, columns: tuple[str, ...]) -> list[list[tuple[str, ...]]]:
    """What every node has, as texts."""
    chosen = ", ".join(f"toString(`{column}`)" for column in columns)
    key = ", ".join(f"`{column}`" for column in columns)
    return lab.on_nodes(f"SELECT {chosen} FROM event_sink.{table} ORDER BY {key}")


def texts(row: Mapping[str, Any]) -> tuple[str, ...]:
    """A row as ClickHouse's toString shows what was sent."""
    return tuple(
        str(value).lower() if isinstance(value, bool) else str(value) for value in row.values()
    )


def assert_everywhere(lab: Lab, table: str, sent: list[Mapping[str, Any]]) -> None:
    for found in rows(lab, table, tuple(sent[0])):
        assert sorted(found) == sorted(texts(row) for row in sent)


def dump_all(lms: Lms) -> dict[str, list[dict[str, Any]]]:
    sent: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for table, batch in sinks.dumps(GENERATOR):
        assert lms.dump(table, batch).status_code == 200
        sent[table] += batch
    return sent


def test_every_row_arrives_as_it_is(lab: Lab, lms: Lms) -> None:
    """An accepted row may still be dropped (the sinks allow errors), so every one is compared."""
    for table, sent in dump_all(lms).items():
        assert_everywhere(lab, table, list(sent))
    for table, row in TAGS.items():
        assert lms.dump(table, [row]).status_code == 200
        assert_everywhere(lab, table, [row])


def test_odd_text_arrives_as_it_is(lab: Lab, lms: Lms) -> None:
    odd = ['"', "'", ",", "\\", "\\N", "a\nb\r\nc", "\t", "", " x ", "😀 é 漢", "NULL", "{x}", "1"]
    row = dict.fromkeys(sinks.FIELDS["user_profile"], "") | {"id": 1, "user_id": 5, **DUMP}
    sent = [{**row, "id": number, "bio": bio, "name": bio} for number, bio in enumerate(odd)]
    assert lms.dump("user_profile", sent).status_code == 200
    assert_everywhere(lab, "user_profile", list(sent))


def test_a_course_of_three_thousand_blocks(lab: Lab, lms: Lms) -> None:
    """A publish sends all blocks of a course in one body."""
    course = GENERATOR.course(0)
    batch = next(batch for table, batch in sinks.dumps(GENERATOR) if table == "course_blocks")
    many = [
        {**batch[number % len(batch)], "location": f"{course.key}-{number}", "order": number}
        for number in range(3000)
    ]
    assert lms.dump("course_blocks", many).status_code == 200
    assert_everywhere(lab, "course_blocks", list(many))


def test_the_newest_dump_wins_whatever_comes_last(lab: Lab, lms: Lms) -> None:
    overview = next(batch for table, batch in sinks.dumps(GENERATOR) if table == "course_overviews")
    old = {**overview[0], "time_last_dumped": "2026-03-01 09:00:00+00:00", "display_name": "old"}
    new = {**overview[0], "time_last_dumped": "2026-03-01 10:00:00.5+00:00", "display_name": "new"}
    for row in (old, new, old):
        assert lms.dump("course_overviews", [row]).status_code == 200
    assert steps.query(lab, "SELECT display_name FROM event_sink.course_overviews FINAL") == [
        ("new",)
    ]
    versions = steps.query(
        lab, "SELECT DISTINCT version FROM event_sink.course_overviews ORDER BY 1"
    )
    assert [one.replace(tzinfo=timezone.utc) for (one,) in versions] == [
        datetime(2026, 3, 1, 9, tzinfo=timezone.utc),
        datetime(2026, 3, 1, 10, 0, 0, 500_000, tzinfo=timezone.utc),
    ]


def test_the_check_before_a_dump(lab: Lab, lms: Lms) -> None:
    """Which dumps a course unless it was dumped since it was published."""
    overview = next(batch for table, batch in sinks.dumps(GENERATOR) if table == "course_overviews")
    key = overview[0]["course_key"]
    assert lms.last_dumped("course_overviews", "course_key", key) is None
    lms.dump("course_overviews", overview)
    lms.dump("course_overviews", [{**overview[0], "time_last_dumped": "2020-01-01 00:00:00+00:00"}])
    found = lms.last_dumped("course_overviews", "course_key", key)
    assert found == overview[0]["time_last_dumped"]


def test_retirement_deletes_the_learner_everywhere(lab: Lab, lms: Lms) -> None:
    """From every model with personal data, the table auth_user that has no rows included."""
    sent = dump_all(lms)
    retired = sorted(row["user_id"] for row in sent["user_profile"])[3:5]
    answers = lms.retire(retired)
    assert [answer.status_code for answer in answers] == [200] * len(PII_MODELS), [
        answer.text for answer in answers
    ]
    for table in ("user_profile", "external_id"):
        kept = [row for row in sent[table] if row["user_id"] not in retired]
        assert len(kept) == len(sent[table]) - 2
        steps.wait_until(
            lambda table=table, kept=kept: all(  # type: ignore[misc]
                len(found) == len(kept) for found in rows(lab, table, ("user_id",))
            ),
            f"two learners less in {table} on every node",
        )
        assert_everywhere(lab, table, list(kept))
    # Enrolments are no personal data of this list: they are kept.
    assert_everywhere(lab, "course_enrollment", list(sent["course_enrollment"]))


def test_a_retired_learner_stays_away_from_later_merges(lab: Lab, lms: Lms) -> None:
    """An older row of the learner, not yet merged, must not come back."""
    row = dict.fromkeys(sinks.FIELDS["user_profile"], "") | {"id": 1, "user_id": 5, **DUMP}
    for number in range(3):
        later = {**row, "time_last_dumped": f"2026-03-0{number + 1} 12:00:00+00:00"}
        assert lms.dump("user_profile", [later]).status_code == 200
    lms.retire([5])

    def gone() -> bool:
        return all(not found for found in rows(lab, "user_profile", ("user_id",)))

    steps.wait_until(gone, "no row of the learner on any node")
    lab.on_nodes("OPTIMIZE TABLE event_sink.user_profile FINAL")
    assert gone()


def test_a_wrong_password_is_an_error(lab: Lab, lms: Lms) -> None:
    stranger = Lms(lms.url, lms.username, "wrong")
    answer = stranger.dump("taxonomy", [TAGS["taxonomy"]])
    assert answer.status_code in (401, 403)
    assert all(not found for found in rows(lab, "taxonomy", ("id",)))


def test_a_table_that_is_not_there_is_an_error(lms: Lms) -> None:
    assert lms.dump("no_such_model", [TAGS["taxonomy"]]).status_code in (403, 404)
    (answer,) = lms.retire([1], ["no_such_model"])
    assert answer.status_code in (403, 404)
