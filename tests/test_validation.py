"""The manifest checks themselves: sound manifests pass, each kind of fault is seen."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.validation import load_all, problems
from tests.validation.network import End, allows
from tests.validation.pods import pods_of
from tests.validation.security import careless, unrestricted

VERSION = "1.33"
SOUND = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {colour: blue}
---
apiVersion: v1
kind: Secret
metadata: {name: web}
stringData: {password: hunter2}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: http}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      serviceAccountName: web
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext:
        runAsNonRoot: true
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: web
          image: example.org/web:1.0
          ports: [{name: http, containerPort: 8080}]
          env:
            - name: PASSWORD
              valueFrom: {secretKeyRef: {name: web, key: password}}
          readinessProbe:
            httpGet: {path: /, port: http}
          resources:
            requests: {cpu: 250m, memory: 128Mi}
            limits: {cpu: "1", memory: 0.5Gi}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
          volumeMounts: [{name: config, mountPath: /etc/web}]
      volumes:
        - name: config
          configMap:
            name: web
            items: [{key: colour, path: colour}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 4
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {app: web}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector:
    matchLabels: {app: web}
  policyTypes: [Ingress, Egress]
  ingress:
    - ports: [{port: 8080}]
      from:
        - podSelector:
            matchLabels: {app: web}
  egress:
    - ports: [{port: 53, protocol: UDP}]
---
apiVersion: clickhouse.altinity.com/v1
kind: ClickHouseInstallation
metadata: {name: store}
spec:
  configuration:
    clusters: [{name: main, layout: {shardsCount: 1}}]
  templates:
    podTemplates:
      - name: node
        spec:
          containers:
            - name: clickhouse
              image: example.org/clickhouse:1.0
              volumeMounts: [{name: data, mountPath: /data}]
    volumeClaimTemplates:
      - name: data
        spec:
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 10Gi}}
"""

Objects = dict[str, dict[str, Any]]


def objects() -> Objects:
    return {document["kind"]: document for document in load_all(SOUND)}


