"""ZooKeeper, from Debian's package: what registers the replicas of tables."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .ports import LOOPBACK, accepts
from .processes import LabError, Process

JAR = Path("/usr/share/java/zookeeper.jar")


class ZooKeeper:
    """One ZooKeeper server with its data in a directory of the laboratory."""

    def __init__(self, directory: Path, port: int) -> None:
        java = shutil.which("java")
        if java is None or not JAR.exists():
            raise LabError(f"java or {JAR} is missing: run `make lab`")
        self.port = port
        directory.mkdir(parents=True, exist_ok=True)
        config = directory / "zoo.cfg"
        config.write_text(
            f"dataDir={directory}/data\n"
            f"clientPort={port}\n"
            f"clientPortAddress={LOOPBACK}\n"
            "tickTime=2000\n"
            "admin.enableServer=false\n"
            "maxClientCnxns=0\n"
        )
        argv = [
            java,
            "-Xmx256m",
            "-Dzookeeper.forceSync=no",
            "-Dzookeeper.jmx.log4j.disable=true",
            "-cp",
            f"{directory}:{JAR}",
            "org.apache.zookeeper.server.ZooKeeperServerMain",
            str(config),
        ]
        env = {"PATH": os.environ["PATH"]}
        self.process = Process("zookeeper", argv, directory / "zookeeper.log", env, directory)

    def start(self) -> None:
        self.process.start()

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Until it accepts connections. Raises LabError."""
        self.process.wait_ready(lambda: accepts(self.port), timeout)

    def kill(self) -> None:
        self.process.kill()
