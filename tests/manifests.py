"""Rendered Kubernetes manifests: a Tutor project, built by the true kustomize."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import TutorProject, configuration, project
from tests.validation import Document, load_all
from tests.validation.pods import Pods, pods_of
from tutoraspects.topology import Plan, plan

LAB = Path(__file__).parent.parent / ".lab"
KUBECTL = LAB / "bin" / "kubectl"


@dataclass(frozen=True)
class Rendered:
    """One configuration: the project, what kustomize makes of it, and the plan behind it."""

    name: str
    project: TutorProject
    documents: list[Document]
    plan: Plan

    def get(self, kind: str, name: str) -> Document:
        for document in self.documents:
            if (document["kind"], document["metadata"]["name"]) == (kind, name):
                return document
        raise AssertionError(f"{self.name} has no {kind} {name}")

    def has(self, kind: str, name: str) -> bool:
        return any(
            (document["kind"], document["metadata"]["name"]) == (kind, name)
            for document in self.documents
        )

    @property
    def pods(self) -> list[Pods]:
        return list(pods_of(self.documents))

    @property
    def own_pods(self) -> list[Pods]:
        """The pods of this plugin: Tutor's own are Tutor's affair."""
        others = {"caddy", "lms", "cms", "lms-worker", "cms-worker", "lms-job", "cms-job"}
        others |= {"meilisearch", "mongodb", "mysql", "mysql-job", "redis", "smtp"}
        return [pods for pods in self.pods if pods.owner.partition("/")[2] not in others]


def kustomize(env: Path) -> str:
    if not KUBECTL.exists():
        pytest.fail(f"{KUBECTL} is missing: run `make lab`")
    done = subprocess.run(
        [str(KUBECTL), "kustomize", str(env)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def render(root: Path, name: str, **settings: Any) -> Rendered:
    made = project(root, **configuration(name) | settings)
    made.save()
    values = {**made.config, **settings}
    return Rendered(name, made, load_all(kustomize(made.env)), plan(values))
