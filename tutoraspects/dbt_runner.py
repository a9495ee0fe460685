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
from tutoraspects.schema.names import Names
from tutoraspects.schema.target import Target

PASSWORD = "DBT_ENV_SECRET_CLICKHOUSE_PASSWORD"


@dataclass(frozen=True)
class Project:
    """Where the project is and what its process sees."""

    folder: Path
    environment: Mapping[str, str] = field(repr=False)

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
        ddl_node = target.ddl_node or target.address
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
        return cls(resource_path("dbt"), settings)

    @contextmanager
    def artifacts(self) -> Iterator[Path]:
        """A folder for what dbt writes; the project's own may be read-only."""
        with tempfile.TemporaryDirectory(prefix="aspects-dbt-") as folder:
            yield Path(folder)

    def call(self, *arguments: str, target: Path | None = None) -> None:
        """Run dbt; its output goes through. Raises AspectsError when it fails."""
        if target is None:
            with self.artifacts() as folder:
                self.call(*arguments, target=folder)
            return
        done = subprocess.run(
            [
                *(sys.executable, "-m", "dbt.cli.main", "--no-use-colors", *arguments),
                *("--project-dir", str(self.folder), "--profiles-dir", str(self.folder)),
                *("--target-path", str(target), "--log-path", str(target / "logs")),
            ],
            env=dict(self.environment),
            check=False,
        )
        if done.returncode:
            raise AspectsError(
                f"dbt {arguments[0]} failed, as told above: mend that and repeat "
                f"`aspects dbt {arguments[0]}`; what was in use before is still in use."
            )
