"""The dbt project as its files say it: models with their columns, macros, unit tests.

Reads the files; needs no server and no dbt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tutoraspects.resources import resource_path

DBT = resource_path("dbt")
MODELS = DBT / "models"
# Where the settings' defaults put the models of a folder.
DATABASES = {"staging": "event_sink", "events": "xapi", "instance": "xapi"}
_COMMENT = re.compile(r"\{#.*?#\}|--[^\n]*|/\*.*?\*/", re.DOTALL)
_MATERIALIZED = re.compile(r"materialized='(\w+)'")
_DECLARED = re.compile(r"columns=\[(.*?)\n?\s*\],", re.DOTALL)
_QUOTED = re.compile(r"'([^']+)'")


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    description: str


@dataclass(frozen=True)
class Model:
    """A model: its SQL file, and what the YAML beside it says."""

    path: Path
    described: dict[str, Any]

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def folder(self) -> str:
        return self.path.parent.name

    @property
    def full_name(self) -> str:
        return f"{DATABASES.get(self.folder, 'reporting')}.{self.name}"

    @property
    def description(self) -> str:
        return str(self.described.get("description", ""))

    @property
    def columns(self) -> list[Column]:
        return [
            Column(one["name"], one.get("data_type", ""), one.get("description", ""))
            for one in self.described.get("columns", [])
        ]

    @property
    def materialized(self) -> str:
        found = _MATERIALIZED.search(self.path.read_text("utf8"))
        return found[1] if found else "mart_view"

    @property
    def declared(self) -> list[tuple[str, str]]:
        """Columns with their types that the SQL file itself declares: those of a table."""
        found = _DECLARED.search(self.path.read_text("utf8"))
        rows = _QUOTED.findall(found[1]) if found else []
        columns = (re.split(r" CODEC\(", row)[0].split(" ", 1) for row in rows)
        return [(name, type_.strip()) for name, type_ in columns]


@cache
def models() -> tuple[Model, ...]:
    """Every model in the order of folders and names."""
    described = {entry["name"]: entry for entry in entries("models")}
    return tuple(
        Model(path, described.get(path.stem, {})) for path in sorted(MODELS.rglob("*.sql"))
    )


def entries(kind: str) -> Iterator[dict[str, Any]]:
    """What the YAML files have under a key, e.g. `models` or `unit_tests`."""
    for path in sorted([*MODELS.rglob("*.yml"), *(DBT / "macros").rglob("*.yml")]):
        yield from (yaml.safe_load(path.read_text("utf8")) or {}).get(kind, [])


def sql_files() -> list[Path]:
    return sorted(path for path in DBT.rglob("*.sql") if "target" not in path.parts)


def code_of(path: Path) -> str:
    """The file without comments."""
    return _COMMENT.sub("", path.read_text("utf8"))
