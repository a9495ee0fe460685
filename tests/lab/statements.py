"""What the gateway does to a ClickHouse statement: read just enough of it, and rewrite it.

The laboratory's nodes have no distributed DDL queue and cannot replicate data. So the clause
ON CLUSTER is taken out here and the statement runs on every node, Replicated…MergeTree becomes
…MergeTree, and writes to tables that are one replica set over all nodes are repeated on each node.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# A statement that carries ON CLUSTER begins with one of these.
DDL_VERBS = frozenset(
    """ALTER ATTACH BACKUP CREATE DELETE DETACH DROP EXCHANGE GRANT KILL OPTIMIZE RENAME REPLACE
    RESTORE REVOKE SYSTEM TRUNCATE UNDROP UPDATE""".split()  # noqa: SIM905
)

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*|\#![^\n]*|/\*.*?(?:\*/|\Z))
  | (?P<string>'(?:[^'\\]|\\.|'')*'?)
  | (?P<quoted>`(?:[^`\\]|\\.|``)*`?|"(?:[^"\\]|\\.|"")*"?)
  | (?P<macro>\{[^{}]*\})
  | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<number>[0-9][A-Za-z0-9_.]*)
  | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f"}


@dataclass(frozen=True)
class Token:
    """A piece of a statement; `start` and `end` are offsets into its text."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The keyword this token would be, in capitals; '' for strings and quoted names."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def value(self) -> str:
        """The name or text the token stands for, without quotes and escapes."""
        if self.kind not in ("string", "quoted"):
            return self.text
        quote = self.text[0]
        inner = self.text[1:-1].replace(quote * 2, quote)
        return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), inner, flags=re.S)


@dataclass(frozen=True)
class Replication:
    """The first two arguments of a Replicated engine, as written (macros not replaced)."""

    path: str
    replica: str

    @property
    def over_all_nodes(self) -> bool:
        """One replica set over all nodes of the cluster: its path names no shard but `all`."""
        return "/all/" in self.path


@dataclass(frozen=True)
class Table:
    """A table name; `database` is '' where the statement leaves it to the session."""

    database: str
    name: str


def tokens(text: str) -> Iterator[Token]:
    """Tokens of a statement without spaces and comments."""
    for match in _TOKEN.finditer(text):
        if match.lastgroup != "space":
            yield Token(str(match.lastgroup), match[0], match.start(), match.end())


