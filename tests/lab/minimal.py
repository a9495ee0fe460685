"""A hand-written stand-in for the rendered configuration: the same shape, no limits."""

from __future__ import annotations

import secrets

from .configuration import USERS, Rendered


def minimal(shards: int, replicas: int) -> Rendered:
    """Rendered files for a topology, with fresh passwords."""
    cluster = "aspects" if shards * replicas > 1 else ""
    shard_xml = "".join(
        "<shard><internal_replication>true</internal_replication>"
        + "".join(
            f"<replica><host>clickhouse-{shard:02d}-{replica}</host><port>9000</port></replica>"
            for replica in range(1, replicas + 1)
        )
        + "</shard>"
        for shard in range(1, shards + 1)
    )
    remote = (
        f"<remote_servers replace='1'><{cluster}>"
        f"<secret from_env='CLICKHOUSE_CLUSTER_SECRET'/>{shard_xml}</{cluster}></remote_servers>"
        if cluster
        else ""
    )
    server_xml = f"""<clickhouse>
  {remote}
  <zookeeper><node><host>keeper-1</host><port>2181</port></node></zookeeper>
  <macros>
    <cluster>{cluster}</cluster>
    <shard from_env="CLICKHOUSE_SHARD"/><replica from_env="CLICKHOUSE_REPLICA"/>
  </macros>
  <query_log><database>system</database><table>query_log</table>
    <flush_interval_milliseconds>1000</flush_interval_milliseconds></query_log>
</clickhouse>"""
    grants = {
        "admin": "<access_management>1</access_management>",
        "monitor": "<grants><query>GRANT SELECT ON system.*</query></grants>",
    }
    users = "".join(
        f"<ch_{role}><password_sha256_hex from_env='CH_{role.upper()}_PASSWORD_SHA256'/>"
        f"<networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>"
        f"{grants.get(role, '')}</ch_{role}>"
        for role in USERS
    )
    users_xml = (
        "<clickhouse><profiles><default><distributed_foreground_insert>1"
        "</distributed_foreground_insert></default></profiles><quotas><default/></quotas>"
        f"<users>{users}</users></clickhouse>"
    )
    return Rendered(
        server_xml,
        users_xml,
        cluster,
        {role: f"ch_{role}" for role in USERS},
        {role: secrets.token_hex(12) for role in USERS},
    )
