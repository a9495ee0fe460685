"""The configuration of the laboratory's nodes: what the templates render, with the least changed.

A node's directory holds `config.xml` (the laboratory's), `config.d/server.xml` and `users.d/users.xml`
(the rendered files, hosts replaced) and `config.d/zz-lab.xml` (paths, ports, memory). ClickHouse itself
merges them, as the image does with its own config.xml.
"""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"
USERS = ("admin", "lrs", "vector", "cms", "report", "monitor", "backup")

# Sections that would make a node listen, coordinate or store elsewhere than the laboratory says.
OWN_SECTIONS = (
    "path",
    "tmp_path",
    "user_files_path",
    "format_schema_path",
    "http_port",
    "https_port",
    "tcp_port",
    "tcp_port_secure",
    "mysql_port",
    "postgresql_port",
    "interserver_http_port",
    "interserver_http_host",
    "listen_host",
    "listen_try",
    "logger",
    "keeper_server",
    "user_directories",
    "users_config",
    "distributed_ddl",
    "max_server_memory_usage",
    "max_server_memory_usage_to_ram_ratio",
    "mark_cache_size",
    "uncompressed_cache_size",
)


@dataclass(frozen=True)
class Rendered:
    """The two files that the templates render for every node, and the passwords behind the users."""

    server_xml: str
    users_xml: str
    cluster: str  # name in remote_servers, '' for one node
    users: Mapping[str, str]  # role ("admin", "lrs", ...) to ClickHouse user name
    passwords: Mapping[str, str]  # role to password


@dataclass(frozen=True)
class Address:
    """Where a host name of the rendered configuration is found in the laboratory."""

    name: str
    native_port: int


def node_environment(rendered: Rendered, shard: str, replica: str, secret: str) -> dict[str, str]:
    """What the rendered XML takes from_env."""
    hashes = {
        f"CH_{role.upper()}_PASSWORD_SHA256": hashlib.sha256(password.encode()).hexdigest()
        for role, password in rendered.passwords.items()
    }
    return {
        "CLICKHOUSE_SHARD": shard,
        "CLICKHOUSE_REPLICA": replica,
        "CLICKHOUSE_CLUSTER_SECRET": secret,
        **hashes,
    }


def write_node(
    directory: Path,
    rendered: Rendered,
    addresses: Iterable[Address],
    zookeeper_port: int | None,
    memory_mib: int,
) -> None:
    """Write the configuration of one node into its directory."""
    for folder in ("config.d", "users.d", "data"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    ports = {address.name: address.native_port for address in addresses}
    (directory / "config.xml").write_text("<clickhouse></clickhouse>\n")
    (directory / "config.d/server.xml").write_text(
        lab_server_xml(rendered.server_xml, ports, zookeeper_port)
    )
    (directory / "config.d/zz-lab.xml").write_text(_overrides(directory, memory_mib))
    (directory / "users.xml").write_text(_local_user())
    (directory / "users.d/users.xml").write_text(_without_default_user(rendered.users_xml))


def lab_server_xml(
    server_xml: str, native_ports: Mapping[str, int], zookeeper_port: int | None
) -> str:
    """The rendered server.xml with the cluster's hosts on the loopback interface.

    A replica whose host has no port here is left out: replicas of a shard that are folded into one.
    """
    root = ET.fromstring(server_xml)
    for section in OWN_SECTIONS:
        for element in root.findall(section):
            root.remove(element)
    for shard in root.findall("./remote_servers/*/shard"):
        for replica in shard.findall("replica"):
            port = native_ports.get(replica.findtext("host", "").strip())
            if port is None:
                shard.remove(replica)
                continue
            _set(replica, "host", LOOPBACK)
            _set(replica, "port", str(port))
            _set(replica, "secure", "0")
    for section in root.findall("zookeeper"):
        if zookeeper_port is None:
            root.remove(section)
            continue
        for keeper in section.findall("node")[1:]:
            section.remove(keeper)
        keeper = section.find("node")
        if keeper is not None:
            _set(keeper, "host", LOOPBACK)
            _set(keeper, "port", str(zookeeper_port))
            _set(keeper, "secure", "0")
    return ET.tostring(root, encoding="unicode") + "\n"


def _set(parent: ET.Element, tag: str, text: str) -> None:
    element = parent.find(tag)
    if element is None:
        element = ET.SubElement(parent, tag)
    element.text = text


def _overrides(directory: Path, memory_mib: int) -> str:
    data = directory / "data"
    return f"""<clickhouse>
  <path>{data}/</path>
  <tmp_path>{data}/tmp/</tmp_path>
  <user_files_path>{data}/user_files/</user_files_path>
  <format_schema_path>{data}/format_schemas/</format_schema_path>
  <users_config>users.xml</users_config>
  <logger>
    <level>information</level>
    <console>0</console>
    <log>{directory}/server.log</log>
    <errorlog>{directory}/server.err.log</errorlog>
  </logger>
  <max_server_memory_usage>{memory_mib * 2**20}</max_server_memory_usage>
  <mark_cache_size>134217728</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
</clickhouse>
"""


def _local_user() -> str:
    """The user that clickhouse-local runs as: it must exist without a password, so it may do nothing."""
    return f"""<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password></password>
      <networks><ip>{LOOPBACK}</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants><query>GRANT SYSTEM LISTEN ON *.*</query></grants>
    </default>
  </users>
</clickhouse>
"""


def _without_default_user(users_xml: str) -> str:
    """The rendered users.xml, silent about `default`, which the laboratory's process needs."""
    root = ET.fromstring(users_xml)
    for users in root.findall("users"):
        for default in users.findall("default"):
            users.remove(default)
    return ET.tostring(root, encoding="unicode") + "\n"
