"""Names of the reporting models, read from the dbt project beside this package."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tutoraspects.access.model import Names
from tutoraspects.resources import resource_path

COURSE_COLUMN = "course_key"
# Models that work with course keys and show none: what happened on the platform by the hour.
_WITHOUT_COURSE = {"int_instance_hour"}
# Folders of dbt/models whose tables are not in the reporting database, as dbt_project.yml says.
_DATABASES = {
    "staging": "event_sink_database",
    "marts/events": "ralph_database",
    "marts/instance": "ralph_database",
}


@dataclass(frozen=True)
class Mart:
    """A table or view that dbt makes. `database` is an attribute of Names."""

    database: str
    name: str
    by_course: bool

    def of(self, names: Names) -> tuple[str, str]:
        """Database and name, as the settings call them."""
        return str(getattr(names, self.database)), self.name


@cache
def marts() -> tuple[Mart, ...]:
    """Every model of dbt/models."""
    models = resource_path("dbt") / "models"
    return tuple(
        Mart(
            _database(path.relative_to(models)),
            path.stem,
            path.stem not in _WITHOUT_COURSE and COURSE_COLUMN in path.read_text(encoding="utf8"),
        )
        for path in sorted(models.rglob("*.sql"))
    )


def _database(path: Path) -> str:
    folders = path.parent.as_posix()
    for prefix, database in _DATABASES.items():
        if folders == prefix or folders.startswith(f"{prefix}/"):
            return database
    return "reporting_database"
