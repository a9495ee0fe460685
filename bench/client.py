"""The load client: a process of its own that sends prepared requests and times the answers.

As event-routing-backends does, whose client (tincan's RemoteLRS) opens a connection for every
request and closes it after the answer. Everything that can be made before is made before: a request
is a slice of a file, so that the client takes as little as possible of a machine that it shares
with what it measures.

    python -m bench.client PORT CONNECTIONS SECONDS FILE

FILE holds requests, each after its length (4 bytes, big endian). Prints one JSON object.
"""

from __future__ import annotations

import json
import resource
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"
TIMEOUT = 120.0
LENGTH = struct.Struct(">I")
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Load:
    """What a run of the client found. Latencies are those of acknowledged requests."""

    requests: int
    refused: int
    refusal: str
    seconds: float
    cpu_seconds: float
    latencies_ms: list[float]

    def percentile(self, share: float) -> float:
        """Latency in ms that `share` (0 to 1) of the requests stay within."""
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def write_requests(path: Path, head: bytes, bodies: Iterable[bytes]) -> int:
    """Write requests with these bodies; `head` is the request line and headers but the length."""
    count = 0
    with path.open("wb") as file:
        for body in bodies:
            request = b"%sContent-Length: %d\r\n\r\n%s" % (head, len(body), body)
            file.write(LENGTH.pack(len(request)) + request)
            count += 1
    return count


def run(port: int, connections: int, seconds: float, requests: Path) -> Load:
    """Run the client in a process of its own and wait for it. Raises CalledProcessError."""
    arguments = [str(port), str(connections), str(seconds), str(requests)]
    done = subprocess.run(
        [sys.executable, "-m", "bench.client", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    return Load(**json.loads(done.stdout))


def _requests(path: Path) -> Iterator[memoryview]:
    content = memoryview(path.read_bytes())
    at = 0
    while at < len(content):
        (length,) = LENGTH.unpack_from(content, at)
        at += LENGTH.size
        yield content[at : at + length]
        at += length


def _exchange(port: int, request: memoryview) -> bytes:
    """Send one request on a new connection; the answer's status line and body."""
    with socket.create_connection((LOOPBACK, port), timeout=TIMEOUT) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(request)
        answer = bytearray()
        while True:
            received = connection.recv(65536)
            if not received:
                return bytes(answer)
            answer += received


class _Run:
    def __init__(self, port: int, seconds: float, requests: Iterator[memoryview]) -> None:
        self.port = port
        self.seconds = seconds
        self.requests = requests
        self.lock = threading.Lock()
        self.latencies: list[float] = []
        self.refusals: list[str] = []

    def work(self) -> None:
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            with self.lock:
                request = next(self.requests, None)
            if request is None:
                return
            began = time.monotonic()
            try:
                answer = _exchange(self.port, request)
            except OSError as error:
                answer = f"HTTP/1.1 000 {error}".encode()
            took = (time.monotonic() - began) * 1000
            if answer[9:10] == b"2":
                self.latencies.append(took)
            else:
                self.refusals.append(answer[:300].decode(errors="replace"))


def main(port: int, connections: int, seconds: float, path: Path) -> None:
    """Send until the time or the requests are over; print what happened."""
    run = _Run(port, seconds, _requests(path))
    threads = [threading.Thread(target=run.work) for _ in range(connections)]
    spent, began = time.process_time(), time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    load = Load(
        requests=len(run.latencies),
        refused=len(run.refusals),
        refusal=run.refusals[0] if run.refusals else "",
        seconds=time.monotonic() - began,
        cpu_seconds=usage.ru_utime + usage.ru_stime - spent,
        latencies_ms=[round(took, 2) for took in run.latencies],
    )
    print(json.dumps(load.__dict__))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))
