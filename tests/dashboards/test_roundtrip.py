"""A compiled bundle reads back as the specifications that it came from; differences are told."""

from __future__ import annotations

import copy
from typing import Any, get_args

import pytest

from tests.dashboards.conftest import TARGET
from tutoraspects.dashboards import bundle, identity
from tutoraspects.dashboards.catalogue import Catalogue
from tutoraspects.dashboards.chart_types import BY_TYPE, CLASSES
from tutoraspects.dashboards.charts import Chart
from tutoraspects.dashboards.compare import differences
from tutoraspects.dashboards.compile import compile
from tutoraspects.dashboards.deploy import only_ours
from tutoraspects.dashboards.layout import widths
from tutoraspects.dashboards.model import Dashboard, Pile, Tab, Use
from tutoraspects.dashboards.parse import parse
from tutoraspects.dashboards.target import Target
from tutoraspects.errors import AspectsError

Assets = dict[str, dict[str, Any]]
# An example of every type of chart, on the dataset `at_risk_learners`.
EXAMPLES: dict[str, dict[str, Any]] = {
    "number": {"metric": "grade", "below": "so far", "format": ",.1%"},
    "trend": {"metric": "grade", "x": "last_visited", "grain": "P1W"},
    "bar": {"x": "grade_bucket", "metrics": ["grade"], "horizontal": True, "stack": True},
    "line": {"x": "enrolled_at", "grain": "P1D", "metrics": ["grade"], "running": "total"},
    "smooth": {
        "x": "enrolled_at", "grain": "P1D", "metrics": ["grade"], "running": "mean", "window": 7
    },
    "step": {"x": "enrolled_at", "grain": "P1D", "metrics": ["grade"], "by": ["org"]},
    "scatter": {"x": "enrolled_at", "grain": "PT1H", "metrics": ["grade"], "x_title": "Day"},
    "area": {"x": "enrolled_at", "grain": "P1D", "metrics": ["grade"], "zoom": True},
    "mixed": {
        "x": "grade_bucket",
        "left": {"metrics": ["number_of_learners"], "draw": "bar", "title": "Learners"},
        "right": {"metrics": ["grade"], "draw": "line", "format": ".0%", "whole": True},
    },
    "pie": {"by": ["org"], "metric": "grade", "hollow": True},
    "funnel": {"by": ["org"], "metric": "grade"},
    "treemap": {"by": ["org", "course_key"], "metric": "grade"},
    "sunburst": {"by": ["org", "course_key"], "metric": "grade"},
    "heatmap": {"x": "org", "y": "grade_bucket", "metric": "grade", "values": True},
    "histogram": {"column": "course_grade", "bins": 20, "by": ["org"]},
    "table": {
        "by": ["org"], "metrics": ["grade"], "sort": {"by": "grade", "descending": True},
        "colors": [
            {"metric": "grade", "color": "good", "op": ">=", "than": 0.7},
            {"metric": "grade", "color": "bad", "op": "between", "low": 0, "high": 0.5},
        ],
        "search": True, "totals": True,
    },
    "handlebars": {"by": ["org"], "metrics": ["grade"], "template": "{{#each data}}{{/each}}"},
    "pivot": {"rows": ["org"], "across": ["course_key"], "metrics": ["grade"], "row_totals": True},
}  # fmt: skip


def explicit(catalogue: Catalogue, dashboard: Dashboard) -> dict[str, Any]:
    """A dashboard with everything written out that follows when it is left out."""
    slug = dashboard.dashboard

    def size(cell: Any, width: int) -> Any:
        if isinstance(cell, Pile):
            pile = [size(inner, width) for inner in cell.pile]
            return cell.model_copy(update={"pile": pile, "width": width})
        update: dict[str, Any] = {"width": width}
        if isinstance(cell, Use):
            chart = catalogue.chart(*cell.use.split("/"))
            assert chart
            update["height"] = cell.height or chart.height
        if isinstance(cell, Chart):
            update["uuid"] = catalogue.chart_uuid(slug, cell)
        return cell.model_copy(update=update)

    def sized(rows: list[Any]) -> list[Any]:
        return [
            [size(cell, width) for cell, width in zip(row, widths(row), strict=True)]
            for row in rows
        ]

    def tabs(found: list[Tab]) -> list[Tab]:
        return [
            tab.model_copy(update={"rows": sized(tab.rows), "tabs": tabs(tab.tabs)})
            for tab in found
        ]

    filters = [
        rule.model_copy(update={"id": rule.id or identity.filter_id(slug, rule.name)})
        for rule in dashboard.filters
    ]
    found = dashboard.model_copy(
        update={
            "uuid": catalogue.dashboard_uuid(slug),
            "filters": filters,
            "rows": sized(dashboard.rows),
            "tabs": tabs(dashboard.tabs),
        }
    )
    return found.model_dump(mode="json")


