"""The laboratory: a cluster of real servers on the loopback interface, without containers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from clickhouse_driver import Client

from .configuration import Places, write_node
from .http_client import HttpAnswer, ask
from .node import ClickHouseNode
from .ports import Ports, accepts
from .processes import LabError, Process
from .ralph import Ralph
from .rendering import ROOT, DeclaredNode, render, saved
from .s3 import S3
from .zookeeper import ZooKeeper

PARTS = Path(os.environ.get("LAB", ROOT / ".lab"))
LIBRARY = PARTS / "clickhouse/libchdb.so"
HOSTS = {"LMS_HOST": "lms.example.org", "CMS_HOST": "studio.example.org"}
# Written by `aspects schema`; a plain table even where the others register in ZooKeeper, because
# the nodes cannot store rows in a Replicated one.
STATE_TABLE = "aspects_schema_versions"
KEPT = "kept-because-of-a-failure"
_PREFIX = "aspects-lab-"
_ASPECTS = "from tutoraspects.cli.job import main; main()"


class Lab:
    """Starts on entry; on exit nothing is left behind but, on failure, the directory with logs.

    `shards` and `replicas` are settings of the plugin like those in `settings` (None leaves them to
    the plugin's formula), and what the plugin renders for Docker Compose is what starts. The nodes
    cannot replicate data: replicas of a shard are folded into one process. With `zookeeper` every
    replica is a process of its own and tables register in ZooKeeper, which proves paths and macros;
    then no Replicated table takes rows.

    `root` is a Tutor root with a saved configuration, to be started instead. `ralph_workers` starts
    Ralph too, after the schema; `schema` makes the schema without Ralph.
    """

    def __init__(
        self,
        shards: int | None = 2,
        replicas: int | None = 1,
        *,
        settings: Mapping[str, Any] | None = None,
        root: Path | None = None,
        zookeeper: bool = False,
        schema: bool = False,
        ralph_workers: int = 0,
        s3: bool = False,
        node_memory_mib: int = 6144,
    ) -> None:
        if not LIBRARY.exists():
            raise LabError(f"{LIBRARY} is missing: run `make lab`")
        if root is None:
            self.rendering = render({**HOSTS, **_sizes(shards, replicas), **(settings or {})})
        else:
            self.rendering = saved(root)
        self.directory = _directory()
        self.ports = Ports()
        self.failed = False
        self.cluster = self.rendering.cluster
        self.zookeeper: ZooKeeper | None = None
        if zookeeper:
            self.zookeeper = ZooKeeper(self.directory / "zookeeper", self.ports.take())
        self.s3: S3 | None = None
        if s3:
            self.s3 = S3(PARTS, self.directory / "moto", self.ports.take())
        self.nodes = [
            self._node(declared)
            for declared in self.rendering.nodes
            if zookeeper or declared.replica == 1
        ]
        self._configure(node_memory_mib)
        self.gateway = self._gateway()
        self.ralphs: list[Ralph] = []
        self._schema = schema or ralph_workers > 0
        self._ralph_workers = ralph_workers

    # Life ---------------------------------------------------------------------------------------

    def __enter__(self) -> Lab:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.failed = self.failed or error is not None
        self.close()

    def start(self) -> Lab:
        """Start everything and wait until it answers. Raises LabError, and then nothing runs."""
        try:
            if self.zookeeper:
                self.zookeeper.start()
                self.zookeeper.wait_ready()
            for node in self.nodes:
                node.start()
            self.gateway.start()
            if self.s3:
                self.s3.start()
            for node in self.nodes:
                node.wait_ready()
            self.gateway.wait_ready(self._gateway_ready)
            if self.s3:
                self.s3.wait_ready()
            if self._schema:
                self.upgrade_schema()
            if self._ralph_workers:
                self.add_ralph(self._ralph_workers)
        except BaseException:
            self.failed = True
            self.close()
            raise
        return self

    def close(self) -> None:
        """Kill everything; keep the directory only when something failed."""
        servers = [*self.ralphs, self.gateway, *self.nodes, self.s3, self.zookeeper]
        for server in servers:
            if server is not None:
                server.kill()
        self.ports.close()
        if self.failed:
            (self.directory / KEPT).touch()
            print(f"\nThe laboratory's logs are in {self.directory}", file=sys.stderr)
        else:
            shutil.rmtree(self.directory, ignore_errors=True)

    # Nodes and the gateway ------------------------------------------------------------------------

    def kill_node(self, index: int) -> None:
        """SIGKILL to a node."""
        self.nodes[index].kill()

    def stop_node(self, index: int) -> None:
        """SIGTERM to a node."""
        self.nodes[index].stop()

    def start_node(self, index: int) -> None:
        """Start a node that was killed or stopped, on its data; returns when it answers."""
        self.nodes[index].start()
        self.nodes[index].wait_ready()

    def erase_node(self, index: int) -> None:
        """Kill a node and delete its data, as a lost disk. `start_node` brings it back empty."""
        self.nodes[index].kill()
        shutil.rmtree(self.nodes[index].directory / "data")
        (self.nodes[index].directory / "data").mkdir()

    def restart_gateway(self) -> None:
        """Kill the gateway and start it again."""
        self.gateway.kill()
        self.gateway.start()
        self.gateway.wait_ready(self._gateway_ready)

    # Schema and Ralph -----------------------------------------------------------------------------

    def aspects(
        self, *arguments: str, check: bool = True, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the `aspects` command of the job image. Raises LabError when `check` and it fails."""
        done = subprocess.run(
            [sys.executable, "-c", _ASPECTS, *arguments],
            env={"PATH": os.environ["PATH"], **self.job_environment(), **environment},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode:
            raise LabError(f"aspects {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
        return done

    def upgrade_schema(self) -> None:
        """`aspects schema upgrade`, through the gateway of the first node."""
        self.aspects("schema", "upgrade")

    def job_environment(self) -> dict[str, str]:
        """The rendered environment of the `aspects` command, pointing at the gateway."""
        first = self.nodes[0]
        environment = {
            **self.rendering.job_environment,
            "ASPECTS_CLICKHOUSE_HOST": first.host,
            "ASPECTS_CLICKHOUSE_NATIVE_PORT": str(first.gateway_native_port),
            "ASPECTS_CLICKHOUSE_HTTP_PORT": str(first.gateway_http_port),
        }
        if self.cluster:
            environment["ASPECTS_CLICKHOUSE_NODES"] = ",".join(
                f"{node.host}:{node.gateway_native_port}" for node in self.nodes
            )
        if self.ralphs:
            environment["ASPECTS_LRS_URL"] = self.ralph.url
        return environment

    def add_ralph(self, workers: int = 1, node: int = 0, **environment: str) -> Ralph:
        """Start one more Ralph that writes to a node's raw HTTP port; returns when it is ready."""
        port = self.ports.take()
        ralph = Ralph(
            self.rendering,
            PARTS,
            self.directory / f"ralph-{len(self.ralphs) + 1}",
            port,
            self.nodes[node].http_port,
            workers,
            environment,
        )
        self.ralphs.append(ralph)
        ralph.start()
        ralph.wait_ready()
        return ralph

    @property
    def ralph(self) -> Ralph:
        """The first Ralph. Raises LabError when none was started."""
        if not self.ralphs:
            raise LabError("this laboratory has no Ralph: Lab(ralph_workers=…) or add_ralph()")
        return self.ralphs[0]

    def kill_ralph(self) -> None:
        """SIGKILL to the first Ralph and its workers."""
        self.ralph.kill()

    def start_ralph(self) -> None:
        """Start the first Ralph again; returns when it is ready."""
        self.ralph.start()
        self.ralph.wait_ready()

    # Clients ------------------------------------------------------------------------------------

    @property
    def admin_password(self) -> str:
        return self.rendering.passwords["admin"]

    def password(self, user: str) -> str:
        """The password of a ClickHouse user ("ch_lrs") or role ("lrs")."""
        return self.rendering.passwords[self._role(user)]

    def client(
        self, node: int = 0, user: str = "admin", *, gateway: bool = False, **options: Any
    ) -> Client:
        """A clickhouse-driver Client of a node, raw or through its gateway."""
        server = self.nodes[node]
        role = self._role(user)
        return Client(
            server.host,
            port=server.gateway_native_port if gateway else server.native_port,
            user=self.rendering.users[role],
            password=self.rendering.passwords[role],
            **options,
        )

    def http(
        self,
        query: str,
        data: bytes | str = b"",
        *,
        node: int = 0,
        user: str = "admin",
        gateway: bool = False,
        headers: Mapping[str, str] | None = None,
        **parameters: str,
    ) -> HttpAnswer:
        """One request to a node's HTTP interface; a refusal is an answer too, not an exception."""
        server = self.nodes[node]
        role = self._role(user)
        return ask(
            server.gateway_http_port if gateway else server.http_port,
            (self.rendering.users[role], self.rendering.passwords[role]),
            {"query": query, **parameters},
            data.encode() if isinstance(data, str) else data,
            headers or {},
        )

    def on_nodes(self, query: str, parameters: object = None) -> list[Any]:
        """The rows of a query on every node, in the order of the nodes, as the administrator."""
        rows = []
        for index in range(len(self.nodes)):
            client = self.client(index)
            try:
                rows.append(client.execute(query, parameters))
            finally:
                client.disconnect()
        return rows

    def truncate(self) -> None:
        """Empty every table of every node but the schema's versions."""
        tables = (
            "SELECT database, name FROM system.tables WHERE engine LIKE '%MergeTree' "
            "AND database NOT IN ('system', 'INFORMATION_SCHEMA', 'information_schema') "
            f"AND name != '{STATE_TABLE}' AND total_rows > 0"
        )
        for index, found in enumerate(self.on_nodes(tables)):
            client = self.client(index)
            for database, name in found:
                client.execute(f"TRUNCATE TABLE `{database}`.`{name}`")
            client.disconnect()

    # Parts --------------------------------------------------------------------------------------

    def _role(self, user: str) -> str:
        """The role of a user name, or the role itself."""
        if user in self.rendering.users:
            return user
        for role, name in self.rendering.users.items():
            if name == user:
                return role
        raise LabError(f"no ClickHouse user '{user}': there are {self.rendering.users}")

    def _node(self, declared: DeclaredNode) -> ClickHouseNode:
        take = self.ports.take
        return ClickHouseNode(
            declared.name,
            declared.shard,
            declared.replica,
            self.directory / declared.name,
            (take(), take(), take(), take()),
            LIBRARY,
            declared.environment,
        )

    def _configure(self, memory_mib: int) -> None:
        places = Places(
            {node.name: node.native_port for node in self.nodes},
            self.zookeeper.port if self.zookeeper else None,
        )
        for node in self.nodes:
            write_node(node.directory, self.rendering, places, memory_mib)

    def _gateway(self) -> Process:
        settings = {
            "cluster": self.cluster,
            "catalogue": str(self.directory / "catalogue.json"),
            "plain_tables": [STATE_TABLE] if self.zookeeper else None,
            "nodes": [
                {
                    "name": node.name,
                    "http_port": node.http_port,
                    "native_port": node.native_port,
                    "gateway_http_port": node.gateway_http_port,
                    "gateway_native_port": node.gateway_native_port,
                }
                for node in self.nodes
            ],
        }
        file = self.directory / "gateway.json"
        file.write_text(json.dumps(settings, indent=1))
        argv = [sys.executable, "-m", "tests.lab.gateway", str(file)]
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        return Process("gateway", argv, self.directory / "gateway.log", env, ROOT)

    def _gateway_ready(self) -> bool:
        return all(
            accepts(node.gateway_http_port) and accepts(node.gateway_native_port)
            for node in self.nodes
        )


def _sizes(shards: int | None, replicas: int | None) -> dict[str, int]:
    sizes = {"ASPECTS_CLICKHOUSE_SHARDS": shards, "ASPECTS_CLICKHOUSE_REPLICAS": replicas}
    return {name: value for name, value in sizes.items() if value is not None}


def _directory() -> Path:
    """A new directory, named after this process. Deletes those that killed processes left."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = left.name.removeprefix(_PREFIX).split("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists() and not (left / KEPT).exists():
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