def _container(found: Objects) -> dict[str, Any]:
    container = found["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    assert isinstance(container, dict)
    return container


def _pod(found: Objects) -> dict[str, Any]:
    pod = found["Deployment"]["spec"]["template"]["spec"]
    assert isinstance(pod, dict)
    return pod


def _node(found: Objects) -> dict[str, Any]:
    node = found["ClickHouseInstallation"]["spec"]["templates"]["podTemplates"][0]["spec"]
    assert isinstance(node, dict)
    return node


# What is done to the sound manifests, and a part of the message that it must cause.
FAULTS: list[tuple[Callable[[Objects], object], str]] = [
    (lambda o: _container(o).update(imagePullPolice="Always"), "imagePullPolice"),
    (lambda o: o["Deployment"]["spec"].update(replicas="two"), "replicas"),
    (lambda o: o["Deployment"].update(apiVersion="apps/v2"), "no Deployment in apps/v2"),
    (lambda o: o["Deployment"].update(apiVersion="apps.example.org/v1"), "no schema"),
    (lambda o: o["Service"]["metadata"].pop("name"), "metadata.name is missing"),
    (lambda o: o["Service"]["metadata"].update(name="Web_1"), "no DNS name"),
    (lambda o: o["ConfigMap"].update(data=None), "data is null"),
    (lambda o: _container(o)["resources"]["requests"].update(memory="1Gigs"), "no quantity"),
    (lambda o: _container(o)["resources"]["requests"].update(cpu="2"), "more cpu than its limit"),
    (lambda o: _container(o).update(imagePullPolicy="Sometimes"), "none of"),
    (lambda o: o["Deployment"]["spec"]["selector"]["matchLabels"].update(app="x"), "own pods"),
    (lambda o: _container(o)["volumeMounts"][0].update(name="cfg"), "no volume of the pod"),
    (lambda o: _container(o)["readinessProbe"]["httpGet"].update(port="web"), "named web"),
    (lambda o: _container(o)["env"].append({"name": "PASSWORD", "value": ""}), "comes 2 times"),
    (
        lambda o: _pod(o)["containers"].append(copy.deepcopy(_container(o))),
        "container web comes 2 times",
    ),
    (lambda o: _pod(o).update(serviceAccountName="nobody"), "service account nobody"),
    (lambda o: _pod(o)["volumes"][0]["configMap"].update(name="x"), "ConfigMap/x is not there"),
    (lambda o: o["ConfigMap"].update(data={"size": "1"}), "no key colour"),
    (lambda o: o["Secret"].update(stringData={}), "no key password"),
    (lambda o: o["Service"]["spec"].update(selector={"app": "x"}), "chooses no pod"),
    (lambda o: o["Service"]["spec"]["ports"][0].update(targetPort="web"), "targetPort web"),
    (lambda o: o["Service"]["spec"]["ports"][0].update(targetPort=81), "targetPort 81"),
    (lambda o: o["PodDisruptionBudget"]["spec"].update(minAvailable=1), "either minAvailable"),
    (
        lambda o: o["PodDisruptionBudget"]["spec"].update(selector={"matchLabels": {"a": "b"}}),
        "no pod",
    ),
    (lambda o: o["HorizontalPodAutoscaler"]["spec"].update(minReplicas=5), "above maxReplicas"),
    (lambda o: o["Deployment"]["spec"].update(replicas=2), "undo the scaling"),
    (
        lambda o: o["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"].update(name="x"),
        "Deployment/x, which is not there",
    ),
    (
        lambda o: o["NetworkPolicy"]["spec"].update(podSelector={"matchLabels": {"a": "b"}}),
        "no pod",
    ),
    (
        lambda o: o["NetworkPolicy"]["spec"]["ingress"][0]["from"][0]["podSelector"].update(
            matchLabels={"a": "b"}
        ),
        "its peer",
    ),
    (lambda o: o["NetworkPolicy"]["spec"].update(policyTypes=["Ingress"]), "without Egress"),
    (lambda o: o["ClickHouseInstallation"]["spec"].update(clusterz=[]), "clusterz"),
    (lambda o: _node(o)["containers"][0].update(imagePullPolice="x"), "imagePullPolice"),
    (lambda o: _node(o)["containers"][0]["volumeMounts"][0].update(name="x"), "no volume of the"),
]


def test_sound_manifests_pass() -> None:
    documents = load_all(SOUND)
    assert problems(documents, VERSION) == []
    web = next(pods for pods in pods_of(documents) if pods.owner == "Deployment/web")
    assert unrestricted(web) == []
    assert careless(web) == []


@pytest.mark.parametrize(("spoil", "message"), FAULTS, ids=[message for _, message in FAULTS])
def test_fault_is_seen(spoil: Callable[[Objects], object], message: str) -> None:
    found = objects()
    spoil(found)
    assert any(message in problem for problem in problems(list(found.values()), VERSION))


def test_duplicate_object_is_seen() -> None:
    documents = load_all(SOUND)
    assert any(
        "ConfigMap/web comes 2 times" in problem
        for problem in problems([*documents, documents[1]], VERSION)
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [("a: y", True), ("a: 2026-01-02", "2026-01-02"), ("a: =", "="), ("a: 0440", 288)],
)
def test_yaml_is_read_as_kubernetes_reads_it(text: str, value: object) -> None:
    assert load_all(text) == [{"a": value}]


def test_a_key_that_comes_twice_is_an_error() -> None:
    with pytest.raises(Exception, match="'a' comes twice"):
        load_all("a: 1\na: 2")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda o: _pod(o).pop("securityContext"),
        lambda o: _pod(o).update(hostNetwork=True),
        lambda o: _pod(o)["volumes"].append({"name": "host", "hostPath": {"path": "/"}}),
        lambda o: _pod(o)["securityContext"].update(runAsUser=0),
        lambda o: _container(o)["securityContext"].pop("allowPrivilegeEscalation"),
        lambda o: _container(o)["securityContext"].update(capabilities={"add": ["SYS_ADMIN"]}),
    ],
)
def test_unrestricted_pod_is_seen(spoil: Callable[[Objects], object]) -> None:
    found = objects()
    spoil(found)
    assert unrestricted(next(pods_of([found["Deployment"]])))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda o: _pod(o).pop("automountServiceAccountToken"),
        lambda o: _pod(o).pop("enableServiceLinks"),
        lambda o: _container(o).update(image="web:latest"),
        lambda o: _container(o)["resources"].pop("requests"),
        lambda o: _container(o)["securityContext"].pop("readOnlyRootFilesystem"),
    ],
)
def test_careless_pod_is_seen(spoil: Callable[[Objects], object]) -> None:
    found = objects()
    spoil(found)
    assert careless(next(pods_of([found["Deployment"]])))


def test_network_policies_are_followed() -> None:
    policies = [objects()["NetworkPolicy"]]
    web, other = End({"app": "web"}), End({"app": "other"})
    assert allows(policies, other, other, 1)  # no policy chooses it
    assert not allows(policies, other, web, 8080)  # not among the peers
    assert not allows(policies, web, web, 8080)  # may be reached, may not go out
    assert not allows(policies, web, End(outside=True), 443)
    assert not allows(policies, End({"app": "web"}, namespace="elsewhere"), web, 8080)
