"""The configuration of the laboratory's nodes: what the templates render, and little else.

A node's directory is laid out as the container's /etc/clickhouse-server, and ClickHouse merges it
the same way: `config.d/aspects.xml` and `users.xml` are the rendered files with the hosts replaced,
`config.d/zz-patches.xml` and `users.d/zz-patches.xml` the patches of other plugins, and
`config.d/zzz-lab.xml` says where this node keeps its data.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .ports import LOOPBACK
from .rendering import Rendering

# Sections that would make a node listen, coordinate, store or log elsewhere than is said here.
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
    "prometheus",
    "logger",
    "keeper_server",
    "distributed_ddl",
    "user_directories",
    "users_config",
    "max_server_memory_usage",
    "max_server_memory_usage_to_ram_ratio",
)


@dataclass(frozen=True)
class Places:
    """Where the host names of the rendered configuration are found in the laboratory.

    `native_ports` maps a ClickHouse host to its port; a replica that is missing is left out.
    """

    native_ports: Mapping[str, int]
    zookeeper_port: int | None = None


def write_node(directory: Path, rendering: Rendering, places: Places, memory_mib: int) -> None:
    """Write the configuration of one node into its directory."""
    for folder in ("config.d", "users.d", "data"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    files = {
        "config.xml": "<clickhouse></clickhouse>\n",
        "config.d/aspects.xml": server_xml(rendering.xml("server.xml"), places, directory.name),
        "config.d/zz-patches.xml": rendering.xml("server-patch.xml"),
        "config.d/zzz-lab.xml": _own_xml(directory, memory_mib),
        "users.xml": users_xml(rendering.xml("users.xml")),
        "users.d/zz-patches.xml": rendering.xml("users-patch.xml"),
    }
    for name, text in files.items():
        (directory / name).write_text(text, encoding="utf8")


def server_xml(rendered: str, places: Places, name: str) -> str:
    """The rendered server.xml of a node, with all hosts on the loopback interface."""
    root = ET.fromstring(rendered)
    for own in OWN_SECTIONS:
        for element in root.findall(own):
            root.remove(element)
    for shard in root.findall("./remote_servers/*/shard"):
        for replica in shard.findall("replica"):
            port = places.native_ports.get(replica.findtext("host", "").strip())
            if port is None:
                shard.remove(replica)
            else:
                _point(replica, port)
    for section in root.findall("zookeeper"):
        if places.zookeeper_port is None:
            root.remove(section)
            continue
        first, *others = section.findall("node")
        _point(first, places.zookeeper_port)
        for keeper in others:
            section.remove(keeper)
        # Sessions are told apart by the server's UUID, and clickhouse-local has none.
        ET.SubElement(section, "sessions_path").text = f"/clickhouse/sessions/{name}"
    return ET.tostring(root, encoding="unicode") + "\n"


def users_xml(rendered: str) -> str:
    """The rendered users.xml; only `default` differs, as whom the laboratory's process runs itself.

    That user has no password and may do nothing but keep the process up.
    """
    root = ET.fromstring(rendered)
    for default in root.findall("./users/default"):
        default.clear()
        default.extend(
            ET.fromstring(
                f"""<default>
                <no_password/>
                <networks><ip>{LOOPBACK}</ip></networks>
                <profile>local_process</profile>
                <grants><query>GRANT SYSTEM LISTEN ON *.*</query></grants>
                </default>"""
            )
        )
    for profiles in root.findall("profiles"):
        ET.SubElement(profiles, "local_process")
    return ET.tostring(root, encoding="unicode") + "\n"


def _point(element: ET.Element, port: int) -> None:
    """Make a <replica> or a keeper's <node> mean a port of this machine."""
    for tag, text in (("host", LOOPBACK), ("port", str(port)), ("secure", "0")):
        child = element.find(tag)
        if child is None:
            child = ET.SubElement(element, tag)
        child.text = text


def _own_xml(directory: Path, memory_mib: int) -> str:
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
  <!-- clickhouse-local has pools of one or two threads; these are a small server's. -->
  <background_pool_size>4</background_pool_size>
  <background_schedule_pool_size>16</background_schedule_pool_size>
</clickhouse>
"""
