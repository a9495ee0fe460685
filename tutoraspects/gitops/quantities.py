"""Kubernetes quantities as numbers."""

from __future__ import annotations

import re

_UNITS = {
    "": 1.0,
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
}


def amount(quantity: str) -> float:
    """The number behind `500m` or `16Gi`. Raises ValueError for what is no quantity."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([a-zA-Z]*)", quantity)
    if match is None or match[2] not in _UNITS:
        raise ValueError(f"{quantity!r} is no Kubernetes quantity")
    return float(match[1]) * _UNITS[match[2]]


def cores(quantity: str) -> float:
    """CPU cores."""
    return amount(quantity)


def mebibytes(quantity: str) -> float:
    """Memory in MiB."""
    return amount(quantity) / 2**20
