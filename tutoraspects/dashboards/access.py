"""What access rules need to know of the dashboards: rows to limit, dashboards to embed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tutoraspects.dashboards.edition import Edition
from tutoraspects.dashboards.model import TimeFilter


@dataclass(frozen=True)
class Rows:
    """A dataset of Superset, and who may meet which of its rows.

    `row_filter` is the column that holds the course; teachers see the rows of their courses.
    Datasets for operators have none, and teachers no access to them.
    """

    uuid: str
    table_name: str
    audience: str
    row_filter: str | None
    roles: tuple[str, ...]


def rows(edition: Edition) -> Iterator[Rows]:
    """Every dataset behind the dashboards of an edition; `roles` are those of the dashboards."""
    roles: dict[str, set[str]] = {}
    for dashboard in edition.dashboards():
        behind = {chart.dataset for _, chart in edition.catalogue.shown(dashboard)}
        behind |= {rule.dataset for rule in dashboard.filters if not isinstance(rule, TimeFilter)}
        for name in behind:
            roles.setdefault(name, set()).update(dashboard.roles)
    for name, who in sorted(roles.items()):
        dataset = edition.catalogue.datasets[name]
        yield Rows(
            edition.dataset_uuid(name),
            edition.table_name(name),
            dataset.audience,
            dataset.row_filter,
            tuple(sorted(who)),
        )


def embedded(edition: Edition) -> dict[str, str]:
    """Id of every dashboard that LMS or Studio may show, by slug."""
    return {
        edition.slug(dashboard.dashboard): edition.uuid(
            edition.catalogue.dashboard_uuid(dashboard.dashboard)
        )
        for dashboard in edition.dashboards()
        if dashboard.embedded
    }
