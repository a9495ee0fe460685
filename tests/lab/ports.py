"""Free TCP ports that stay ours: on this machine other laboratories may run at the same time."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


class Ports:
    """Hands out ports of the loopback interface and holds them until `close`.

    A port is held by a socket that is bound with SO_REUSEADDR and never listens. Linux then gives
    it to nobody who asks for any free port, yet lets a server that also sets SO_REUSEADDR
    (ClickHouse, uvicorn, ZooKeeper and werkzeug all do) listen on it, after a restart too.
    """

    def __init__(self) -> None:
        self._held: list[socket.socket] = []

    def take(self) -> int:
        """A port that nobody uses, and that nobody is given while this object is open."""
        holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((LOOPBACK, 0))
        self._held.append(holder)
        port: int = holder.getsockname()[1]
        return port

    def close(self) -> None:
        """Give every port back."""
        for holder in self._held:
            holder.close()
        self._held.clear()


def accepts(port: int) -> bool:
    """Does anything accept connections on this port of the loopback interface?"""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0
