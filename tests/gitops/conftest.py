"""The export of the four named configurations, once for all tests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from tests.gitops import helm
from tests.helpers import CONFIGURATION_NAMES, TutorProject, configuration, project
from tests.validation import Document
from tutoraspects.gitops import export, manifests
from tutoraspects.settings import CATALOGUE

# Beside the four named configurations, one that sets everything an export can hold.
EKS = {
    "ASPECTS_GITOPS_REPOSITORY_URL": "https://git.example.org/platform.git",
    "ASPECTS_INGRESS_CLASS": "alb",
    "ASPECTS_INGRESS_CERTIFICATE_ARN": "arn:aws:acm:eu-central-1:111122223333:certificate/abc",
    "ASPECTS_INGRESS_SUBNETS": ["10.0.0.0/20", "10.0.16.0/20"],
    "ASPECTS_PRIORITY_CLASS": "analytics",
    "ASPECTS_SECRETS_ROLE_ARN": "arn:aws:iam::111122223333:role/aspects-secrets",
    "RALPH_ENABLE_PUBLIC_URL": True,
    "RALPH_HOST": "lrs.example.org",
}
NAMES = (*CONFIGURATION_NAMES, "eks")


@dataclass(frozen=True)
class Exported:
    """One configuration: its saved project and what the export made of it."""

    name: str
    project: TutorProject

    @property
    def folder(self) -> Path:
        return self.project.env / export.FOLDER

    @property
    def charts(self) -> dict[str, Path]:
        return {path.name: path for path in sorted((self.folder / "charts").iterdir())}

    @property
    def settings(self) -> dict[str, Any]:
        """What Tutor hands over when it has saved: config.yml holds no defaults."""
        defaults = {name: setting.default for name, setting in CATALOGUE.items()}
        return {**defaults, "K8S_NAMESPACE": "openedx", **self.project.config}

    @cached_property
    def manifests(self) -> list[Document]:
        """What the plugin's rendered manifests hold."""
        return manifests.load(self.project.env)

    @cached_property
    def rendered(self) -> dict[str, list[Document]]:
        """What helm makes of each chart with its default values."""
        return {name: helm.template(path) for name, path in self.charts.items()}

    @property
    def documents(self) -> list[Document]:
        return [document for found in self.rendered.values() for document in found]


def exported(root: Path, name: str, **settings: Any) -> Exported:
    known = configuration("production") | EKS if name == "eks" else configuration(name)
    made = project(root, **known | settings)
    made.save()
    return Exported(name, made)


@pytest.fixture(scope="session")
def all_exports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Exported]:
    return {name: exported(tmp_path_factory.mktemp(name), name) for name in NAMES}


@pytest.fixture(params=NAMES)
def export_of(request: pytest.FixtureRequest, all_exports: dict[str, Exported]) -> Exported:
    """Each of the four named configurations, and one with everything."""
    return all_exports[str(request.param)]


@pytest.fixture
def production(all_exports: dict[str, Exported]) -> Exported:
    return all_exports["production"]
