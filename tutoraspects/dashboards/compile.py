"""From specifications to Superset's assets: every object as the YAML file that its import wants."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tutoraspects.dashboards import colors, filters, links
from tutoraspects.dashboards.catalogue import Catalogue
from tutoraspects.dashboards.chart_types.axes import Mixed
from tutoraspects.dashboards.chart_types.tables import Table
from tutoraspects.dashboards.charts import Chart
from tutoraspects.dashboards.datasets import Column, Dataset
from tutoraspects.dashboards.edition import Edition
from tutoraspects.dashboards.identity import DATABASES
from tutoraspects.dashboards.layout import Layout
from tutoraspects.dashboards.model import Dashboard, SelectFilter, TimeFilter
from tutoraspects.dashboards.sql import expanded, padded, query_of
from tutoraspects.dashboards.strings import translated
from tutoraspects.dashboards.target import Target

Asset = dict[str, Any]
VERSION = "1.0.0"
TYPES = {
    "text": "String",
    "number": "Float64",
    "time": "DateTime",
    "boolean": "Bool",
    "other": None,
}
# Superset replaces a password by this in what it exports, and takes it for "as before".
MASK = "XXXXXXXXXX"
# What a chart means, which Superset 6.1 gives to screen readers only, stands below its title; a
# single number has no room for it. Superset measures the title, so the chart gets smaller.
MEANS_CSS = (
    ".chart-slice:not([data-test-viz-type^=big_number]) > [data-test=slice-header] "
    "{ margin-bottom: 40px !important; }\n"
    ".chart-slice:not([data-test-viz-type^=big_number]) > .dashboard-chart "
    "{ position: relative; overflow: visible; }\n"
    ".chart-slice:not([data-test-viz-type^=big_number]) > .dashboard-chart::before "
    "{ content: attr(aria-label); position: absolute; top: -38px; left: 0; right: 0; "
    "max-height: 32px; overflow: hidden; font-size: 12px; line-height: 16px; opacity: 0.65; }\n"
    ".chart-slice:not([data-test-viz-type^=big_number]) .header-title * "
    "{ white-space: nowrap !important; overflow: hidden; text-overflow: ellipsis; }\n"
)
COMPACT_CSS = (
    ".dashboard-content > .grid-container { margin: 0; }\n"
    ".dashboard-component-chart-holder { padding: 0; }\n"
    ".filter-counts { display: none; }\n"
    ".header-title { font-size: 80%; }\n"
)


def compile(
    catalogue: Catalogue,
    target: Target,
    strings: Mapping[str, Mapping[str, str]] | None = None,
    help_texts: Mapping[str, str] | None = None,
) -> dict[str, Asset]:
    """Assets by their path in the bundle.

    `strings`: translations by locale. `help_texts`: Markdown by slug, in place of the generated
    explanations.
    """
    assets: dict[str, Asset] = {}
    for kind, uri in target.uris.items():
        name, uuid = DATABASES[kind]
        assets[f"databases/{_file(name)}.yaml"] = _database(name, uuid, uri)
    for edition in editions(catalogue, target, strings):
        assets.update(_edition(edition, help_texts or {}))
    return assets


def editions(
    catalogue: Catalogue, target: Target, strings: Mapping[str, Mapping[str, str]] | None = None
) -> Iterator[Edition]:
    """The dashboards themselves, and a copy per language."""
    yield Edition(catalogue, target)
    for locale in target.locales:
        yield Edition(catalogue, target, locale, (strings or {}).get(locale, {}))


def _edition(edition: Edition, help_texts: Mapping[str, str]) -> Iterator[tuple[str, Asset]]:
    datasets: dict[str, None] = {}
    charts: set[str] = set()
    for dashboard in edition.dashboards():
        for slug, chart in edition.catalogue.shown(dashboard):
            uuid = edition.chart_uuid(slug, chart)
            if edition.has(slug, chart) and uuid not in charts:
                charts.add(uuid)
                datasets[chart.dataset] = None
                name = _file(f"{chart.title}_{uuid[:8]}")
                yield f"charts/{name}.yaml", _chart(edition, chart, uuid)
        for rule in dashboard.filters:
            if not isinstance(rule, TimeFilter):
                datasets[rule.dataset] = None
        help_text = help_texts.get(dashboard.dashboard, "")
        path = f"dashboards/{_file(edition.slug(dashboard.dashboard))}.yaml"
        yield path, _dashboard(edition, dashboard, help_text)
    for name in datasets:
        dataset = edition.catalogue.datasets[name]
        folder = _file(DATABASES[dataset.database][0])
        yield f"datasets/{folder}/{edition.table_name(name)}.yaml", _dataset(edition, dataset)


def _file(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]+", "_", name).strip("_")


def _database(name: str, uuid: str, uri: str) -> Asset:
    return {
        "database_name": name,
        "sqlalchemy_uri": masked(uri),
        "cache_timeout": None,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_file_upload": False,
        "extra": {"allows_virtual_table_explore": True, "metadata_params": {}, "engine_params": {}},
        "uuid": uuid,
        "version": VERSION,
    }


def masked(uri: str) -> str:
    """An address without its password."""
    return re.sub(r"^([^:]+://[^:/@]*):[^@]*@", rf"\1:{MASK}@", uri)


def password_of(uri: str) -> str:
    """The password in an address, or ''."""
    found = re.match(r"^[^:]+://[^:/@]*:([^@]*)@", uri)
    return found[1] if found else ""


def _dataset(edition: Edition, dataset: Dataset) -> Asset:
    root = translated(edition.catalogue.root(dataset.dataset), edition.words)
    own = translated(dataset, edition.words)
    query = query_of(dataset, edition.catalogue.datasets)
    return {
        "table_name": edition.table_name(dataset.dataset),
        "main_dttm_col": root.time,
        "description": own.description,
        "default_endpoint": None,
        "offset": 0,
        "cache_timeout": None,
        "schema": edition.target.databases.get(dataset.place, dataset.place),
        "sql": expanded(query, edition.target),
        "params": None,
        "template_params": None,
        "filter_select_enabled": True,
        "fetch_values_predicate": None,
        # What Superset has no place for, so that a bundle can be read back.
        "extra": {
            "aspects": {
                "dataset": dataset.dataset,
                "audience": dataset.audience,
                "row_filter": dataset.row_filter,
                "extends": dataset.extends,
                "personal": [name for name, one in root.columns.items() if one.personal],
            }
        },
        "uuid": edition.dataset_uuid(dataset.dataset),
        "metrics": [
            {
                "metric_name": name,
                "verbose_name": metric.label,
                "metric_type": None,
                "expression": metric.sql,
                "description": None,
                "d3format": metric.format,
                "extra": {},
                "warning_text": None,
            }
            for name, metric in root.metrics.items()
        ],
        "columns": [_column(name, column) for name, column in root.columns.items()],
        "version": VERSION,
        "database_uuid": DATABASES[dataset.database][1],
    }


def _column(name: str, column: Column) -> Asset:
    return {
        "column_name": name,
        "verbose_name": column.label,
        "is_dttm": column.type == "time",
        "is_active": True,
        "type": TYPES[column.type],
        "groupby": True,
        "filterable": True,
        "expression": _computed(column),
        "description": None,
        "python_date_format": None,
        "extra": {},
    }


def _computed(column: Column) -> str | None:
    if column.padded:
        return padded(column.padded)
    if not column.values or column.sql is None:
        return column.sql
    values = ", ".join(links.literal(value) for value in column.values)
    words = ", ".join(links.literal(word) for word in column.values.values())
    return f"transform(toString({column.sql}), [{values}], [{words}], toString({column.sql}))"


def _chart(edition: Edition, chart: Chart, uuid: str) -> Asset:
    catalogue = edition.catalogue
    told = translated(chart, edition.words)
    params = told.params()
    time = catalogue.time(chart.dataset)
    if time:
        params["adhoc_filters"] = [*params["adhoc_filters"], _period(time, chart.period)]
    if isinstance(chart, Mixed):
        params["adhoc_filters_b"] = params["adhoc_filters"]
    if isinstance(told, Table):
        metrics = catalogue.metrics(chart.dataset)
        params["column_config"] = {
            name: {"d3NumberFormat": metrics[name].format}
            for name in told.metrics
            if metrics[name].format
        }
        params["groupby"] = params["groupby"] + [
            {
                "expressionType": "SQL",
                "label": edition.word(link.label),
                "sqlExpression": links.expression(link, edition),
            }
            for link in told.links
        ]
    return {
        "slice_name": told.title,
        "description": told.means,
        "certified_by": None,
        "certification_details": None,
        "viz_type": chart.VIZ,
        "params": params,
        "query_context": None,
        "cache_timeout": None,
        "uuid": uuid,
        "version": VERSION,
        "dataset_uuid": edition.dataset_uuid(chart.dataset),
    }


def _period(column: str, period: str | None) -> Asset:
    """Without it a dashboard's filter by time would not reach the chart."""
    return {
        "clause": "WHERE",
        "expressionType": "SIMPLE",
        "subject": column,
        "operator": "TEMPORAL_RANGE",
        "comparator": period or "No filter",
        "filterOptionName": f"filter_{column}_period",
    }


