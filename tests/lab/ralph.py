"""The real Ralph under uvicorn, started as its container is."""

from __future__ import annotations

import http.client
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from .ports import LOOPBACK
from .processes import LabError, Process
from .rendering import Rendering

SERVER = Path(__file__).with_name("serve_ralph.py")


class Ralph:
    """One Ralph service: a uvicorn process and its workers, writing to one ClickHouse node.

    Environment, command line and accounts are those the templates render; only addresses, the
    number of workers and the place of files differ.
    """

    def __init__(
        self,
        rendering: Rendering,
        parts: Path,
        directory: Path,
        port: int,
        clickhouse_port: int,
        workers: int,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        python = parts / "ralph/bin/python"
        if not python.exists():
            raise LabError(f"{python} is missing: run `make lab`")
        self.port = port
        self.workers = workers
        self.clickhouse_port = clickhouse_port
        self.username = rendering.job_environment["ASPECTS_LRS_USERNAME"]
        self.password = rendering.job_environment["ASPECTS_LRS_PASSWORD"]
        directory.mkdir(parents=True, exist_ok=True)
        app = rendering.apps / "ralph"
        overrides = {
            "RALPH_APP_DIR": str(directory),
            "RALPH_AUTH_FILE": str(app / "auth.json"),
            "RALPH_RUNSERVER_HOST": LOOPBACK,
            "RALPH_RUNSERVER_PORT": str(port),
            "RALPH_BACKENDS__LRS__CLICKHOUSE__HOST": LOOPBACK,
            "RALPH_BACKENDS__LRS__CLICKHOUSE__PORT": str(clickhouse_port),
        }
        env = {
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
            **rendering.ralph_environment,
            **overrides,
            **(extra or {}),
        }
        arguments = _arguments(rendering.ralph_command, app / "logging.json", port, workers)
        argv = [str(python), str(SERVER), *arguments]
        self.process = Process(f"ralph-{port}", argv, directory / "ralph.log", env, directory)

    @property
    def url(self) -> str:
        """The xAPI endpoint, with a slash at its end."""
        return f"http://{LOOPBACK}:{self.port}/xAPI/"

    @property
    def alive(self) -> bool:
        return self.process.alive

    def start(self) -> None:
        """Start; returns before it answers."""
        self.process.start()

    def wait_ready(self, timeout: float = 180.0) -> None:
        """Until it answers and reaches ClickHouse. Raises LabError."""
        self.process.wait_ready(self.healthy, timeout)

    def healthy(self) -> bool:
        """`/__heartbeat__`: Ralph answers and its database does."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=5)
        try:
            connection.request("GET", "/__heartbeat__")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def kill(self) -> None:
        """SIGKILL to the process and all of its workers."""
        self.process.kill()

    def stop(self) -> None:
        """SIGTERM: workers finish the requests they have."""
        self.process.stop(timeout=60)

    def cpu_seconds(self) -> float:
        """CPU time of the process and its workers so far, in seconds."""
        return self.process.cpu_seconds()


def _arguments(command: Sequence[str], logging: Path, port: int, workers: int) -> list[str]:
    """uvicorn's arguments out of the container's command, with this machine's addresses."""
    own = {
        "--host": LOOPBACK,
        "--port": str(port),
        "--workers": str(workers),
        "--log-config": str(logging),
    }
    words = list(command[command.index("uvicorn") + 1 :])
    kept = [word for word in words if word.split("=")[0] not in own]
    return [*kept, *(f"{name}={value}" for name, value in own.items())]
