"""What Argo CD reads: the project, the root application and what it leads to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.gitops.conftest import Exported
from tests.helpers import project
from tests.validation import schema_errors
from tutoraspects.errors import AspectsError
from tutoraspects.gitops import argocd, operators, waves
from tutoraspects.settings import environments

CHARTS = ("aspects-clickhouse", "aspects")
REPOSITORY = "https://git.example.org/team/platform.git"
SETTINGS: dict[str, Any] = {
    "ASPECTS_GITOPS_REPOSITORY_URL": REPOSITORY,
    "ASPECTS_GITOPS_REVISION": "main",
    "ASPECTS_GITOPS_PATH": "clusters/one",
    "ASPECTS_GITOPS_OPERATORS": True,
    "ASPECTS_GITOPS_ENVIRONMENTS": {},
    "ASPECTS_ARGOCD_NAMESPACE": "argocd",
    "ASPECTS_ARGOCD_PROJECT": "analytics",
    "ASPECTS_ARGOCD_CLUSTER": "https://cluster.example.org",
    "ASPECTS_EXTERNAL_SECRETS_NAMESPACE": "external-secrets",
    "ASPECTS_CLICKHOUSE_OPERATOR_NAMESPACE": "clickhouse-operator",
    "K8S_NAMESPACE": "openedx",
}
SEVERAL = {
    "staging": {
        "namespace": "openedx-staging",
        "revision": "develop",
        "values": {"aspects": {"ralph": {"replicas": 1}}},
    },
    "production": {"cluster": "https://production.example.org"},
}


def files(charts: tuple[str, ...] = CHARTS, **settings: Any) -> dict[str, Any]:
    return dict(argocd.applications(charts, SETTINGS | settings))


def objects(**settings: Any) -> list[dict[str, Any]]:
    return [document for document in files(**settings).values() if "kind" in document]


class TestOneEnvironment:
    def test_the_files(self) -> None:
        assert sorted(files()) == [
            "argocd/aspects-clickhouse.yaml",
            "argocd/aspects.yaml",
            "argocd/clickhouse-operator.yaml",
            "argocd/clickhouse-operator/generator.yaml",
            "argocd/clickhouse-operator/password.yaml",
            "argocd/external-secrets.yaml",
            "argocd/project.yaml",
            "argocd/root.yaml",
        ]

    def test_nothing_without_a_repository(self) -> None:
        assert files(ASPECTS_GITOPS_REPOSITORY_URL="") == {}

    def test_no_operator_where_the_cluster_has_them(self) -> None:
        made = files(ASPECTS_GITOPS_OPERATORS=False)
        assert not [path for path in made if "operator" in path or "external" in path]
        assert made["argocd/project.yaml"]["spec"]["sourceRepos"] == [REPOSITORY]

    def test_no_clickhouse_operator_for_a_clickhouse_elsewhere(self) -> None:
        assert not [path for path in files(("aspects",)) if "clickhouse" in path]

    def test_applications_point_at_the_exported_folder(self) -> None:
        source = files()["argocd/aspects.yaml"]["spec"]["source"]
        assert source["repoURL"] == REPOSITORY
        assert source["path"] == "clusters/one/charts/aspects"
        assert argocd.repository_path({"ASPECTS_GITOPS_PATH": ""}, "argocd") == "argocd"

    def test_no_two_applications_have_one_name(self) -> None:
        for name in ("analytics", "aspects"):
            made = objects(ASPECTS_ARGOCD_PROJECT=name)
            names = [d["metadata"]["name"] for d in made if d["kind"] == "Application"]
            assert len(names) == len(set(names))

    def test_waves_follow_the_documented_order(self) -> None:
        order = sorted(
            (int(made["metadata"]["annotations"][waves.WAVE]), made["metadata"]["name"])
            for made in objects()
            if made["kind"] == "Application" and made["metadata"]["name"] != "analytics-root"
        )
        assert [name for _, name in order] == [
            "external-secrets",
            "clickhouse-operator",
            "aspects-clickhouse",
            "aspects",
        ]

    def test_the_root_leads_to_every_application_and_to_no_foreign_object(self) -> None:
        source = files()["argocd/root.yaml"]["spec"]["source"]
        assert source["path"] == "clusters/one/argocd"
        # The objects of the operator's second source lie one folder deeper.
        assert source["directory"] == {"recurse": False}

    def test_everything_is_repaired_pruned_and_tried_again(self) -> None:
        for made in objects():
            if made["kind"] != "Application":
                continue
            policy = made["spec"]["syncPolicy"]
            assert policy["automated"] == {"prune": True, "selfHeal": True}
            assert "ServerSideApply=true" in policy["syncOptions"]
            assert policy["retry"]["limit"] >= 5
            # What runs stays when an Application is deleted.
            assert "finalizers" not in made["metadata"]

    def test_the_autoscaler_keeps_the_number_of_pods(self) -> None:
        """Of whatever component has an autoscaler."""
        target = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "new"}
        scaler = {"kind": "HorizontalPodAutoscaler", "spec": {"scaleTargetRef": target}}
        made = argocd.applications(CHARTS, SETTINGS, [scaler, {"kind": "Service"}])
        spec = dict(made)["argocd/aspects.yaml"]["spec"]
        assert spec["ignoreDifferences"] == [
            {
                "group": "apps",
                "kind": "StatefulSet",
                "name": "new",
                "jsonPointers": ["/spec/replicas"],
            }
        ]
        assert "RespectIgnoreDifferences=true" in spec["syncPolicy"]["syncOptions"]
        assert "ignoreDifferences" not in files()["argocd/aspects.yaml"]["spec"]

    def test_the_number_of_ralphs_is_ignored(self, all_exports: dict[str, Exported]) -> None:
        """In the export itself, which has the autoscalers."""
        path = all_exports["eks"].folder / "argocd" / "aspects.yaml"
        ignored = yaml.safe_load(path.read_text("utf8"))["spec"]["ignoreDifferences"]
        assert {(one["kind"], one["name"]) for one in ignored} == {
            ("Deployment", "ralph"),
            ("Deployment", "superset"),
            ("Deployment", "superset-worker"),
        }

    def test_the_project_allows_what_is_deployed_and_nothing_else(self) -> None:
        spec = files()["argocd/project.yaml"]["spec"]
        assert "*" not in str([spec["sourceRepos"], spec["destinations"]])
        assert {"group": "*", "kind": "*"} not in spec["clusterResourceWhitelist"]
        allowed = {(place["server"], place["namespace"]) for place in spec["destinations"]}
        for made in objects():
            if made["kind"] == "Application":
                to = made["spec"]["destination"]
                assert (to["server"], to["namespace"]) in allowed
                for source in made["spec"].get("sources") or [made["spec"]["source"]]:
                    assert source["repoURL"] in spec["sourceRepos"]


class TestOperators:
    def test_versions_are_pinned_and_new_enough(self) -> None:
        for operator in operators.ALL:
            assert len(operator.version.split(".")) == 3, operator.name
        assert tuple(map(int, operators.CLICKHOUSE.version.split("."))) >= (0, 27, 0)

    def test_the_operator_watches_the_platform(self) -> None:
        chart, own = files()["argocd/clickhouse-operator.yaml"]["spec"]["sources"]
        values = chart["helm"]["valuesObject"]
        assert values["operator"]["env"] == [{"name": "WATCH_NAMESPACES", "value": "openedx"}]
        assert own["path"] == "clusters/one/argocd/clickhouse-operator"

    def test_its_password_is_made_in_the_cluster(self) -> None:
        made = files()
        values = made["argocd/clickhouse-operator.yaml"]["spec"]["sources"][0]["helm"]
        assert values["valuesObject"]["secret"] == {"create": False}
        secret = made["argocd/clickhouse-operator/password.yaml"]
        assert secret["metadata"]["name"] == values["valuesObject"]["fullnameOverride"]
        (source,) = secret["spec"]["dataFrom"]
        generator = made["argocd/clickhouse-operator/generator.yaml"]
        assert source["sourceRef"]["generatorRef"]["name"] == generator["metadata"]["name"]
        # Once: a new password at each refresh would lock the operator out.
        assert secret["spec"]["refreshPolicy"] == "CreatedOnce"


class TestSeveralEnvironments:
    def made(self) -> dict[str, Any]:
        return files(ASPECTS_GITOPS_ENVIRONMENTS=SEVERAL)

    def test_every_environment_has_a_file_of_values_for_every_chart(self) -> None:
        made = self.made()
        assert made["environments/staging/aspects.yaml"] == {"ralph": {"replicas": 1}}
        assert made["environments/production/aspects-clickhouse.yaml"] == {}

    def test_the_set_makes_an_application_for_each(self) -> None:
        spec = self.made()["argocd/aspects.yaml"]["spec"]
        elements = spec["generators"][0]["list"]["elements"]
        assert [
            (e["environment"], e["chart"], e["namespace"], e["revision"]) for e in elements
        ] == [
            ("staging", "aspects-clickhouse", "openedx-staging", "develop"),
            ("staging", "aspects", "openedx-staging", "develop"),
            ("production", "aspects-clickhouse", "openedx", "main"),
            ("production", "aspects", "openedx", "main"),
        ]
        # Every word that an element brings is used.
        template = str(spec["template"])
        assert all(f"{{{{.{word}}}}}" in template for element in elements for word in element)
        assert spec["template"]["spec"]["source"]["helm"]["valueFiles"] == [
            "../../environments/{{.environment}}/{{.chart}}.yaml"
        ]
        assert spec["syncPolicy"] == {"preserveResourcesOnDeletion": True}

    def test_one_operator_for_each_cluster(self) -> None:
        spec = self.made()["argocd/clickhouse-operator.yaml"]["spec"]
        elements = spec["generators"][0]["list"]["elements"]
        assert [element["cluster"] for element in elements] == [
            "https://cluster.example.org",
            "https://production.example.org",
        ]
        values = spec["template"]["spec"]["sources"][0]["helm"]["valuesObject"]
        assert values["operator"]["env"][0]["value"] == "openedx,openedx-staging"

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ({"a": "x"}, "a must be a map"),
            ({"a": {"clutser": "x"}}, "a has 'clutser'"),
            ({"a": {"namespace": 1}}, "namespace of a must be text"),
            ({"a": {"values": {"ralph": {}}}}, "values of a has keys"),
            ({"a": {}, "b": None}, "a and b go to the same namespace openedx"),
        ],
    )
    def test_what_cannot_work_is_refused(self, given: dict[str, Any], expected: str) -> None:
        found = list(environments.complaints(SETTINGS | {environments.SETTING: given}))
        assert any(expected in complaint for complaint in found), found

    def test_two_good_ones_pass(self) -> None:
        assert list(environments.complaints(SETTINGS | {environments.SETTING: SEVERAL})) == []


@pytest.mark.parametrize("several", [{}, SEVERAL], ids=["one", "several"])
@pytest.mark.parametrize("version", ["1.30", "1.33"])
def test_every_object_fits_its_schema(several: dict[str, Any], version: str) -> None:
    made = objects(ASPECTS_GITOPS_ENVIRONMENTS=several)
    assert [error for document in made for error in schema_errors(document, version)] == []


class TestObjectsOfTheCharts:
    def test_waves_put_secrets_first_and_traffic_last(self, production: Exported) -> None:
        wave = {
            kind: waves.wave_of(document)
            for document in production.manifests
            for kind in [document["kind"]]
        }
        assert (
            wave["ServiceAccount"]
            < wave["ConfigMap"]
            < wave["ClickHouseKeeperInstallation"]
            < wave["ClickHouseInstallation"]
            < waves.HOOKS[waves.SCHEMA_JOB][1]
            < wave["Deployment"]
            < wave["HorizontalPodAutoscaler"]
            < waves.HOOKS[waves.SMOKE_TEST][1]
        )

    @pytest.mark.parametrize("kind", waves.PROTECTED)
    def test_data_is_never_removed(self, kind: str) -> None:
        made = waves.annotations_of({"kind": kind, "metadata": {"name": "x"}})
        assert made[waves.SYNC_OPTIONS] == "Prune=false,Delete=false"
        assert made[waves.HELM_POLICY] == "keep"

    def test_jobs_are_hooks_whatever_hash_their_name_ends_in(self) -> None:
        def made(name: str, kind: str = "Job") -> dict[str, str]:
            return waves.annotations_of({"kind": kind, "metadata": {"name": name}})

        schema, smoke = made("aspects-schema-0123abcd"), made("aspects-smoke")
        assert (schema[waves.HOOK], schema[waves.WAVE]) == ("Sync", "10")
        assert (smoke[waves.HOOK], smoke[waves.WAVE]) == ("PostSync", "50")
        assert schema[waves.HOOK_DELETE] == "BeforeHookCreation"
        assert waves.HOOK not in made("aspects-schemata") | made("aspects-schema", "ConfigMap")

    def test_other_objects_carry_only_their_wave(self) -> None:
        deployment = {"kind": "Deployment", "metadata": {"name": "ralph"}}
        assert waves.annotations_of(deployment) == {waves.WAVE: "20"}
        service = {"kind": "Service", "metadata": {"name": "ralph"}}
        assert waves.annotations_of(service) == {}


def test_the_export_is_yaml_that_reads_back() -> None:
    for document in files(ASPECTS_GITOPS_ENVIRONMENTS=SEVERAL).values():
        assert yaml.safe_load(yaml.safe_dump(document)) == document


def test_environments_without_a_repository_are_refused(tmp_path: Path) -> None:
    # A project of its own: Tutor writes config.yml before a plugin can refuse what stands in it.
    done = project(tmp_path).save("--set", "ASPECTS_GITOPS_ENVIRONMENTS={staging: {}}", check=False)
    assert done.returncode != 0
    assert "ASPECTS_GITOPS_ENVIRONMENTS has no effect without a repository" in done.stderr
    assert AspectsError.__name__ not in done.stderr
