"""How a field of a chart's specification and a parameter of Superset's chart translate.

One declaration serves both directions, so that what is compiled can be read back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Params = dict[str, Any]


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Binding:
    """Field `field` is parameter `param`; `out` and `back` translate the value."""

    field: str
    param: str
    out: Callable[[Any], Any] = _same
    back: Callable[[Any], Any] = _same

    def write(self, value: Any, params: Params) -> None:
        params[self.param] = self.out(value)

    def read(self, params: Mapping[str, Any]) -> Any:
        return self.back(params.get(self.param))


def one_of(field: str, param: str, words: Mapping[Any, Any]) -> Binding:
    """A field whose values Superset calls differently."""
    back = {there: here for here, there in words.items()}
    return Binding(field, param, lambda value: words[value], lambda value: back.get(value, value))


def listed(field: str, param: str) -> Binding:
    """A tuple here, a list there."""
    return Binding(field, param, list, lambda value: list(value or ()))


def switch(field: str, param: str) -> Binding:
    """A boolean; absent is false."""
    return Binding(field, param, bool, bool)


def text(field: str, param: str) -> Binding:
    """A text that may be absent here and is empty there."""
    return Binding(field, param, lambda value: value or "", lambda value: value or None)
