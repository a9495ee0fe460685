"""What an operator may change in a chart: values with default, schema and comment."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tutoraspects.errors import AspectsError
from tutoraspects.gitops import yamltext
from tutoraspects.gitops.components import Component
from tutoraspects.settings import CATALOGUE

_WIDTH = 96


@dataclass(frozen=True)
class Value:
    """One value of a chart. `path` as in `ralph.image.tag`, `schema` in JSON Schema draft-07."""

    path: str
    default: Any
    schema: Mapping[str, Any]
    comment: str


@dataclass
class Values:
    """The values of one chart in the order in which they were lifted.

    `headings` are the comments of the maps between, by path, and `rules` what such a map must hold
    as a whole. `needs` are pairs of switches, of which the first is not on without the second.
    """

    values: dict[str, Value] = field(default_factory=dict)
    headings: dict[str, str] = field(default_factory=dict)
    rules: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    needs: set[tuple[str, str]] = field(default_factory=set)

    def add(self, value: Value) -> str:
        """Take a value, once, however many objects it is lifted from; returns its expression.

        Raises AspectsError when two objects disagree about its default: the manifests would no
        longer follow from one value.
        """
        known = self.values.setdefault(value.path, value)
        if known.default != value.default:
            raise AspectsError(
                f"The manifests hold two defaults for the chart's value {value.path}, "
                f"{known.default!r} and {value.default!r}: report it as a bug of this plugin."
            )
        return expression(value.path)

    def heading(self, path: str, comment: str) -> None:
        self.headings.setdefault(path, comment)

    def defaults(self) -> dict[str, Any]:
        """values.yaml as data."""
        return _nested({path: value.default for path, value in self.values.items()})


def expression(path: str) -> str:
    """How a template refers to a value."""
    return f".Values.{path}"


def commented(component: Component, field_name: str, general: str) -> str:
    """The comment of a component's field: in general, and by the setting behind its default."""
    name = component.settings.get(field_name)
    if name is None or name not in CATALOGUE:
        return general
    return f"{general} The default follows from {name}: {CATALOGUE[name].meaning}"


def values_yaml(chart: str, values: Values) -> str:
    """values.yaml with every comment."""
    introduction = (
        f"Values of the chart {chart}, made from the settings of the Tutor plugin Aspects. A "
        "change here lasts until the next `tutor config save`: keep yours in a values file of "
        "your own, or change the setting behind a value."
    )
    lines = [*_comment(introduction, 0), ""]
    tree = _nested(values.values)
    for key, inner in tree.items():
        lines += [*_yaml({key: inner}, "", 0, values), ""]
    return "\n".join(lines)


def _yaml(tree: Mapping[str, Any], parent: str, indent: int, values: Values) -> Iterator[str]:
    for key, inner in tree.items():
        path = f"{parent}.{key}" if parent else key
        if isinstance(inner, Value):
            yield from _comment(inner.comment, indent)
            yield from yamltext.plain({key: inner.default}, indent).splitlines()
        else:
            if path in values.headings:
                yield from _comment(values.headings[path], indent)
            yield f"{' ' * indent}{key}:"
            yield from _yaml(inner, path, indent + 2, values)


def _comment(text: str, indent: int) -> Iterator[str]:
    pad = " " * indent + "# "
    yield from textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=pad,
        subsequent_indent=pad,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path, value in flat.items():
        *parents, last = path.split(".")
        inner = tree
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[last] = value
    return tree
