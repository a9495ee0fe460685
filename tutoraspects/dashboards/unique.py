"""What may stand once only: ids by which Superset finds things, and names on one dashboard."""

from __future__ import annotations

from collections.abc import Iterator

from tutoraspects.dashboards.catalogue import Catalogue
from tutoraspects.dashboards.charts import Chart
from tutoraspects.dashboards.model import Dashboard, Tab
from tutoraspects.dashboards.problems import Problem, Source, steps_of


def duplicates(catalogue: Catalogue) -> Iterator[Problem]:
    """Ids and tabs that stand twice. Of two objects with one id Superset would keep one: it happens
    to who copies a file and changes its name."""
    seen: dict[str, str] = {}
    for source, steps, uuid, what in _uuids(catalogue):
        other = seen.setdefault(uuid, what)
        if other != what:
            yield source.problem(
                steps, f"this is the id of {other}, too: take the line out for an id of its own"
            )
    for dashboard in catalogue.dashboards.values():
        source = catalogue.source(dashboard)
        filters: dict[str, str] = {}
        for number, rule in enumerate(dashboard.filters):
            if rule.id and filters.setdefault(rule.id, rule.name) != rule.name:
                yield source.problem(
                    ["filters", number, "id"],
                    f"this is the id of the filter '{filters[rule.id]}', too: take it out for an "
                    "id of its own",
                )
        yield from _tabs(dashboard, source, [])


def _uuids(catalogue: Catalogue) -> Iterator[tuple[Source, list[str | int], str, str]]:
    """Every fixed id: file, place, id, and whose it is."""
    for dataset in catalogue.datasets.values():
        if dataset.uuid:
            name = f"the dataset '{dataset.dataset}'"
            yield catalogue.source(dataset), ["uuid"], dataset.uuid, name
    for dashboard in catalogue.dashboards.values():
        source, slug = catalogue.source(dashboard), dashboard.dashboard
        if dashboard.uuid:
            yield source, ["uuid"], dashboard.uuid, f"the dashboard '{slug}'"
        for path, cell in dashboard.cells():
            if isinstance(cell, Chart) and cell.uuid:
                name = f"the chart '{slug}/{cell.chart}'"
                yield source, [*steps_of(path), "uuid"], cell.uuid, name


def _tabs(part: Dashboard | Tab, source: Source, steps: list[str | int]) -> Iterator[Problem]:
    names: set[str] = set()
    for number, tab in enumerate(part.tabs):
        here = [*steps, "tabs", number]
        if tab.tab in names:
            yield source.problem([*here, "tab"], f"there are two tabs '{tab.tab}'")
        names.add(tab.tab)
        yield from _tabs(tab, source, here)
