"""JSON Schemas of the specifications: for editors, for programs, for the reference."""

from __future__ import annotations

from typing import Any

from tutoraspects.dashboards.base import Part
from tutoraspects.dashboards.datasets import Dataset
from tutoraspects.dashboards.model import Dashboard

MODELS: dict[str, type[Part]] = {"dashboard": Dashboard, "dataset": Dataset}


def schema(kind: str) -> dict[str, Any]:
    """The schema of `dashboard` or `dataset`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **MODELS[kind].model_json_schema(by_alias=True),
    }
