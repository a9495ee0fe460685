"""Jobs that run once for each version of the system, from the patterns of the manifests.

`tutor k8s do` fills in a pattern when it runs an init task; a chart holds the filled-in Job. A
pattern may name its task itself, with the annotations TASK and SCRIPT; those of Argo CD that it has
(hook, wave) are then the Job's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from tutoraspects.errors import AspectsError
from tutoraspects.gitops import manifests, smoke
from tutoraspects.gitops.manifests import Document

TASK = "aspects.openedx.org/task"
SCRIPT = "aspects.openedx.org/script"
COMPONENT = "job"  # what Tutor's label app.kubernetes.io/component says of a pattern


@dataclass(frozen=True)
class Task:
    """A Job: its name, the pattern that it is made from, its script below plugins/aspects/, and the
    Deployment without which there is nothing for it to do."""

    name: str
    pattern: str
    script: str
    needs: str = ""


TASKS = (
    Task("aspects-schema", "aspects-job", "jobs/init/aspects.sh"),
    Task("aspects-dashboards", "aspects-job", "jobs/init/dashboards.sh", needs="superset"),
)


def filled_in(documents: list[Document], env_root: Path) -> list[Document]:
    """The documents with Jobs in the place of the patterns, and the smoke test."""
    smoke_test = smoke.smoke_test(documents)
    deployed = {d["metadata"]["name"] for d in documents if d["kind"] == "Deployment"}
    return [
        *(made for document in documents for made in _replacements(document, env_root, deployed)),
        *([smoke_test] if smoke_test else []),
    ]


def is_pattern(document: Document) -> bool:
    labels = document["metadata"].get("labels") or {}
    return document["kind"] == "Job" and labels.get(manifests.COMPONENT_LABEL) == COMPONENT


def _replacements(
    document: Document, env_root: Path, deployed: Collection[str]
) -> Iterator[Document]:
    if not is_pattern(document):
        yield document
        return
    for task in _tasks(document):
        if task.needs and task.needs not in deployed:
            continue
        path = env_root / manifests.OURS / task.script
        try:
            script = path.read_text(encoding="utf8")
        except FileNotFoundError as error:
            raise AspectsError(f"{path} is missing: run `tutor config save`.") from error
        job = manifests.clone(document)
        job["metadata"]["name"] = task.name
        # As Tutor does it for `tutor k8s do init`.
        job["spec"]["template"]["spec"]["containers"][0]["args"] = ["sh", "-e", "-c", script]
        yield job


def _tasks(pattern: Document) -> Iterator[Task]:
    """What a pattern is filled in with; nothing when only `tutor k8s do` uses it."""
    name = pattern["metadata"]["name"]
    yield from (task for task in TASKS if task.pattern == name)
    annotations = pattern["metadata"].get("annotations") or {}
    if TASK in annotations:
        if SCRIPT not in annotations:
            raise AspectsError(
                f"{manifests.title(pattern)} has the annotation {TASK} and not {SCRIPT}: add the "
                "path of its script below plugins/aspects."
            )
        yield Task(annotations[TASK], name, annotations[SCRIPT])
