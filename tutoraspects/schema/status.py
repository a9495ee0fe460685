"""Where a database stands: versions, nodes, replicas."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from tutoraspects.errors import AspectsError
from tutoraspects.schema import state
from tutoraspects.schema.client import Client
from tutoraspects.schema.context import Context
from tutoraspects.schema.nodes import discover


@dataclass(frozen=True)
class VersionStatus:
    """A version and the UTC time since when the database has it, '' while it has not."""

    revision: str
    title: str
    applied_at: str


@dataclass(frozen=True)
class NodeStatus:
    """One node. Counts are of our databases; `delay` is the longest replica's, in seconds."""

    node: str
    version: str = ""
    tables: int = 0
    replicas: int = 0
    read_only: int = 0
    delay: int = 0
    error: str = ""


@dataclass
class Status:
    versions: list[VersionStatus] = field(default_factory=list)
    nodes: list[NodeStatus] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def read(context: Context) -> Status:
    """Ask every node. One that does not answer is reported, not raised."""
    cluster = discover(context.target)
    result = Status()
    applied: dict[str, str] = {}
    databases = {"databases": context.names.databases}
    for address in cluster.nodes:
        with Client(context.target, address) as client:
            try:
                for revision, when in state.history(client, context.names).items():
                    applied[revision] = min(when, applied.get(revision, when))
                [(version, tables)] = client.rows(
                    "SELECT version(), count() FROM system.tables "
                    "WHERE database IN %(databases)s AND engine LIKE '%%MergeTree'",
                    databases,
                )
                [(replicas, read_only, delay)] = client.rows(
                    "SELECT count(), countIf(is_readonly), max(absolute_delay) "
                    "FROM system.replicas WHERE database IN %(databases)s",
                    databases,
                )
                node = NodeStatus(str(address), version, tables, replicas, read_only, delay)
            except AspectsError as error:
                node = NodeStatus(str(address), error=str(error))
        result.nodes.append(node)
    result.versions = [
        VersionStatus(version.revision, version.title, applied.get(version.revision, ""))
        for version in context.history.versions
    ]
    return result
