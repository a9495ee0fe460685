"""Marts and their columns, as the dbt project and the schema declare them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tutoraspects.dashboards.fast_yaml import Loader
from tutoraspects.schema import scripts
from tutoraspects.schema.names import Names

# Folders of dbt/models: the database of their models, in the words of specifications.
_DATABASES = {
    "staging": "event_sink",
    "marts/events": "xapi",
    "marts/instance": "xapi",
    "marts": "reporting",
    "intermediate": "reporting",
}


def marts(dbt: Path) -> dict[str, frozenset[str]]:
    """Columns by mart, such as `reporting.dim_student_status`, and by table of the schema."""
    models = dbt / "models"
    found = {
        f"{table.ref.database}.{table.ref.name}": frozenset(one.name for one in table.columns)
        for table in scripts.load(Names()).schema.tables.values()
    }
    for path in sorted(models.rglob("*.yml")):
        data: Any = yaml.load(path.read_text(encoding="utf8"), Loader=Loader) or {}
        for model in data.get("models") or []:
            if model.get("columns") and _is_there(path, model["name"]):
                name = f"{_database(path.parent.relative_to(models))}.{model['name']}"
                found[name] = frozenset(column["name"] for column in model["columns"])
    return found


def _is_there(path: Path, name: str) -> bool:
    return (path.parent / f"{name}.sql").exists()


def _database(folder: Path) -> str:
    for prefix, database in _DATABASES.items():
        if folder.as_posix() == prefix or folder.as_posix().startswith(f"{prefix}/"):
            return database
    return "reporting"
