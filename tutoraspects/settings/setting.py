"""What a setting is, and how its value is read."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["default", "unique", "override"]

Type = Literal[
    "boolean",
    "integer",
    "auto integer",
    "auto number",
    "port",
    "text",
    "identifier",
    "user",
    "name",
    "host",
    "image",
    "secret",
    "quantity",
    "choice",
    "list",
    "map",
    "environment",
    "url",
    "path",
    "arn",
    "label",
    "cidrs",
]

AUTO = "auto"
GIB = 1024**3
_QUANTITY_UNITS = {
    "": 1,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "P": 10**15,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
    "Pi": 2**50,
}
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)(k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?")


@dataclass(frozen=True)
class Setting:
    """One name that an operator may put into config.yml.

    `default` may be a Jinja string. Tutor renders settings once and in order, so it may only
    mention settings that stand above it in the catalogue, or Tutor's own.
    `meaning` is one sentence for an operator.
    `kept` marks a name that tutor-contrib-aspects had, with the same meaning.
    `read` is false for a name that is accepted, so that an upgraded config.yml passes, and that
    nothing in this version reads.
    `minimum` and `maximum` bound numbers, both inclusive.
    """

    name: str
    default: object
    type: Type
    meaning: str
    kept: bool = False
    kind: Kind = "default"
    read: bool = True
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class Group:
    """Settings that belong together, under one heading of the reference."""

    title: str
    introduction: str
    settings: tuple[Setting, ...]


def is_auto(value: object) -> bool:
    """Whether a derived setting is left to the formula: `auto`, empty or null."""
    return value is None or value in ("", AUTO)


def as_integer(value: object) -> int | None:
    """The integer that a rendered setting holds, or None when it holds none.

    Tutor renders every Jinja string to text, so `"3"` counts as 3. A boolean is no number.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]+", value.strip()):
        return int(value)
    return None


def as_number(value: object) -> float | None:
    """The finite number that a rendered setting holds, or None when it holds none."""
    integer = as_integer(value)
    if integer is not None:
        return float(integer)
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return value if isinstance(value, float) and math.isfinite(value) else None


def as_boolean(value: object) -> bool | None:
    """The boolean that a rendered setting holds, or None; "True" is what Jinja makes of true."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def quantity_bytes(value: object) -> float | None:
    """A Kubernetes storage quantity such as `10Gi` in bytes; None when it is none."""
    match = _QUANTITY.fullmatch(str(value).strip()) if value is not None else None
    if match is None:
        return None
    return float(match.group(1)) * _QUANTITY_UNITS[match.group(2) or ""]


def quantity_gib(value: object) -> int | None:
    """The same, rounded up to GiB; None for nothing too."""
    size = quantity_bytes(value)
    return math.ceil(size / GIB) if size else None
