"""The command that installs each thing a cluster may lack, see docs/how-to/preflight.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tutoraspects.gitops import operators

_ARGOCD = (
    "kubectl create namespace {ASPECTS_ARGOCD_NAMESPACE}; kubectl apply --server-side "
    "--namespace {ASPECTS_ARGOCD_NAMESPACE} --filename "
    "https://raw.githubusercontent.com/argoproj/argo-cd/v3.5.1/manifests/install.yaml"
)
_METRICS_SERVER = "aws eks create-addon --addon-name metrics-server --cluster-name CLUSTER"
# Chart and controller 3.4.2 of 2026-07-13, https://github.com/aws/eks-charts/pull/1347
_LOAD_BALANCER = (
    "helm upgrade --install aws-load-balancer-controller aws-load-balancer-controller "
    "--repo https://aws.github.io/eks-charts --version 3.4.2 --namespace kube-system "
    "--set clusterName=CLUSTER"
)
STORAGE_CLASS = """kubectl apply --filename - <<'YAML'
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {{name: {name}}}
provisioner: ebs.csi.aws.com
parameters: {{type: gp3, encrypted: "true"}}
allowVolumeExpansion: true
volumeBindingMode: WaitForFirstConsumer
YAML"""


def helm(operator: operators.Operator, settings: Mapping[str, Any], *options: str) -> str:
    """The command that installs an operator by hand, at the version that Argo CD would."""
    return " ".join(
        (
            f"helm upgrade --install {operator.chart} {operator.chart}",
            f"--repo {operator.repository} --version {operator.version}",
            f"--namespace {settings[operator.namespace_setting]} --create-namespace",
            *options,
        )
    )


def of_group(group: str, settings: Mapping[str, Any]) -> str:
    """The command that brings the custom resources of an API group."""
    # A password goes through standard input: what is in an argument everybody on the machine sees.
    if group.endswith(".altinity.com"):
        namespace = settings["K8S_NAMESPACE"]
        watched = (
            f"--set '{part}.env[0].name=WATCH_NAMESPACES' --set '{part}.env[0].value={namespace}'"
            for part in ("operator", "metrics")
        )
        password = '--values - <<END\nsecret: {password: "$(openssl rand -hex 24)"}\nEND'
        return helm(operators.CLICKHOUSE, settings, *watched, password)
    if group.endswith("external-secrets.io"):
        return helm(operators.EXTERNAL_SECRETS, settings)
    if group == "argoproj.io":
        return _ARGOCD.format(**settings)
    return f"kubectl explain --api-version={group}/v1 help"


def metrics_server() -> str:
    """The metrics server as an EKS add-on."""
    return _METRICS_SERVER


def ingress_class() -> str:
    """The AWS Load Balancer Controller."""
    return _LOAD_BALANCER
