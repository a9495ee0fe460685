"""What a mart is to the comparison: a name, a key, and a function that gives its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.marts.reference.world import World

Row = dict[str, Any]


@dataclass(frozen=True)
class Mart:
    """`key` are the columns that name a row in a report; rows are compared whole, as a bag.

    `query` reads a mart that holds states; others are read whole.
    """

    name: str
    key: tuple[str, ...]
    rows: Callable[[World], Iterable[Row]]
    query: str = ""
