"""Settings of Superset that its containers or its init task would refuse, or that would open it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from uuid import UUID

from tutoraspects.dashboards.target import LOCALE
from tutoraspects.superset.roles import declaration

Values = Mapping[str, object]
_ORIGIN = re.compile(r"https?://(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:\d{1,5})?")
# Roles of Superset itself, which the init task must not narrow to what ours may do.
_STOCK = ("Admin", "Alpha", "Gamma", "Public", "sql_lab")
_SAVE = "run `tutor config save"


def superset_checks(values: Values) -> Iterator[str]:
    """One sentence for each. Types have been checked."""
    yield from _locales(values)
    yield from _roles(values)
    for origin in _list(values, "ASPECTS_SUPERSET_EMBED_ORIGINS"):
        if not _ORIGIN.fullmatch(origin):
            yield (
                f"ASPECTS_SUPERSET_EMBED_ORIGINS has {origin!r}, which is no origin such as "
                "https://portal.example.org, without a path: "
                f"{_SAVE} --remove ASPECTS_SUPERSET_EMBED_ORIGINS={origin!r}`."
            )
    for slug, uuid in _map(values, "SUPERSET_EMBEDDABLE_DASHBOARDS").items():
        try:
            UUID(str(uuid))
        except ValueError:
            yield (
                f"SUPERSET_EMBEDDABLE_DASHBOARDS has {uuid!r} for {slug}, which is no id such as "
                "c0e64194-33d1-4d5a-8c10-4f51530c5ee9: correct it in config.yml, or "
                f"{_SAVE} --unset SUPERSET_EMBEDDABLE_DASHBOARDS`."
            )
    for name in ("ASPECTS_SUPERSET_DB_CA", "ASPECTS_SUPERSET_REDIS_CA"):
        if values.get(name) and "-----BEGIN CERTIFICATE-----" not in str(values[name]):
            yield (
                f"{name} holds no certificate: it is the text of a PEM file, from BEGIN "
                f"CERTIFICATE to END CERTIFICATE; {_SAVE} --unset {name}` for the well-known ones."
            )


def _locales(values: Values) -> Iterator[str]:
    locales = _list(values, "SUPERSET_DASHBOARD_LOCALES")
    for locale in locales:
        if not LOCALE.fullmatch(locale):
            yield (
                f"SUPERSET_DASHBOARD_LOCALES has {locale!r}, which is no language such as es or "
                f"pt-br: {_SAVE} --remove SUPERSET_DASHBOARD_LOCALES={locale!r}`."
            )
    if "en" not in [locale.lower() for locale in locales]:
        yield (
            "SUPERSET_DASHBOARD_LOCALES has no en, the language in which LMS and Studio show "
            "dashboards to readers of all others: "
            f"{_SAVE} --append SUPERSET_DASHBOARD_LOCALES=en`."
        )


def _roles(values: Values) -> Iterator[str]:
    names = _map(values, "SUPERSET_ROLES_MAPPING")
    ours = {key: str(names.get(key)) for key in ("instructor", "operator", "student")}
    for key, name in ours.items():
        others = [other for other, same in names.items() if other != key and str(same) == name]
        if names.get(key) and (name in _STOCK or others):
            taken = (
                f"the role '{others[0]}' is called so" if others else "that is Superset's own role"
            )
            yield (
                f"SUPERSET_ROLES_MAPPING calls the role '{key}' {name!r}, and {taken}: its rights "
                f"would be those of both; {_SAVE} --unset SUPERSET_ROLES_MAPPING`."
            )
            return
    taken_names = {*ours.values(), *_STOCK}
    taken_names |= {str(role["name"]) for role in declaration()["roles"].values() if "name" in role}
    for name in _map(values, "ASPECTS_SUPERSET_EXTRA_ROLES"):
        if name in taken_names:
            yield (
                f"ASPECTS_SUPERSET_EXTRA_ROLES has a role {name!r}, which there is already: give "
                f"it another name in config.yml and {_SAVE}`."
            )


def _list(values: Values, name: str) -> list[str]:
    found = values.get(name)
    return [str(one) for one in found] if isinstance(found, list) else []


def _map(values: Values, name: str) -> Mapping[str, object]:
    found = values.get(name)
    return found if isinstance(found, Mapping) else {}