def _dashboard(edition: Edition, dashboard: Dashboard, help_text: str) -> Asset:
    layout = Layout(edition, dashboard, help_text)
    natives = [
        filters.native(edition, dashboard, rule, layout.tab_id)
        for rule in dashboard.filters
        if edition.target.personal_data or not _is_personal(edition, rule)
    ]
    return {
        "dashboard_title": edition.word(dashboard.title),
        "description": edition.word(dashboard.description),
        "css": COMPACT_CSS if dashboard.compact else MEANS_CSS,
        "slug": edition.slug(dashboard.dashboard),
        "certified_by": "",
        "certification_details": "",
        "published": True,
        "uuid": edition.uuid(edition.catalogue.dashboard_uuid(dashboard.dashboard)),
        "position": layout.position(),
        "metadata": {
            "native_filter_configuration": natives,
            "color_scheme": "supersetColors",
            "cross_filters_enabled": True,
            "refresh_frequency": 0,
            "timed_refresh_immune_slices": [],
            "label_colors": colors.of_metrics(edition, dashboard),
        },
        "version": VERSION,
    }


def _is_personal(edition: Edition, rule: Any) -> bool:
    if not isinstance(rule, SelectFilter):
        return False
    return edition.catalogue.columns(rule.dataset)[rule.column].personal
