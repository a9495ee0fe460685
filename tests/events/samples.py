"""Real statements to compare with, and statements of our own that real life asks for.

The real ones are those of event-routing-backends' own tests. They are not part of this
repository: the folder is $ASPECTS_XAPI_SAMPLES, or `../shared/data/xapi` beside the checkout.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
OWN = Path(__file__).with_name("own_statements.json")

Statement = dict[str, Any]


def place() -> Path:
    """Where the real statements are, if they are there."""
    named = os.environ.get("ASPECTS_XAPI_SAMPLES")
    return Path(named) if named else REPOSITORY.parent / "shared/data/xapi"


def folder() -> Path:
    """The folder of real statements.

    Where there is none the test is skipped, loudly; it fails in CI, and when the folder was named.
    """
    path = place()
    if not path.is_dir():
        missing = f"no sample statements in {path}: set ASPECTS_XAPI_SAMPLES to their folder"
        if "ASPECTS_XAPI_SAMPLES" in os.environ or os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return path


def real() -> Iterator[tuple[str, Statement]]:
    """(file name, statement) of every real statement."""
    for path in sorted(folder().glob("*.json")):
        content = json.loads(path.read_text(encoding="utf8"))
        for statement in content if isinstance(content, list) else [content]:
            yield path.name, statement


def own() -> list[Statement]:
    """Statements written for this project: identifier kinds, odd courses, odd text."""
    return list(json.loads(OWN.read_text(encoding="utf8")))
