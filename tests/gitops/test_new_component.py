"""A component that this plugin does not know yet needs its manifests, and no line of code.

Its file stands among the rendered manifests, listed in kustomization.yml, as a later component's
will.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.gitops import helm
from tests.gitops.comparison import JOBS, comparable, differences, stem
from tests.gitops.conftest import Exported
from tests.gitops.test_values import leaves
from tests.validation import Document, problems
from tutoraspects.errors import AspectsError
from tutoraspects.gitops import export, manifests, preflight, secret_needs
from tutoraspects.settings.setting import as_boolean

FILE = "plugins/aspects/k8s/cockpit.yml"
SCRIPT = "jobs/init/cockpit.sh"
LABELS = "labels: {app.kubernetes.io/name: cockpit}"
MANIFEST = f"""\
apiVersion: v1
kind: ServiceAccount
metadata: {{name: cockpit, {LABELS}}}
automountServiceAccountToken: false
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: cockpit-config, {LABELS}}}
data:
  COCKPIT_MODE: "quiet {{{{ really }}}}"
---
apiVersion: v1
kind: Secret
metadata: {{name: cockpit-keys, {LABELS}}}
type: Opaque
stringData: {{signing-key: "not for Git"}}
---
apiVersion: v1
kind: Service
metadata: {{name: cockpit, {LABELS}}}
spec:
  selector: {{app.kubernetes.io/name: cockpit}}
  ports: [{{name: http, port: 8088, targetPort: http}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: cockpit, {LABELS}}}
spec:
  selector: {{matchLabels: {{app.kubernetes.io/name: cockpit}}}}
  template:
    metadata: {{{LABELS}}}
    spec:
      serviceAccountName: cockpit
      automountServiceAccountToken: false
      enableServiceLinks: false
      containers:
        - name: web
          image: registry.example.org/cockpit:1.2
          envFrom: [{{configMapRef: {{name: cockpit-config}}}}]
          env:
            - name: COCKPIT_KEY
              valueFrom: {{secretKeyRef: {{name: cockpit-keys, key: signing-key}}}}
          ports: [{{name: http, containerPort: 8088}}]
          resources: {{requests: {{cpu: 100m, memory: 64Mi}}, limits: {{memory: 64Mi}}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: cockpit, {LABELS}}}
