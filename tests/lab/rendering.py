"""What the plugin's templates render for Docker Compose, as the laboratory reads it.

The real `tutor config save` writes an environment into a temporary project. Everything the
laboratory starts comes from its files: nodes, shards and replicas, server and user configuration,
passwords, the environments of Ralph and of the `aspects` command.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from tests.helpers import TutorProject, project, sentences

from .processes import LabError

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".lab" / "rendered"
KEPT_RENDERINGS = 12
A_DAY = 86_400.0
SOURCES = ("templates", "patches", "tutoraspects", "tests/helpers.py", "setup.py")
_PASSWORD = "CH_{}_PASSWORD_SHA256"


@dataclass(frozen=True)
class DeclaredNode:
    """A ClickHouse service of docker-compose.yml."""

    name: str
    shard: int
    replica: int
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Rendering:
    """A saved Tutor project with the plugin enabled."""

    root: Path

    @property
    def apps(self) -> Path:
        return self.root / "env/plugins/aspects/apps"

    @cached_property
    def config(self) -> dict[str, Any]:
        return TutorProject(self.root).config

    def xml(self, name: str) -> str:
        """A file of apps/clickhouse."""
        return (self.apps / "clickhouse" / name).read_text(encoding="utf8")

    @cached_property
    def cluster(self) -> str:
        """The cluster's name, '' for one node."""
        return self.job_environment["ASPECTS_CLICKHOUSE_CLUSTER"]

    @cached_property
    def nodes(self) -> tuple[DeclaredNode, ...]:
        """The ClickHouse nodes, in the order of their shards."""
        compose = yaml.safe_load((self.root / "env/local/docker-compose.yml").read_text())
        shared = _environment_file(self.apps / "compose/clickhouse.env")
        places = dict(self._places())
        nodes = [
            DeclaredNode(
                name,
                *places.get(name, (1, 1)),
                {**shared, **(compose["services"][name].get("environment") or {})},
            )
            for name in (places or ["clickhouse"])
        ]
        return tuple(sorted(nodes, key=lambda node: (node.shard, node.replica)))

    def _places(self) -> Iterator[tuple[str, tuple[int, int]]]:
        """Host to (shard, replica), as remote_servers has them."""
        shards = ET.fromstring(self.xml("server.xml")).findall("./remote_servers/*/shard")
        for shard, element in enumerate(shards, 1):
            for replica, host in enumerate(element.findall("./replica/host"), 1):
                yield (host.text or "").strip(), (shard, replica)

    @cached_property
    def users(self) -> dict[str, str]:
        """Role ("admin", "lrs", …) to the name of its ClickHouse user."""
        roles = {}
        for user in ET.fromstring(self.xml("users.xml")).findall("./users/*"):
            for password in user.findall("password_sha256_hex"):
                variable = password.get("from_env", "")
                role = variable.removeprefix("CH_").removesuffix("_PASSWORD_SHA256").lower()
                roles[role] = user.tag
        return roles

    @cached_property
    def passwords(self) -> dict[str, str]:
        """Role to password: the setting whose hash the nodes are given. Raises LabError."""
        values = {
            hashlib.sha256(value.encode()).hexdigest(): value
            for name, value in self.config.items()
            if isinstance(value, str) and name.endswith("PASSWORD")
        }
        hashes = _environment_file(self.apps / "compose/clickhouse.env")
        wanted = {role: hashes[_PASSWORD.format(role.upper())] for role in self.users}
        missing = [role for role, digest in wanted.items() if digest not in values]
        if missing:
            raise LabError(f"{self.root}/config.yml lacks the passwords of {', '.join(missing)}")
        return {role: values[digest] for role, digest in wanted.items()}

    @cached_property
    def job_environment(self) -> dict[str, str]:
        """What the container of the `aspects` command is given."""
        return {
            **_environment_file(self.apps / "aspects/job.env"),
            **_environment_file(self.apps / "compose/aspects.env"),
        }

    @cached_property
    def ralph_environment(self) -> dict[str, str]:
        """What Ralph's container is given."""
        return {
            **_environment_file(self.apps / "ralph/ralph.env"),
            **_environment_file(self.apps / "compose/ralph.env"),
        }

    @cached_property
    def ralph_command(self) -> list[str]:
        """The command of Ralph's container."""
        compose = yaml.safe_load((self.root / "env/local/docker-compose.yml").read_text())
        return [str(word) for word in compose["services"]["ralph"]["command"]]


def _environment_file(path: Path) -> dict[str, str]:
    """NAME=value lines; values are literal (Docker Compose's quoting is undone)."""
    values = {}
    for line in path.read_text(encoding="utf8").splitlines():
        name, separator, value = line.partition("=")
        if separator and not line.startswith("#"):
            if len(value) > 1 and value[0] == value[-1] == "'":
                value = value[1:-1].replace("\\'", "'")
            values[name.strip()] = value
    return values


def saved(root: Path) -> Rendering:
    """The rendering that a Tutor root already has. Raises LabError without one."""
    if not (root / "env/plugins/aspects/apps/clickhouse/server.xml").exists():
        raise LabError(
            f"{root} holds no rendered ClickHouse configuration: "
            "run `tutor plugins enable aspects` and `tutor config save` with this root"
        )
    return Rendering(root)


def render(settings: Mapping[str, Any]) -> Rendering:
    """Save a project with these settings. A rendering of the same sources is used again.

    Raises LabError with the sentence of `tutor config save` when it refuses them.
    """
    key = hashlib.sha256(json.dumps([_sources(), dict(settings)], sort_keys=True).encode())
    kept = CACHE / key.hexdigest()[:24]
    if kept.exists():
        kept.touch()
        return Rendering(kept)
    CACHE.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix="partial-", dir=CACHE))
    try:
        done = project(made, **settings).save(check=False)
        if done.returncode:
            said = sentences(done).removeprefix("Error: ")
            raise LabError(f"`tutor config save` refuses these settings: {said}")
        made.rename(kept)
    except OSError:  # another laboratory was faster
        if not kept.exists():
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    _forget_old()
    return Rendering(kept)


def _sources() -> list[str]:
    """A hash of everything that the rendering depends on."""
    digest = hashlib.sha256()
    for name in SOURCES:
        path = ROOT / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(os.fsencode(file.relative_to(ROOT)) + b"\0" + file.read_bytes())
    return [digest.hexdigest()]


def _forget_old() -> None:
    """Delete all but the newest renderings, and none that a running laboratory may still read."""
    used = {path: path.stat().st_mtime for path in CACHE.glob("[0-9a-f]*")}
    for path in sorted(used, key=lambda path: used[path], reverse=True)[KEPT_RENDERINGS:]:
        if time.time() - used[path] > A_DAY:
            shutil.rmtree(path, ignore_errors=True)
