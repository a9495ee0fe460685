"""checkov's checks of Kubernetes objects: no failure without a written reason in checkov.yml."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.gitops.comparison import stem
from tests.gitops.conftest import Exported
from tests.validation.schemas import embedded_documents

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
REASONS: dict[str, dict[str, str]] = yaml.safe_load(
    Path(__file__).with_name("checkov.yml").read_text(encoding="utf8")
)


@pytest.fixture(scope="session")
def checkov() -> Path:
    """The command, in an environment of its own."""
    subprocess.run(["bash", ROOT / "tests" / "lab" / "install.sh", "checkov"], check=True)
    return ROOT / ".lab" / "checkov" / "bin" / "checkov"


def failures(checkov: Path, folder: Path, documents: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """(check, `Kind/name`) of what fails; the operator's pod templates count as Pods."""
    objects = []
    for document in documents:
        metadata = {**document["metadata"], "namespace": "openedx", "name": stem(document)}
        objects.append({**document, "metadata": metadata})
        for _, inner in embedded_documents(document):
            name = f"{document['kind'].lower()}-{inner['metadata']['name']}"
            metadata = {**inner["metadata"], "namespace": "openedx", "name": name}
            objects.append({**inner, "metadata": metadata})
    (folder / "all.yaml").write_text(yaml.safe_dump_all(objects), encoding="utf8")
    done = subprocess.run(
        [
            *(checkov, "--directory", folder, "--framework", "kubernetes", "--output", "json"),
            *("--quiet", "--compact", "--skip-download"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    assert report["summary"]["passed"] > 100 and not report["summary"]["parsing_errors"]
    return {
        (check["check_id"], "{0}/{2}".format(*check["resource"].split(".", 2)))
        for check in report["results"]["failed_checks"]
    }


def test_every_failure_has_a_reason(
    checkov: Path, all_exports: dict[str, Exported], tmp_path: Path
) -> None:
    found: set[tuple[str, str]] = set()
    for name, exported in all_exports.items():
        (tmp_path / name).mkdir()
        found |= failures(checkov, tmp_path / name, exported.documents)
    unexplained = [
        f"{target} fails {check}"
        for check, target in sorted(found)
        if check not in REASONS or not re.fullmatch(REASONS[check]["objects"], target)
    ]
    assert unexplained == []
    assert set(REASONS) == {check for check, _ in found}, "a reason is no longer needed"
    assert all(len(entry["reason"]) > 40 for entry in REASONS.values())


def test_checkov_sees_a_careless_pod(checkov: Path, production: Exported, tmp_path: Path) -> None:
    documents = json.loads(json.dumps(production.documents))
    ralph = next(d for d in documents if d["kind"] == "Deployment")
    container = ralph["spec"]["template"]["spec"]["containers"][0]
    container["securityContext"] = {"privileged": True}
    del container["livenessProbe"]
    found = failures(checkov, tmp_path, documents)
    assert {("CKV_K8S_16", "Deployment/ralph"), ("CKV_K8S_8", "Deployment/ralph")} <= found
