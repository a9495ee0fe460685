"""Which nodes there are."""

from __future__ import annotations

from dataclasses import dataclass

from tutoraspects.errors import AspectsError
from tutoraspects.schema.client import Client
from tutoraspects.schema.target import Address, Target


@dataclass(frozen=True)
class Cluster:
    """The nodes of a target, sorted: every command sees them in the same order."""

    target: Target
    nodes: tuple[Address, ...]

    @property
    def control(self) -> Address:
        """Where the lock is held and statements for the whole cluster are sent."""
        return self.target.ddl_node or (self.nodes[0] if self.target.cluster else self.nodes[-1])


def discover(target: Target) -> Cluster:
    """Find the nodes: ASPECTS_CLICKHOUSE_NODES, else `system.clusters`, else the host itself.

    Raises AspectsError when the host does not answer or does not know the cluster.
    """
    if target.nodes:
        return Cluster(target, tuple(sorted(set(target.nodes))))
    if not target.cluster:
        return Cluster(target, (target.address,))
    with Client(target, target.address) as client:
        rows = client.rows(
            "SELECT host_name, port FROM system.clusters WHERE cluster = %(cluster)s "
            "ORDER BY shard_num, replica_num",
            {"cluster": target.cluster},
        )
    if not rows:
        raise AspectsError(
            f"ClickHouse at {target.address} does not know the cluster '{target.cluster}': "
            "correct ASPECTS_CLICKHOUSE_CLUSTER, or the server's remote_servers."
        )
    # Servers may talk to each other without TLS where clients must use it.
    nodes = {Address(host, target.address.port if target.secure else port) for host, port in rows}
    return Cluster(target, tuple(sorted(nodes)))
