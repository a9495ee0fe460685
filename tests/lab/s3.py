"""S3 (and the rest of AWS, as far as moto goes) on the loopback interface."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from .ports import LOOPBACK, accepts
from .processes import Process

INSTALL = Path(__file__).with_name("install.sh")


class S3:
    """moto's server, in memory. Any key id and secret will do; `ACCESS_KEY` and `SECRET_KEY` do."""

    ACCESS_KEY = "lab"
    SECRET_KEY = "lab-secret"
    REGION = "us-east-1"

    def __init__(self, parts: Path, directory: Path, port: int) -> None:
        command = parts / "moto/bin/moto_server"
        if not command.exists():  # large, and few tests need it
            subprocess.run([str(INSTALL), "s3"], check=True, env={**os.environ, "LAB": str(parts)})
        self.port = port
        directory.mkdir(parents=True, exist_ok=True)
        argv = [str(command), "-H", LOOPBACK, "-p", str(port)]
        env = {"PATH": os.environ["PATH"]}
        self.process = Process("moto", argv, directory / "moto.log", env, directory)

    @property
    def url(self) -> str:
        """The endpoint, without a slash at its end."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        self.process.start()

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Until it accepts connections. Raises LabError."""
        self.process.wait_ready(lambda: accepts(self.port), timeout)

    def kill(self) -> None:
        self.process.kill()
