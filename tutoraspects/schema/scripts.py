"""The version files, read through Alembic's revision graph."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util.exc import CommandError

from tutoraspects.errors import AspectsError
from tutoraspects.schema import state
from tutoraspects.schema.ddl import Layout, Statement
from tutoraspects.schema.model import Schema
from tutoraspects.schema.names import Names
from tutoraspects.schema.operations import Operations

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Version:
    """One version file and what it does."""

    revision: str
    title: str
    operations: Operations

    def statements(self, layout: Layout) -> list[Statement]:
        return self.operations.statements(layout)


@dataclass(frozen=True)
class History:
    """All versions, oldest first, and the schema they add up to."""

    bootstrap: Operations
    versions: tuple[Version, ...]
    schema: Schema

    @property
    def head(self) -> str:
        return self.versions[-1].revision

    def pending(self, applied: Collection[str], target: str = "head") -> list[Version]:
        """Versions up to `target` that are not in `applied`, oldest first.

        Raises AspectsError when the database knows a version that this release does not (it was
        upgraded by a newer one) or when `target` does not exist.
        """
        known = [version.revision for version in self.versions]
        strangers = sorted(set(applied) - set(known))
        if strangers:
            raise AspectsError(
                f"The database has schema version {strangers[-1]}, which this release does not "
                f"know (its newest is {self.head}): run the release that made it, or a newer one."
            )
        if target not in ("head", "heads") and target not in known:
            raise AspectsError(
                f"There is no schema version '{target}': `aspects schema status` lists them."
            )
        last = known.index(target) if target in known else len(known) - 1
        return [v for v in self.versions[: last + 1] if v.revision not in applied]


def directory(root: Path = HERE) -> ScriptDirectory:
    """Alembic's view of the version files."""
    config = Config(str(root / "alembic.ini"))
    return ScriptDirectory.from_config(config)


def load(names: Names, root: Path = HERE) -> History:
    """Replay every version file in memory. Nothing is sent to a server."""
    schema = Schema()
    bootstrap = Operations(names, schema)
    state.declare(bootstrap)
    try:
        scripts = list(directory(root).walk_revisions())[::-1]
    except (CommandError, RevisionError, SyntaxError, KeyError) as error:
        raise AspectsError(
            f"The version files in {root / 'versions'} cannot be read ({error}): "
            "reinstall the package."
        ) from error
    versions = []
    for script in scripts:
        operations = Operations(names, schema)
        script.module.upgrade(operations)
        title = (script.doc or "").strip().splitlines()[0].rstrip(".")
        versions.append(Version(script.revision, title, operations))
    return History(bootstrap, tuple(versions), schema)
