"""The output as a folder: the same bytes every time, and nobody else's file touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gitops.conftest import Exported, exported
from tests.helpers import sentences
from tutoraspects.errors import AspectsError
from tutoraspects.gitops import export

TREE = {"README.md": "read\n", "charts/a/Chart.yaml": "name: a\n", "charts/b/x/y.txt": "y"}


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf8")
        for path in folder.rglob("*")
        if path.is_file() and path.name != export.LIST
    }


def test_what_is_no_longer_rendered_is_deleted(tmp_path: Path) -> None:
    assert export.write(TREE, tmp_path).added == (export.LIST, *sorted(TREE))
    assert files(tmp_path) == TREE
    smaller = {"README.md": "read again\n", "charts/a/Chart.yaml": "name: a\n", "new": ""}
    difference = export.write(smaller, tmp_path)
    assert difference.summary().splitlines() == [
        "+ new",
        "~ .aspects-gitops",
        "~ README.md",
        "- charts/b/x/y.txt",
        "1 added, 2 changed, 1 deleted",
    ]
    assert files(tmp_path) == smaller
    assert not (tmp_path / "charts" / "b").exists(), "an empty folder is left"
    assert not export.compare(smaller, tmp_path)
    assert export.write(smaller, tmp_path).summary() == "0 added, 0 changed, 0 deleted"


def test_a_file_that_is_right_is_not_written_again(tmp_path: Path) -> None:
    export.write(TREE, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    export.write(TREE, tmp_path)
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_files_of_others_are_not_touched(tmp_path: Path) -> None:
    own = {".git/config": "git", "charts/b/mine.txt": "mine", "values/production.yaml": "a: 1\n"}
    for path, text in own.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    export.write(TREE, tmp_path)
    export.write({}, tmp_path)
    assert files(tmp_path) == own


def test_a_file_of_others_in_the_way_is_refused_and_nothing_written(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine\n")
    with pytest.raises(AspectsError, match=r"README\.md is not a file of an earlier export"):
        export.write(TREE, tmp_path)
    assert files(tmp_path) == {"README.md": "mine\n"}
    # Below Tutor's environment there are no others.
    export.write(TREE, tmp_path, shared=False)
    assert files(tmp_path) == TREE


def test_a_folder_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "README.md").mkdir()
    with pytest.raises(AspectsError, match=r"README\.md stands in the way"):
        export.write(TREE, tmp_path)


@pytest.mark.parametrize(
    ("name", "target"),
    [("charts", "out"), ("charts/a", "out"), ("README.md", "elsewhere"), (export.LIST, "list")],
)
def test_a_symbolic_link_below_the_folder_is_refused(
    tmp_path: Path, name: str, target: str
) -> None:
    (tmp_path / "out").mkdir()
    link = tmp_path / "export" / name
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / target)
    with pytest.raises(AspectsError, match=rf"{name} is a symbolic link"):
        export.write(TREE, tmp_path / "export")
    assert files(tmp_path) == {} and not (tmp_path / target).is_file()


def test_a_symbolic_link_is_not_followed_to_delete(tmp_path: Path) -> None:
    export.write(TREE, tmp_path / "export")
    (tmp_path / "export" / "charts" / "b").rename(tmp_path / "moved")
    (tmp_path / "export" / "charts" / "b").symlink_to(tmp_path / "moved")
    with pytest.raises(AspectsError, match="charts/b is a symbolic link"):
        export.write({}, tmp_path / "export")
    assert files(tmp_path / "moved") == {"x/y.txt": "y"}


def test_the_destination_itself_may_be_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    export.write(TREE, tmp_path / "link")
    assert files(tmp_path / "real") == TREE


def test_a_destination_that_cannot_be_written_is_a_sentence() -> None:
    with pytest.raises(AspectsError, match=r"^/proc/nope/\S+ cannot be written \(No such file"):
        export.write(TREE, Path("/proc/nope"))


def test_a_file_that_cannot_be_deleted_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export.write(TREE, tmp_path)

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(AspectsError, match=r"README\.md cannot be written \(Permission denied\)"):
        export.write({}, tmp_path)


@pytest.mark.parametrize("name", ["../victim", "/{root}/victim", "a/../../victim"])
def test_a_list_cannot_delete_outside_of_the_folder(tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("here")
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / export.LIST).write_text(name.replace("/{root}", str(tmp_path)) + "\n")
    export.write(TREE, folder)
    assert victim.exists()


def test_a_comparison_touches_nothing(tmp_path: Path) -> None:
    assert export.compare(TREE, tmp_path / "absent").added
    assert not (tmp_path / "absent").exists()


def test_two_saves_give_the_same_bytes(tmp_path: Path) -> None:
    found = exported(
        tmp_path,
        "production",
        ASPECTS_GITOPS_REPOSITORY_URL="https://git.example.org/platform.git",
    )
    before = found.project.snapshot(f"env/{export.FOLDER}")
    assert {path.split("/")[0] for path in before} == {
        *(export.LIST, "README.md", "argocd", "charts")
    }
    times = {p: p.stat().st_mtime_ns for p in found.folder.rglob("*") if p.is_file()}
    found.project.save()
    assert found.project.snapshot(f"env/{export.FOLDER}") == before
    assert times == {path: path.stat().st_mtime_ns for path in times}, "written although the same"


def test_whoever_applies_the_manifests_the_charts_are_the_same(
    tmp_path: Path, production: Exported
) -> None:
    """Argo CD does: Tutor's kustomization leaves them out, and the export does not."""
    other = exported(tmp_path, "production", ASPECTS_K8S_MANAGED_BY="argocd")
    assert [*files(other.folder)] and files(other.folder) == files(production.folder)


