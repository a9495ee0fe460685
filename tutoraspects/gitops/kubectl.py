"""Asks a cluster through kubectl, as whoever runs Tutor."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

from tutoraspects.errors import AspectsError

# Arguments of kubectl -> its JSON, or None for an object or kind that the cluster does not have.
Ask = Callable[..., Any]

_TIMEOUT_SECONDS = 60
_ABSENT = ("(NotFound)", "the server doesn't have a resource type")


class Kubectl:
    """Read-only questions to one cluster."""

    def __init__(self, context: str = "") -> None:
        self._context = [f"--context={context}"] if context else []

    def __call__(self, *arguments: str) -> Any:
        """The JSON that `kubectl ARGUMENTS --output=json` prints, None when there is no such thing.

        Raises AspectsError when kubectl is missing, the cluster is silent or refuses to say.
        """
        command = ["kubectl", *self._context, *arguments, "--output=json"]
        shown = f"`{' '.join(command[:-1])}`"
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_SECONDS
            )
        except FileNotFoundError as error:
            raise AspectsError(
                "kubectl is not installed: see https://kubernetes.io/docs/tasks/tools/."
            ) from error
        except subprocess.TimeoutExpired as error:
            raise AspectsError(
                f"The cluster did not answer {shown} within {_TIMEOUT_SECONDS} seconds: look at "
                "`kubectl cluster-info`."
            ) from error
        if done.returncode != 0:
            if any(absent in done.stderr for absent in _ABSENT):
                return None
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise AspectsError(
                f"The cluster cannot be asked with {shown} ({reason}): look at "
                "`kubectl config current-context` and your permissions."
            )
        try:
            return json.loads(done.stdout)
        except ValueError as error:
            raise AspectsError(
                f"kubectl answered {shown} with something else than JSON."
            ) from error
