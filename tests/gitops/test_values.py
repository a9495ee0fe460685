"""Every value of a chart changes what it says, and nothing else; what is no value is refused.

The tests go over values.schema.json: a value that is new to a chart is tested without a line here,
unless its name is new, too.
"""

from __future__ import annotations

import copy
import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.gitops import helm
from tests.gitops.comparison import stem
from tests.gitops.conftest import Exported
from tests.validation import Document, broken_rules
from tutoraspects.gitops.components import COMPONENTS

TERM = {"matchExpressions": [{"key": "kubernetes.io/arch", "operator": "In", "values": ["arm64"]}]}
SPREAD = {"maxSkew": 2, "topologyKey": "example.org/rack", "whenUnsatisfiable": "ScheduleAnyway"}
POD = r"spec\.(template\.|jobTemplate\.spec\.template\.|templates\.podTemplates\[\d+\]\.)?"
CONTAINER = POD + r"spec\.(containers|initContainers)\[\d+\]\."
WORKLOADS = {"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"}
WORKLOADS |= {"ClickHouseInstallation", "ClickHouseKeeperInstallation"}
CLAIM = (
    r"spec\.(templates\.volumeClaimTemplates\[\d+\]\.spec\.|volumeClaimTemplates\[\d+\]\.spec\.)?"
)
CLAIMS = {"PersistentVolumeClaim", "StatefulSet", *WORKLOADS}


@dataclass(frozen=True)
class Intent:
    """Another value for a field, and what it may change: kinds, and paths in them."""

    sample: Any
    kinds: set[str]
    paths: str


def _pods(field: str, sample: Any) -> Intent:
    return Intent(sample, WORKLOADS, POD + rf"spec\.{field}\b.*")


INTENTS: dict[str, Intent] = {
    "shards": Intent(3, {"ClickHouseInstallation"}, r"spec\..*\.layout\.shardsCount"),
    "replicas": Intent(
        None, WORKLOADS, r"spec\.replicas|spec\.configuration\.clusters\[0\]\.layout\.replicasCount"
    ),
    "autoscaling.minReplicas": Intent(3, {"HorizontalPodAutoscaler"}, r"spec\.minReplicas"),
    "autoscaling.maxReplicas": Intent(50, {"HorizontalPodAutoscaler"}, r"spec\.maxReplicas"),
    "autoscaling.targetCPUUtilizationPercentage": Intent(
        55, {"HorizontalPodAutoscaler"}, r"spec\.metrics\[\d+\]\.resource\.target\..*"
    ),
    "image.repository": Intent("registry.example.org:5000/x/y", WORKLOADS, CONTAINER + "image"),
    "image.tag": Intent("1.2.3-test", WORKLOADS, CONTAINER + "image"),
    "image.digest": Intent("sha256:" + "ab" * 32, WORKLOADS, CONTAINER + "image"),
    "resources": Intent({"requests": {"cpu": 7}}, WORKLOADS, CONTAINER + r"resources\b.*"),
    "extraEnv": Intent(
        [
            {"name": "TEST_ONE", "value": "{{ .Values }}"},
            {"name": "TEST_TWO", "valueFrom": {"secretKeyRef": {"name": "own", "key": "k"}}},
        ],
        WORKLOADS,
        CONTAINER + r"env\b.*",
    ),
    "storage.size": Intent("777Gi", CLAIMS, CLAIM + r"resources\.requests\.storage"),
    "storage.storageClassName": Intent("io2", CLAIMS, CLAIM + "storageClassName"),
    "serviceAccount.annotations": Intent(
        {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/x"},
        {"ServiceAccount"},
        r"metadata\.annotations\b.*",
    ),
    "ingress.className": Intent("nginx", {"Ingress"}, r"spec\.ingressClassName"),
    "ingress.host": Intent("other.example.org", {"Ingress"}, r"spec\.(rules|tls)\b.*"),
    "ingress.annotations": Intent(
        {"a.example.org/b": "c"}, {"Ingress"}, r"metadata\.annotations.*"
    ),
    "remoteKey": Intent("other/place", {"ExternalSecret"}, r"spec\.data\[\d+\]\.remoteRef\.key"),
    "refreshInterval": Intent("7m", {"ExternalSecret"}, r"spec\.refreshInterval"),
    "region": Intent("eu-north-1", {"ClusterSecretStore"}, r"spec\.provider\.aws\.region"),
    "store.name": Intent(
        "elsewhere",
        {"ClusterSecretStore", "ExternalSecret"},
        r"metadata\.name|spec\.secretStoreRef\.name",
    ),
    "podAnnotations": Intent({"example.org/a": "b"}, WORKLOADS, POD + r"metadata\.annotations\b.*"),
    "nodeSelector": _pods("nodeSelector", {"kubernetes.io/arch": "arm64"}),
    "tolerations": _pods("tolerations", [{"key": "k", "operator": "Exists"}]),
    "affinity": _pods(
        "affinity",
        {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [TERM]}
            }
        },
    ),
    "topologySpreadConstraints": _pods("topologySpreadConstraints", [SPREAD]),
    "priorityClassName": _pods("priorityClassName", "important"),
    "imagePullSecrets": _pods("imagePullSecrets", [{"name": "registry"}]),
}
# Values that bring whole objects and take them away.
SWITCHES = {"enabled", "store.create"}


