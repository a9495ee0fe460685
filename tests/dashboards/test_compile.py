"""The bundle: ids, layout, filters, languages, and what must never be in it."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.dashboards.conftest import TARGET
from tutoraspects.dashboards import bundle
from tutoraspects.dashboards.catalogue import Catalogue
from tutoraspects.dashboards.compile import compile, editions
from tutoraspects.dashboards.edition import Edition
from tutoraspects.dashboards.identity import localized
from tutoraspects.dashboards.links import literal
from tutoraspects.dashboards.target import Target
from tutoraspects.errors import AspectsError
from tutoraspects.superset.provision import OPTIONS

UPSTREAM = yaml.safe_load((Path(__file__).parent / "upstream.yaml").read_text())
DASHBOARDS = {
    "course-dashboard": "c0e64194-33d1-4d5a-8c10-4f51530c5ee9",
    "learner-groups": "8661d20c-cee6-4245-9fcc-610daea5fd24",
    "individual-learner": "abae8a25-1ba4-4653-81bd-d3937a162a11",
    "course-comparison": "c6c7062d-dd90-4292-b9cf-84f7b9f38e73",
    "in-context-course": "f2880cc1-63e9-48d7-ac3c-d2ff6f6698e2",
    "in-context-graded-subsection": "f0321087-6428-4b97-b32e-2dae7d9cc447",
    "in-context-problem": "98ff33ff-18dd-48f9-8c58-629ae4f4194b",
    "in-context-video": "bc6510fb-027f-4026-a333-d0c42d3cc35c",
    "operator-dashboard": "02c0121c-40e9-4d8a-b86a-6b996a1cc6fe",
}
# By which platform-plugin-aspects filters what Studio shows: dashboard, filter, column.
IN_CONTEXT = {
    "NATIVE_FILTER-QLQbulmHH": ("in-context-course", "course_key"),
    "NATIVE_FILTER-oPAuR7ahy": ("in-context-graded-subsection", "course_key"),
    "NATIVE_FILTER-CBWbI7uLq": ("in-context-graded-subsection", "block_id"),
    "NATIVE_FILTER-29CPcbirK": ("in-context-problem", "course_key"),
    "NATIVE_FILTER-TJwItQhUI": ("in-context-problem", "block_id"),
    "NATIVE_FILTER-uaxvZkSAg": ("in-context-video", "course_key"),
    "NATIVE_FILTER-Fse4rzDW0": ("in-context-video", "block_id"),
}
Assets = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def assets(catalogue: Catalogue, spanish: dict[str, dict[str, str]]) -> Assets:
    return compile(catalogue, TARGET, spanish)


def of_kind(assets: Assets, kind: str) -> list[dict[str, Any]]:
    return [asset for path, asset in assets.items() if path.startswith(f"{kind}/")]


def dashboard(assets: Assets, slug: str) -> dict[str, Any]:
    return next(one for one in of_kind(assets, "dashboards") if one["slug"] == slug)


# -- ids -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", DASHBOARDS)
def test_dashboards_have_upstreams_ids(assets: Assets, slug: str) -> None:
    assert dashboard(assets, slug)["uuid"] == DASHBOARDS[slug]


def test_copies_have_upstreams_ids(assets: Assets) -> None:
    """uuid5(uuid5(id, "superset"), language), as the LMS computes it for its guest tokens."""
    base = uuid.UUID(DASHBOARDS["course-dashboard"])
    wanted = str(uuid.uuid5(uuid.uuid5(base, "superset"), "es"))
    assert dashboard(assets, "course-dashboard-es")["uuid"] == wanted
    assert localized(str(base), "pt-BR") == localized(str(base), "pt_br")


def test_charts_take_upstreams_over(assets: Assets) -> None:
    """All but the one that no dashboard of upstream shows."""
    ours = {chart["uuid"] for chart in of_kind(assets, "charts")}
    assert {UPSTREAM["charts"][one] for one in set(UPSTREAM["charts"]) - ours} == {
        "Query performance"
    }


def test_datasets_take_upstreams_over(assets: Assets) -> None:
    ours = {one["uuid"]: one["table_name"] for one in of_kind(assets, "datasets")}
    for known, name in UPSTREAM["datasets"].items():
        assert ours.get(known, name) == name
    gone = {name for known, name in UPSTREAM["datasets"].items() if known not in ours}
    assert gone == {"enrollments", "indexed_events", "query_log", "student_status_plus_7_days"}


def test_databases_are_upstreams(assets: Assets) -> None:
    found = {one["database_name"]: one["uuid"] for one in of_kind(assets, "databases")}
    assert found == {
        "OpenedX Clickhouse": "21174b6c-4d40-4958-8161-d6c3cf5e77b6",
        "Superset Metadata": "06cd566f-e22a-4a79-b0e0-4c947de93ee0",
    }


def test_databases_are_as_the_init_task_makes_them(assets: Assets) -> None:
    """The import comes after the init task, and must not undo what that said."""
    databases = [asset for path, asset in assets.items() if path.startswith("databases/")]
    for asset in databases:
        assert {name: asset[name] for name in OPTIONS} == OPTIONS
    assert databases


def test_ids_stand_once(assets: Assets) -> None:
    ids = [asset["uuid"] for asset in assets.values()]
    assert len(ids) == len(set(ids))


def test_the_same_specifications_give_the_same_bytes(
    catalogue: Catalogue, spanish: dict[str, dict[str, str]], assets: Assets
) -> None:
    assert bundle.pack(compile(catalogue, TARGET, spanish)) == bundle.pack(assets)


@pytest.mark.parametrize("id", IN_CONTEXT)
def test_filters_of_studio_are_there(assets: Assets, id: str) -> None:
    slug, column = IN_CONTEXT[id]
    for name in (slug, f"{slug}-es"):
        natives = dashboard(assets, name)["metadata"]["native_filter_configuration"]
        [found] = [one for one in natives if one["id"] == id]
        assert found["targets"][0]["column"]["name"] == column


# -- layout --------------------------------------------------------------------------------------


def test_elements_lead_to_each_other(assets: Assets) -> None:
    charts = {chart["uuid"] for chart in of_kind(assets, "charts")}
    for one in of_kind(assets, "dashboards"):
        position = one["position"]
        for id, element in position.items():
            if id in ("DASHBOARD_VERSION_KEY", "HEADER_ID"):
                continue
            assert element["id"] == id
            for child in element["children"]:
                assert position[child]["parents"][-1] == id
            if element["type"] == "ROW":
                widths = [position[child]["meta"]["width"] for child in element["children"]]
                assert sum(widths) <= 12
                assert widths
            if element["type"] == "CHART":
                assert element["meta"]["uuid"] in charts


def test_charts_and_filters_read_datasets_of_their_language(assets: Assets) -> None:
    spanish = {
        one["uuid"] for one in of_kind(assets, "datasets") if one["table_name"].endswith("_es")
    }
    one = dashboard(assets, "course-dashboard-es")
    for native in one["metadata"]["native_filter_configuration"]:
        for target in native["targets"]:
            assert target.get("datasetUuid") in {None, *spanish}
    shown = {element["meta"]["uuid"] for element in one["position"].values() if is_chart(element)}
    for chart in of_kind(assets, "charts"):
        if chart["uuid"] in shown:
            assert chart["dataset_uuid"] in spanish


def is_chart(element: Any) -> bool:
    return isinstance(element, dict) and element["type"] == "CHART"


def test_filters_cascade_without_circles(assets: Assets) -> None:
    for one in of_kind(assets, "dashboards"):
        before: set[str] = set()
        for native in one["metadata"]["native_filter_configuration"]:
            assert set(native["cascadeParentIds"]) <= before
            before.add(native["id"])


def test_numbers_of_charts_are_unique(assets: Assets) -> None:
    """Superset finds charts by them while it imports."""
    for one in of_kind(assets, "dashboards"):
        numbers: dict[int, str] = {}
        for element in one["position"].values():
            if is_chart(element):
                meta = element["meta"]
                assert numbers.setdefault(meta["chartId"], meta["uuid"]) == meta["uuid"]


# -- what differs between installations ----------------------------------------------------------


def test_no_password_is_in_the_bundle(assets: Assets) -> None:
    text = yaml.safe_dump(assets)
    assert "not-the-real-one" not in text and "nor-this" not in text
    uris = {one["sqlalchemy_uri"] for one in of_kind(assets, "databases")}
    assert "clickhousedb://ch_report:XXXXXXXXXX@clickhouse:8123/xapi" in uris


def sql_of(catalogue: Catalogue, target: Target, name: str) -> str:
    found = of_kind(compile(catalogue, target), "datasets")
    return str(next(one["sql"] for one in found if one["table_name"] == name))


def test_operators_see_the_whole_cluster(catalogue: Catalogue) -> None:
    for name in ("slowest_clickhouse_queries", "clickhouse_computed_metrics"):
        sql = sql_of(catalogue, Target(cluster="aspects"), name)
        assert sql.count("system.") == sql.count("clusterAllReplicas('aspects', system.")
        assert "clusterAllReplicas" not in sql_of(catalogue, Target(), name)


def test_databases_have_the_names_of_the_installation(catalogue: Catalogue) -> None:
    names = {"reporting": "rep", "event_sink": "sink", "xapi": "raw", "superset": "meta"}
    target = Target(databases=names, parsed_table="events_parsed")
    for one in of_kind(compile(catalogue, target), "datasets"):
        assert one["schema"] in {*names.values(), "system"}
        for name in ("reporting.", "event_sink.", "xapi.", "superset."):
            assert f" {name}" not in one["sql"]
    assert "raw.events_parsed" in sql_of(catalogue, target, "xapi_events_all_parsed")


def test_without_personal_data_nobody_is_named(catalogue: Catalogue) -> None:
    found = compile(catalogue, Target(personal_data=False))
    assert "individual-learner" not in {one["slug"] for one in of_kind(found, "dashboards")}
    assert "447a194b-dbed-4a82-a899-2df8e01e84b1" not in {
        one["uuid"] for one in of_kind(found, "charts")
    }
    shown = [
        column
        for chart in of_kind(found, "charts")
        for column in chart["params"].get("groupby") or []
    ]
    assert not {"username", "name", "email"} & {one for one in shown if isinstance(one, str)}


def test_charts_that_the_setting_hides(catalogue: Catalogue) -> None:
    hidden = "6c2b1008-96c9-426d-b2fe-68aa1de7b10d"
    found = compile(catalogue, Target(personal_data=False, hidden_charts=frozenset({hidden})))
    assert hidden not in {one["uuid"] for one in of_kind(found, "charts")}


def test_roles(catalogue: Catalogue) -> None:
    names = {"instructor": "Teacher", "operator": "Ops", "admin": "Admin"}
    one = catalogue.dashboards["operator-dashboard"]
    assert Edition(catalogue, Target()).roles(one, names) == ["Ops"]
    base, _, es = editions(catalogue, Target(locales=("en", "es")))
    assert base.roles(one, names) == ["Admin"]
    assert es.roles(one, names) == ["Ops - es"]


def test_the_help_tab_lists_what_charts_mean(
    catalogue: Catalogue, assets: Assets, spanish: dict[str, dict[str, str]]
) -> None:
    def text(found: Assets, slug: str) -> str:
        position = dashboard(found, slug)["position"]
        return next(
            str(one["meta"]["code"])
            for one in position.values()
            if isinstance(one, dict) and one["type"] == "MARKDOWN"
        )

    assert "Learners who are enrolled now." in text(assets, "course-dashboard")
    assert spanish["es"]["Learners who are enrolled now."] in text(assets, "course-dashboard-es")
    own = compile(catalogue, Target(), help_texts={"course-dashboard": "# Ask us"})
    assert text(own, "course-dashboard") == "# Ask us"


def test_words_of_values_follow_the_language(assets: Assets) -> None:
    found = next(
        one for one in of_kind(assets, "datasets") if one["table_name"] == "learner_summary_es"
    )
    column = next(one for one in found["columns"] if one["column_name"] == "state")
    assert column["expression"] == (
        "transform(toString(approving_state), ['passed', 'failed'], "
        "['Aprobado', 'Aún no aprobado'], toString(approving_state))"
    )


def test_texts_are_quoted_for_clickhouse() -> None:
    assert literal("it's a \\") == "'it\\'s a \\\\'"


# -- environment ---------------------------------------------------------------------------------


def test_target_from_environment() -> None:
    target = Target.from_environment(
        {
            "ASPECTS_REPORTING_DATABASE": "rep",
            "ASPECTS_CLICKHOUSE_CLUSTER": "c",
            "ASPECTS_ENABLE_PII": "1",
            "ASPECTS_PII_CHART_UUIDS": "a, b",
            "SUPERSET_DASHBOARD_LOCALES": "en, es ,pt-br",
            "CLICKHOUSE_REPORT_SQLALCHEMY_URI": "clickhousedb://u:p@h/d",
        }
    )
    assert target.databases["reporting"] == "rep"
    assert (target.cluster, target.personal_data) == ("c", True)
    assert target.locales == ("en", "es", "pt-br")
    assert target.hidden_charts == {"a", "b"}
    assert "p@h" not in repr(target)


def test_a_wrong_language_is_one_sentence() -> None:
    with pytest.raises(AspectsError, match=r"^'e s' is not a language.*SUPERSET_DASHBOARD_LOCALES"):
        Target.from_environment({"SUPERSET_DASHBOARD_LOCALES": "e s"})
