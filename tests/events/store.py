"""A small learning record store over real HTTP that misbehaves as it is told.

It answers as Ralph does: 200 with the identifiers it wrote, 204 when it had all, 409 for other
content under a known identifier, 400 for a batch with a bad statement or the same one twice.
"""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tutoraspects.events.lrs import Endpoint

USERNAME, PASSWORD = "lms", "a password: with a colon"

#: A trouble takes the handler and the number of the request, and answers True when it dealt
#: with it. `before` troubles strike before statements are written, `after` ones afterwards.
Trouble = Callable[["Handler", int], bool]


class Store(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.statements: dict[str, Any] = {}
        self.written = 0  # statements written, each time one is
        self.requests = 0
        self.connections = 0
        self.sizes: list[int] = []
        self.times: list[float] = []
        self.before: Trouble = lambda handler, number: False
        self.after: Trouble = lambda handler, number: False
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/xAPI/"

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.url, USERNAME, PASSWORD)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections that the test breaks are no news."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Store
    statements: list[Any]

    def setup(self) -> None:
        super().setup()
        with self.server.lock:
            self.server.connections += 1

    def do_POST(self) -> None:
        store = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with store.lock:
            number, store.requests = store.requests, store.requests + 1
            store.times.append(time.monotonic())
        secret = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
        if self.headers["Authorization"] != f"Basic {secret}":
            return self.answer(401, {"detail": "Invalid authentication credentials"})
        if self.path != "/xAPI/statements" or not self.headers["X-Experience-API-Version"]:
            return self.answer(404, {"detail": "Not Found"})
        self.statements = json.loads(body)
        if store.before(self, number):
            return None
        status, content = self.write(self.statements)
        if store.after(self, number):
            return None
        return self.answer(status, content)

    def write(self, statements: list[Any]) -> tuple[int, Any]:
        store = self.server
        with store.lock:
            store.sizes.append(len(statements))
            identifiers = [statement.get("id") for statement in statements]
            if None in identifiers:
                return 400, {"detail": "id: field required"}
            if len(set(identifiers)) < len(identifiers):
                return 400, {"detail": "Duplicate statement IDs in the list of statements"}
            for statement in statements:
                known = store.statements.get(statement["id"])
                if known is not None and known != statement:
                    return 409, {"detail": f"Differing statement {statement['id']}"}
            new = [one for one in statements if one["id"] not in store.statements]
            store.statements.update((one["id"], one) for one in new)
            store.written += len(new)
        return (200, [one["id"] for one in new]) if new else (204, None)

    def answer(self, status: int, content: Any = None, **headers: str) -> None:
        body = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self) -> None:
        """Break the connection without an answer, as a killed process does."""
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def log_message(self, *args: Any) -> None:
        """Nothing: the tests count."""


@contextmanager
def running() -> Iterator[Store]:
    store = Store()
    thread = threading.Thread(target=store.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield store
    finally:
        store.shutdown()
        store.server_close()
        thread.join()
