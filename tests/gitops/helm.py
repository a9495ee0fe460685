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


def run(*arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    if not HELM.exists():
        pytest.fail(f"{HELM} is missing: run `make lab`")
    done = subprocess.run(
        [str(HELM), *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, f"helm {arguments}:\n{done.stdout}{done.stderr}"
    return done


def template(
    chart: Path, values: dict[str, Any] | None = None, *more: str, version: str = "1.33.0"
) -> list[Document]:
    """The objects of a chart, read as strictly as Kubernetes does. Raises Refused."""
    arguments = ["template", "aspects", str(chart), "--namespace", "openedx", *more]
    if values:
        path = chart.parent / f".{chart.name}-values.yaml"
        path.write_text(yaml.safe_dump(values), encoding="utf8")
        arguments += ["--values", str(path)]
    done = run(*arguments, "--kube-version", version, check=False)
    if done.returncode != 0:
        raise Refused(done.stderr)
    return load_all(done.stdout)
