"""ClickHouse's queue of asynchronous inserts, which the laboratory's nodes lack.

A ClickHouse server with `async_insert = 1` collects small inserts for a while and stores them as
one block. The laboratory's nodes are clickhouse-local, which has no such queue and runs every
INSERT at once. This process stands before a node's HTTP port and does what the server does, by the
rules of its AsynchronousInsertQueue: inserts of one user into one table are collected until the
busy timeout is over or their size is reached; the timeout adapts between its two bounds; everyone
is answered when the block is stored. Its bounds are the settings of the user who inserts, unless
they are given. Everything else passes through.

    python -m bench.insert_queue PORT NODE_PORT [SHORTEST_MS LONGEST_MS]

What it costs is a request's way through one more process, on whichever side stands behind it.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import signal
import sys
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode

import lz4.frame  # type: ignore[import-untyped]  # it has none

LOOPBACK = "127.0.0.1"
# Server setting async_insert_threads: flushes at a time.
FLUSHES = 16
Bounds = tuple[float, float]
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_LOGIN = re.compile(rb"authorization: *([^\r]+)", re.IGNORECASE)
_END_OF_CHUNKS = b"0\r\n\r\n"
_SETTINGS = (
    "async_insert_busy_timeout_min_ms",
    "async_insert_busy_timeout_max_ms",
    "async_insert_use_adaptive_busy_timeout",
    "async_insert_max_data_size",
    "async_insert_busy_timeout_increase_rate",
    "async_insert_busy_timeout_decrease_rate",
)


@dataclass
class Window:
    """The busy timeout of one queue, adapting as the server's does. Times in seconds."""

    shortest: float
    longest: float
    adaptive: bool
    most_bytes: int
    increase: float
    decrease: float
    timeout: float = 0.0
    last_insert: float | None = None
    flushes: tuple[float | None, float | None] = (None, None)

    @classmethod
    def of(cls, node_port: int, login: bytes) -> Window:
        """From the settings that this user has on the node."""
        connection = http.client.HTTPConnection(LOOPBACK, node_port)
        query = "SELECT " + ", ".join(f"toFloat64(getSetting('{name}'))" for name in _SETTINGS)
        headers = {"Authorization": login.decode()}
        connection.request("POST", "/", f"{query} FORMAT JSONCompactEachRow", headers)
        shortest, longest, adaptive, size, increase, decrease = json.loads(
            connection.getresponse().read()
        )
        connection.close()
        return cls(
            max(shortest / 1000, 0.001), longest / 1000, bool(adaptive), size, increase, decrease
        )

    def next(self, now: float) -> float:
        """The timeout of an insert that arrives now."""
        if not self.adaptive:
            return self.longest
        current = self.timeout or self.shortest
        first, second = self.flushes
        if self.last_insert is not None and first is not None and second is not None:
            shorter = min(current / (1 + self.decrease), current - 0.001)
            if self.last_insert + self.shortest > now:
                current = max(current * (1 + self.increase), current + 0.001)
            elif self.last_insert + shorter < now and first + shorter < second:
                current = shorter
        return min(max(current, self.shortest), self.longest)

    def idle(self, now: float) -> bool:
        """Whether inserts are so rare that waiting for others is in vain."""
        first, second = self.flushes
        if not self.adaptive or self.last_insert is None or first is None or second is None:
            return False
        return self.last_insert + self.longest < now and first + self.longest < second

    def inserted(self, now: float, timeout: float) -> None:
        self.last_insert, self.timeout = now, timeout

    def flushed(self, now: float) -> None:
        self.flushes = (self.flushes[1], now)


@dataclass
class Pending:
    """Inserts that will be stored as one block."""

    blocks: list[bytes] = field(default_factory=list)
    waiting: list[Client] = field(default_factory=list)
    size: int = 0
    timer: asyncio.TimerHandle | None = None


