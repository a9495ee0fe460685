"""A Tutor project in a temporary folder, driven by the real `tutor` command."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tutoraspects.settings import CATALOGUE

CONFIGURATIONS = Path(__file__).parent / "configurations"
CONFIGURATION_NAMES = ("minimal", "compose-cluster", "production", "external-clickhouse")
_TUTOR = "from tutor.commands.cli import main; main()"
# Values of Tutor itself that it would otherwise make up, so that two projects are alike.
_TUTOR_VALUES = {
    # Names that are generated, and no secrets.
    "SUPERSET_ADMIN_USERNAME": "superset-admin",
    "SUPERSET_LMS_USERNAME": "superset-lms",
    "CMS_OAUTH2_SECRET": "secret-cms-oauth2-secret",
    "ID": "aspectstestproject0000",
    "MEILISEARCH_API_KEY": "secret-meilisearch-api-key",
    "MEILISEARCH_API_KEY_UID": "00000000-0000-4000-8000-000000000000",
    "MEILISEARCH_MASTER_KEY": "secret-meilisearch-master-key",
    "MYSQL_ROOT_PASSWORD": "secret-mysql-root-password",
    "OPENEDX_MYSQL_PASSWORD": "secret-openedx-mysql-password",
    "OPENEDX_SECRET_KEY": "secret-openedx-secret-key",
    "PLUGIN_INDEXES": [],
}


def dummy(name: str) -> str:
    """The stand-in for the generated secret of this name."""
    return f"secret-{name.lower().replace('_', '-')}"


@cache
def dummy_secrets() -> dict[str, str]:
    """Stand-ins for every secret that the catalogue generates: same every time, easy to find.

    The bcrypt hashes are true hashes of the stand-in passwords, of the lowest cost, salted with
    a constant.
    """
    from Crypto.Protocol.KDF import bcrypt

    values = {
        setting.name: dummy(setting.name)
        for setting in CATALOGUE.values()
        if setting.kind == "unique" and setting.type == "secret" and setting.default
    }
    for account in ("ADMIN", "LMS"):
        password = values[f"RALPH_{account}_PASSWORD"]
        salted = bcrypt(password.encode(), 4, salt=b"not a real salt.")
        values[f"RALPH_{account}_HASHED_PASSWORD"] = salted.decode()
    return values


@cache
def _rsa_key() -> str:
    """The LMS's key, one for all projects of a run: Superset's pods restart with another."""
    from tutor.utils import rsa_private_key

    return rsa_private_key(2048)


@dataclass(frozen=True)
class TutorProject:
    """A Tutor root: `config.yml` and, once saved, `env/`."""

    root: Path

    @property
    def env(self) -> Path:
        return self.root / "env"

    @property
    def config(self) -> dict[str, Any]:
        loaded = yaml.safe_load((self.root / "config.yml").read_text(encoding="utf8"))
        assert isinstance(loaded, dict)
        return loaded

    def write(self, values: dict[str, Any]) -> None:
        """Replace config.yml."""
        self.root.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(values, allow_unicode=True)
        (self.root / "config.yml").write_text(text, encoding="utf8")

    def run(
        self,
        *arguments: str,
        check: bool = True,
        python: str | Path = sys.executable,
        environment: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run `tutor`, without the settings and plugins of whoever runs the tests."""
        clean = {name: value for name, value in os.environ.items() if name[:6] != "TUTOR_"}
        done = subprocess.run(
            [str(python), "-c", _TUTOR, *arguments],
            env={
                **clean,
                "TUTOR_ROOT": str(self.root),
                "TUTOR_PLUGINS_ROOT": str(self.root / "plugins"),
                "PYTHONDONTWRITEBYTECODE": "1",
                **(environment or {}),
            },
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, f"tutor {arguments}:\n{done.stdout}{done.stderr}"
        return done

    def save(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """`tutor config save`."""
        return self.run("config", "save", *arguments, **options)

    def snapshot(self, under: str = "env") -> dict[str, bytes]:
        """Every file below a folder of the project, by path relative to it."""
        folder = self.root / under
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }


def project(root: Path, *, plugin: bool = True, **settings: Any) -> TutorProject:
    """A project with fixed secrets, not saved yet. `plugin` enables Aspects."""
    made = TutorProject(root)
    made.write(
        {
            **_TUTOR_VALUES,
            "JWT_RSA_PRIVATE_KEY": _rsa_key(),
            **dummy_secrets(),
            **settings,
            "PLUGINS": ["aspects"] if plugin else [],
        }
    )
    return made


_MODULUS = re.compile(rb'("n\\*": *\\*")[A-Za-z0-9_-]{300,}')


# In quotes where it might be read as a number.
_CHECKSUM = re.compile(rb'(checksum/secrets: )"?[0-9a-f]{64}"?')


def without_key(files: dict[str, bytes]) -> dict[str, bytes]:
    """Without the public half of the key pair that Tutor makes for each project anew, and without
    the checksums of Superset's pods, which depend on it.
    """
    shown = {path: _MODULUS.sub(rb"\1(public key)", content) for path, content in files.items()}
    return {
        path: _CHECKSUM.sub(rb"\1(of a key)", content) if "superset" in path else content
        for path, content in shown.items()
    }


def configuration(name: str) -> dict[str, Any]:
    """The settings of one of the four named configurations."""
    loaded = yaml.safe_load((CONFIGURATIONS / f"{name}.yml").read_text(encoding="utf8"))
    assert isinstance(loaded, dict)
    return loaded


def sentences(done: subprocess.CompletedProcess[str]) -> str:
    """What the command said on stderr, without Tutor's warning about the root user."""
    lines = done.stderr.splitlines()
    return "\n".join(line for line in lines if "running Tutor as root" not in line)
