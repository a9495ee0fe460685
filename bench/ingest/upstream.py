"""Upstream's layout: one node, two tables, one Ralph process, everybody an administrator.

From the facts of tutor-contrib-aspects 6.1 with its default of one machine, ASPECTS_XAPI_SOURCE
`ralph`. Left out, all in upstream's favour: the chain of further views and tables behind
`xapi_events_all_parsed` (about thirty), which every insert passes through too, access logs of
Ralph and its development reloader.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from pathlib import Path

from bench.ingest.sides import PARSED, RAW, Side
from tests.lab.lab import LIBRARY
from tests.lab.node import ClickHouseNode
from tests.lab.ports import LOOPBACK, Ports
from tests.lab.rendering import Rendering

USER = "ch_admin"
# Log tables that the configuration of ClickHouse's image switches on, and upstream leaves on.
SYSTEM_LOGS: Mapping[str, str] = {
    "query_log": "",
    "query_views_log": "",
    "part_log": "",
    "trace_log": "",
    "metric_log": "<collect_interval_milliseconds>1000</collect_interval_milliseconds>",
    "asynchronous_metric_log": "",
    "asynchronous_insert_log": "",
    "processors_profile_log": "",
}


def _text(path: str) -> str:
    return f"JSON_VALUE(event, '$.{path}')"


_COURSE = "http://adlnet.gov/expapi/activities/course"
_PARENT = "context.contextActivities.parent[0]"
_GROUPING = "context.contextActivities.grouping[0]"
SCHEMA = (
    "CREATE DATABASE xapi",
    f"CREATE TABLE {RAW} (event_id UUID, emission_time DateTime64(6), event String) "
    "ENGINE = ReplacingMergeTree PRIMARY KEY (emission_time, event_id) "
    "ORDER BY (emission_time, event_id) PARTITION BY toYYYYMM(emission_time)",
    f"CREATE TABLE {PARSED} (event_id UUID, verb_id LowCardinality(String), actor_id String, "
    "object_id String, course_id LowCardinality(String), course_key LowCardinality(String), "
    "org LowCardinality(String), emission_time DateTime64(6), event String) "
    "ENGINE = ReplacingMergeTree PARTITION BY toYYYYMM(emission_time) "
    "ORDER BY (org, course_id, verb_id, actor_id, emission_time, event_id)",
    # Ten paths taken out of the text, each by parsing it.
    f"CREATE MATERIALIZED VIEW {PARSED}_mv TO {PARSED} AS SELECT event_id, "
    f"{_text('verb.id')} AS verb_id, "
    f"coalesce(nullIf({_text('actor.account.name')}, ''), nullIf({_text('actor.mbox')}, ''), "
    f"nullIf({_text('actor.mbox_sha1sum')}, ''), {_text('actor.openid')}) AS actor_id, "
    f"{_text('object.id')} AS object_id, "
    f"multiIf({_text('object.definition.type')} = '{_COURSE}', object_id, "
    f"{_text(_PARENT + '.definition.type')} = '{_COURSE}', {_text(_PARENT + '.id')}, "
    f"{_text(_GROUPING + '.id')}) AS course_id, "
    "splitByChar('/', course_id)[-1] AS course_key, "
    "extract(course_key, 'course-v1:([^+]+)') AS org, emission_time, event "
    f"FROM {RAW}",
)


class Upstream(Side):
    """One ClickHouse node with the server's own defaults, and Ralph in one process."""

    name = "upstream"

    def __init__(self, directory: Path, ports: Ports, rendering: Rendering) -> None:
        self._password = secrets.token_hex(16)
        folder = directory / "upstream"
        folder.mkdir()
        node = ClickHouseNode(
            "upstream",
            1,
            1,
            folder,
            (ports.take(), ports.take(), ports.take(), ports.take()),
            LIBRARY,
            {},
        )
        self.nodes = [node]
        (folder / "data").mkdir()
        (folder / "config.xml").write_text(_server_xml(folder))
        (folder / "users.xml").write_text(_users_xml(self._password))
        self._lab = directory, ports, rendering

    @property
    def admin(self) -> tuple[str, str]:
        return USER, self._password

    @property
    def ralph_login(self) -> tuple[str, str]:
        return self.admin

    def start(self) -> None:
        """Start everything, with empty tables. Raises LabError."""
        self.nodes[0].start()
        self.nodes[0].wait_ready()
        for statement in SCHEMA:
            self.ask(statement)
        login = {
            "RALPH_BACKENDS__LRS__CLICKHOUSE__USERNAME": USER,
            "RALPH_BACKENDS__LRS__CLICKHOUSE__PASSWORD": self._password,
        }
        self.start_fronts(*self._lab, 1, login)

    def kill(self) -> None:
        self.kill_fronts()
        self.nodes[0].kill()

    def stop_views(self) -> None:
        self.ask(f"DROP VIEW {PARSED}_mv SYNC")


def _server_xml(folder: Path) -> str:
    """Like the laboratory's own nodes as to the machine, the image's defaults otherwise."""
    logs = "\n".join(
        f"  <{name}><database>system</database><table>{name}</table>"
        "<partition_by>toYYYYMM(event_date)</partition_by>"
        f"<flush_interval_milliseconds>7500</flush_interval_milliseconds>{more}</{name}>"
        for name, more in SYSTEM_LOGS.items()
    )
    return f"""<clickhouse>
  <path>{folder}/data/</path>
  <tmp_path>{folder}/data/tmp/</tmp_path>
  <users_config>users.xml</users_config>
  <logger>
    <level>information</level>
    <console>0</console>
    <log>{folder}/server.log</log>
    <errorlog>{folder}/server.err.log</errorlog>
  </logger>
  <mark_cache_size>134217728</mark_cache_size>
  <background_pool_size>4</background_pool_size>
  <background_schedule_pool_size>16</background_schedule_pool_size>
{logs}
</clickhouse>
"""


def _users_xml(password: str) -> str:
    """An administrator with the server's default settings, and the laboratory's own process."""
    return f"""<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <no_password/>
      <networks><ip>{LOOPBACK}</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants><query>GRANT SYSTEM LISTEN ON *.*</query></grants>
    </default>
    <{USER}>
      <password_sha256_hex>{hashlib.sha256(password.encode()).hexdigest()}</password_sha256_hex>
      <networks><ip>{LOOPBACK}</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <access_management>1</access_management>
    </{USER}>
  </users>
</clickhouse>
"""
