"""What a Superset process is told from outside: settings in one file, secrets apart from them.

ASPECTS_SUPERSET_CONFIG    folder with settings.json and what other plugins add (patches)
ASPECTS_SUPERSET_SECRETS   folder with one file for each secret; an environment variable of the
                           same name comes first
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tutoraspects.errors import AspectsError

FOLDER = "/etc/aspects-superset"
SECRETS = "/run/secrets/superset"


def folder() -> Path:
    return Path(os.environ.get("ASPECTS_SUPERSET_CONFIG", FOLDER))


def settings() -> dict[str, Any]:
    """settings.json. Raises AspectsError when it is missing or no JSON."""
    path = folder() / "settings.json"
    try:
        loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf8"))
    except (OSError, ValueError) as error:
        raise AspectsError(
            f"{path} cannot be read ({error}): it is rendered by `tutor config save` and mounted "
            "into every container of Superset."
        ) from error
    return loaded


def secret(name: str, default: str | None = None) -> str:
    """A secret by its name. Raises AspectsError when it is nowhere and has no default."""
    if name in os.environ:
        return os.environ[name]
    path = Path(os.environ.get("ASPECTS_SUPERSET_SECRETS", SECRETS)) / name
    if path.is_file():
        return path.read_text(encoding="utf8").rstrip("\n")
    if default is None:
        raise AspectsError(
            f"The secret {name} is neither in the environment nor in {path.parent}: it comes from "
            "`tutor config save`, by the Secret aspects-secrets or the file compose/superset.env."
        )
    return default


def patch(name: str, namespace: dict[str, Any]) -> None:
    """Run what other plugins add at one of the patch points, in a namespace of names."""
    path = folder() / name
    if path.is_file():
        exec(compile(path.read_text(encoding="utf8"), str(path), "exec"), namespace)
