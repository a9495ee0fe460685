"""Ids of everything in Superset: fixed in the specification, or following from names by uuid5.

So an import finds what an earlier one made, and an installation of tutor-contrib-aspects is taken
over in place: the specifications carry its ids.
"""

from __future__ import annotations

import uuid

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "dashboards.aspects.openedx.org")
# Name and id of the databases that Superset reads; the first and the last as tutor-contrib-aspects
# has them.
DATABASES = {
    "clickhouse": ("OpenedX Clickhouse", "21174b6c-4d40-4958-8161-d6c3cf5e77b6"),
    "servers": ("ClickHouse Servers", "3e0ad9f5-8f2c-5a3b-9c63-6f1d1c2b7a40"),
    "superset": ("Superset Metadata", "06cd566f-e22a-4a79-b0e0-4c947de93ee0"),
}


def dataset_uuid(name: str) -> str:
    """Id of a dataset without a fixed one."""
    return str(uuid.uuid5(NAMESPACE, f"dataset/{name}"))


def dashboard_uuid(slug: str) -> str:
    """Id of a dashboard without a fixed one."""
    return str(uuid.uuid5(NAMESPACE, f"dashboard/{slug}"))


def chart_uuid(slug: str, key: str) -> str:
    """Id of a chart without a fixed one."""
    return str(uuid.uuid5(NAMESPACE, f"dashboard/{slug}/chart/{key}"))


def filter_id(slug: str, name: str) -> str:
    """Id of a dashboard's filter without a fixed one."""
    return f"NATIVE_FILTER-{uuid.uuid5(NAMESPACE, f'dashboard/{slug}/filter/{name}').hex[:9]}"


def element_id(kind: str, *names: str) -> str:
    """Id of a row, tab or other element of a layout."""
    return f"{kind}-{uuid.uuid5(NAMESPACE, '/'.join(names)).hex[:12]}"


def normal(locale: str) -> str:
    """A language as platform-plugin-aspects spells it in slugs and ids: pt_br."""
    return locale.lower().replace("-", "_")


def localized(base: str, locale: str) -> str:
    """Id of the copy for a language: upstream's rule, by which the LMS finds it, too."""
    namespace = uuid.uuid5(uuid.UUID(base), "superset")
    return str(uuid.uuid5(namespace, normal(locale)))
