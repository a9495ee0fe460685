"""Every setting of the plugin, once: name, default, type and meaning.

To add a setting, append a `Setting` to a group in the module of its subject; defaults, checks and
docs/reference/settings.md follow from it.
"""

from __future__ import annotations

from tutoraspects.settings import clickhouse, events, gitops, sizing, superset
from tutoraspects.settings.setting import Group, Kind, Setting

GROUPS: tuple[Group, ...] = (
    sizing.SIZE,
    sizing.DERIVED,
    sizing.SWITCHES,
    clickhouse.CONNECTION,
    clickhouse.ACCOUNTS,
    clickhouse.DATABASES,
    events.RALPH,
    events.ROUTING,
    events.SINKS,
    events.VECTOR,
    superset.DASHBOARDS,
    superset.SUPERSET,
    gitops.GITOPS,
    gitops.SECRETS,
    gitops.INGRESS,
)

CATALOGUE: dict[str, Setting] = {
    setting.name: setting for group in GROUPS for setting in group.settings
}


def defaults(kind: Kind) -> list[tuple[str, object]]:
    """(name, unrendered default) of every setting of a kind, in catalogue order."""
    return [(s.name, s.default) for s in CATALOGUE.values() if s.kind == kind]


__all__ = ["CATALOGUE", "GROUPS", "Group", "Setting", "defaults"]
