"""Superset's roles from their declaration, as data.

roles.yml is ours; ASPECTS_SUPERSET_EXTRA_ROLES adds roles of the same form, and the patch point
superset-extra-roles roles in the form of `superset fab export-roles`.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tutoraspects.errors import AspectsError

ROWS = ("all", "courses", "none")
EXTRA = "extra_roles.json"


@dataclass(frozen=True)
class Role:
    """`permissions` are pairs such as ("can_read", "Chart")."""

    name: str
    means: str
    rows: str
    permissions: frozenset[tuple[str, str]]


@cache
def declaration() -> dict[str, Any]:
    text = Path(__file__).with_name("roles.yml").read_text(encoding="utf8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def declared(settings: Mapping[str, Any], folder: Path | None = None) -> dict[str, Role]:
    """Every role by its key: ours, those of the settings, those of other plugins in `folder`.

    Raises AspectsError for one that is not of the form.
    """
    mapping = settings["roles"]
    found = {
        key: _role(key, mapping.get(key) or entry.get("name") or key, entry)
        for key, entry in declaration()["roles"].items()
    }
    for name, entry in (settings.get("extra_roles") or {}).items():
        found[name] = check(name, entry)
    for locale in settings["dashboard_locales"]:
        for key in ("admin", "instructor", "operator", "student"):
            name = f"{mapping[key]} - {locale}"
            found[f"{key}-{locale}"] = Role(name, f"Reads in {locale}.", "none", frozenset())
    for role in _foreign(folder):
        found[role.name] = role
    return found


def name_of(key: str, settings: Mapping[str, Any]) -> str:
    """The name in Superset of one of our roles."""
    entry = declaration()["roles"][key]
    return str(settings["roles"].get(key) or entry.get("name") or key)


def rows_of_roles(settings: Mapping[str, Any]) -> dict[str, str]:
    """Whose rows each role sees, by its name in Superset; a role that is missing sees none."""
    ours = {role.name: role.rows for role in declared(settings).values()}
    return {**ours, **declaration()["stock_rows"]}


def check(name: str, entry: Any) -> Role:
    """A role of ASPECTS_SUPERSET_EXTRA_ROLES. Raises AspectsError."""
    return _role(name, name, entry)


def _role(key: str, name: str, entry: Any) -> Role:
    wrong = f"The role {key} of ASPECTS_SUPERSET_EXTRA_ROLES"
    if not isinstance(entry, Mapping) or set(entry) - {"name", "means", "rows", "permissions"}:
        raise AspectsError(f"{wrong} has `means`, `rows` and `permissions`, and nothing else.")
    if entry.get("rows", "none") not in ROWS:
        raise AspectsError(f"{wrong} has rows {entry['rows']!r}: one of {', '.join(ROWS)}.")
    permissions = entry.get("permissions") or {}
    if not isinstance(permissions, Mapping) or not all(
        isinstance(places, list) for places in permissions.values()
    ):
        raise AspectsError(f"{wrong} has permissions that are no map such as can_read: [Chart].")
    pairs = frozenset((one, str(place)) for one, places in permissions.items() for place in places)
    return Role(str(name), str(entry.get("means", "")), str(entry.get("rows", "none")), pairs)


def _foreign(folder: Path | None) -> Iterator[Role]:
    path = folder / EXTRA if folder else None
    if path is None or not path.is_file():
        return
    try:
        entries = json.loads(path.read_text(encoding="utf8"))
    except ValueError as error:
        raise AspectsError(
            f"The patches superset-extra-roles do not add up to JSON ({error}): each begins with "
            "a comma and is the object of a role."
        ) from error
    for entry in entries:
        if entry:
            pairs = frozenset(
                (one["permission"]["name"], one["view_menu"]["name"])
                for one in entry.get("permissions") or []
            )
            yield Role(entry["name"], "Of another plugin.", "none", pairs)


def apply(roles: Mapping[str, Role], security_manager: Any) -> list[str]:
    """Make Superset's roles so; returns one line for each that had to be changed.

    Raises AspectsError for a permission that Superset does not have.
    """
    known = {
        (str(one.permission.name), str(one.view_menu.name)): one
        for one in security_manager.session.query(security_manager.permissionview_model).all()
        if one.permission and one.view_menu
    }
    changes = []
    for role in roles.values():
        for pair in sorted(role.permissions - set(known)):
            raise AspectsError(f"Role {role.name}: {_unknown(pair, set(known))}")
        stored = security_manager.find_role(role.name)
        made = stored is None
        if made:
            stored = security_manager.add_role(role.name)
        before = {(p.permission.name, p.view_menu.name) for p in stored.permissions}
        if before != set(role.permissions):
            stored.permissions = [known[pair] for pair in sorted(role.permissions)]
        if made or before != set(role.permissions):
            changes.append(
                f"role {role.name}: {len(role.permissions - before)} permissions given, "
                f"{len(before - role.permissions)} taken away"
            )
    security_manager.session.commit()
    return changes


def _unknown(pair: tuple[str, str], known: set[tuple[str, str]]) -> str:
    near = difflib.get_close_matches(" on ".join(pair), [" on ".join(one) for one in known], n=1)
    hint = f", did you mean {near[0]}" if near else ""
    return f"Superset has no permission {' on '.join(pair)}{hint}."
