"""A stand-in for the one table that operators read and the laboratory's library does not have.

`system.asynchronous_metrics` has a server's measurements of itself. libchdb starts no thread that
takes them. This table has the same columns, and those measurements that a chart reads, taken once.
"""

from __future__ import annotations

from tests.lab.lab import Lab

_TABLE = """
CREATE TABLE IF NOT EXISTS system.asynchronous_metrics
(metric String, value Float64, description String) ENGINE = Memory
"""
_ROWS = """
INSERT INTO system.asynchronous_metrics
SELECT 'Uptime', uptime(), 'The server uptime in seconds'
UNION ALL
SELECT 'MaxPartCountForPartition', max(parts), 'Maximum number of parts per partition'
FROM (SELECT count() AS parts FROM system.parts WHERE active GROUP BY table, partition)
UNION ALL
SELECT 'ReplicasMaxAbsoluteDelay', max(absolute_delay), 'Maximum delay of a replica in seconds'
FROM system.replicas
"""


def provide(lab: Lab) -> None:
    """Make and fill the table on every node. Gone when the node ends."""
    lab.on_nodes(_TABLE)
    lab.on_nodes(_ROWS)
