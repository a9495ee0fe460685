"""The dbt project as it is shipped, run as a process of its own.

dbt gets its settings from the environment of the `aspects` command (dbt/profiles.yml), and the
password under a name that it keeps out of its logs.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from tutoraspects.errors import AspectsError
from tutoraspects.resources import resource_path
from tutoraspects.schema.client import Client
from tutoraspects.schema.names import Names
from tutoraspects.schema.target import Address, Target

_MAKE = ("run", "build")
PASSWORD = "DBT_ENV_SECRET_CLICKHOUSE_PASSWORD"
_DBT = "from dbt.cli.main import cli; cli(prog_name='dbt')"


@dataclass(frozen=True)
class Project:
    """Where the project is and what its process sees."""

    folder: Path
    environment: Mapping[str, str] = field(repr=False)
    target: Target = field(repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], threads: int | None) -> Project:
        """Check what dbt would stumble over. Raises AspectsError."""
        if find_spec("dbt") is None:
            raise AspectsError(
                "`aspects dbt` needs the Python package 'dbt': install "
                "`tutor-contrib-aspects-cluster[jobs]`."
            )
        target = Target.from_environment(environment)
        Names.from_environment(environment)
        ddl_node = _node(target)
        settings = {
            **environment,
            "ASPECTS_CLICKHOUSE_HOST": ddl_node.host,
            "ASPECTS_CLICKHOUSE_NATIVE_PORT": str(ddl_node.port),
            PASSWORD: target.password,
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }
        settings.pop("ASPECTS_CLICKHOUSE_PASSWORD", None)
        if threads:
            settings["ASPECTS_DBT_THREADS"] = str(threads)
        return cls(resource_path("dbt"), settings, target)

    def reach(self) -> None:
        """Ask the server for a sign of life: dbt tells half a minute later, and in its own words.

        Raises AspectsError, also when the server does not know the cluster.
        """
        with Client(self.target, _node(self.target)) as client:
            known = client.rows("SELECT DISTINCT cluster FROM system.clusters ORDER BY cluster")
        names = [row[0] for row in known]
        if self.target.cluster and self.target.cluster not in names:
            raise AspectsError(
                f"ClickHouse at {_node(self.target)} knows no cluster '{self.target.cluster}' "
                f"(it knows {', '.join(names) or 'none'}): correct ASPECTS_CLICKHOUSE_CLUSTER."
            )

    @contextmanager
    def artifacts(self) -> Iterator[Path]:
        """A folder for what dbt writes; the project's own may be read-only."""
        with tempfile.TemporaryDirectory(prefix="aspects-dbt-") as folder:
            yield Path(folder)

    def call(self, *arguments: str, target: Path | None = None, name: str = "") -> None:
        """Run dbt; its output goes through. `name` is what our own command is called, where dbt
        calls it otherwise. Raises AspectsError when it fails."""
        name = name or arguments[0]
        if target is None:
            with self.artifacts() as folder:
                self.call(*arguments, target=folder, name=name)
            return
        done = subprocess.run(
            [
                *(sys.executable, "-c", _DBT, "--no-use-colors", *arguments),
                *("--project-dir", str(self.folder), "--profiles-dir", str(self.folder)),
                *("--target-path", str(target), "--log-path", str(target / "logs")),
            ],
            env=dict(self.environment),
            check=False,
        )
        if done.returncode:
            kept = "; what was in use before is still in use" if name in _MAKE else ""
            raise AspectsError(
                f"dbt {arguments[0]} failed, as told above: mend that and repeat "
                f"`aspects dbt {name}`{kept}."
            )


def _node(target: Target) -> Address:
    """The node that dbt talks to."""
    return target.ddl_node or target.address
