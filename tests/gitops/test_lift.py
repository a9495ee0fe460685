"""Charts of manifests that are not ours yet: nothing in the lifting knows a component."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.gitops import helm
from tests.gitops.comparison import differences
from tests.validation import Document
from tutoraspects.errors import AspectsError
from tutoraspects.gitops import chart

BRACES = 'level={{ .level }} {{- if "x" }}`y`{{ end }} }} {{{ {{/* c */}}'
TEXTS = {
    "braces": BRACES,
    "lines": f"first\n  second {BRACES}\n\n\ttab\nlast\n",
    "no-end": "a\nb",
    "many-ends": "a\nb\n\n",
    "leading": "  a\nb\n",
    "carriage": "a\r\nb\n",
    "spaces": "a  \n   \nb \n",
    "yes": "yes",
    "number": "0123",
    "exponent": "1e3",
    "colon": "a: b # c",
    "empty": "",
    "dash": "- x",
    "date": "2026-11-23",
    "unicode": "naïve ✓ 😀",
    "quote": 'it\'s "quoted" \\ back',
    "tilde": "~",
    "equals": "=",
    "hash": "#",
    "star": "*a &b !c |d >e %f @g",
    "only-breaks": "\n\n",
}


def _meta(name: str, component: str = "vector", **more: Any) -> Document:
    return {"name": name, "labels": {"app.kubernetes.io/name": component}, **more}


def _pod(component: str = "vector", **more: Any) -> Document:
    return {
        "metadata": {"labels": {"app.kubernetes.io/name": component}},
        "spec": {"containers": [{"name": component, "image": "vector:1"}], **more},
    }


def _workload(kind: str, name: str, template: Document, **spec: Any) -> Document:
    selector = {"matchLabels": template["metadata"]["labels"]}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": _meta(name),
        "spec": {"selector": selector, **spec, "template": template},
    }


def _charts(folder: Path, documents: list[Document]) -> dict[str, Path]:
    for name, made in chart.charts(documents, "openedx").items():
        for path, text in made.files().items():
            target = folder / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf8")
    return {path.name: path for path in folder.iterdir()}


def _chart(folder: Path, documents: list[Document]) -> Path:
    (path,) = _charts(folder, documents).values()
    assert helm.run("lint", "--strict", path)
    return path


def test_any_text_survives_helm(tmp_path: Path) -> None:
    data = _workload("Deployment", "vector", _pod())
    container = data["spec"]["template"]["spec"]["containers"][0]
    container["args"] = list(TEXTS.values())
    container["env"] = [{"name": f"V{n}", "value": text} for n, text in enumerate(TEXTS.values())]
    documents = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _meta("texts"), "data": TEXTS},
        data,
    ]
    path = _chart(tmp_path, documents)
    assert differences(documents, helm.template(path)) == []


def test_every_kind_of_value_survives_helm(tmp_path: Path) -> None:
    document = _workload("Deployment", "vector", _pod())
    document["spec"]["x"] = [1, 1.5, 10**12, True, None, [], {}, [[1, 2], []], [{"a": {"b": [1]}}]]
    path = _chart(tmp_path, [document])
    assert differences([document], helm.template(path)) == []


def _vector() -> list[Document]:
    """An agent on every node, and an aggregator with volumes, as one component."""
    agent = _workload(
        "DaemonSet",
        "vector-agent",
        _pod(serviceAccountName="vector-agent", tolerations=[{"operator": "Exists"}]),
    )
    pod = _pod(serviceAccountName="vector-aggregator", initContainers=[])
    pod["spec"]["initContainers"] = [{"name": "prepare-data", "image": "busybox:1.36"}]
    pod["spec"]["containers"].append(
        {"name": "log-shipper", "image": "shipper@sha256:" + "a" * 64, "resources": {"limits": {}}}
    )
    claim = {
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "2Gi"}},
        },
    }
    aggregator = _workload(
        *("StatefulSet", "vector-aggregator", pod),
        replicas=2,
        serviceName="vector",
        volumeClaimTemplates=[claim],
    )
    accounts = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _meta(name)}
        for name in ("vector-agent", "vector-aggregator")
    ]
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": _meta("other-name"),
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": "StatefulSet",
                "name": "vector-aggregator",
            },
            "minReplicas": 1,
            "maxReplicas": 3,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": "memory",
                        "target": {"type": "Utilization", "averageUtilization": 80},
                    },
                }
            ],
        },
    }
    return [agent, aggregator, *accounts, scaler]


def test_workloads_of_one_component_have_values_of_their_own(tmp_path: Path) -> None:
    documents = _vector()
    path = _chart(tmp_path, documents)
    before = helm.template(path)
    assert differences(documents, before) == []
    values = yaml.safe_load((path / "values.yaml").read_text())["vector"]
    assert set(values) == {"enabled", "vectorAgent", "vectorAggregator"}
    assert values["vectorAggregator"]["replicas"] == 2
    assert values["vectorAggregator"]["storage"]["size"] == "2Gi"
    assert values["vectorAggregator"]["autoscaling"] == {
        "minReplicas": 1,
        "maxReplicas": 3,
        "targetMemoryUtilizationPercentage": 80,
    }
    inner = values["vectorAggregator"]
    assert inner["initContainers"]["prepareData"]["image"]["tag"] == "1.36"
    assert inner["containers"]["logShipper"]["image"]["digest"] == "sha256:" + "a" * 64
    assert values["vectorAgent"]["tolerations"] == [{"operator": "Exists"}]

    changed = helm.template(
        path,
        {
            "vector": {
                "vectorAgent": {"image": {"tag": "2"}},
                "vectorAggregator": {
                    "serviceAccount": {"annotations": {"a": "b"}},
                    "containers": {"logShipper": {"extraEnv": [{"name": "A", "value": "1"}]}},
                },
            }
        },
    )
    differing = {
        (a["kind"], a["metadata"]["name"]) for a, b in zip(before, changed, strict=True) if a != b
    }
    assert differing == {
        ("DaemonSet", "vector-agent"),
        ("StatefulSet", "vector-aggregator"),
        ("ServiceAccount", "vector-aggregator"),
    }
    assert helm.template(path, {"vector": {"enabled": False}}) == []


def test_a_cron_job_has_values(tmp_path: Path) -> None:
    job = _workload("CronJob", "vector", _pod())
    job["apiVersion"] = "batch/v1"
    job["spec"] = {
        "schedule": "@daily",
        "jobTemplate": {"spec": {"template": job["spec"]["template"]}},
    }
    path = _chart(tmp_path, [job])
    (found,) = helm.template(path, {"vector": {"image": {"repository": "other"}}})
    spec = found["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert spec["containers"][0]["image"] == "other:1"
    assert differences([job], helm.template(path)) == []


def _ingress(host: str = "lrs.example.org") -> Document:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": _meta("vector", annotations={"a.example.org/b": "{{c}}"}),
        "spec": {
            "ingressClassName": "alb",
            "rules": [{"host": host, "http": {"paths": []}}],
            "tls": [{"hosts": [host, "also.example.org"], "secretName": "tls"}],
        },
    }


def test_an_ingress_has_values(tmp_path: Path) -> None:
    path = _chart(tmp_path, [_ingress()])
    assert differences([_ingress()], helm.template(path)) == []
    ingress = {"host": "x.example.org", "className": "nginx", "annotations": {"new": "1"}}
    (found,) = helm.template(path, {"vector": {"ingress": ingress}})
    assert found["spec"]["ingressClassName"] == "nginx"
    assert found["spec"]["rules"][0]["host"] == "x.example.org"
    assert found["spec"]["tls"][0]["hosts"] == ["x.example.org", "also.example.org"]
    assert found["metadata"]["annotations"]["new"] == "1"


def test_an_object_without_component_is_refused() -> None:
    document = _ingress()
    del document["metadata"]["labels"]
    with pytest.raises(AspectsError, match=r"Ingress/vector .*app\.kubernetes\.io/name"):
        chart.charts([document], "openedx")


def test_objects_that_disagree_about_a_value_are_refused() -> None:
    other = copy.deepcopy(_ingress("other.example.org"))
    other["metadata"]["name"] = "second"
    (made,) = chart.charts([_ingress(), other], "openedx").values()
    with pytest.raises(AspectsError, match=r"vector\.ingress\.host"):
        made.files()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("nginx", ("nginx", "", "")),
        ("registry:5000/a/b", ("registry:5000/a/b", "", "")),
        ("registry:5000/a/b:1.2", ("registry:5000/a/b", "1.2", "")),
        ("a/b:1@sha256:" + "0" * 64, ("a/b", "1", "sha256:" + "0" * 64)),
        ("a/b@sha256:" + "0" * 64, ("a/b", "", "sha256:" + "0" * 64)),
    ],
)
def test_an_image_is_taken_apart_and_put_together(
    tmp_path: Path, text: str, parts: tuple[str, str, str]
) -> None:
    document = _workload("Deployment", "vector", _pod())
    document["spec"]["template"]["spec"]["containers"][0]["image"] = text
    path = _chart(tmp_path, [document])
    image = yaml.safe_load((path / "values.yaml").read_text())["vector"]["image"]
    assert (image["repository"], image["tag"], image["digest"]) == parts
    assert differences([document], helm.template(path)) == []


def test_the_schema_is_of_draft_7(tmp_path: Path) -> None:
    import jsonschema

    path = _chart(tmp_path, _vector())
    schema = json.loads((path / "values.schema.json").read_text())
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    jsonschema.Draft7Validator.check_schema(schema)
    # A subchart is handed `global` by its parent.
    values = yaml.safe_load((path / "values.yaml").read_text())
    jsonschema.validate({**values, "global": {"x": 1}}, schema, jsonschema.Draft7Validator)