@dataclass(frozen=True)
class Leaf:
    """A value of a chart."""

    chart: Path
    path: tuple[str, ...]
    schema: dict[str, Any]

    @property
    def component(self) -> str:
        return self.path[0]

    @property
    def name(self) -> str:
        """Below the component, or below the workload where it has several."""
        for start in range(1, len(self.path)):
            name = ".".join(self.path[start:])
            if name in INTENTS or name in SWITCHES:
                return name
        raise AssertionError(f"{'.'.join(self.path)} is new: say in INTENTS what it is for")

    def changed(self, value: Any) -> dict[str, Any]:
        """A values file that sets just this."""
        for key in reversed(self.path):
            value = {key: value}
        assert isinstance(value, dict)
        return value


def leaves(chart: Path) -> Iterator[Leaf]:
    schema = json.loads((chart / "values.schema.json").read_text(encoding="utf8"))

    def walk(node: dict[str, Any], path: tuple[str, ...]) -> Iterator[Leaf]:
        for key, inner in node["properties"].items():
            if (*path, key) == ("global",):
                continue
            if inner.get("required"):
                assert inner["additionalProperties"] is False, path
                assert inner["required"] == list(inner["properties"]), path
                yield from walk(inner, (*path, key))
            else:
                yield Leaf(chart, (*path, key), inner)

    return walk(schema, ())


def default(leaf: Leaf) -> Any:
    value = yaml.safe_load((leaf.chart / "values.yaml").read_text(encoding="utf8"))
    for key in leaf.path:
        value = value[key]
    return value


def objects(documents: list[Document]) -> dict[tuple[str, str], Document]:
    """By kind and name; the store's name is a value itself, and there is one of it."""
    return {(d["kind"], "" if d["kind"] == "ClusterSecretStore" else stem(d)): d for d in documents}