@pytest.fixture(scope="module")
def read_back(catalogue: Catalogue) -> Catalogue:
    content = bundle.pack(compile(catalogue, TARGET))
    return parse(bundle.unpack(content), TARGET, catalogue)


def test_dashboards_read_back(catalogue: Catalogue, read_back: Catalogue) -> None:
    assert set(read_back.dashboards) == set(catalogue.dashboards)
    for slug, dashboard in catalogue.dashboards.items():
        other = explicit(read_back, read_back.dashboards[slug])
        assert other == explicit(catalogue, dashboard)


def test_datasets_read_back(catalogue: Catalogue, read_back: Catalogue) -> None:
    assert set(read_back.datasets) == set(catalogue.datasets)
    for name, dataset in catalogue.datasets.items():
        found = read_back.datasets[name].model_dump(mode="json")
        wanted = dataset.model_dump(mode="json") | {"uuid": catalogue.dataset_uuid(name)}
        for one in (found, wanted):
            one["sql"] = (one["sql"] or "").strip()
        assert found == wanted


def test_what_was_read_back_compiles_to_the_same(
    catalogue: Catalogue, read_back: Catalogue
) -> None:
    assert differences(compile(catalogue, TARGET), compile(read_back, TARGET)) == []


def test_reading_back_on_one_node_with_other_names(catalogue: Catalogue) -> None:
    names = {"reporting": "rep", "event_sink": "sink", "xapi": "raw", "superset": "meta"}
    target = Target(databases=names, parsed_table="events_parsed")
    found = parse(compile(catalogue, target), target, catalogue)
    for name, dataset in catalogue.datasets.items():
        wanted = (dataset.sql or dataset.mart or dataset.where or "").strip()
        other = found.datasets[name]
        assert (other.sql or other.mart or other.where or "").strip() == wanted


def test_there_is_an_example_of_every_type() -> None:
    assert set(EXAMPLES) == set(BY_TYPE)
    assert len({chart.VIZ for chart in CLASSES}) == len(CLASSES)


@pytest.mark.parametrize("type", EXAMPLES)
def test_every_type_reads_back(type: str) -> None:
    common = {"chart": "x", "title": "X", "means": "It shows something.", "dataset": "d"}
    chart = BY_TYPE[type].model_validate({**common, "type": type, **EXAMPLES[type]})
    params = chart.params()
    assert params["viz_type"] == get_args_of_viz(type)
    found = BY_TYPE[type].model_validate(
        {**common, "type": type, **BY_TYPE[type].fields_of(params)}
    )
    assert found == chart


def get_args_of_viz(type: str) -> str:
    assert get_args(BY_TYPE[type].model_fields["type"].annotation) == (type,)
    return BY_TYPE[type].VIZ


# -- differences ---------------------------------------------------------------------------------


def altered(catalogue: Catalogue, kind: str, change: Any) -> list[str]:
    ours = compile(catalogue, Target())
    theirs = copy.deepcopy(ours)
    path = next(path for path in theirs if path.startswith(kind))
    change(theirs, path)
    return [str(one) for one in differences(ours, theirs)]


def test_equal_bundles_do_not_differ(catalogue: Catalogue) -> None:
    assert altered(catalogue, "charts/", lambda theirs, path: None) == []


def test_a_missing_chart_is_told(catalogue: Catalogue) -> None:
    [told] = altered(catalogue, "charts/Learners_447a194b", lambda theirs, path: theirs.pop(path))
    assert told == "+ chart Learners (447a194b-dbed-4a82-a899-2df8e01e84b1)"


