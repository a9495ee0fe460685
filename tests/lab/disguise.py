"""`system.tables` as it would be in a real cluster: with the Replicated engines that were declared.

The nodes hold plain tables where the gateway took the replication out. Whoever compares a node with
a declaration reads system.tables through the gateway, and has to find the engine there that a real
node would show.
"""

from __future__ import annotations

from collections.abc import Mapping

from .statements import Replication, Table, tokens

# `{names}` and `{arguments}` are arrays of the tables and of their replica path and name.
_DISGUISED = (
    "(SELECT * EXCEPT (replication_, declared_, engine_, query_) REPLACE (engine_ AS engine, "
    "declared_ AS engine_full, query_ AS create_table_query), name AS table FROM (SELECT *, "
    "transform(database || '.' || name, {names}, {arguments}, '') AS replication_, "
    "if(empty(replication_), engine, 'Replicated' || engine) AS engine_, "
    "if(empty(replication_), engine_full, engine_ || '(' || replication_ || "
    "if(startsWith(engine_full, engine || '('), "
    "', ' || substring(engine_full, length(engine) + 2), "
    "')' || substring(engine_full, length(engine) + 1))) AS declared_, "
    "replaceOne(create_table_query, ') ENGINE = ' || engine_full, ') ENGINE = ' || declared_) "
    "AS query_ FROM system.tables))"
)


def disguise(text: str, replicated: Mapping[Table, Replication]) -> str:
    """A SELECT with `system.tables` replaced by a subquery that tells the declared engines."""
    if not replicated or "tables" not in text.lower():
        return text
    pieces = []
    items = list(tokens(text))
    for index, token in enumerate(items[:-3]):
        # Not as the argument of cluster() or merge().
        if token.word not in ("FROM", "JOIN"):
            continue
        database, dot, name = items[index + 1 : index + 4]
        if (database.value.lower(), dot.text, name.value.lower()) == ("system", ".", "tables"):
            pieces.append((database.start, name.end))
    if not pieces:
        return text
    query = _DISGUISED.format(
        names="[" + ", ".join(_quoted(f"{t.database}.{t.name}") for t in replicated) + "]",
        arguments="["
        + ", ".join(
            _quoted(f"{_quoted(r.path)}, {_quoted(r.replica)}") for r in replicated.values()
        )
        + "]",
    )
    for start, end in reversed(pieces):
        text = text[:start] + query + text[end:]
    return text


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
