"""The laboratory: a cluster of real servers on the loopback interface, without containers."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from pathlib import Path
from types import TracebackType
from typing import Any

from clickhouse_driver import Client

from .configuration import Address, Rendered, node_environment, write_node
from .minimal import minimal
from .node import ClickHouseNode
from .ports import Ports, accepts
from .processes import LabError, Process

ROOT = Path(__file__).resolve().parents[2]
PARTS = Path(os.environ.get("LAB", ROOT / ".lab"))
LIBRARY = PARTS / "clickhouse/libchdb.so"
NODE_MEMORY_MIB = 6144


class HttpAnswer(str):
    """The text of a ClickHouse answer over HTTP, with its status."""

    status: int = 200
    exception_code: int = 0


class Lab:
    """Starts on entry, leaves nothing behind on exit (the directory with the logs, on failure).

    `shards` processes, one per shard: replicas are folded, because the nodes cannot replicate data.
    """

    def __init__(self, shards: int = 2, replicas: int = 1) -> None:
        if not LIBRARY.exists():
            raise LabError(f"{LIBRARY} is missing: run `make lab`")
        self.directory = Path(tempfile.mkdtemp(prefix="aspects-lab-"))
        self.ports = Ports()
        self.failed = False
        self.rendered: Rendered = minimal(shards, replicas)
        self.cluster = self.rendered.cluster
        self.secret = secrets.token_hex(16)
        self.nodes = [self._node(shard, 1) for shard in range(1, shards + 1)]
        self.gateway = self._gateway()

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
            for node in self.nodes:
                node.start()
            self.gateway.start()
            for node in self.nodes:
                node.wait_ready()
            self.gateway.wait_ready(self._gateway_ready)
        except BaseException:
            self.failed = True
            self.close()
            raise
        return self

    def close(self) -> None:
        """Kill everything; keep the directory only when something failed."""
        self.gateway.kill()
        for node in self.nodes:
            node.kill()
        self.ports.close()
        if self.failed:
            print(f"the laboratory's logs are in {self.directory}", file=sys.stderr)
        else:
            shutil.rmtree(self.directory, ignore_errors=True)

    # Nodes --------------------------------------------------------------------------------------

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

    def restart_gateway(self) -> None:
        """Kill the gateway and start it again."""
        self.gateway.kill()
        self.gateway.start()
        self.gateway.wait_ready(self._gateway_ready)

    # Clients ------------------------------------------------------------------------------------

    @property
    def admin_password(self) -> str:
        return self.rendered.passwords["admin"]

    def password(self, user: str) -> str:
        """The password of a ClickHouse user ("ch_lrs") or role ("lrs")."""
        return self.rendered.passwords[self._role(user)]

    def client(
        self, node: int = 0, user: str = "ch_admin", gateway: bool = False, **options: Any
    ) -> Client:
        """A clickhouse-driver Client of a node, raw or through its gateway."""
        server = self.nodes[node]
        return Client(
            server.host,
            port=server.gateway_native_port if gateway else server.native_port,
            user=user,
            password=self.password(user),
            **options,
        )

    def http(
        self,
        query: str,
        data: bytes | str = b"",
        node: int = 0,
        user: str = "ch_admin",
        gateway: bool = False,
        **parameters: str,
    ) -> HttpAnswer:
        """One request to a node's HTTP interface; errors come back as an answer, not raised."""
        server = self.nodes[node]
        port = server.gateway_http_port if gateway else server.http_port
        url = f"http://{server.host}:{port}/?" + urllib.parse.urlencode(
            {"query": query, **parameters}
        )
        login = b64encode(f"{user}:{self.password(user)}".encode()).decode()
        body = data.encode() if isinstance(data, str) else data
        request = urllib.request.Request(url, body, {"Authorization": f"Basic {login}"})
        try:
            with urllib.request.urlopen(request) as response:
                answer = HttpAnswer(response.read().decode(errors="replace"))
                answer.status = response.status
        except urllib.error.HTTPError as error:
            answer = HttpAnswer(error.read().decode(errors="replace"))
            answer.status = error.code
            answer.exception_code = int(error.headers.get("X-ClickHouse-Exception-Code") or 0)
        return answer

    def job_environment(self) -> dict[str, str]:
        """The environment of the `aspects` command, pointing at the gateway of the first node."""
        first = self.nodes[0]
        return {
            "ASPECTS_CLICKHOUSE_HOST": first.host,
            "ASPECTS_CLICKHOUSE_NATIVE_PORT": str(first.gateway_native_port),
            "ASPECTS_CLICKHOUSE_HTTP_PORT": str(first.gateway_http_port),
            "ASPECTS_CLICKHOUSE_SECURE": "",
            "ASPECTS_CLICKHOUSE_USER": self.rendered.users["admin"],
            "ASPECTS_CLICKHOUSE_PASSWORD": self.admin_password,
            "ASPECTS_CLICKHOUSE_CLUSTER": self.cluster,
            "ASPECTS_CLICKHOUSE_NODES": ",".join(
                f"{node.host}:{node.gateway_native_port}" for node in self.nodes
            ),
        }

    # Parts --------------------------------------------------------------------------------------

    def _role(self, user: str) -> str:
        if user in self.rendered.passwords:
            return user
        return next(role for role, name in self.rendered.users.items() if name == user)

    def _node(self, shard: int, replica: int) -> ClickHouseNode:
        name = f"clickhouse-{shard:02d}-{replica}"
        take = self.ports.take
        env = node_environment(self.rendered, f"{shard:02d}", name, self.secret)
        return ClickHouseNode(
            name,
            shard,
            replica,
            self.directory / name,
            (take(), take(), take(), take()),
            LIBRARY,
            env,
        )

    def _gateway(self) -> Process:
        addresses = [Address(node.name, node.native_port) for node in self.nodes]
        for node in self.nodes:
            write_node(node.directory, self.rendered, addresses, None, NODE_MEMORY_MIB)
        settings = {
            "cluster": self.cluster,
            "catalogue": str(self.directory / "catalogue.json"),
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
