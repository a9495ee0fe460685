"""Where ClickHouse is, from the environment of the `aspects` command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tutoraspects.errors import AspectsError

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"", "0", "false", "no", "off"}


@dataclass(frozen=True, order=True)
class Address:
    """Host and native port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str, default_port: int, setting: str) -> Address:
        """Read host, host:port or [host]:port. Raises AspectsError naming `setting`."""
        host, _, port = text.strip().rpartition(":")
        if text.strip().endswith("]") or not host:
            host, port = text.strip(), str(default_port)
        if not (host.startswith("[") and host.endswith("]")) and ":" in host:
            host = ""
        host = host.strip("[]")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise AspectsError(f"'{text.strip()}' is not host:port: correct {setting}.")
        return cls(host, int(port))


@dataclass(frozen=True)
class Target:
    """A ClickHouse server or cluster and the user who works on it.

    `nodes` overrides the discovery of nodes from `system.clusters`; `ddl_node` is where
    statements for the whole cluster are sent, when it must be one certain node.
    """

    address: Address
    user: str
    password: str = field(repr=False)
    secure: bool = False
    cluster: str = ""
    nodes: tuple[Address, ...] = ()
    ddl_node: Address | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Target:
        """Read ASPECTS_CLICKHOUSE_*. Raises AspectsError for a value that cannot be right."""

        def get(name: str, default: str = "") -> str:
            return environment.get(f"ASPECTS_CLICKHOUSE_{name}") or default

        secure_text = get("SECURE").strip().lower()
        if secure_text not in _TRUE | _FALSE:
            raise AspectsError(
                f"'{get('SECURE')}' is neither true nor false: correct ASPECTS_CLICKHOUSE_SECURE."
            )
        secure = secure_text in _TRUE
        default_port = 9440 if secure else 9000
        port_text = get("NATIVE_PORT", str(default_port))
        address = Address.parse(
            f"{_bracketed(get('HOST', 'clickhouse'))}:{port_text}",
            default_port,
            "ASPECTS_CLICKHOUSE_HOST and ASPECTS_CLICKHOUSE_NATIVE_PORT",
        )
        nodes = tuple(
            Address.parse(item, address.port, "ASPECTS_CLICKHOUSE_NODES")
            for item in get("NODES").split(",")
            if item.strip()
        )
        ddl_node = get("DDL_NODE")
        return cls(
            address=address,
            user=get("USER", "default"),
            password=read_secret(environment, "ASPECTS_CLICKHOUSE_PASSWORD"),
            secure=secure,
            cluster=get("CLUSTER"),
            nodes=nodes,
            ddl_node=Address.parse(ddl_node, address.port, "ASPECTS_CLICKHOUSE_DDL_NODE")
            if ddl_node
            else None,
        )


def _bracketed(host: str) -> str:
    return f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host


def read_secret(environment: Mapping[str, str], name: str) -> str:
    """The variable `name`, or the content of the file that `<name>_FILE` names, or ''.

    Raises AspectsError when the file cannot be read.
    """
    if environment.get(name):
        return environment[name]
    path = environment.get(f"{name}_FILE")
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise AspectsError(
            f"The password file {path} cannot be read ({reason}): correct {name}_FILE or mount "
            "the secret there."
        ) from None
