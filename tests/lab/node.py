"""One real ClickHouse node and what a test may do to it."""

from __future__ import annotations

import http.client
import sys
from collections.abc import Mapping
from pathlib import Path

from .ports import accepts
from .processes import Process

SERVER = Path(__file__).with_name("serve_node.py")


class ClickHouseNode:
    """A node with its directory (configuration, data, logs) and its two raw ports.

    `gateway_http_port` and `gateway_native_port` are the ports of the gateway in front of it. What
    changes tables or writes to event_sink goes there, what must be fast to the raw ports.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        name: str,
        shard: int,
        replica: int,
        directory: Path,
        ports: tuple[int, int, int, int],
        library: Path,
        env: Mapping[str, str],
    ) -> None:
        self.name = name
        self.shard = shard
        self.replica = replica
        self.directory = directory
        self.http_port, self.native_port, self.gateway_http_port, self.gateway_native_port = ports
        self.server_log = directory / "server.log"
        argv = [
            sys.executable,
            "-I",
            "-S",
            str(SERVER),
            str(library),
            str(directory / "config.xml"),
            str(self.http_port),
            str(self.native_port),
        ]
        self.process = Process(name, argv, directory / "output.log", env, directory)

    @property
    def alive(self) -> bool:
        return self.process.alive

    def start(self) -> None:
        """Start on the data that is there; returns before the node answers (see `wait_ready`)."""
        (self.directory / "data" / "status").unlink(missing_ok=True)  # left by a killed run
        self.process.start()

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Until the node answers over HTTP and native TCP. Raises LabError."""
        self.process.wait_ready(lambda: self.ping() and accepts(self.native_port), timeout)

    def ping(self) -> bool:
        """Does `/ping` answer?"""
        connection = http.client.HTTPConnection(self.host, self.http_port, timeout=5)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().read() == b"Ok.\n"
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """SIGTERM, on which the library ends at once: nothing is flushed, as with `kill`."""
        self.process.stop()

    def kill(self) -> None:
        """SIGKILL, as a machine that loses its power."""
        self.process.kill()
