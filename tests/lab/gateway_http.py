"""The gateway's listener for ClickHouse's HTTP interface."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import io
import socket
import struct
import tempfile
import urllib.parse
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import lz4.frame  # type: ignore[import-untyped]
import zstandard

from .fanout import (
    NETWORK_ERROR,
    STATUS_COLUMNS,
    Backend,
    Cluster,
    Failure,
    Refusal,
    ddl_failure,
    status_rows,
)
from .statements import Statement

IN_MEMORY = 8 << 20  # bytes of a body kept in memory; more goes to a temporary file
PIECE = 1 << 18
HEAD = 1 << 16  # of a body that may be data, this much is read to find the statement
HOP_BY_HOP = {"host", "connection", "content-length", "transfer-encoding", "expect", "keep-alive"}


@dataclass
class Body:
    """A request's body as it came, perhaps compressed."""

    file: IO[bytes]
    size: int
    encoding: str

    def text(self, limit: int = -1) -> str:
        """The (first `limit` bytes of the) body, decompressed; bytes that are no UTF-8 replaced."""
        self.file.seek(0)
        return str(self._plain().read(limit), errors="replace")

    def _plain(self) -> Any:
        """The body's file, or a reader that decompresses it."""
        if self.encoding == "lz4":
            return lz4.frame.LZ4FrameFile(self.file)
        if self.encoding == "zstd":
            return zstandard.ZstdDecompressor().stream_reader(self.file, closefd=False)
        if self.encoding in ("gzip", "deflate"):
            either = 32 + zlib.MAX_WBITS  # a gzip or a zlib header
            return io.BytesIO(zlib.decompressobj(either).decompress(self.file.read()))
        return self.file


@dataclass
class Request:
    """What goes to a node."""

    method: str
    path: str
    headers: dict[str, str]
    body: Body
    parameters: dict[str, str] = field(default_factory=dict)

    def with_text(self, text: str) -> Request:
        """The same request with another statement and nothing else in its body."""
        parts = urllib.parse.urlsplit(self.path)
        pairs = [
            (name, value)
            for name, value in urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
            if name not in ("query", "decompress")
        ]
        path = urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode(pairs)))
        headers = {k: v for k, v in self.headers.items() if k.lower() != "content-encoding"}
        data = text.encode()
        return Request(
            "POST", path, headers, Body(io.BytesIO(data), len(data), ""), self.parameters
        )


class HttpGateway(http.server.ThreadingHTTPServer):
    """Listens on the gateway's HTTP port of one node."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, cluster: Cluster, node: Backend) -> None:
        self.cluster = cluster
        self.node = node
        super().__init__((node.host, node.gateway_http_port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is printed."""
        import sys

        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HttpGateway

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged: statements may hold personal data."""

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_GET(self) -> None:
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
            self._answer(self._request(file))

    do_POST = do_PUT = do_HEAD = do_OPTIONS = do_GET

    # The request ------------------------------------------------------------------------------

    def _request(self, file: IO[bytes]) -> Request:
        size = 0
        for piece in self._pieces():
            size += file.write(piece)
        encoding = self.headers.get("Content-Encoding", "").lower()
        headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP}
        query = urllib.parse.urlsplit(self.path).query
        parameters = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        return Request(self.command, self.path, headers, Body(file, size, encoding), parameters)

    def _pieces(self) -> Iterator[bytes]:
        """The body as it arrives, chunked or of a known length."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():  # trailers
                pass
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left > 0:
            piece = self.rfile.read(min(left, PIECE))
            if not piece:
                raise ConnectionResetError("the client stopped in the middle of a body")
            left -= len(piece)
            yield piece

    # The answer -------------------------------------------------------------------------------

    def _answer(self, request: Request) -> None:
        cluster, node = self.server.cluster, self.server.node
        statement = _statement(request)
        named = request.parameters.get("database") or self.headers.get("X-ClickHouse-Database")
        database = str(named or "default")
        if statement is None:
            self._relay(node, request)
        elif statement.cluster is not None:
            self._on_cluster(request, statement, database)
        elif cluster.on_all_nodes(statement, database):
            self._everywhere(request)
        else:
            text = cluster.text(statement, node)
            changed = request if text == statement.original else request.with_text(text)
            if self._relay(node, changed):
                cluster.learn(statement, database, node)

    def _relay(self, node: Backend, request: Request) -> bool:
        """Pass the request to a node and its answer to the client, piece by piece; was it a 200?"""
        connection = None
        try:
            connection = _send(node, request)
            response = connection.getresponse()
            self._pass_on(response)
            return response.status == 200
        except (OSError, http.client.HTTPException):
            self._reset()
            return False
        finally:
            if connection is not None:
                connection.close()

    def _pass_on(self, response: http.client.HTTPResponse) -> None:
        self.send_response_only(response.status, response.reason)
        for name, value in response.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        if response.length is not None:
            self.send_header("Content-Length", str(response.length))
        else:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        chunked = response.length is None
        if self.command == "HEAD":
            return
        while piece := response.read1(PIECE):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _reset(self) -> None:
        """End the connection with RST, as a port behind which nothing listens."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _fail(self, status: int, failure: Failure) -> None:
        body = f"{failure.full}\n".encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "text/plain; charset=UTF-8")
        self.send_header("X-ClickHouse-Exception-Code", str(failure.code))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    # Statements for every node ----------------------------------------------------------------

    def _on_cluster(self, request: Request, statement: Statement, database: str) -> None:
        cluster = self.server.cluster
        try:
            cluster.check_name(statement)
        except Refusal as refusal:
            self._fail(500, refusal.failure)
            return
        answers = cluster.everywhere(
            lambda node: _ask(node, request.with_text(cluster.text(statement, node)))
        )
        failures = [answer.failure for answer in answers]
        failure = ddl_failure(cluster.nodes, failures)
        mode = request.parameters.get("distributed_ddl_output_mode", "throw")
        if failure is not None and not mode.startswith(("never_throw", "null_status")):
            status = next(answer.status for answer in answers if answer.failure is not None)
            self._fail(status or 500, failure)
            return
        if failure is None:
            cluster.learn(statement, database)
        rows = "" if mode.startswith("none") else _rows_query(cluster.nodes, failures)
        query = (rows or "SELECT 1 WHERE 0") + statement.format_clause
        self._relay(self.server.node, request.with_text(query))

    def _everywhere(self, request: Request) -> None:
        """A write to a table that every node has: all of them, or the first refusal."""
        cluster = self.server.cluster
        request.body.file.seek(0)
        data = request.body.file.read()

        def ask(node: Backend) -> Answer:
            body = Body(io.BytesIO(data), len(data), request.body.encoding)
            return _ask(
                node,
                Request(request.method, request.path, request.headers, body, request.parameters),
            )

        answers = cluster.everywhere(ask)
        for answer in answers:
            if answer.failure is not None:
                if answer.raw is None:
                    self._fail(500, answer.failure)
                else:
                    self._send(answer)
                return
        self._send(answers[cluster.nodes.index(self.server.node)])

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.raw or b"")))
        self.end_headers()
        self.wfile.write(answer.raw or b"")


@dataclass
class Answer:
    """A node's whole answer; `raw` is None when the node could not be reached."""

    status: int
    headers: list[tuple[str, str]]
    raw: bytes | None
    failure: Failure | None


