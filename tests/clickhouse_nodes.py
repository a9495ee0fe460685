"""Real ClickHouse nodes on the files that Tutor renders, merged as the image merges them.

The laboratory (tests/lab) changes more, because it folds replicas and stands in for Keeper; here
only what cannot be had on the loopback interface is overridden: hosts, ports, paths, Keeper.
"""

from __future__ import annotations

import shutil
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab.node import ClickHouseNode
from tests.lab.ports import Ports
from tutoraspects.access import password_hash

LIBRARY = Path(__file__).resolve().parents[1] / ".lab/clickhouse/libchdb.so"
ROLES = ("admin", "lrs", "vector", "cms", "report", "health", "monitor", "backup")
# Parts of the image's own config.xml that ours must replace or remove.
IMAGE_CONFIG = """<clickhouse>
  <logger><level>trace</level><log>{home}/image.log</log></logger>
  <mysql_port>9004</mysql_port>
  <query_log><database>system</database><table>query_log</table></query_log>
  <query_thread_log><database>system</database><table>query_thread_log</table></query_thread_log>
  <opentelemetry_span_log>
    <engine>engine MergeTree partition by toYYYYMM(finish_date) order by finish_date</engine>
    <database>system</database><table>opentelemetry_span_log</table>
  </opentelemetry_span_log>
  <remote_servers><default><shard><replica><host>nowhere</host><port>9000</port></replica></shard>
  </default></remote_servers>
</clickhouse>"""
# Sections that need Keeper, the machine's ports or a server that listens to more than HTTP and TCP.
NOT_HERE = (
    "zookeeper",
    "distributed_ddl",
    "user_directories",
    "prometheus",
    "interserver_http_port",
    "listen_host",
    "listen_try",
)
# The library's own session is one of `default`, which may do nothing in production.
DEFAULT_USER = """<clickhouse><users><default>
  <profile>default</profile>
  <grants replace="replace"><query>GRANT SYSTEM LISTEN ON *.*</query></grants>
</default></users></clickhouse>"""


@dataclass(frozen=True)
class Answer:
    """What a node said: the text, and ClickHouse's error code, 0 for none."""

    text: str
    code: int

    @property
    def rows(self) -> list[list[str]]:
        return [line.split("\t") for line in self.text.splitlines()]


class Nodes:
    """Running nodes; `passwords` by role."""

    def __init__(self, nodes: list[ClickHouseNode], passwords: dict[str, str]) -> None:
        self.nodes = nodes
        self.passwords = passwords

    def ask(
        self,
        role: str,
        statement: str,
        node: int = 0,
        password: str | None = None,
        **parameters: str,
    ) -> Answer:
        """Run a statement over HTTP as the user of a role (or as `default`, without a password)."""
        port = self.nodes[node].http_port
        url = f"http://127.0.0.1:{port}/?{urllib.parse.urlencode(parameters)}"
        user = "default" if role == "default" else f"ch_{role}"
        secret = self.passwords.get(role, "") if password is None else password
        login = b64encode(f"{user}:{secret}".encode()).decode()
        request = urllib.request.Request(
            url, statement.encode(), {"Authorization": f"Basic {login}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return Answer(response.read().decode(), 0)
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            return Answer(text, int(error.headers.get("X-ClickHouse-Exception-Code") or -1))

    def do(self, statement: str) -> None:
        """Run a statement as the administrator on every node."""
        for index in range(len(self.nodes)):
            answer = self.ask("admin", statement, node=index)
            assert answer.code == 0, f"{statement}\n{answer.text}"


@contextmanager
def started(rendered: Path, home: Path, shards: int) -> Iterator[Nodes]:
    """Nodes of `shards` shards, one replica each; `rendered` holds server.xml and users.xml."""
    passwords = {role: f"password of {role}" for role in ROLES}
    environment = {
        "CLICKHOUSE_CLUSTER_SECRET": "the cluster's secret",
        **{
            f"CH_{role.upper()}_PASSWORD_SHA256": password_hash(secret)
            for role, secret in passwords.items()
        },
    }
    ports = Ports()
    nodes: list[ClickHouseNode] = []
    try:
        native = {f"clickhouse-{shard:02d}-1": ports.take() for shard in range(1, shards + 1)}
        for shard, (name, native_port) in enumerate(native.items(), start=1):
            folder = home / name
            _write(folder, rendered, native)
            nodes.append(
                ClickHouseNode(
                    name,
                    shard,
                    1,
                    folder,
                    (ports.take(), native_port, 0, 0),
                    LIBRARY,
                    {
                        **environment,
                        "CLICKHOUSE_SHARD": f"{shard:02d}",
                        "CLICKHOUSE_REPLICA": f"{shard:02d}-1",
                    },
                )
            )
        for node in nodes:
            node.start()
        for node in nodes:
            node.wait_ready()
        yield Nodes(nodes, passwords)
    finally:
        for node in nodes:
            node.kill()
        ports.close()


def _write(folder: Path, rendered: Path, native: dict[str, int]) -> None:
    for part in ("config.d", "users.d", "data"):
        (folder / part).mkdir(parents=True)
    (folder / "config.xml").write_text(IMAGE_CONFIG.format(home=folder), encoding="utf8")
    (folder / "config.d/aspects.xml").write_text(
        _server_xml((rendered / "server.xml").read_text(encoding="utf8"), native), encoding="utf8"
    )
    shutil.copy(rendered / "server-patch.xml", folder / "config.d/zz-patches.xml")
    shutil.copy(rendered / "users.xml", folder / "users.xml")
    shutil.copy(rendered / "users-patch.xml", folder / "users.d/zz-patches.xml")
    (folder / "users.d/zzz-default.xml").write_text(DEFAULT_USER, encoding="utf8")
    (folder / "config.d/zzz-here.xml").write_text(
        f"<clickhouse><path>{folder}/data/</path><tmp_path>{folder}/data/tmp/</tmp_path>"
        f"<logger><log>{folder}/server.log</log><console>0</console></logger></clickhouse>",
        encoding="utf8",
    )


def _server_xml(text: str, native: dict[str, int]) -> str:
    root = ET.fromstring(text)
    for name in NOT_HERE:
        for element in root.findall(name):
            root.remove(element)
    for shard in root.findall("./remote_servers/*/shard"):
        for replica in shard.findall("replica"):
            host, port = replica.find("host"), replica.find("port")
            assert host is not None and port is not None and host.text in native, text
            port.text = str(native[host.text])
            host.text = "127.0.0.1"
    return ET.tostring(root, encoding="unicode")
