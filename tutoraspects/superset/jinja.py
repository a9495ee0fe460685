"""What SQL of datasets and row filters may call: upstream's functions, by upstream's names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urljoin

from flask import has_request_context, session

from tutoraspects.errors import AspectsError
from tutoraspects.superset.scope import can_view_courses

_FILTER = """'NATIVE_FILTER-{id}:(__cache:(label:''',
    {column},
    ''',validateStatus:!f,value:!(''',
    {column},
    ''')),extraFormData:(filters:!((col:{column},op:IN,val:!(''',
    {column},
    ''')))),filterState:(label:''',
    {column},
    ''',validateStatus:!f,value:!(''',
    {column},
    ''')),id:NATIVE_FILTER-{id},ownState:())'"""


def functions(settings: Mapping[str, Any]) -> dict[str, Callable[..., Any]]:
    """JINJA_CONTEXT_ADDONS."""

    def links(
        dashboard_slug: str, filters: Iterable[tuple[str, str]], label_column: str | None = None
    ) -> str:
        """SQL of a link to a dashboard whose native filters (column, id) have the row's values."""
        pairs = list(filters)
        if not pairs:
            raise AspectsError("get_multiple_filtered_dashboard_link needs at least one filter.")
        locale = session.get("locale", "en") if has_request_context() else "en"
        translated = locale != "en" and locale in settings["dashboard_locales"]
        slug = f"{dashboard_slug}-{locale}" if translated else dashboard_slug
        address = urljoin(settings["public_url"] + "/", f"superset/dashboard/{slug}/")
        blocks = ", ',', \n    ".join(_FILTER.format(column=c, id=i) for c, i in pairs)
        label = label_column or pairs[0][0]
        return (
            f"concat('<a href=\"{address}?native_filters=(', \n    {blocks}, \n    "
            f"')\">',\n    {label},\n    '</a>'\n)"
        )

    def link(dashboard_slug: str, column_name: str, filter_id: str) -> str:
        return links(dashboard_slug, [(column_name, filter_id)])

    return {
        "can_view_courses": can_view_courses,
        # Columns are translated when a dashboard is compiled for a language, not at each query.
        "translate_column": lambda column: column,
        "translate_column_bool": lambda column: column,
        "get_filtered_dashboard_link": link,
        "get_multiple_filtered_dashboard_link": links,
    }
