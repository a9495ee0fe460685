"""dbt's exposures: which dashboards read which models. `UPDATE_GOLDEN=1` writes them anew."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tutoraspects.resources import resource_path

SPECIFICATIONS = Path(__file__).resolve().parent.parent / "tutoraspects/dashboards/specs"
EXPOSURES = Path(resource_path("dbt")) / "models" / "exposures.yml"


def models() -> set[str]:
    return {file.stem for file in EXPOSURES.parent.rglob("*.sql")}


def values(tree: Any, key: str) -> Iterator[str]:
    """Every text that stands under this key, however deep."""
    if isinstance(tree, dict):
        for name, inner in tree.items():
            if name == key and isinstance(inner, str):
                yield inner
            yield from values(inner, key)
    elif isinstance(tree, list):
        for inner in tree:
            yield from values(inner, key)


def read_by(dashboard: Any) -> set[str]:
    """The models behind a dashboard's datasets."""
    return {model for name in set(values(dashboard, "dataset")) for model in behind(name)}


def behind(name: str) -> set[str]:
    """The models that a dataset names, and those of the dataset that it extends."""
    dataset = yaml.safe_load((SPECIFICATIONS / "datasets" / f"{name}.yaml").read_text("utf8"))
    said = " ".join(str(dataset.get(key, "")) for key in ("mart", "sql", "where"))
    found = set(re.findall(r"\w+", said)) & models()
    return found | behind(dataset["extends"]) if "extends" in dataset else found


def expected() -> str:
    lines = ["# Written by tests/test_dbt_exposures.py from the dashboards' specifications."]
    lines += ["", "version: 2", "", "exposures:"]
    for file in sorted((SPECIFICATIONS / "dashboards").glob("*.yaml")):
        dashboard = yaml.safe_load(file.read_text("utf8"))
        exposure = {
            "name": dashboard["dashboard"].replace("-", "_"),
            "label": dashboard["title"],
            "type": "dashboard",
            "description": dashboard["description"],
            "owner": {"name": "Aspects"},
        }
        text = yaml.safe_dump(exposure, sort_keys=False, allow_unicode=True, width=1000)
        first, *rest = text.splitlines()
        lines += ["", f"  - {first}", *(f"    {line}" for line in rest), "    depends_on:"]
        lines += [f"      - ref('{model}')" for model in sorted(read_by(dashboard))]
    return "\n".join(lines) + "\n"


def test_every_dashboard_says_which_models_it_reads() -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        EXPOSURES.write_text(expected(), encoding="utf8")
    assert EXPOSURES.read_text("utf8") == expected()
    assert all(one["depends_on"] for one in yaml.safe_load(expected())["exposures"])