def _statement(request: Request) -> Statement | None:
    """The statement of a request, if the gateway has to look at it at all."""
    text = request.parameters.get("query", "")
    if urllib.parse.urlsplit(request.path).path != "/":
        return None
    if text:
        statement = Statement(text)
        if statement.is_insert or not request.body.size:
            return statement
    if "form" in request.headers.get("Content-Type", ""):
        return None  # external tables and parameters: only a SELECT comes so
    head = Statement(text + "\n" + request.body.text(HEAD) if text else request.body.text(HEAD))
    if head.is_insert or request.body.size <= HEAD:
        return head
    return Statement((text + "\n" if text else "") + request.body.text())


def _send(node: Backend, request: Request) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(node.host, node.http_port)
    request.body.file.seek(0)
    headers = {**request.headers, "Content-Length": str(request.body.size)}
    body = request.body.file if request.body.size else None
    connection.request(request.method, request.path, body=body, headers=headers)
    return connection


def _ask(node: Backend, request: Request) -> Answer:
    """Send a request to a node and read its whole answer."""
    headers = {k: v for k, v in request.headers.items() if k.lower() != "accept-encoding"}
    plain = Request(request.method, request.path, headers, request.body, request.parameters)
    try:
        with contextlib.closing(_send(node, plain)) as connection:
            response = connection.getresponse()
            raw = response.read()
    except (OSError, http.client.HTTPException) as error:
        message = f"{node.host}:{node.native_port}: {error} (NETWORK_ERROR)"
        return Answer(0, [], None, Failure(NETWORK_ERROR, message))
    code = int(response.getheader("X-ClickHouse-Exception-Code") or 0)
    failed = response.status != 200 or code
    failure = _refused(code, raw) if failed else None
    return Answer(response.status, response.getheaders(), raw, failure)


def _refused(code: int, raw: bytes) -> Failure:
    text = raw.decode(errors="replace").strip()
    return Failure(code, text.removeprefix(f"Code: {code}. DB::Exception: "))


def _rows_query(nodes: list[Backend], failures: list[Failure | None]) -> str:
    """A query for the status rows: the node itself then writes them in the client's format."""
    rows = ", ".join(
        "("
        + ", ".join(_literal(value) if isinstance(value, str) else str(value) for value in row)
        + ")"
        for row in status_rows(nodes, failures)
    )
    structure = ", ".join(f"{name} {kind}" for name, kind in STATUS_COLUMNS)
    return f"SELECT * FROM values('{structure}', {rows})"


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
