"""The way in on EKS, and who deploys: what the settings of both change in the manifests."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.manifests import Rendered, render
from tests.validation import problems
from tests.validation.network import End, allows
from tutoraspects.gitops import manifests

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1-2"
ACL = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/lrs/3-4"
PUBLIC = {"RALPH_ENABLE_PUBLIC_URL": True, "RALPH_HOST": "lrs.example.org"}
ALB = {
    **PUBLIC,
    "ASPECTS_INGRESS_CLASS": "alb",
    "ASPECTS_INGRESS_SUBNETS": ["10.1.0.0/20", "10.1.16.0/20"],
    "ASPECTS_INGRESS_CERTIFICATE_ARN": CERTIFICATE,
    "ASPECTS_INGRESS_WAF_ACL_ARN": ACL,
    "ASPECTS_INGRESS_GROUP": "analytics",
    "ASPECTS_PRIORITY_CLASS": "data",
}
ANNOTATION = "alb.ingress.kubernetes.io/"


@pytest.fixture(scope="module")
def alb(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    return render(tmp_path_factory.mktemp("alb"), "production", **ALB)


def annotations(rendered: Rendered) -> dict[str, Any]:
    found = rendered.get("Ingress", "ralph")["metadata"]["annotations"]
    return {
        name.removeprefix(ANNOTATION): value
        for name, value in found.items()
        if name.startswith(ANNOTATION)
    }


@pytest.mark.parametrize("version", ["1.30", "1.33"])
def test_the_manifests_are_sound(alb: Rendered, version: str) -> None:
    assert problems(alb.documents, version) == []


def test_the_ingress_leads_to_ralph(alb: Rendered) -> None:
    spec = alb.get("Ingress", "ralph")["spec"]
    assert spec["ingressClassName"] == "alb"
    (rule,) = spec["rules"]
    assert rule["host"] == "lrs.example.org"
    assert rule["http"]["paths"][0]["backend"]["service"]["name"] == "ralph"


def test_the_load_balancer_is_as_the_settings_say(alb: Rendered) -> None:
    found = annotations(alb)
    assert found["scheme"] == "internet-facing"
    assert found["group.name"] == "analytics"
    assert found["certificate-arn"] == CERTIFICATE
    assert found["wafv2-acl-arn"] == ACL
    assert found["target-type"] == "ip"
    assert found["ssl-redirect"] == "443"
    # Annotations are texts; a number would be refused by the API server.
    assert all(isinstance(value, str) for value in found.values())


def test_the_health_check_is_a_path_that_ralph_probes_too(alb: Rendered) -> None:
    (container,) = alb.get("Deployment", "ralph")["spec"]["template"]["spec"]["containers"]
    assert annotations(alb)["healthcheck-path"] == container["livenessProbe"]["httpGet"]["path"]


def test_an_idle_connection_is_closed_by_the_load_balancer_first(alb: Rendered) -> None:
    (container,) = alb.get("Deployment", "ralph")["spec"]["template"]["spec"]["containers"]
    (kept,) = (a for a in container["command"] if a.startswith("--timeout-keep-alive="))
    attributes = dict(a.split("=") for a in annotations(alb)["load-balancer-attributes"].split(","))
    assert int(attributes["idle_timeout.timeout_seconds"]) < int(kept.partition("=")[2])


def test_without_a_certificate_and_https_it_listens_on_port_80_only(tmp_path: Path) -> None:
    plain = {**ALB, "ENABLE_HTTPS": False, "ASPECTS_INGRESS_CERTIFICATE_ARN": ""}
    found = annotations(render(tmp_path, "production", **plain))
    assert found["listen-ports"] == '[{"HTTP": 80}]'
    assert not {"ssl-redirect", "certificate-arn"} & set(found)


def test_caddy_leaves_it_to_the_load_balancer(alb: Rendered, tmp_path: Path) -> None:
    def caddyfile(rendered: Rendered) -> str:
        return (rendered.project.env / "apps/caddy/Caddyfile").read_text("utf8")

    caddy = render(tmp_path, "production", **PUBLIC)
    assert "lrs.example.org" in caddyfile(caddy) and "lrs.example.org" not in caddyfile(alb)
    assert not caddy.has("Ingress", "ralph")


def test_the_policies_let_in_the_load_balancer_and_not_caddy(alb: Rendered) -> None:
    policy = alb.get("NetworkPolicy", "ralph")
    blocks = [
        peer["ipBlock"]["cidr"]
        for rule in policy["spec"]["ingress"]
        for peer in rule["from"]
        if "ipBlock" in peer
    ]
    assert blocks == ALB["ASPECTS_INGRESS_SUBNETS"]
    policies = [document for document in alb.documents if document["kind"] == "NetworkPolicy"]
    ralph = alb.get("Deployment", "ralph")["spec"]["template"]["metadata"]["labels"]
    caddy = End({**ralph, "app.kubernetes.io/name": "caddy"})
    assert not allows(policies, caddy, End(ralph), 8100)
    assert allows(policies, End({**ralph, "app.kubernetes.io/name": "lms"}), End(ralph), 8100)


def test_the_priority_class_is_that_of_every_pod(alb: Rendered) -> None:
    """Of the jobs as well: a sync waits for the schema, and a migration must not be evicted."""
    classes = {pods.owner: pods.spec.get("priorityClassName") for pods in alb.own_pods}
    assert {owner.partition("/")[0] for owner in classes} >= {"Deployment", "Job"}
    assert set(classes.values()) == {"data"}


def test_argocd_leaves_to_tutor_what_is_tutors(tmp_path: Path) -> None:
    """With ASPECTS_K8S_MANAGED_BY=argocd `tutor k8s start` must not touch what Argo CD deploys."""
    by_argocd = render(tmp_path / "a", "production", **ALB, ASPECTS_K8S_MANAGED_BY="argocd")
    # What the export describes, whatever components there will be.
    ours = {manifests.component_name(d) for d in manifests.load(by_argocd.project.env)}
    assert ours >= {"ralph", "clickhouse", "clickhouse-keeper", "aspects", "aspects-job"}

    def name(document: dict[str, Any]) -> str:
        return str(document["metadata"]["name"])

    def found(rendered: Rendered) -> set[tuple[str, str]]:
        return {
            (document["kind"], re.sub(r"(-env|-config)-[a-z0-9]{10}$", "", name(document)))
            for document in rendered.documents
            if document["metadata"].get("labels", {}).get("app.kubernetes.io/name") in ours
        }

    # The patterns of `tutor k8s do`, and the configuration that they name.
    assert found(by_argocd) == {
        ("ConfigMap", "aspects-job"),
        ("Job", "aspects-job"),
        ("ConfigMap", "superset"),
        ("Job", "superset-job"),
    }
    by_tutor = render(tmp_path / "b", "production", **ALB)
    assert len(found(by_tutor)) > 15
    rest = {d["kind"] + d["metadata"]["name"] for d in by_argocd.documents}
    assert "Deploymentlms" in rest and "Deploymentmysql" in rest
