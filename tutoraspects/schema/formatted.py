"""SQL as the server itself would write it, cut into pieces that can be compared."""

from __future__ import annotations

from collections.abc import Iterable

from tutoraspects.schema.client import Client
from tutoraspects.schema.ddl import PROBE


class Formatter:
    """Has the server write SQL its own way, so that two spellings of one thing are equal."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, str] = {}

    def learn(self, texts: Iterable[str]) -> None:
        """Ask for many at once; a text that is not SQL stands for itself."""
        unknown = sorted({text for text in texts if text and text not in self._known})
        if not unknown:
            return
        rows = self._client.rows(
            "SELECT ifNull(formatQuerySingleLineOrNull(text), text) "
            "FROM (SELECT arrayJoin(%(texts)s) AS text) SETTINGS max_query_size = 100000000",
            {"texts": unknown},
        )
        self._known.update(zip(unknown, (row[0] for row in rows), strict=True))

    def query(self, text: str) -> str:
        if text not in self._known:
            self.learn([text])
        return self._known.get(text, text)

    def expression(self, text: str) -> str:
        return self.query(f"SELECT {text}").removeprefix("SELECT ") if text else ""

    def clauses(self, definition: str) -> dict[str, str]:
        """`engine` and each keyword after it -> its value."""
        return split_clauses(self.query(PROBE + definition).removeprefix(PROBE))


_KEYWORDS = ("PARTITION BY", "PRIMARY KEY", "ORDER BY", "SAMPLE BY", "TTL", "SETTINGS")


def split_clauses(text: str) -> dict[str, str]:
    """Cut `<engine> ORDER BY … TTL …` at its keywords, not at those in brackets or quotes."""
    starts: list[tuple[int, str]] = [(0, "")]
    depth, position = 0, 0
    while position < len(text):
        character = text[position]
        if character in "'`\"":
            position = _end_of_quote(text, position)
            continue
        depth += (character in "([") - (character in ")]")
        if depth == 0 and text[position - 1 : position] == " ":
            for keyword in _KEYWORDS:
                if text.startswith(keyword + " ", position):
                    starts.append((position, keyword))
        position += 1
    ends = [start for start, _ in starts[1:]] + [len(text)]
    return {
        keyword or "engine": text[start + len(keyword) : end].strip()
        for (start, keyword), end in zip(starts, ends, strict=True)
    }


def _end_of_quote(text: str, position: int) -> int:
    quote = text[position]
    position += 1
    while position < len(text) and text[position] != quote:
        position += 2 if text[position] == "\\" else 1
    return position + 1


def top_level_split(text: str) -> list[str]:
    """Split at commas outside brackets and quotes."""
    parts, depth, start, position = [], 0, 0, 0
    while position < len(text):
        character = text[position]
        if character in "'`\"":
            position = _end_of_quote(text, position)
            continue
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append(text[start:position].strip())
            start = position + 1
        position += 1
    return [*parts, text[start:].strip()] if text.strip() else []
