"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable


def grid(heading: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; the columns after the first are aligned to the right."""
    heading = list(heading)
    lines = [heading, ["---", *["---:"] * (len(heading) - 1)], *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