class Queue:
    """The inserts of one user into one table."""

    def __init__(self, node_port: int, login: bytes, target: str, bounds: Bounds | None) -> None:
        self.node_port = node_port
        self.login = login
        self.target = target
        self.window = Window.of(node_port, login)
        if bounds:
            self.window.shortest, self.window.longest = bounds
        self.pending: Pending | None = None
        self.running: set[asyncio.Task[None]] = set()
        self.free = asyncio.Semaphore(FLUSHES)

    def push(self, block: bytes, client: Client) -> None:
        """Take one insert; the client is answered when it is stored."""
        now = time.monotonic()
        timeout = self.window.next(now)
        if self.pending is None:
            self.pending = Pending()
            loop = asyncio.get_running_loop()
            self.pending.timer = loop.call_later(timeout, self.flush)
        self.pending.blocks.append(block)
        self.pending.waiting.append(client)
        self.pending.size += len(block)
        full = self.pending.size >= self.window.most_bytes
        idle = self.window.idle(now)
        self.window.inserted(now, timeout)
        if full or idle:
            self.flush()

    def flush(self) -> None:
        """Store what is there."""
        pending, self.pending = self.pending, None
        if pending is None:
            return
        if pending.timer:
            pending.timer.cancel()
        task = asyncio.get_running_loop().create_task(self._store(pending))
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def _store(self, pending: Pending) -> None:
        async with self.free:
            self.window.flushed(time.monotonic())
            try:
                answer = await self._post(b"".join(pending.blocks))
            except OSError:
                answer = b""
        for client in pending.waiting:
            client.answer(answer)

    async def _post(self, body: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(LOOPBACK, self.node_port)
        head = (
            f"POST {self.target} HTTP/1.1\r\nHost: {LOOPBACK}\r\n"
            f"Authorization: {self.login.decode()}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = await reader.read()
        writer.close()
        return answer


class Client(asyncio.Protocol):
    """A connection of Ralph. It sends the next request when it has the answer to the last."""

    def __init__(self, queues: Queues) -> None:
        self.queues = queues
        self.buffer = bytearray()
        self.left = 0  # bytes of a body that passes through
        self.server: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self.server:
            self.server.close()

    def data_received(self, data: bytes) -> None:
        if self.left:
            self.left -= len(data)
            self._pass(data)
            return
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self.buffer[: end + 4])
        if b"async_insert=1" in head[: head.find(b"\r\n")]:
            if self.buffer.endswith(_END_OF_CHUNKS):
                content = _unchunk(memoryview(self.buffer)[end + 4 :])
                self.buffer = bytearray()
                self.queues.insert(head, content, self)
            return
        length = _LENGTH.search(head)
        self.left = (int(length[1]) if length else 0) - (len(self.buffer) - end - 4)
        request, self.buffer = bytes(self.buffer), bytearray()
        self._pass(request)

    def answer(self, content: bytes) -> None:
        """The node's answer to the block that held this client's insert; empty for none."""
        if not content:
            self.transport.close()
            return
        head, _, body = content.partition(b"\r\n\r\n")
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection")]
        self.transport.write(b"\r\n".join([*lines, b"", body]))

    def _pass(self, data: bytes) -> None:
        if self.server and not self.server.is_closing():
            self.server.write(data)
            return
        self.transport.pause_reading()
        loop = asyncio.get_running_loop()
        self.connecting = loop.create_task(self._connect(data))

    async def _connect(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        try:
            self.server, _ = await loop.create_connection(
                lambda: Server(self.transport), LOOPBACK, self.queues.node_port
            )
        except OSError:
            self.transport.close()
            return
        self.server.write(data)
        self.transport.resume_reading()


class Server(asyncio.Protocol):
    """A connection to the node: what it says goes to the client as it is."""

    def __init__(self, client: asyncio.Transport) -> None:
        self.client = client

    def data_received(self, data: bytes) -> None:
        self.client.write(data)

    def connection_lost(self, error: Exception | None) -> None:
        self.client.close()


class Queues:
    """All queues of a node, by user, settings and table."""

    def __init__(self, node_port: int, bounds: Bounds | None = None) -> None:
        self.node_port = node_port
        self.bounds = bounds
        self.queues: dict[tuple[bytes, str], Queue] = {}

    def insert(self, head: bytes, content: bytes, client: Client) -> None:
        login = _LOGIN.search(head)
        statement, _, block = lz4.frame.decompress(content).partition(b"FORMAT Native\n")
        target = _target(head, statement.decode())
        key = (login[1] if login else b"", target)
        queue = self.queues.get(key)
        if queue is None:
            queue = self.queues[key] = Queue(self.node_port, *key, self.bounds)
        queue.push(block, client)


def _target(head: bytes, statement: str) -> str:
    """Path and parameters of the request that stores a block."""
    path = head.split(b" ", 2)[1].decode()
    given = {name: values[0] for name, values in parse_qs(path.partition("?")[2]).items()}
    for name in ("session_id", "session_timeout", "query_id", "wait_for_async_insert"):
        given.pop(name, None)
    return "/?" + urlencode({**given, "async_insert": "0", "query": f"{statement}FORMAT Native"})


def _unchunk(body: memoryview) -> bytes:
    """The content of a chunked body."""
    content = bytearray()
    at = 0
    while True:
        end = at + bytes(body[at : at + 20]).index(b"\r\n")
        size = int(bytes(body[at:end]), 16)
        if not size:
            return bytes(content)
        content += body[end + 2 : end + 2 + size]
        at = end + 4 + size


async def serve(port: int, node_port: int, *bounds_ms: float) -> None:
    """Serve until SIGTERM."""
    loop = asyncio.get_running_loop()
    bounds = (bounds_ms[0] / 1000, bounds_ms[1] / 1000) if bounds_ms else None
    queues = Queues(node_port, bounds)
    server = await loop.create_server(lambda: Client(queues), LOOPBACK, port, backlog=512)
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), *map(float, sys.argv[3:])))
