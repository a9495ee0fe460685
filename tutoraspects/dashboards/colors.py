"""Colours of metrics, so that no two in a chart share one, and each has one on all of a dashboard.

Superset gives a name the colour of its place in the first chart that shows it, and keeps to that
also where another name of the same chart has it already.
"""

from __future__ import annotations

from tutoraspects.dashboards.edition import Edition
from tutoraspects.dashboards.model import Dashboard

# The first of Superset's scheme `supersetColors`, without those that look alike.
PALETTE = (
    "#1FA8C9",
    "#454E7C",
    "#5AC189",
    "#FF7F44",
    "#666666",
    "#E04355",
    "#FCC700",
    "#A868B7",
)


def of_metrics(edition: Edition, dashboard: Dashboard) -> dict[str, str]:
    """Colour by the name of a metric, for charts whose series are metrics."""
    together: dict[str, set[str]] = {}
    for slug, chart in edition.catalogue.shown(dashboard):
        measures = chart.measures()
        if len(measures) > 1 and chart.type not in ("table", "pivot") and edition.has(slug, chart):
            for name in measures:
                together.setdefault(name, set()).update(measures)
    found: dict[str, str] = {}
    for name, others in together.items():
        taken = {found[other] for other in others if other in found}
        found[name] = next((one for one in PALETTE if one not in taken), PALETTE[-1])
    return found
