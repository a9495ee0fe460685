"""Row filters: every dataset with a course key shows the courses of whoever looks.

Ours is not among those that Superset stores: the security manager adds it to every ClickHouse
dataset with such a column, for every role and for guests, whoever made the dataset and however. So
nobody can forget it, and no request to Superset's API can take it away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tutoraspects.access.marts import COURSE_COLUMN
from tutoraspects.errors import AspectsError
from tutoraspects.superset.environment import patch

PATCH = "row_level_security.py"


class Filter(NamedTuple):
    """As Superset reads its own: filters of one group are joined by OR, ours has none."""

    id: int
    group_key: str | None
    clause: str


# The text with the call is part of the cache's key, and so is the name that the call gives back.
OURS = Filter(0, None, "{{ can_view_courses(current_username(), '" + COURSE_COLUMN + "') }}")


def filters_of(table: Any) -> list[Filter]:
    """Ours, for a dataset that has a course key in ClickHouse."""
    columns = {getattr(column, "column_name", "") for column in getattr(table, "columns", [])}
    if COURSE_COLUMN not in columns:
        return []
    return [OURS] if str(table.database.backend).startswith("clickhouse") else []


def apply(settings: Mapping[str, Any], session: Any) -> list[str]:
    """Store the filters of other plugins, and remove upstream's, which ours replaces; returns one
    line for each."""
    from superset.connectors.sqla.models import RowLevelSecurityFilter

    changes = []
    group = settings["rows_group"]
    for other in session.query(RowLevelSecurityFilter).filter_by(group_key=group).all():
        if str(other.name).startswith("can_view_courses_"):
            session.delete(other)
            changes.append(f"row filter {other.name}: removed")
    changes += [_foreign(entry, session) for entry in _patched()]
    session.commit()
    return changes


def _patched() -> Sequence[Mapping[str, Any]]:
    """SECURITY_FILTERS of the patch point superset-row-level-security."""
    names: dict[str, Any] = {"SECURITY_FILTERS": []}
    patch(PATCH, names)
    found: list[Mapping[str, Any]] = names["SECURITY_FILTERS"]
    return found


def _foreign(entry: Mapping[str, Any], session: Any) -> str:
    """A filter of another plugin, in upstream's form."""
    from flask_appbuilder.security.sqla.models import Role
    from superset.connectors.sqla.models import RowLevelSecurityFilter, SqlaTable

    role = session.query(Role).filter_by(name=entry["role_name"]).one_or_none()
    if role is None:
        raise AspectsError(
            f"The row filter {entry['name']} is for the role {entry['role_name']}, which Superset "
            "does not have: add it with ASPECTS_SUPERSET_EXTRA_ROLES or superset-extra-roles."
        )
    stored = session.query(RowLevelSecurityFilter).filter_by(name=entry["name"]).one_or_none()
    if stored is None:
        stored = RowLevelSecurityFilter(name=entry["name"])
        session.add(stored)
    stored.filter_type, stored.clause = entry.get("filter_type", "Regular"), entry["clause"]
    stored.group_key, stored.roles = entry.get("group_key"), [role]
    stored.tables = (
        session.query(SqlaTable)
        .filter(SqlaTable.schema == entry["schema"])
        .filter(SqlaTable.table_name.not_in(entry.get("exclude") or []))
        .all()
    )
    return f"row filter {entry['name']}: {len(stored.tables)} datasets"