def test_a_changed_chart_is_told(catalogue: Catalogue) -> None:
    def change(theirs: Assets, path: str) -> None:
        theirs[path]["params"]["row_limit"] = 5
        theirs[path]["params"]["of_superset"] = True  # which is none of our business

    [told] = altered(catalogue, "charts/Learners_447a194b", change)
    assert told.startswith("~ chart Learners (447a194b") and told.endswith(": params.row_limit")


def test_a_chart_that_somebody_added_is_told(catalogue: Catalogue) -> None:
    def change(theirs: Assets, path: str) -> None:
        theirs[path]["position"]["CHART-new"] = {"id": "CHART-new", "type": "CHART"}

    [told] = altered(catalogue, "dashboards/course-dashboard", change)
    assert told.endswith(": position.CHART-new")


def test_a_metric_that_somebody_added_or_changed_is_told(catalogue: Catalogue) -> None:
    def change(theirs: Assets, path: str) -> None:
        theirs[path]["metrics"].append({"metric_name": "mine", "expression": "1"})
        theirs[path]["metrics"][0]["expression"] = "2"

    told = altered(catalogue, "datasets/OpenedX_Clickhouse/enrollment_status", change)
    assert [one.rpartition(": ")[2] for one in told] == [
        "metrics.number_of_learners.expression",
        "metrics.mine",
    ]


def test_numbers_that_superset_gives_do_not_differ(catalogue: Catalogue) -> None:
    def change(theirs: Assets, path: str) -> None:
        for element in theirs[path]["position"].values():
            if isinstance(element, dict) and element["type"] == "CHART":
                element["meta"]["chartId"] += 1_000
        theirs[path]["metadata"]["expanded_slices"] = {}
        theirs[path]["description"] += ""

    assert altered(catalogue, "dashboards/course-dashboard", change) == []


# -- what a specification cannot say -------------------------------------------------------------


def refused(catalogue: Catalogue, change: Any) -> str:
    assets = compile(catalogue, Target())
    path = next(path for path in assets if path.startswith("charts/Learners_447a194b"))
    change(assets[path])
    with pytest.raises(AspectsError) as error:
        parse(assets, Target(), catalogue)
    return str(error.value)


def test_a_type_that_is_not_known(catalogue: Catalogue) -> None:
    told = refused(catalogue, lambda chart: chart.update(viz_type="deck_arc"))
    assert told.startswith("The chart 'Learners' has the type deck_arc")


def test_a_filter_in_sql(catalogue: Catalogue) -> None:
    rule = {"expressionType": "SQL", "sqlExpression": "1 = 1", "clause": "WHERE"}
    told = refused(catalogue, lambda chart: chart["params"].update(adhoc_filters=[rule]))
    assert told.startswith("The chart 'Learners' has a filter in SQL")


def test_a_metric_that_is_none_of_the_dataset(catalogue: Catalogue) -> None:
    metric = {"expressionType": "SQL", "sqlExpression": "count()", "label": "n"}
    told = refused(catalogue, lambda chart: chart["params"].update(metrics=[metric]))
    assert "cannot be said in a specification" in told


def test_a_bundle_that_is_none() -> None:
    with pytest.raises(AspectsError, match=r"^x\.zip is no bundle of Superset"):
        bundle.unpack(b"nonsense", "x.zip")


def test_only_our_dashboards_are_read(catalogue: Catalogue) -> None:
    assets = compile(catalogue, Target())
    count = len(assets)
    assets["dashboards/other.yaml"] = {"uuid": "0", "position": {}, "metadata": {}}
    assets["charts/other.yaml"] = {"uuid": "1", "dataset_uuid": "2"}
    assets["datasets/x/other.yaml"] = {"uuid": "2"}
    assert len(only_ours(assets, catalogue)) == count


def test_columns_keep_the_order_of_the_specification(catalogue: Catalogue) -> None:
    """Superset exports them in an order of its own, and the generated SQL follows ours."""
    assets = compile(catalogue, TARGET, {})
    turned = copy.deepcopy(assets)
    for asset in turned.values():
        if "columns" in asset:
            asset["columns"].reverse()
    assert turned != assets
    found = parse(only_ours(turned, catalogue), TARGET, catalogue)
    assert found.datasets.keys() <= catalogue.datasets.keys()
    for name, dataset in found.datasets.items():
        assert list(dataset.columns) == list(catalogue.datasets[name].columns), name