spec:
  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: cockpit}}
  minReplicas: 2
  maxReplicas: 4
  metrics:
    - type: Resource
      resource: {{name: cpu, target: {{type: Utilization, averageUtilization: 70}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: cockpit, {LABELS}}}
spec:
  ingressClassName: alb
  rules:
    - host: cockpit.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {{service: {{name: cockpit, port: {{name: http}}}}}}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: cockpit-job
  labels: {{app.kubernetes.io/name: cockpit, app.kubernetes.io/component: job}}
  annotations:
    aspects.openedx.org/task: cockpit-init
    aspects.openedx.org/script: {SCRIPT}
    argocd.argoproj.io/hook: Sync
    argocd.argoproj.io/sync-wave: "15"
    argocd.argoproj.io/hook-delete-policy: BeforeHookCreation
spec:
  template:
    # Not those of the Service.
    metadata: {{labels: {{app.kubernetes.io/name: cockpit-job}}}}
    spec:
      restartPolicy: Never
      containers: [{{name: web, image: "registry.example.org/cockpit:1.2"}}]
"""


@pytest.fixture
def planted(all_exports: dict[str, Exported], tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """An environment with the component, and the settings that it was rendered with."""
    made = all_exports["eks"]
    env = tmp_path / "env"
    shutil.copytree(made.project.env, env)
    (env / FILE).write_text(MANIFEST, encoding="utf8")
    (env / manifests.OURS / SCRIPT).write_text("cockpit init\n", encoding="utf8")
    kustomization = yaml.safe_load((env / "kustomization.yml").read_text("utf8"))
    kustomization["resources"].append(FILE)
    (env / "kustomization.yml").write_text(yaml.safe_dump(kustomization), encoding="utf8")
    return env, made.settings


def _charts(env: Path, settings: dict[str, Any], folder: Path) -> Path:
    export.write(export.render(env, settings), folder)
    return folder / "charts"


def test_it_is_in_the_chart_as_it_is_in_the_manifests(
    planted: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    env, settings = planted
    charts = _charts(env, settings, tmp_path / "out")
    found = [d for path in charts.iterdir() for d in helm.template(path)]
    ours = {"ClusterSecretStore", "ExternalSecret", "Secret"}

    def plain(documents: list[Document]) -> list[Document]:
        return [d for d in comparable(documents) if d["kind"] not in ours]

    patterns = {**JOBS, "cockpit-init": "cockpit-job"}
    assert differences(plain(manifests.load(env)), plain(found), patterns) == []
    assert {d["kind"] for d in found if d["metadata"]["name"] == "cockpit"} == {
        *("ServiceAccount", "Service", "Deployment", "HorizontalPodAutoscaler", "Ingress"),
    }
    # The Secrets are made by the External Secrets operator, the platform's stores by Tutor.
    elsewhere = ("Secret/", "'values': ['mysql']", "'values': ['redis']")
    faults = problems(found, "1.33")
    assert [fault for fault in faults if not any(name in fault for name in elsewhere)] == []
    (secret,) = (d for d in found if d["metadata"]["name"] == "cockpit-keys")
    assert secret["kind"] == "ExternalSecret"
    assert [entry["secretKey"] for entry in secret["spec"]["data"]] == ["signing-key"]
    text = "".join(p.read_text("utf8") for p in charts.rglob("*") if p.is_file())
    assert "not for Git" not in text


def test_it_has_values_waves_and_a_switch(
    planted: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    charts = _charts(*planted, tmp_path / "out")
    chart = charts / "aspects"
    paths = {".".join(leaf.path[1:]) for leaf in leaves(chart) if leaf.component == "cockpit"}
    assert paths >= {
        *("enabled", "image.tag", "resources", "extraEnv", "ingress.host", "tolerations"),
        *("autoscaling.maxReplicas", "serviceAccount.annotations", "priorityClassName"),
        "jobs.image.tag",
    }
    deployed = helm.template(chart, {"cockpit": {"enabled": False}})
    assert not [d for d in deployed if d["metadata"]["name"].startswith("cockpit")]
    # What its ConfigMap sets, a value may not override.
    with pytest.raises(helm.Refused, match="at '/cockpit/extraEnv"):
        helm.template(chart, {"cockpit": {"extraEnv": [{"name": "COCKPIT_MODE", "value": "x"}]}})
    (deployment,) = (
        d
        for d in helm.template(chart)
        if (d["kind"], d["metadata"]["name"]) == ("Deployment", "cockpit")
    )
    assert deployment["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"] == "20"
    assert "checksum/configmaps" in deployment["spec"]["template"]["metadata"]["annotations"]
    application = yaml.safe_load((charts.parent / "argocd" / "aspects.yaml").read_text("utf8"))
    ignored = {entry["name"] for entry in application["spec"]["ignoreDifferences"]}
    assert ignored == {"cockpit", "ralph", "superset", "superset-worker"}


def test_its_init_task_is_a_hook(planted: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    env, settings = planted
    charts = _charts(env, settings, tmp_path / "out")
    (job,) = (d for d in helm.template(charts / "aspects") if stem(d) == "cockpit-init")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["sh", "-e", "-c", "cockpit init\n"]
    annotations = job["metadata"]["annotations"]
    assert annotations["argocd.argoproj.io/hook"] == "Sync"
    assert annotations["argocd.argoproj.io/sync-wave"] == "15"
    (env / manifests.OURS / SCRIPT).unlink()
    with pytest.raises(AspectsError, match=r"cockpit\.sh is missing"):
        export.render(env, settings)
    text = (env / FILE).read_text("utf8")
    (env / FILE).write_text(text.replace("aspects.openedx.org/script", "other"), "utf8")
    with pytest.raises(AspectsError, match=r"Job/cockpit-job has the annotation .*/task and not"):
        export.render(env, settings)


def test_its_needs_are_asked_for(planted: tuple[Path, dict[str, Any]]) -> None:
    env, settings = planted
    assert as_boolean(settings["ASPECTS_GITOPS_OPERATORS"])
    documents = [d for d in manifests.load(env) if d["metadata"]["name"] != "cockpit-keys"]

    def nothing(*_arguments: str) -> None:
        return None

    (secret,) = secret_needs.secrets(documents, settings, nothing)
    assert secret.need == "Secret cockpit-keys with signing-key"
    size = preflight.Size(0, 0, 0, 0, 0, 0)
    answers: dict[tuple[str, ...], Any] = {
        ("version",): {"serverVersion": {"major": "1", "minor": "33"}}
    }
    asked: list[tuple[str, ...]] = []

    def ask(*arguments: str) -> Any:
        asked.append(arguments)
        return answers.get(arguments)

    preflight.findings(documents, settings, size, ask)
    assert ("get", "ingressclass", "alb") in asked
