"""YAML text from objects, with Helm expressions where values go.

Texts are written so that every YAML reader takes them for texts, long ones as literal blocks, and
the braces that Helm looks for are written as an expression that yields them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# A bare word that no YAML version reads as anything but text.
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*")
_RESERVED = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"}
# What no reader takes as it is: carriage returns, other control characters, marks, half characters.
_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]"
)


@dataclass(frozen=True)
class Expression:
    """A Helm expression in place of a scalar. `quoted` writes its result as text."""

    code: str
    quoted: bool = False

    def __str__(self) -> str:
        return f"{{{{ {self.code} | quote }}}}" if self.quoted else f"{{{{ {self.code} }}}}"


@dataclass(frozen=True)
class Block:
    """YAML that a Helm expression yields, below a key. `optional`: no key when it is empty."""

    code: str
    optional: bool = True


@dataclass(frozen=True)
class WhenSet:
    """A key that is only there when a value is set, and then holds the value as text."""

    code: str


@dataclass(frozen=True)
class Extended:
    """A list or map of our own, followed by what Helm expressions yield.

    Expressions in `always` yield something every time, those in `optional` may be empty.
    """

    own: Any
    always: Sequence[str] = field(default_factory=tuple)
    optional: Sequence[str] = field(default_factory=tuple)


def template(value: Any, indent: int = 0) -> str:
    """A Helm template that yields the value. Ends in a line break."""
    return "\n".join(_lines(value, indent, escape=True)) + "\n"


def plain(value: Any, indent: int = 0) -> str:
    """Plain YAML in block style, not for Helm's template engine. Ends in a line break."""
    return "\n".join(_lines(value, indent, escape=False)) + "\n"


def _lines(value: Any, indent: int, escape: bool) -> Iterator[str]:
    """The lines of a block, each with its indentation."""
    pad = " " * indent
    if isinstance(value, Extended):
        if value.own:
            yield from _lines(value.own, indent, escape)
        for code in value.always:
            yield f"{pad}{{{{- {code} | nindent {indent} }}}}"
        for code in value.optional:
            yield f"{pad}{{{{- with {code} }}}}"
            yield f"{pad}{{{{- toYaml . | nindent {indent} }}}}"
            yield f"{pad}{{{{- end }}}}"
    elif isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _entry(f"{pad}{scalar(str(key), escape)}:", inner, indent + 2, escape)
    elif isinstance(value, list) and value:
        for item in value:
            first, *rest = _item(item, indent, escape)
            yield f"{pad}- {first.lstrip(' ')}"
            yield from rest
    else:
        yield f"{pad}{scalar(value, escape)}"


def _item(item: Any, indent: int, escape: bool) -> Iterator[str]:
    if isinstance(item, str) and _fits_literal(item):
        yield from _literal("", item, indent + 2, escape)
    else:
        yield from _lines(item, indent + 2, escape)


def _entry(key: str, value: Any, indent: int, escape: bool) -> Iterator[str]:
    pad = key[: len(key) - len(key.lstrip(" "))]
    if isinstance(value, Block):
        if value.optional:
            yield f"{pad}{{{{- with {value.code} }}}}"
            yield key
            yield f"{pad}  {{{{- toYaml . | nindent {indent} }}}}"
            yield f"{pad}{{{{- end }}}}"
        else:
            yield key
            yield f"{pad}  {{{{- {value.code} | nindent {indent} }}}}"
    elif isinstance(value, WhenSet):
        yield f"{pad}{{{{- with {value.code} }}}}"
        yield f"{key} {{{{ . | quote }}}}"
        yield f"{pad}{{{{- end }}}}"
    elif isinstance(value, Extended) or (isinstance(value, (Mapping, list)) and value):
        yield key
        yield from _lines(value, indent, escape)
    elif isinstance(value, str) and _fits_literal(value):
        yield from _literal(f"{key} ", value, indent, escape)
    else:
        yield f"{key} {scalar(value, escape)}"


def _fits_literal(text: str) -> bool:
    """Whether a text of several lines reads the same from a literal block."""
    return (
        "\n" in text.rstrip("\n")
        and text[0] not in " \n\t"
        and not text.endswith("\n\n")  # Helm's `{{-` would eat the empty lines
        and not _UNPRINTABLE.search(text)
    )


def _literal(prefix: str, text: str, indent: int, escape: bool) -> Iterator[str]:
    yield prefix + ("|" if text.endswith("\n") else "|-")
    for line in text.removesuffix("\n").split("\n"):
        yield (" " * indent + (_braces(line) if escape else line)) if line else ""


def scalar(value: Any, escape: bool = False) -> str:
    """A scalar, an empty list or an empty map, on one line."""
    if isinstance(value, Expression):
        return str(value)
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and value.lower() not in _RESERVED:
            return value
        text = json.dumps(value, ensure_ascii=False)
        text = _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
        return _braces(text) if escape else text
    if isinstance(value, float):
        text = json.dumps(value)
        # Without the dot PyYAML takes 1e-05 for text.
        return text if "." in text else text.replace("e", ".0e")
    if value is None or isinstance(value, (bool, int)) or value in ([], {}):
        return json.dumps(value)
    raise TypeError(f"{value!r} is no YAML scalar")


def _braces(text: str) -> str:
    """Braces that Helm must leave alone. Closing ones mean nothing without opening ones."""
    return text.replace("{{", '{{ "{{" }}')