class Statement:
    """One statement as the gateway sees it."""

    def __init__(self, text: str) -> None:
        self.original = text
        self.is_insert = False
        self._tokens = self._read(text)
        self.verb = self._tokens[0].word if self._tokens else ""
        self.cluster: str | None = None
        self.replication: Replication | None = None
        # Without ON CLUSTER and replication; without ON CLUSTER only.
        self.text = self.text_replicated = text
        if self.verb in DDL_VERBS:
            self._rewrite()

    def _read(self, text: str) -> list[Token]:
        """All tokens of DDL; of an INSERT what comes before its rows; of others the first few."""
        found: list[Token] = []
        depth = 0
        for token in tokens(text):
            before = found[-1].text if found else ""
            found.append(token)
            if found[0].word != "INSERT":
                if found[0].word not in DDL_VERBS and len(found) > 8:
                    break
                continue
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if token.word in ("SELECT", "WITH") and (depth == 0 or before == "("):
                break
            if token.word in ("VALUES", "FORMAT") and depth == 0:
                break
        self.is_insert = bool(found) and found[0].word == "INSERT"
        return found

    def _rewrite(self) -> None:
        clauses: list[tuple[int, int]] = []
        engines: list[tuple[int, int]] = []
        items = self._tokens
        for index, token in enumerate(items):
            if token.word in ("SELECT", "WITH"):
                break  # the query of a view: nothing of ours beyond
            following = items[index + 1 : index + 3]
            if (
                token.word == "ON"
                and len(following) == 2
                and following[0].word == "CLUSTER"
                and following[1].kind in ("word", "quoted", "string", "macro")
            ):
                last = _end_of_name(items, index + 2)
                self.cluster = self.original[following[1].start : last.end].strip("'\"`")
                clauses.append((token.start, last.end))
            if self._is_replicated_engine(token, items[:index]):
                engines.extend(self._replicated_cut(index))
        self.text = _without(self.original, clauses + engines)
        self.text_replicated = _without(self.original, clauses)

    def _is_replicated_engine(self, token: Token, before: list[Token]) -> bool:
        if not (token.word.startswith("REPLICATED") and token.word.endswith("MERGETREE")):
            return False
        return bool(before) and (
            before[-1].word == "ENGINE" or (len(before) > 1 and before[-2].word == "ENGINE")
        )

    def _replicated_cut(self, index: int) -> Iterator[tuple[int, int]]:
        items = self._tokens
        token = items[index]
        yield token.start, token.start + len("Replicated")
        self.replication = Replication("", "")
        if [t.kind for t in items[index + 1 : index + 5]] != ["sign", "string", "sign", "string"]:
            return
        path, replica = items[index + 2], items[index + 4]
        self.replication = Replication(path.value, replica.value)
        end = replica.end
        if index + 5 < len(items) and items[index + 5].text == ",":
            end = items[index + 5].end
        yield path.start, end

    # What the statement writes -------------------------------------------------------------------

    @property
    def inserts_data(self) -> bool:
        """An INSERT whose rows come from the client, not from a SELECT."""
        return self.is_insert and self._tokens[-1].word not in ("SELECT", "WITH")

    @property
    def created_table(self) -> Table | None:
        """The table of a CREATE (OR REPLACE) or ATTACH TABLE."""
        words = [token.word for token in self._tokens[:4]]
        if self.verb not in ("CREATE", "ATTACH", "REPLACE") or "TABLE" not in words:
            return None
        index = words.index("TABLE") + 1
        if words[index - 1 : index] and "TEMPORARY" in words[:index]:
            return None
        return self._table_at(self._skip_if_exists(index))

    @property
    def dropped_table(self) -> Table | None:
        """The table of a DROP TABLE."""
        if self._words(2) != ["DROP", "TABLE"]:
            return None
        return self._table_at(self._skip_if_exists(2))

    @property
    def moves(self) -> list[tuple[Table, Table]]:
        """Pairs (from, to) of RENAME TABLE, and both ways of EXCHANGE TABLES."""
        separator = {"RENAME TABLE": "TO", "EXCHANGE TABLES": "AND"}.get(" ".join(self._words(2)))
        if separator is None:
            return []
        pairs: list[tuple[Table, Table]] = []
        index = self._skip_if_exists(2)
        while (source := self._table_at(index)) is not None:
            index += 3 if source.database else 1
            if self._word_at(index) != separator:
                break
            target = self._table_at(index + 1)
            if target is None:
                break
            pairs.append((source, target))
            if separator == "AND":
                pairs.append((target, source))
            index += 1 + (3 if target.database else 1)
            if index >= len(self._tokens) or self._tokens[index].text != ",":
                break
            index += 1
        return pairs

    @property
    def written_table(self) -> Table | None:
        """The table whose rows or columns the statement changes, as replication would carry it."""
        words = self._words(3)
        if self.is_insert:
            index = 1 + (words[1:2] == ["INTO"])
            index += self._word_at(index) == "TABLE"
            if self._word_at(index) == "FUNCTION":
                return None
            return self._table_at(index)
        if words[:2] == ["ALTER", "TABLE"]:
            return self._table_at(self._skip_if_exists(2))
        if words[:1] == ["TRUNCATE"]:
            index = 1 + (words[1:2] == ["TABLE"])
            return self._table_at(self._skip_if_exists(index))
        if words[:2] == ["DELETE", "FROM"]:
            return self._table_at(2)
        if words[:1] == ["UPDATE"]:
            return self._table_at(1)
        return None

    @property
    def used_database(self) -> str | None:
        """The database of a USE statement."""
        if self.verb != "USE" or len(self._tokens) < 2:
            return None
        return self._tokens[-1].value if self._tokens[-1].text != ";" else self._tokens[-2].value

    @property
    def syncs_replica(self) -> bool:
        """SYSTEM SYNC (or RESTORE, RESTART) REPLICA: nothing to do where nothing is replicated."""
        words = self._words(3)
        return words[:1] == ["SYSTEM"] and words[2:3] in (["REPLICA"], ["REPLICAS"])

    @property
    def format_clause(self) -> str:
        """` FORMAT Name` when the statement ends with it."""
        if len(self._tokens) > 1 and self._tokens[-2].word == "FORMAT":
            return f" FORMAT {self._tokens[-1].text}"
        return ""

    def _words(self, count: int) -> list[str]:
        return [token.word for token in self._tokens[:count]]

    def _word_at(self, index: int) -> str:
        return self._tokens[index].word if index < len(self._tokens) else ""

    def _skip_if_exists(self, index: int) -> int:
        """Past IF [NOT] EXISTS."""
        if self._word_at(index) != "IF":
            return index
        return index + (3 if self._word_at(index + 1) == "NOT" else 2)

    def _table_at(self, index: int) -> Table | None:
        items = self._tokens[index : index + 3]
        if not items or items[0].kind not in ("word", "quoted"):
            return None
        if len(items) == 3 and items[1].text == "." and items[2].kind in ("word", "quoted"):
            return Table(items[0].value, items[2].value)
        return Table("", items[0].value)


def _without(text: str, pieces: list[tuple[int, int]]) -> str:
    """The text without the pieces (start, end)."""
    for start, end in sorted(pieces, reverse=True):
        text = text[:start] + text[end:]
    return text


def _end_of_name(items: list[Token], index: int) -> Token:
    """The last token of a bare cluster name such as my-cluster."""
    last = items[index]
    for token in items[index + 1 :]:
        joined = token.start == last.end and (token.text == "-" or last.text == "-")
        if not joined or token.kind not in ("word", "number", "sign"):
            break
        last = token
    return last
