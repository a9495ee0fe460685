"""A real Superset: web server, worker, MariaDB and Redis, and a double of the LMS.

Configuration, passwords and settings are those that the templates render for Docker Compose; only
addresses and places of files differ. The metadata database is prepared once and then copied.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .lab import PARTS, Lab
from .ports import LOOPBACK, accepts
from .processes import LabError, Process
from .rendering import ROOT, Rendering, _environment_file

PREPARED = PARTS / "superset-metadata"
DATABASE, USER = "superset", "superset"


class Superset:
    """One Superset beside a laboratory. `start` returns when it answers and is provisioned."""

    def __init__(self, lab: Lab, *, threads: int = 8, worker: bool = False) -> None:
        self.python = PARTS / "superset/bin/python"
        if not self.python.exists():
            raise LabError(f"{self.python} is missing: run `make lab-superset`")
        self.lab = lab
        self.threads = threads
        self.directory = lab.directory / "superset"
        self.directory.mkdir()
        take = lab.ports.take
        self.port, self.lms_port, self.redis_port, self.mysql_port = (take() for _ in range(4))
        self.rendering: Rendering = lab.rendering
        self._configure()
        self.processes: list[Process] = []
        self._root_password = ""
        self.with_worker = worker

    # -- addresses -------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def lms_url(self) -> str:
        return f"http://localhost:{self.lms_port}"

    # -- configuration ---------------------------------------------------------------------------

    def _configure(self) -> None:
        config = self.directory / "config"
        shutil.copytree(self.rendering.apps / "superset", config)
        settings: dict[str, Any] = json.loads((config / "settings.json").read_text())
        settings["public_url"] = self.url
        settings["database"] |= {"host": LOOPBACK, "port": self.mysql_port}
        settings["redis"] |= {"host": LOOPBACK, "port": self.redis_port}
        settings["lms"]["root_url"] = self.lms_url
        settings["embed_origins"] = [self.lms_url]
        self.settings = settings
        (config / "settings.json").write_text(json.dumps(settings, indent=2))
        # As in the image: a module of this name on the path.
        module = self.directory / "pythonpath"
        module.mkdir()
        shutil.copy(ROOT / "tutoraspects/superset/superset_config.py", module)
        compose = self.rendering.apps / "compose"
        secrets = {
            **_environment_file(compose / "superset.env"),
            **_environment_file(compose / "superset-job.env"),
        }
        passwords = self.rendering.passwords
        metadata = json.loads(secrets["SUPERSET_DATABASES"])["Superset Metadata"]
        clickhouse = f"{LOOPBACK}:{self.lab.nodes[0].http_port}"
        secrets["SUPERSET_DATABASES"] = json.dumps(
            {
                name: f"clickhousedb+connect://ch_{role}:{passwords[role]}@{clickhouse}/{database}"
                for name, role, database in (
                    ("OpenedX Clickhouse", "report", "reporting"),
                    ("ClickHouse Servers", "health", "system"),
                )
            }
            | {
                "Superset Metadata": re.sub(
                    r"@.*", f"@{LOOPBACK}:{self.mysql_port}/{DATABASE}", metadata
                )
            }
        )
        self.secrets = secrets
        self.environment = {
            "PATH": f"{self.python.parent}:{os.environ['PATH']}",
            "PYTHONPATH": f"{module}:{ROOT}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "ASPECTS_SUPERSET_CONFIG": str(config),
            "SUPERSET_HOME": str(self.directory / "home"),
            "SUPERSET_ENV": "production",
            "HOME": str(self.directory),
            **secrets,
        }
        key = self.directory / "lms-key.pem"
        key.write_text(self.rendering.config["JWT_RSA_PRIVATE_KEY"])

    # -- life ------------------------------------------------------------------------------------

    def __enter__(self) -> Superset:
        return self.start()

    def __exit__(self, kind: Any, *_: Any) -> None:
        self.close()

    def start(self) -> Superset:
        try:
            self._start_stores()
            lms = [
                str(self.python),
                *("-m", "tests.lab.fake_lms", str(self.lms_port)),
                str(self.directory / "lms-key.pem"),
                str(self.directory / "config/settings.json"),
                self.secrets["SUPERSET_OAUTH2_CLIENT_ID"],
                self.secrets["SUPERSET_OAUTH2_CLIENT_SECRET"],
            ]
            self._process("lms", lms, lambda: accepts(self.lms_port))
            self.provision()
            self.start_web()
            if self.with_worker:
                self.start_worker()
        except BaseException:
            self.lab.failed = True
            self.close()
            raise
        return self

    def close(self) -> None:
        for process in reversed(self.processes):
            process.kill()

    def start_web(self) -> None:
        self.web = self._process(
            "web",
            [
                str(self.python.parent / "gunicorn"),
                *("-w", "1", "-k", "gthread", "--threads", str(self.threads)),
                *("--timeout", "120", "--limit-request-line", "0"),
                *("--limit-request-field_size", "0", "--bind", f"{LOOPBACK}:{self.port}"),
                "superset.app:create_app()",
            ],
            self.healthy,
            timeout=240,
        )

    def start_worker(self) -> None:
        log = self.directory / "worker.log"
        command = "celery --app=superset.tasks.celery_app:app worker --pool=prefork -O fair -c 1"
        self._process(
            "worker",
            [str(self.python.parent / "celery"), *command.split()[1:], "-l", "INFO"],
            lambda: log.exists() and " ready." in log.read_text(errors="replace"),
            timeout=240,
        )

    def healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def provision(self) -> str:
        """What the init task runs last; its output."""
        return self.run("-m", "tutoraspects.superset")

    def run(self, *arguments: str) -> str:
        """A command of Superset's Python. Raises LabError when it fails."""
        done = subprocess.run(
            [str(self.python), *arguments],
            env=self.environment,
            cwd=self.directory,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise LabError(f"{' '.join(arguments)}:\n{done.stdout}{done.stderr[-4000:]}")
        return done.stdout

    def tell_lms(self, **state: Any) -> list[str]:
        """Change what the double knows; returns which paths it was asked for."""
        request = urllib.request.Request(f"{self.lms_url}/double", json.dumps(state).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            return list(json.load(answer)["asked"])

    def age_log(self) -> None:
        """Make what people did in Superset a day older."""
        self._sql(f"UPDATE {DATABASE}.logs SET dttm = dttm - INTERVAL 1 DAY")

    # -- MariaDB and Redis -----------------------------------------------------------------------

    def _start_stores(self) -> None:
        self._process(
            "redis",
            ["redis-server", *f"--port {self.redis_port} --bind {LOOPBACK} --save".split(), ""],
            lambda: accepts(self.redis_port),
        )
        prepared = PREPARED / _fingerprint(self.python)
        data = self.directory / "mysql"
        if not prepared.exists():
            self._prepare(data)
            self.processes.pop().stop()
            shutil.rmtree(PREPARED, ignore_errors=True)
            PREPARED.mkdir(parents=True)
            shutil.copytree(
                data, PREPARED / "new", ignore=shutil.ignore_patterns("*.sock", "*.pid")
            )
            (PREPARED / "new").rename(prepared)
        else:
            shutil.copytree(prepared, data)
        self._mariadb(data)
        password = self.secrets["SUPERSET_DB_PASSWORD"]
        self._sql(f"ALTER USER '{USER}'@'%' IDENTIFIED BY '{password}'")
        root = self.secrets["MYSQL_ROOT_PASSWORD"]
        self._sql(f"CREATE USER IF NOT EXISTS 'root'@'%' IDENTIFIED BY '{root}'")
        self._sql(f"ALTER USER 'root'@'%' IDENTIFIED BY '{root}'")
        self._sql("GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION")
        for host in ("127.0.0.1", "localhost"):
            self._sql(f"ALTER USER IF EXISTS 'root'@'{host}' IDENTIFIED BY '{root}'")
        self._root_password = root

    def _prepare(self, data: Path) -> None:
        """An upgraded and initialized metadata database, which takes a minute or two."""
        install = (
            "mariadb-install-db --no-defaults --user=root --auth-root-authentication-method=normal "
            f"--skip-test-db --datadir={data}"
        )
        subprocess.run(install.split(), check=True, capture_output=True)
        self._mariadb(data)
        password = self.secrets["SUPERSET_DB_PASSWORD"]
        self._sql(f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4")
        self._sql(f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{password}'")
        self._sql(f"GRANT ALL ON {DATABASE}.* TO '{USER}'@'%'")
        superset = str(self.python.parent / "superset")
        for command in (["db", "upgrade"], ["init"]):
            self.run(superset, *command)

    def _mariadb(self, data: Path) -> None:
        self._process(
            "mariadb",
            [
                "mariadbd",
                *("--no-defaults", "--user=root", f"--datadir={data}", f"--port={self.mysql_port}"),
                *(f"--bind-address={LOOPBACK}", f"--socket={self._socket}"),
                *("--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M"),
            ],
            lambda: accepts(self.mysql_port),
        )

    @property
    def _socket(self) -> str:
        return f"{self.directory}/mysql.sock"

    def _sql(self, statement: str) -> None:
        subprocess.run(
            ["mariadb", "--no-defaults", "-uroot", f"--socket={self._socket}", "-e", statement],
            check=True,
            capture_output=True,
            env={**os.environ, "MYSQL_PWD": self._root_password},
        )

    def _process(
        self,
        name: str,
        argv: list[str],
        ready: Any,
        timeout: float = 60,
        env: Mapping[str, str] | None = None,
    ) -> Process:
        log = self.directory / f"{name}.log"
        process = Process(f"superset-{name}", argv, log, env or self.environment, self.directory)
        self.processes.append(process)
        process.start()
        time.sleep(0.05)
        process.wait_ready(ready, timeout)
        return process


def _fingerprint(python: Path) -> str:
    """Changes with the installed Superset."""
    return hashlib.sha256(str(python.resolve().parents[1].name).encode()).hexdigest()[:12]
