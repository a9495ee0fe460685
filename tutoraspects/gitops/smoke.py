"""The smoke test of a deployment, made from the pattern that `tutor k8s do` fills in."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from tutoraspects.gitops.waves import SMOKE_TEST

Document = dict[str, Any]

PATTERN = "aspects-job"
# A test that hangs would hold up every later sync.
_DEADLINE_SECONDS = 900


def smoke_test(documents: Sequence[Document]) -> Document | None:
    """A Job that compares every ClickHouse node with the declared schema, or None without pattern.

    It reaches every node, logs in as the administrator and changes nothing, so that it may run
    after each deployment.
    """
    for document in documents:
        if document.get("kind") == "Job" and document["metadata"]["name"] == PATTERN:
            job = copy.deepcopy(document)
            metadata = job["metadata"]
            metadata["name"] = SMOKE_TEST
            metadata["labels"]["app.kubernetes.io/component"] = "smoke-test"
            job["spec"] |= {"backoffLimit": 2, "activeDeadlineSeconds": _DEADLINE_SECONDS}
            (container,) = job["spec"]["template"]["spec"]["containers"]
            container["args"] = ["aspects", "schema", "check"]
            return job
    return None
