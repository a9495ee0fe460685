"""The reporting tables and views on every node: what dbt made on one, the others must have.

dbt (dbt/macros) ends the comment of each view with a fingerprint and puts it into the names of
tables. A node that was added or has lost its disk gets its objects from what another node says of
them; rows come by replication, or are none on a new shard.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter

from tutoraspects.schema.client import Client
from tutoraspects.schema.compare import Difference
from tutoraspects.schema.ddl import Replica, Statement
from tutoraspects.schema.model import Ref
from tutoraspects.schema.names import Names

_BUILT = re.compile(r"_v[0-9a-f]{10}(_local|_mv)?$")
_MARK = re.compile(r"\[[0-9a-f]{10}\]$")
_REPLICATED = re.compile(r"Replicated\w*MergeTree\('([^']*)', '([^']*)'")
_CREATE_VIEW = re.compile(r"^CREATE VIEW ")


@dataclass(frozen=True)
class Mart:
    """One object of dbt as a node has it."""

    create: str
    mark: str = ""

    @property
    def replica(self) -> Replica | None:
        found = _REPLICATED.search(self.create)
        return Replica(*found.groups()) if found else None


Marts = Mapping[Ref, Mart]


def read(client: Client, names: Names) -> Marts:
    """A node's objects of dbt. Raises AspectsError when it does not answer."""
    databases = (names.reporting_database, names.xapi_database, names.event_sink_database)
    found = {}
    for database, name, create, comment in client.rows(
        "SELECT database, name, create_table_query, comment FROM system.tables "
        "WHERE database IN %(databases)s",
        {"databases": databases},
    ):
        mark = _MARK.search(comment)
        if _BUILT.search(name):
            found[Ref(database, name)] = Mart(create)
        elif mark and _CREATE_VIEW.match(create):
            found[Ref(database, name)] = Mart(create, mark.group())
    return found


def differences(own: Marts, others: Iterable[Marts]) -> Iterator[Difference]:
    """What a node lacks of what the first node with any marts has, in the order of making."""
    pattern = next((marts for marts in others if marts), {})
    for ref in _in_order(pattern):
        mart = pattern[ref]
        if ref not in own:
            yield Difference(
                str(ref), "missing", (Statement(mart.create, f"mart {ref}"),), replica=mart.replica
            )
        elif own[ref].mark != mart.mark:
            replace = _CREATE_VIEW.sub("CREATE OR REPLACE VIEW ", mart.create)
            yield Difference(str(ref), "of another version", (Statement(replace, f"mart {ref}"),))


def _in_order(marts: Marts) -> Iterator[Ref]:
    """Every object after those that its statement names."""
    known = {str(ref): ref for ref in marts}
    graph = {
        ref: {
            known[name]
            for name in re.findall(r"\w+\.\w+", mart.create.replace("`", ""))
            if name in known and known[name] != ref
        }
        # A front names its table in quotes, as arguments of its engine.
        | ({Ref(ref.database, f"{ref.name}_local")} & marts.keys())
        for ref, mart in marts.items()
    }
    yield from TopologicalSorter(graph).static_order()
