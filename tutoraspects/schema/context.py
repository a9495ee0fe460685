"""What the commands of the schema work on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tutoraspects.schema import scripts
from tutoraspects.schema.ddl import Layout
from tutoraspects.schema.names import Names
from tutoraspects.schema.target import Target

LOCK_NAME = "schema"


@dataclass(frozen=True)
class Context:
    """What every schema command needs: where, what it is called, and what is declared."""

    target: Target
    names: Names
    history: scripts.History
    layout: Layout

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Context:
        target = Target.from_environment(environment)
        names = Names.from_environment(environment)
        return cls(
            target=target,
            names=names,
            history=scripts.load(names),
            layout=Layout(cluster=target.cluster, definer=target.user),
        )

    @property
    def lock_name(self) -> str:
        return f"{LOCK_NAME}-{self.names.migrations_database}"
