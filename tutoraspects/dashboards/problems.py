"""What is wrong with a specification: file, place, a sentence, and the nearest right word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from tutoraspects.dashboards.fast_yaml import Loader


@dataclass(frozen=True)
class Problem:
    """Something wrong at a place of a file."""

    file: str
    path: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.path + ': ' if self.path else ''}{self.message}"


class Wrong(Exception):
    """A file that is no specification at all."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Source:
    """A YAML file: its data, and the line of every place in it."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        try:
            self.node = yaml.compose(text, Loader=Loader)
            self.data: Any = yaml.load(text, Loader=_Strict)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            message = f"this is not YAML: {error.problem}"
            raise Wrong(Problem(file, "", message, mark.line + 1 if mark else None)) from None
        except yaml.YAMLError as error:
            raise Wrong(Problem(file, "", f"this is not YAML: {error}")) from None
        if not isinstance(self.data, dict):
            raise Wrong(Problem(file, "", "a specification is a mapping of keys to values"))

    def problem(self, path: Sequence[str | int], message: str) -> Problem:
        """A problem at `path`, with its line."""
        return Problem(self.file, spelled(path), message, self._line(path))

    def problems(self, error: ValidationError, model: type[BaseModel]) -> Iterator[Problem]:
        """Pydantic's errors as sentences."""
        items = error.errors(include_url=False)
        unknown = [item["loc"] for item in items if item["type"] == "extra_forbidden"]
        told: set[str] = set()
        for item in items:
            # A key that is written wrongly is also missing; once is enough.
            if item["type"] == "missing" and _is_mistyped(item["loc"], unknown):
                continue
            path = self._actual(item["loc"], missing=item["type"] == "missing")
            sentence = _sentence(item, self._at(path), model)
            if item["type"] in _KINDS:
                kinds = [
                    _KINDS[other["type"]]
                    for other in items
                    if other["type"] in _KINDS and self._actual(other["loc"], missing=False) == path
                ]
                # Something that may be of several kinds is of none: pydantic tells each.
                if spelled(path) in told:
                    continue
                told.add(spelled(path))
                sentence = _of_no_kind(kinds, self._at(path))
            yield self.problem(path, sentence)

    def _actual(self, loc: Sequence[str | int], missing: bool) -> list[str | int]:
        """The place in the file: pydantic also names the branches of unions that it took."""
        found: list[str | int] = []
        here = self.data
        for index, step in enumerate(loc):
            last = index == len(loc) - 1
            in_list = isinstance(here, list) and isinstance(step, int) and step < len(here)
            if in_list or (isinstance(here, dict) and step in here):
                found.append(step)
                here = here[step]
            elif last and missing:
                found.append(step)
        return found

    def _at(self, path: Sequence[str | int]) -> Any:
        here = self.data
        for step in path:
            try:
                here = here[step]
            except (KeyError, IndexError, TypeError):
                return None
        return here

    def _line(self, path: Sequence[str | int]) -> int | None:
        here = self.node
        line = here.start_mark.line + 1 if here else None
        for step in path:
            following = None
            if isinstance(here, yaml.MappingNode):
                for key, value in here.value:
                    if key.value == str(step):
                        line, following = key.start_mark.line + 1, value
            elif isinstance(here, yaml.SequenceNode) and isinstance(step, int):
                following = here.value[step] if step < len(here.value) else None
                line = following.start_mark.line + 1 if following else line
            if following is None:
                return line
            here = following
        return line


class _Strict(Loader):
    """Refuses a key that stands twice; Python's YAML would take the last one silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key.value}' stands twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _is_mistyped(missing: Sequence[str | int], unknown: Sequence[Sequence[str | int]]) -> bool:
    beside = [str(loc[-1]) for loc in unknown if loc[:-1] == missing[:-1]]
    return bool(difflib.get_close_matches(str(missing[-1]), beside, n=1, cutoff=0.6))


def spelled(path: Sequence[str | int]) -> str:
    """tabs[0].rows[1][0].metrics"""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def steps_of(path: str) -> list[str | int]:
    """The inverse of `spelled`."""
    return [int(step) if step.isdigit() else step for step in re.findall(r"[a-z_]+|\d+", path)]


def nearest(wrong: str, known: Iterable[str]) -> str:
    """`; did you mean 'x' or 'y'?`, or a list of what there is, or nothing."""
    names = sorted(set(known))
    close = difflib.get_close_matches(wrong, names, n=2, cutoff=0.6)
    if close:
        return "; did you mean " + " or ".join(f"'{name}'" for name in close) + "?"
    if not names:
        return ""
    some = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"; there is {some}"


_KINDS = {
    "string_type": "a text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def _sentence(item: Any, value: Any, model: type[BaseModel]) -> str:
    kind, context = item["type"], item.get("ctx") or {}
    last = item["loc"][-1] if item["loc"] else ""
    if kind == "extra_forbidden":
        return f"unknown key '{last}'{nearest(str(last), _keys(item['loc'], model))}"
    if kind == "missing":
        return f"the key '{last}' is missing"
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        words = [word.strip("'") for word in context["expected"].replace(" or ", ", ").split(", ")]
        return f"{_shown(value)} is not one of {', '.join(words)}{_close(value, words)}"
    if kind == "union_tag_invalid":
        words = [word.strip(" '") for word in context["expected_tags"].split(",")]
        return f"there is no type '{context['tag']}'{nearest(str(context['tag']), words)}"
    if kind == "union_tag_not_found":
        return "the key 'type' is missing"
    if kind == "string_pattern_mismatch":
        return f"{_shown(value)} does not look like {context['pattern']}"
    return f"{_shown(value)}: {item['msg'][0].lower()}{item['msg'][1:]}"


def _of_no_kind(kinds: Sequence[str], value: Any) -> str:
    return f"this must be {' or '.join(dict.fromkeys(kinds))}, not {_shown(value)}"


def _close(value: Any, words: list[str]) -> str:
    close = difflib.get_close_matches(str(value), words, n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else ""


def _shown(value: Any) -> str:
    text = str(value)
    return f"'{text}'" if len(text) <= 60 else f"'{text[:57]}…'"


def _keys(loc: Sequence[str | int], model: type[BaseModel]) -> set[str]:
    """Keys that the model at this place knows, as far as its schema tells."""
    schema = model.model_json_schema()
    here: Any = schema
    for step in loc[:-1]:
        here = _step(here, step, schema)
    return set(_resolved(here, schema).get("properties", {}))


def _resolved(here: Any, schema: Any) -> Any:
    while isinstance(here, dict) and "$ref" in here:
        here = schema["$defs"][here["$ref"].rpartition("/")[2]]
    return here if isinstance(here, dict) else {}


def _step(here: Any, step: str | int, schema: Any) -> Any:
    here = _resolved(here, schema)
    if isinstance(step, int):
        return here.get("items", {})
    if step in here.get("properties", {}):
        return here["properties"][step]
    branches = [_resolved(one, schema) for one in here.get("oneOf", []) + here.get("anyOf", [])]
    for branch in branches:
        told = branch.get("properties", {}).get("type", {})
        if told.get("const") == step or step in branch.get("properties", {}):
            return branch.get("properties", {}).get(step, branch) if "const" not in told else branch
    if step == "a chart":
        return next((one for one in branches if "oneOf" in one), here)
    for branch in branches:
        if f"a {branch.get('title', '').lower()}" == step:
            return branch
    extra = here.get("additionalProperties")
    return extra if isinstance(extra, dict) else here
