"""Everybody who may log in to Superset has dashboards in some language."""

from __future__ import annotations

import pytest

from tutoraspects.dashboards.catalogue import Catalogue
from tutoraspects.dashboards.edition import Edition
from tutoraspects.dashboards.target import Target
from tutoraspects.superset.locales import dashboard_locale, in_language


@pytest.mark.parametrize(
    ("preference", "locales", "expected"),
    [
        ("es", ["en", "es"], "es"),
        ("es-419", ["en", "es"], "es"),
        ("es_419", ["en", "es", "es-419"], "es-419"),
        ("pt-br", ["en", "pt-BR"], "pt-BR"),
        ("pt_br", ["en", "pt-br"], "pt-br"),
        ("pt", ["en", "pt-br"], "pt-br"),
        ("es-es", ["en", "es-419"], "es-419"),
        ("de", ["es", "en", "fr"], "en"),
        ("en-gb", ["es", "en"], "en"),
        ("de", ["es", "fr"], "es"),
        ("de", [], "de"),
    ],
)
def test_a_language_that_has_dashboards(preference: str, locales: list[str], expected: str) -> None:
    assert dashboard_locale(preference, locales) == expected


def test_slugs_are_spelled_as_the_lms_does() -> None:
    """platform_plugin_aspects.utils.generate_superset_context links to them."""
    assert Edition(Catalogue(), Target(), "pt-BR").slug("course-dashboard") == (
        "course-dashboard-pt_br"
    )


@pytest.mark.parametrize(
    ("given", "roles"),
    [
        (["Research", "operator"], ["Research", "operator", "operator-fr"]),
        (["operator", "operator-en"], ["operator", "operator-en"]),
        (["instructor", "operator-es"], ["instructor", "operator-es", "instructor-fr"]),
        (["sql_lab"], ["sql_lab"]),
        ([], []),
    ],
)
def test_roles_of_a_patch_come_in_the_language_of_the_person(
    given: list[str], roles: list[str]
) -> None:
    assert in_language(given, "fr") == roles