def changes(one: Any, other: Any, path: str = "") -> set[str]:
    """Paths at which two objects differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        found: set[str] = set()
        for key in one.keys() | other.keys():
            at = f"{path}.{key}" if path else key
            found |= changes(one[key], other[key], at) if key in one and key in other else {at}
        return found
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return {
            line
            for index, (a, b) in enumerate(zip(one, other, strict=True))
            for line in changes(a, b, f"{path}[{index}]")
        }
    return set() if one == other else {path}


def component_label(document: Document) -> str:
    keys = {component.name: component.key for component in COMPONENTS}
    name = document["metadata"]["labels"]["app.kubernetes.io/name"]
    return keys.get(name, name)


def values_of(exported: Exported) -> Iterator[tuple[Leaf, list[Document]]]:
    for name, chart in exported.charts.items():
        for leaf in leaves(chart):
            yield leaf, exported.rendered[name]


@pytest.fixture(params=["minimal", "eks"])
def charts(request: pytest.FixtureRequest, all_exports: dict[str, Exported]) -> Exported:
    """One node and one Ralph; a cluster and an autoscaler: every value that there is."""
    return all_exports[str(request.param)]


def _another(leaf: Leaf) -> Any:
    """A value that the schema allows and that is not the default."""
    now = default(leaf)
    if leaf.name != "replicas":
        sample = INTENTS[leaf.name].sample
        return sample - 1 if sample == now and isinstance(sample, int) else sample
    allowed = leaf.schema.get("enum") or range(leaf.schema["minimum"], leaf.schema["maximum"] + 1)
    return next(number for number in (*allowed, *allowed)[::-1] if number != now)


def test_a_value_changes_what_it_says(charts: Exported) -> None:
    tested = 0
    for leaf, before in values_of(charts):
        if leaf.name in SWITCHES:
            continue
        tested += 1
        where = ".".join(leaf.path)
        intent = INTENTS[leaf.name]
        value = _another(leaf)
        assert value != default(leaf), where
        after = helm.template(leaf.chart, leaf.changed(value))
        one, other = objects(before), objects(after)
        assert one.keys() == other.keys(), where
        changed = {key: changes(one[key], other[key]) for key in one}
        changed = {key: paths for key, paths in changed.items() if paths}
        assert changed, f"{where} changes nothing"
        for (kind, name), paths in changed.items():
            if kind == "Job":  # its name follows its content
                assert "metadata.name" in paths, where
                paths.remove("metadata.name")
            assert kind in intent.kinds, f"{where} changes {kind}/{name}"
            assert component_label(one[kind, name]) == leaf.component, where
            assert all(re.fullmatch(intent.paths, path) for path in paths), (where, paths)
    assert tested > 30


def test_a_changed_value_arrives_as_it_is(production: Exported) -> None:
    """Not only somewhere: with its type, and with braces that Helm must not read."""
    chart = production.charts["aspects"]
    values: dict[str, Any] = {
        "ralph": {
            "image": {
                "repository": "localhost:5000/ralph",
                "tag": "1",
                "digest": "sha256:" + "0" * 64,
            },
            "extraEnv": INTENTS["extraEnv"].sample,
            "resources": {"limits": {"memory": "1Gi"}},
            "autoscaling": {"minReplicas": 5},
            "podAnnotations": {"a": "true"},
        }
    }
    found = objects(helm.template(chart, values))
    template = found["Deployment", "ralph"]["spec"]["template"]
    container = template["spec"]["containers"][0]
    assert container["image"] == "localhost:5000/ralph:1@sha256:" + "0" * 64
    assert container["env"][-2:] == values["ralph"]["extraEnv"]
    assert container["resources"]["limits"] == {"memory": "1Gi", "cpu": "1000m"}
    assert template["metadata"]["annotations"]["a"] == "true"
    assert found["HorizontalPodAutoscaler", "ralph"]["spec"]["minReplicas"] == 5


def test_a_component_that_is_switched_off_leaves_nothing(charts: Exported) -> None:
    for leaf, before in values_of(charts):
        if leaf.name not in SWITCHES:
            continue
        off = leaf.changed(False)
        components = {leaf.component}
        if leaf.component == "keeper":
            # ClickHouse cannot do without, see the test of it below.
            off, components = {**off, "clickhouse": {"enabled": False}}, {"keeper", "clickhouse"}
        one, other = objects(before), objects(helm.template(leaf.chart, off))
        gone = one.keys() - other.keys()
        if leaf.name == "enabled":
            assert gone == {k for k in one if component_label(one[k]) in components}, leaf.path
        else:
            account = ("ServiceAccount", "aspects-secrets")
            assert gone == {("ClusterSecretStore", ""), *({account} & one.keys())}
        assert gone and other == {key: one[key] for key in one.keys() - gone}


def refusal(chart: Path, values: list[dict[str, Any]]) -> str:
    """What Helm says about values files that are all wrong, in one go: it names every fault."""
    with pytest.raises(helm.Refused) as refused:
        helm.template(chart, functools.reduce(_merged, values, {}))
    return str(refused.value)


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = {**one, **other}
    for key in one.keys() & other.keys():
        if isinstance(one[key], dict) and isinstance(other[key], dict):
            both[key] = _merged(one[key], other[key])
    return both


def test_a_wrong_type_is_refused_with_its_path(charts: Exported) -> None:
    for path in charts.charts.values():
        found = list(leaves(path))
        for wrong in (["wrong"], "\u00e4 wrong"):
            said = refusal(path, [leaf.changed(wrong) for leaf in found])
            for leaf in found:
                assert f"- at '/{'/'.join(leaf.path)}" in said, leaf.path


def test_a_missing_value_is_refused(charts: Exported) -> None:
    """Helm takes null for a wish to have no value."""
    for path in charts.charts.values():
        found = list(leaves(path))
        said = refusal(path, [leaf.changed(None) for leaf in found])
        for leaf in found:
            at = "/".join(leaf.path[:-1])
            line = re.search(rf"- at '/{at}': missing propert(?:y|ies) (.*)", said)
            assert line and f"'{leaf.path[-1]}'" in line[1], leaf.path


def test_a_typo_is_refused_with_its_path(charts: Exported) -> None:
    for path in charts.charts.values():
        parents = {leaf.path[:depth] for leaf in leaves(path) for depth in range(len(leaf.path))}
        assert () in parents and len(parents) > 5
        typos = [Leaf(path, (*parent, "typo"), {}).changed(1) for parent in parents]
        said = refusal(path, typos)
        for parent in parents:
            at = f"- at '/{'/'.join(parent)}'" if parent else "- at ''"
            assert f"{at}: additional properties 'typo' not allowed" in said


def test_a_number_out_of_range_is_refused_with_its_path(charts: Exported) -> None:
    tested = 0
    for path in charts.charts.values():
        found = [leaf for leaf in leaves(path) if leaf.schema.get("type") == "integer"]
        if not found:
            continue
        tested += len(found)
        for wrong in (
            [leaf.changed(leaf.schema["minimum"] - 1) for leaf in found],
            [leaf.changed(leaf.schema["maximum"] + 1) for leaf in found],
            [leaf.changed(1.5) for leaf in found],
        ):
            said = refusal(path, wrong)
            for leaf in found:
                assert f"- at '/{'/'.join(leaf.path)}'" in said, leaf.path
    assert tested >= 2


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("resources", {"request": {"cpu": 1}}),
        ("resources", {"requests": {"cpu": "1 core"}}),
        ("resources", {"requests": {"cpus": 1}}),
        ("tolerations", [{"key": "a", "operator": "Equals"}]),
        ("tolerations", [{"keys": "a"}]),
        ("affinity", {"nodeAffinitty": {}}),
        ("affinity", {"podAntiAffinity": {"requiredDuringScheduling": []}}),
        ("topologySpreadConstraints", [{**SPREAD, "whenUnsatisfiable": "Never"}]),
        ("topologySpreadConstraints", [{"topologyKey": "a"}]),
        ("extraEnv", [{"name": "A"}]),
        ("extraEnv", [{"name": "A", "value": 1}]),
        ("extraEnv", [{"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}]),
        ("extraEnv", [{"name": "PYTHONDONTWRITEBYTECODE", "value": "0"}]),
        ("podAnnotations", {"checksum/secrets": "mine"}),
        ("podAnnotations", {"not a key": "mine"}),
        ("tolerations", [{"operator": "Equal", "value": "a"}]),
        ("tolerations", [{"value": "a"}]),
        ("tolerations", [{"key": "", "operator": "Equal"}]),
        ("tolerations", [{"key": "a", "operator": "Exists", "value": "b"}]),
        # From the ConfigMap ralph-env, which extraEnv would override.
        ("extraEnv", [{"name": "RALPH_BACKENDS__LRS__CLICKHOUSE__HOST", "value": "elsewhere"}]),
        ("autoscaling", {"targetCPUUtilizationPercentage": 101}),
        ("autoscaling", {"targetCPUUtilizationPercentage": 0}),
        ("image", {"tag": "", "digest": ""}),
        ("image", {"tag": "with space"}),
        ("serviceAccount", {"annotations": {"a": 1}}),
    ],
)
def test_a_wrong_inner_value_is_refused(production: Exported, field: str, wrong: Any) -> None:
    with pytest.raises(helm.Refused, match=f"at '/ralph/{field}"):
        helm.template(production.charts["aspects"], {"ralph": {field: wrong}})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tolerations", [{"operator": "Exists"}, {"key": "a", "value": "b"}]),
        ("tolerations", [{"key": "a", "operator": "Equal"}, {"key": "a", "operator": "Exists"}]),
        ("image", {"tag": "", "digest": "sha256:" + "0" * 64}),
        ("autoscaling", {"targetCPUUtilizationPercentage": 100}),
    ],
)
def test_a_right_inner_value_is_taken(production: Exported, field: str, value: Any) -> None:
    assert helm.template(production.charts["aspects"], {"ralph": {field: value}})


@pytest.mark.parametrize("size", ["0", "0Gi", "300m", "0.0Gi", "10", 0, "-1Gi", "1 Gi", "", "1e3"])
def test_a_volume_without_room_is_refused(production: Exported, size: Any) -> None:
    for name in ("clickhouse", "keeper"):
        with pytest.raises(helm.Refused, match=f"at '/{name}/storage/size"):
            helm.template(
                production.charts["aspects-clickhouse"], {name: {"storage": {"size": size}}}
            )


@pytest.mark.parametrize("size", ["10Gi", "0.5Ti", "300Mi", "107374182400", "1048576Ki", 10**10])
def test_a_volume_with_room_is_taken(production: Exported, size: Any) -> None:
    sizes = {"clickhouse": {"storage": {"size": size}}}
    assert helm.template(production.charts["aspects-clickhouse"], sizes)


@pytest.mark.parametrize("number", [0, 2, 4, 6, 9])
def test_an_even_number_of_keepers_is_refused(production: Exported, number: int) -> None:
    chart = production.charts["aspects-clickhouse"]
    with pytest.raises(helm.Refused, match="at '/keeper/replicas"):
        helm.template(chart, {"keeper": {"replicas": number}})
    assert helm.template(chart, {"keeper": {"replicas": 5}})


def test_a_cluster_without_keepers_is_refused(
    production: Exported, all_exports: dict[str, Exported]
) -> None:
    chart = production.charts["aspects-clickhouse"]
    with pytest.raises(helm.Refused, match="at '/keeper/enabled"):
        helm.template(chart, {"keeper": {"enabled": False}})
    assert helm.template(chart, {"clickhouse": {"enabled": False}})
    assert "allOf" not in json.loads(
        (all_exports["minimal"].charts["aspects-clickhouse"] / "values.schema.json").read_text()
    ), "one node has no Keeper"


def test_an_ingress_without_class_is_refused(all_exports: dict[str, Exported]) -> None:
    with pytest.raises(helm.Refused, match="at '/ralph/ingress/className"):
        helm.template(
            all_exports["eks"].charts["aspects"], {"ralph": {"ingress": {"className": ""}}}
        )


def test_bounds_that_contradict_each_other_are_refused(production: Exported) -> None:
    bounds = {"ralph": {"autoscaling": {"minReplicas": 10, "maxReplicas": 9}}}
    with pytest.raises(helm.Refused, match=r"ralph\.autoscaling: minReplicas is above maxReplicas"):
        helm.template(production.charts["aspects"], bounds)


def test_a_changed_config_map_starts_its_pods_anew(production: Exported, tmp_path: Path) -> None:
    """And no others; the Job gets another name, for a Job cannot be changed."""
    chart = tmp_path / "aspects"
    _copy(production.charts["aspects"], chart)
    path = chart / "templates" / "ralph" / "configmap-ralph-logging.yaml"
    path.write_text(path.read_text().replace('"version": 1', '"version": 2'))
    one, other = objects(production.rendered["aspects"]), objects(helm.template(chart))
    changed = {key for key in one if one[key] != other[key]}
    assert changed == {("ConfigMap", "ralph-logging"), ("Deployment", "ralph")}

    path = chart / "templates" / "jobs" / "configmap-aspects-job-env.yaml"
    path.write_text(
        path.read_text().replace(
            "ASPECTS_CLICKHOUSE_HOST: clickhouse", "ASPECTS_CLICKHOUSE_HOST: x"
        )
    )
    names = [
        {
            d["metadata"]["name"]
            for d in docs
            # Superset's has a configuration of its own.
            if d["kind"] == "Job" and not d["metadata"]["name"].startswith("aspects-superset")
        }
        for docs in (production.rendered["aspects"], helm.template(chart))
    ]
    assert not names[0] & names[1]


def test_a_new_version_of_the_chart_starts_no_pod_anew(
    production: Exported, tmp_path: Path
) -> None:
    for name, source in production.charts.items():
        chart = tmp_path / name
        _copy(source, chart)
        path = chart / "Chart.yaml"
        path.write_text(re.sub(r"(?m)^(version|appVersion): .*", r'\1: "99.0.0"', path.read_text()))
        for key, document in objects(helm.template(chart)).items():
            before = copy.deepcopy(objects(production.rendered[name])[key])
            differing = changes(before, document)
            labels = {"metadata.labels.helm.sh/chart", "metadata.labels.app.kubernetes.io/version"}
            assert differing == labels, (key, differing)


def test_switched_off_parts_leave_sound_manifests(production: Exported) -> None:
    """Without Ralph the rest still refers to nothing that is gone."""
    chart = production.charts["aspects"]
    found = helm.template(chart, {"ralph": {"enabled": False}})
    faults = [fault for fault in broken_rules(found) if "Secret/aspects-secrets" not in fault]
    assert [fault for fault in faults if not re.search("its peer", fault)] == []


def _copy(source: Path, target: Path) -> None:
    for path in source.rglob("*"):
        if path.is_file():
            (target / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
            (target / path.relative_to(source)).write_bytes(path.read_bytes())