def test_the_command_exports_checks_and_deletes(tmp_path: Path) -> None:
    found = exported(tmp_path / "root", "production")
    target = tmp_path / "repository" / "analytics"
    command = ("aspects", "gitops", "export", "--to", str(target))
    refused = found.project.run(*command, "--check", check=False)
    assert refused.returncode == 1 and not target.exists()
    assert "is not what this configuration renders: run `tutor aspects gitops" in sentences(refused)
    first = found.project.run(*command)
    assert "+ charts/aspects/Chart.yaml" in first.stdout
    ours = found.project.snapshot(f"env/{export.FOLDER}")
    assert {
        p.relative_to(target).as_posix(): p.read_bytes() for p in target.rglob("*") if p.is_file()
    } == ours
    assert found.project.run(*command, "--check").stdout == "0 added, 0 changed, 0 deleted\n"

    off = ("RUN_RALPH=false", "RUN_VECTOR=true", "ASPECTS_XAPI_SOURCE=vector")
    found.project.save(*(argument for setting in off for argument in ("--set", setting)))
    stale = found.project.run(*command, "--check", check=False)
    assert stale.returncode == 1
    assert "- charts/aspects/templates/ralph/deployment-ralph.yaml" in stale.stdout
    found.project.run(*command)
    assert not (target / "charts" / "aspects" / "templates" / "ralph").exists()
    found.project.run(*command, "--check")


def test_settings_that_were_not_saved_are_not_exported(tmp_path: Path) -> None:
    found = exported(tmp_path / "root", "production")
    found.project.write({**found.project.config, "ASPECTS_SECRETS_PREFIX": "elsewhere"})
    target = tmp_path / "target"
    refused = found.project.run("aspects", "gitops", "export", "--to", str(target), check=False)
    assert refused.returncode == 1 and not target.exists()
    assert "was rendered from other settings than those of now" in sentences(refused)


def test_a_secret_in_the_output_stops_the_save(tmp_path: Path) -> None:
    """It names the file and the key, and leaves the output as it was."""
    found = exported(tmp_path / "root", "production")
    before = found.project.snapshot(f"env/{export.FOLDER}")
    secret = found.project.config["CLICKHOUSE_ADMIN_PASSWORD"]
    refused = found.project.save("--set", f"ASPECTS_PRIORITY_CLASS={secret}", check=False)
    assert refused.returncode == 1
    said = sentences(refused)
    assert secret not in said.replace(f"ASPECTS_PRIORITY_CLASS={secret}", "")
    assert "CLICKHOUSE_ADMIN_PASSWORD" in said and "priorityClassName" in said
    assert found.project.snapshot(f"env/{export.FOLDER}") == before


def test_without_an_environment_there_is_a_sentence(tmp_path: Path, production: Exported) -> None:
    with pytest.raises(AspectsError, match=r"kustomization\.yml is missing.*tutor config save"):
        export.render(tmp_path, production.project.config)
    (tmp_path / "kustomization.yml").write_text("kind: Kustomization\n")
    with pytest.raises(AspectsError, match="lists no manifest of Aspects"):
        export.render(tmp_path, production.project.config)
