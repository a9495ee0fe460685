"""A dashboard's layout as one HTML page, without a server: for a look before an import."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from tutoraspects.dashboards.charts import Chart
from tutoraspects.dashboards.edition import Edition
from tutoraspects.dashboards.layout import widths
from tutoraspects.dashboards.model import Dashboard, Pile, Tab, Text, Use
from tutoraspects.dashboards.strings import translated

_STYLE = """
body { font: 14px/1.4 sans-serif; margin: 2em; background: #f2f3f5; color: #1c2025; }
h1, h2, h3 { margin: 1em 0 .4em; } h2 { border-bottom: 2px solid #29a399; }
.row { display: grid; grid-template-columns: repeat(12, 1fr); gap: 12px; margin-bottom: 12px; }
.cell { background: #fff; border: 1px solid #d8dbe0; border-radius: 4px; padding: 10px; }
.pile { display: grid; gap: 12px; align-content: start; }
.title { font-weight: 600; } .means { color: #59626d; }
.type { float: right; background: #e3f4f2; border-radius: 4px; padding: 0 6px; color: #14605a; }
.data { font: 12px monospace; margin-top: 8px; } .filters span { margin-right: 1.5em; }
"""


def page(edition: Edition, dashboards: list[Dashboard]) -> str:
    """The page."""
    body = "\n".join(line for dashboard in dashboards for line in _dashboard(edition, dashboard))
    return (
        f'<!doctype html>\n<html lang="{edition.locale or "en"}"><head><meta charset="utf-8">'
        f"<title>Dashboards</title><style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _dashboard(edition: Edition, dashboard: Dashboard) -> Iterator[str]:
    yield f"<h1>{escape(edition.word(dashboard.title))}</h1>"
    yield f'<p class="means">{escape(edition.word(dashboard.description))}</p>'
    names = "".join(
        f"<span>{escape(edition.word(rule.name))} ▾</span>" for rule in dashboard.filters
    )
    yield f'<p class="filters">{names}</p>'
    yield from _rows(edition, dashboard, dashboard.rows)
    for tab in dashboard.tabs:
        yield from _tab(edition, dashboard, tab, 2)


def _tab(edition: Edition, dashboard: Dashboard, tab: Tab, level: int) -> Iterator[str]:
    yield f"<h{level}>{escape(edition.word(tab.tab))}</h{level}>"
    yield from _rows(edition, dashboard, tab.rows)
    for inner in tab.tabs:
        yield from _tab(edition, dashboard, inner, level + 1)


def _rows(edition: Edition, dashboard: Dashboard, rows: list[Any]) -> Iterator[str]:
    for row in rows:
        yield '<div class="row">'
        for cell, width in zip(row, widths(row), strict=True):
            yield f'<div style="grid-column: span {width}">'
            yield from _cell(edition, dashboard, cell)
            yield "</div>"
        yield "</div>"


def _cell(edition: Edition, dashboard: Dashboard, cell: Any) -> Iterator[str]:
    if isinstance(cell, Pile):
        yield '<div class="pile">'
        for inner in cell.pile:
            yield from _cell(edition, dashboard, inner)
        yield "</div>"
        return
    if isinstance(cell, Text):
        yield f'<div class="cell"><pre>{escape(edition.word(cell.text))}</pre></div>'
        return
    slug, chart, height = dashboard.dashboard, cell, cell.height
    if isinstance(cell, Use):
        slug, _, key = cell.use.partition("/")
        chart = edition.catalogue.chart(slug, key) or cell
    if isinstance(chart, Chart) and edition.has(slug, chart):
        yield from _chart(edition, chart, height or chart.height)


def _chart(edition: Edition, chart: Chart, height: int) -> Iterator[str]:
    told = translated(chart, edition.words)
    yield f'<div class="cell" style="min-height: {height * 4}px">'
    yield f'<span class="type">{escape(chart.type)}</span>'
    yield f'<div class="title">{escape(told.title)}</div>'
    yield f'<div class="means">{escape(told.means)}</div>'
    columns = edition.catalogue.columns(chart.dataset)
    metrics = edition.catalogue.metrics(chart.dataset)
    shown = [columns[name].label or name for name in chart.dimensions()]
    counted = [metrics[name].label for name in chart.measures()]
    words = " · ".join(edition.word(label) for label in [*shown, *counted])
    yield f'<div class="data">{escape(chart.dataset)}: {escape(words)}</div></div>'
