"""Texts of specifications in other languages.

A catalogue is a YAML file per language, `strings/es.yaml`, of English texts and what they are in
that language. A text without a translation stays English.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import yaml

from tutoraspects.dashboards.base import Part, Translatable
from tutoraspects.dashboards.catalogue import Catalogue
from tutoraspects.dashboards.fast_yaml import Loader
from tutoraspects.errors import AspectsError

Words = Mapping[str, str]
# Texts that no specification holds: the compiler writes them.
HELP_TAB = "Help"
HELP_TITLE = "What the charts show"
OWN = (HELP_TAB, HELP_TITLE)
_Part = TypeVar("_Part", bound=Part)


def texts(catalogue: Catalogue) -> list[str]:
    """All texts that people read, each once, in the order of dashboards and datasets."""
    found: dict[str, None] = dict.fromkeys(OWN)
    for dashboard in catalogue.dashboards.values():
        found.update(dict.fromkeys(_of(dashboard)))
    for dataset in catalogue.datasets.values():
        found.update(dict.fromkeys(_of(dataset)))
    return list(found)


def translated(part: _Part, words: Words) -> _Part:
    """A copy in another language."""
    return _mapped(part, lambda text: words.get(text) or text)


def load(folders: tuple[Path, ...], locale: str) -> dict[str, str]:
    """The catalogue of a language: `pt-br` falls back to `pt`, later folders add to earlier ones.

    Raises AspectsError for a file that is no catalogue.
    """
    found: dict[str, str] = {}
    normal = locale.lower().replace("-", "_")
    for name in dict.fromkeys((normal.partition("_")[0], normal)):
        for folder in folders:
            path = folder / "strings" / f"{name}.yaml"
            if path.exists():
                found.update({text: word for text, word in read(path).items() if word})
    return found


def read(path: Path) -> dict[str, str]:
    """A catalogue. Raises AspectsError when it is none."""
    try:
        data = yaml.load(path.read_text(encoding="utf8"), Loader=Loader) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise AspectsError(f"{path} is no catalogue of strings: {error}") from None
    if not isinstance(data, dict) or not all(
        isinstance(text, str) and isinstance(word, str | None) for text, word in data.items()
    ):
        raise AspectsError(f"{path} is no catalogue of strings: it maps texts to texts.")
    return {text: word or "" for text, word in data.items()}


def merged(wanted: list[str], known: Words) -> tuple[dict[str, str], list[str]]:
    """A catalogue with exactly the wanted texts, and the texts that are no longer used."""
    return (
        {text: known.get(text, "") for text in wanted},
        [text for text in known if text not in set(wanted)],
    )


def write(path: Path, words: Words) -> None:
    """Write a catalogue, in its order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    body = yaml.safe_dump(dict(words), allow_unicode=True, sort_keys=False, width=110)
    path.write_text(body, encoding="utf8")


def _of(part: Part) -> Iterator[str]:
    seen: list[str] = []

    def note(text: str) -> str:
        seen.append(text)
        return text

    _mapped(part, note)
    yield from seen


def _mapped(part: _Part, change: Callable[[str], str]) -> _Part:
    """A copy in which every text that people read is changed."""
    update = {
        name: _value(getattr(part, name), name in _text_fields(type(part)), change)
        for name in type(part).model_fields
    }
    return part.model_copy(update=update)


def _value(value: Any, is_text: bool, change: Callable[[str], str]) -> Any:
    if isinstance(value, Part):
        return _mapped(value, change)
    if isinstance(value, list):
        return [_value(one, is_text, change) for one in value]
    if isinstance(value, dict):
        return {key: _value(one, is_text, change) for key, one in value.items()}
    return change(value) if is_text and isinstance(value, str) else value


@cache
def _text_fields(model: type[Part]) -> frozenset[str]:
    return frozenset(
        name
        for name, field in model.model_fields.items()
        if any(isinstance(mark, Translatable) for mark in field.metadata)
        or _is_text(field.annotation)
    )


def _is_text(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        return any(isinstance(mark, Translatable) for mark in marks) or _is_text(inner)
    if get_origin(annotation) in (Union, UnionType, dict, list):
        return any(_is_text(one) for one in get_args(annotation))
    return False
