"""The whole output: charts and Argo CD applications as a tree of texts, and the folder it lives in.

Rendering is pure: the same environment and settings give the same bytes. Writing remembers what it
wrote in a list beside it, so that it can delete what is no longer rendered and touch nothing else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutoraspects.errors import AspectsError
from tutoraspects.gitops import (
    argocd,
    chart,
    charttext,
    environment_values,
    external_secrets,
    jobs,
    leaks,
    manifests,
    yamltext,
)
from tutoraspects.settings.environments import environments

#: Where the output lives below Tutor's environment.
FOLDER = "plugins/aspects/gitops"
#: The names of the files that the export wrote, one on a line, sorted.
LIST = ".aspects-gitops"
_INTRODUCTION = "# Files that the Tutor plugin Aspects wrote here and may delete again.\n"

Tree = dict[str, str]


def render(env_root: Path, settings: Mapping[str, Any]) -> Tree:
    """Path below the output folder -> text, from a rendered environment and its settings.

    Raises AspectsError when the environment has not been rendered, when a secret would be in the
    output, or when a chart refuses the values of an environment.
    """
    documents = manifests.load(env_root)
    deployed = [
        *external_secrets.external_secrets(documents, settings),
        *(d for d in jobs.filled_in(documents, env_root) if d["kind"] != "Secret"),
    ]
    namespace = str(settings["K8S_NAMESPACE"])
    made = chart.charts(deployed, namespace)
    tree: Tree = {}
    for name, one in made.items():
        tree.update({f"charts/{name}/{path}": text for path, text in one.files().items()})
    several = environments(settings)
    if any(environment.values for environment in several):
        schemas = {
            name: (one.values.defaults(), json.loads(tree[f"charts/{name}/values.schema.json"]))
            for name, one in made.items()
        }
        environment_values.check(several, schemas)
    for path, document in argocd.applications(list(made), settings, deployed):
        tree[path] = yamltext.plain(document)
    tree["README.md"] = charttext.overview(tree, namespace)
    leaks.check(tree, settings)
    return dict(sorted(tree.items()))


def save(env_root: Path, settings: Mapping[str, Any]) -> Difference:
    """Write the output below Tutor's environment, where everything of its name is ours."""
    return write(render(env_root, settings), env_root / FOLDER, shared=False)


@dataclass(frozen=True)
class Difference:
    """How a folder differs from a tree, by path below the folder, sorted."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.deleted)

    def summary(self) -> str:
        """One line for each file, with a sign before it, and the counts."""
        signs = (("+", self.added), ("~", self.changed), ("-", self.deleted))
        lines = [f"{sign} {path}" for sign, paths in signs for path in paths]
        counts = (
            f"{len(self.added)} added, {len(self.changed)} changed, {len(self.deleted)} deleted"
        )
        return "\n".join([*lines, counts])


def compare(tree: Mapping[str, str], destination: Path) -> Difference:
    """What `write` would do; touches nothing.

    Raises AspectsError for a symbolic link, or a folder, where a file of ours belongs.
    """
    wanted = {**tree, LIST: _list(tree)}
    _refuse_link(destination, LIST)
    written = _listed(destination)
    for path in sorted({*wanted, *written}):
        _refuse_link(destination, path)
    present = {path: _read(destination / path) for path in wanted}
    return Difference(
        added=tuple(sorted(path for path in wanted if present[path] is None)),
        changed=tuple(
            sorted(
                path for path, text in wanted.items() if present[path] not in (None, text.encode())
            )
        ),
        deleted=tuple(
            sorted(path for path in written - set(wanted) if (destination / path).is_file())
        ),
    )


def write(tree: Mapping[str, str], destination: Path, *, shared: bool = True) -> Difference:
    """Bring a folder up to date with a tree and return what was changed.

    Files that are as they should be are not written again. In a folder `shared` with others, such
    as a Git working tree, a file that an earlier export did not write raises AspectsError when it
    stands in the way, before anything is touched.
    """
    difference = compare(tree, destination)
    written = _listed(destination)
    foreign = [path for path in difference.changed if path not in written and path != LIST]
    if shared and foreign:
        raise AspectsError(
            f"{destination / foreign[0]} is not a file of an earlier export and would be "
            "overwritten: move it away, or export to another folder with --to."
        )
    for path in difference.deleted:
        with _explained(destination / path):
            (destination / path).unlink()
            _remove_empty_folders((destination / path).parent, destination)
    wanted = {**tree, LIST: _list(tree)}
    # The list first: what is written after it can be deleted again, whatever happens meanwhile.
    for path in sorted((*difference.added, *difference.changed), key=lambda path: path != LIST):
        with _explained(destination / path):
            (destination / path).parent.mkdir(parents=True, exist_ok=True)
            (destination / path).write_bytes(wanted[path].encode())
    return difference


def _refuse_link(destination: Path, path: str) -> None:
    """A symbolic link below the destination may lead out of it, into files of others."""
    place = destination
    for part in Path(path).parts:
        place /= part
        if os.path.islink(place):  # noqa: PTH114 - false, not an error, where nobody may look
            raise AspectsError(
                f"{place} is a symbolic link and the export follows none: remove it, or export to "
                "another folder with --to."
            )


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Errors of the file system in one sentence."""
    try:
        yield
    except OSError as error:
        raise AspectsError(
            f"{path} cannot be written ({error.strerror}): make its folder writable, or export to "
            "another folder with --to."
        ) from error


def _list(tree: Mapping[str, str]) -> str:
    return _INTRODUCTION + "".join(f"{path}\n" for path in sorted(tree))


def _listed(destination: Path) -> set[str]:
    """The files of the earlier export that are named in the list. Names that lead out of the
    folder are no names of ours."""
    text = _read(destination / LIST)
    names = (text or b"").decode("utf8", "replace").splitlines()
    return {
        name
        for name in names
        if name and not name.startswith(("#", "/")) and ".." not in Path(name).parts
    }


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AspectsError(
            f"{path} stands in the way of the export ({error.strerror}): move it away."
        ) from error


def _remove_empty_folders(folder: Path, top: Path) -> None:
    while folder != top and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
