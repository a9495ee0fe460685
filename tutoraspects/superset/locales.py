"""In which of the dashboards' languages someone reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tutoraspects.dashboards.identity import normal


def dashboard_locale(preference: str, locales: Sequence[str]) -> str:
    """Theirs, as SUPERSET_DASHBOARD_LOCALES spells it; else one of the same language (`es` for
    `es-419`); else English, as in the LMS. The dashboards themselves are for administrators: who
    got no language of theirs would see none."""
    wanted = normal(preference)
    language = wanted.partition("_")[0]
    spelled = {normal(locale): locale for locale in reversed(locales)}
    kin = next((one for one in spelled if one.partition("_")[0] == language), "")
    for candidate in (wanted, language, kin, "en"):
        if candidate in spelled:
            return spelled[candidate]
    return locales[0] if locales else preference


def in_language(roles: Iterable[str], locale: str) -> list[str]:
    """The keys that a patch gives, and the person's language for those that have dashboards,
    unless the patch says which."""
    found = list(roles)
    for key in ("instructor", "operator"):
        if key in found and not any(role.startswith(f"{key}-") for role in found):
            found.append(f"{key}-{locale}")
    return found
