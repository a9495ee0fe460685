"""Parts of docs/reference/dashboards.md, from the JSON Schemas of the specifications."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tutoraspects.dashboards.chart_types import BY_TYPE
from tutoraspects.dashboards.charts import Chart
from tutoraspects.dashboards.datasets import Dataset
from tutoraspects.dashboards.model import Dashboard

Schema = dict[str, Any]
# Named in the text, not in a table of their own.
_HIDDEN = {"Chart"}


def dashboard_specification() -> str:
    """Keys of a dashboard and of what stands in it, without charts."""
    schema = Dashboard.model_json_schema(by_alias=True)
    charts = {model.__name__ for model in BY_TYPE.values()} | {
        "Filter",
        "Color",
        "Link",
        "Sort",
        "Side",
    }
    parts = [_table(schema, schema)]
    for name, one in sorted(schema["$defs"].items()):
        if name not in charts:
            parts.append(_section(name, one, schema))
    return "\n".join(parts)


def chart_specification() -> str:
    """Keys that every chart has, and the parts of charts."""
    schema = Chart.model_json_schema(by_alias=True)
    parts = [_table(schema, schema)]
    every = Dashboard.model_json_schema(by_alias=True)
    for name in ("Filter", "Color", "Link", "Sort", "Side"):
        parts.append(_section(name, every["$defs"][name], every))
    return "\n".join(parts)


def chart_types() -> str:
    """Keys of each type beyond those that every chart has."""
    common = set(Chart.model_json_schema(by_alias=True)["properties"])
    lines = []
    for type, model in BY_TYPE.items():
        schema = model.model_json_schema(by_alias=True)
        lines.append(f"### `type: {type}`\n")
        lines.append(f"{_first_line(schema)} In Superset: `{model.VIZ}`.\n")
        lines.append(_table(schema, schema, leave_out=common))
    return "\n".join(lines)


def dataset_specification() -> str:
    """Keys of a dataset, its columns and metrics."""
    schema = Dataset.model_json_schema(by_alias=True)
    parts = [_table(schema, schema)]
    parts += [_section(name, one, schema) for name, one in sorted(schema["$defs"].items())]
    return "\n".join(parts)


def _section(name: str, one: Schema, schema: Schema) -> str:
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
    text = f"### {words.strip().capitalize()}\n\n{_prose(one)}\n\n"
    return text + _table(one, schema)


def _first_line(one: Schema) -> str:
    return str(one.get("description", "")).split("\n")[0]


def _prose(one: Schema) -> str:
    return " ".join(str(one.get("description", "")).split())


def _table(one: Schema, schema: Schema, leave_out: set[str] | None = None) -> str:
    rows = list(_rows(one, schema, leave_out or set()))
    if not rows:
        return ""
    head = "| Key | Value | Default | Meaning |\n|---|---|---|---|\n"
    return head + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _rows(one: Schema, schema: Schema, leave_out: set[str]) -> Iterator[tuple[str, ...]]:
    required = set(one.get("required", []))
    for key, value in one["properties"].items():
        if key in leave_out:
            continue
        default = "needed" if key in required else _default(value.get("default"))
        meaning = str(value.get("description", "")).replace("|", "\\|")
        yield f"`{key}`", _kind(value, schema), default, meaning


def _default(value: Any) -> str:
    if value in (None, [], {}, ()):
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`"


def _kind(value: Schema, schema: Schema) -> str:
    """What may stand there, in a few words."""
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        return "".join(f" {one.lower()}" if one.isupper() else one for one in name).strip()
    if "const" in value:
        return f"`{value['const']}`"
    if "enum" in value:
        return ", ".join(f"`{one}`" for one in value["enum"])
    for branches in ("anyOf", "oneOf"):
        if branches in value:
            kinds = dict.fromkeys(
                _kind(one, schema) for one in value[branches] if one.get("type") != "null"
            )
            return " or ".join(kinds) if len(kinds) <= 4 else "chart"
    if value.get("type") == "array":
        return f"list of: {_kind(value.get('items', {}), schema)}"
    if value.get("type") == "object":
        inner = value.get("additionalProperties")
        return f"name: {_kind(inner, schema)}" if isinstance(inner, dict) else "mapping"
    words = {
        "string": "text",
        "integer": "whole number",
        "number": "number",
        "boolean": "yes or no",
    }
    return words.get(str(value.get("type")), "anything")


PARTS = {
    "dashboard-specification": dashboard_specification,
    "chart-specification": chart_specification,
    "chart-types": chart_types,
    "dataset-specification": dataset_specification,
}
