"""The real helm on charts of the export."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.validation import Document, load_all

HELM = Path(__file__).parents[2] / ".lab" / "bin" / "helm"


class Refused(Exception):
    """What helm said when it did not render."""


def run(
    *arguments: str | Path, check: bool = True, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    if not HELM.exists():
        pytest.fail(f"{HELM} is missing: run `make lab`")
    done = subprocess.run(
        [str(HELM), *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not check or done.returncode == 0, f"helm {arguments}:\n{done.stdout}{done.stderr}"
    return done


def template(
    chart: Path, values: dict[str, Any] | None = None, *more: str, version: str = "1.33.0"
) -> list[Document]:
    """The objects of a chart, read as strictly as Kubernetes does. Raises Refused."""
    done = run(
        *("template", "aspects", chart, "--namespace", "openedx", "--kube-version", version),
        *("--values", "-", *more),
        check=False,
        stdin=yaml.safe_dump(values or {}),
    )
    if done.returncode != 0:
        raise Refused(done.stderr)
    return load_all(done.stdout)
