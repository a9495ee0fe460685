"""The exported tree as a Git repository: every source of every Application resolves in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.gitops import helm
from tests.gitops.conftest import exported
from tests.validation import Document

REPOSITORY = "https://git.example.org/team/platform.git"
GUIDE = Path(__file__).parents[2] / "docs/how-to/environments.md"
# The example of the guide: what it shows is what is tested.
SEVERAL = yaml.safe_load(GUIDE.read_text("utf8").partition("```yaml\n")[2].partition("```")[0])[
    "ASPECTS_GITOPS_ENVIRONMENTS"
]
GIT = (
    "git",
    "-c",
    "user.name=t",
    "-c",
    "user.email=t@example.org",
    "-c",
    "init.defaultBranch=main",
)


@pytest.fixture(scope="module", params=[{}, SEVERAL], ids=["one", "several"])
def repository(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of the repository that ASPECTS_GITOPS_REPOSITORY_URL names, with the export."""
    settings: dict[str, Any] = {
        "ASPECTS_GITOPS_REPOSITORY_URL": REPOSITORY,
        "ASPECTS_GITOPS_PATH": "clusters/one",
        "ASPECTS_GITOPS_ENVIRONMENTS": request.param,
    }
    made = exported(tmp_path_factory.mktemp("project"), "production", **settings)
    checkout = tmp_path_factory.mktemp("checkout")
    made.project.run("aspects", "gitops", "export", "--to", str(checkout / "clusters/one"))
    for arguments in (
        ["init", "--quiet"],
        ["remote", "add", "origin", REPOSITORY],
        ["add", "--all"],
        ["commit", "--quiet", "--message=Export"],
    ):
        subprocess.run([*GIT, *arguments], cwd=checkout, check=True)
    return checkout


def applications(checkout: Path) -> list[Document]:
    """Every Application, those of an ApplicationSet with its elements filled in."""
    found = []
    for path in sorted((checkout / "clusters/one/argocd").glob("*.yaml")):
        document = yaml.safe_load(path.read_text("utf8"))
        if document["kind"] == "Application":
            found.append(document)
        elif document["kind"] == "ApplicationSet":
            (generator,) = document["spec"]["generators"]
            template = json.dumps(document["spec"]["template"])
            for element in generator["list"]["elements"]:
                text = template
                for name, value in element.items():
                    text = text.replace(f"{{{{.{name}}}}}", value)
                assert "{{" not in text, text
                found.append(json.loads(text))
    return found


def test_argocd_source_lint_passes(repository: Path) -> None:
    lint = Path(sys.executable).with_name("argocd-source-lint")
    done = subprocess.run(
        [str(lint), "--format=json", "."],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_argocd_source_lint_can_fail(repository: Path, tmp_path: Path) -> None:
    lint = Path(sys.executable).with_name("argocd-source-lint")
    copy = tmp_path / "copy"
    subprocess.run([*GIT, "clone", "--quiet", str(repository), str(copy)], check=True)
    subprocess.run([*GIT, "remote", "set-url", "origin", REPOSITORY], cwd=copy, check=True)
    root = copy / "clusters/one/argocd/root.yaml"
    root.write_text(root.read_text("utf8").replace("clusters/one/argocd", "clusters/two"), "utf8")
    subprocess.run([*GIT, "commit", "--quiet", "--all", "--message=x"], cwd=copy, check=True)
    done = subprocess.run([str(lint), "."], cwd=copy, capture_output=True, check=False)
    assert done.returncode != 0


def test_every_source_of_ours_resolves_and_renders(repository: Path) -> None:
    seen = 0
    for application in applications(repository):
        spec = application["spec"]
        for source in spec.get("sources") or [spec["source"]]:
            if source["repoURL"] != REPOSITORY:
                continue
            seen += 1
            folder = repository / source["path"]
            assert folder.is_dir(), source
            if "helm" in source:
                files = [folder / name for name in source["helm"].get("valueFiles", [])]
                options = [f"--values={file.resolve(strict=True)}" for file in files]
                assert helm.template(folder, None, *options)
            else:
                assert list(folder.glob("*.yaml")), source
    assert seen >= 3


def test_values_of_an_environment_arrive(repository: Path) -> None:
    """Each environment reads its own secret, through a store of its own, for its own namespace."""
    found = {}
    for application in applications(repository):
        spec = application["spec"]
        source = spec.get("source") or {}
        if not source.get("path", "").endswith("charts/aspects-clickhouse"):
            continue
        folder = repository / source["path"]
        files = [folder / name for name in source["helm"].get("valueFiles", [])]
        options = [*(f"--values={file}" for file in files)]
        namespace = spec["destination"]["namespace"]
        made = helm.template(folder, None, *options, f"--namespace={namespace}")
        (secret,) = (d for d in made if d["kind"] == "ExternalSecret")
        (store,) = (d for d in made if d["kind"] == "ClusterSecretStore")
        assert secret["spec"]["secretStoreRef"]["name"] == store["metadata"]["name"]
        assert store["spec"]["conditions"] == [{"namespaces": [namespace]}]
        remotes = {entry["remoteRef"]["key"] for entry in secret["spec"]["data"]}
        found[application["metadata"]["name"]] = (remotes, store["metadata"]["name"])
    default = ({"aspects/aspects-secrets"}, "aspects")
    assert found in (
        {"aspects-clickhouse": default},
        {
            "aspects-clickhouse-production": default,
            "aspects-clickhouse-staging": (
                {"campus/staging/aspects-secrets"},
                "aspects-staging",
            ),
        },
    )


def test_waves_of_the_tree_are_ordered(repository: Path) -> None:
    """Operators before what they serve, ClickHouse before what writes to it."""
    waves = {}
    for path in sorted((repository / "clusters/one/argocd").glob("*.yaml")):
        metadata = yaml.safe_load(path.read_text("utf8"))["metadata"]
        wave = (metadata.get("annotations") or {}).get("argocd.argoproj.io/sync-wave", "0")
        waves[path.stem] = int(wave)
    assert waves["external-secrets"] < waves["clickhouse-operator"] < waves["aspects"]
