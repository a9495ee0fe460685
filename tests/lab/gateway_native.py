"""The gateway's listener for ClickHouse's native protocol."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import threading
from typing import Any

from clickhouse_driver import defines, errors
from clickhouse_driver.connection import Connection
from clickhouse_driver.context import Context
from clickhouse_driver.protocol import ClientPacketTypes, ServerPacketTypes
from clickhouse_driver.reader import read_binary_str
from clickhouse_driver.varint import read_varint

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
from .native_wire import (
    ClientWriter,
    Hello,
    Query,
    RecordingReader,
    connect,
    read_block,
    read_hello,
    read_query,
    refused,
)
from .statements import Statement

ADDENDUM_REVISION = defines.DBMS_MIN_PROTOCOL_VERSION_WITH_ADDENDUM
PROFILE_EVENTS_REVISION = defines.DBMS_MIN_PROTOCOL_VERSION_WITH_PROFILE_EVENTS_IN_INSERT
BROKEN = (OSError, EOFError, errors.NetworkError, errors.SocketTimeoutError)


class NativeGateway(socketserver.ThreadingTCPServer):
    """Listens on the gateway's native port of one node."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, cluster: Cluster, node: Backend) -> None:
        self.cluster = cluster
        self.node = node
        super().__init__((node.host, node.gateway_native_port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is printed."""
        import sys

        if not isinstance(sys.exc_info()[1], BROKEN):
            super().handle_error(request, client_address)


class _Handler(socketserver.BaseRequestHandler):
    server: NativeGateway
    request: socket.socket

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = Session(self.server.cluster, self.server.node, self.request)
        try:
            session.run()
        except BROKEN:
            pass
        finally:
            session.close()


def reset(sock: socket.socket) -> None:
    """Close with RST, as a port behind which nothing listens would look to a client."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class Session:
    """One client. Most packets pass between it and its node as they are; statements that concern
    every node run over connections of their own, one per node, opened when first needed."""

    def __init__(self, cluster: Cluster, node: Backend, sock: socket.socket) -> None:
        self.cluster = cluster
        self.node = node
        self.sock = sock
        self.reader = RecordingReader(sock)
        self.writer = ClientWriter(sock)
        self.context = Context()
        self.compressed = False
        self.database = ""
        self.hello: Hello
        self.primary: Connection | None = None

    def run(self) -> None:
        """Serve the client until it goes."""
        self.hello = read_hello(self.reader)
        self.database = self.hello.database
        try:
            self.primary = connect(self.node.host, self.node.native_port, self.hello, self.database)
        except errors.ServerException as error:
            self.writer.exception(refused(error))
            return
        except BROKEN:
            reset(self.sock)
            return
        self.context = self.primary.context
        self.writer.hello(self.primary, self.node.name)
        if self.revision >= ADDENDUM_REVISION:
            read_binary_str(self.reader)
        threading.Thread(target=self._pump, args=(self.primary.socket,), daemon=True).start()
        while True:
            self._packet()

    @property
    def revision(self) -> int:
        assert self.primary is not None
        revision: int = self.primary.server_info.used_revision
        return revision

    def close(self) -> None:
        """Close both ends."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        if self.primary is not None:
            self.primary.disconnect()

    def _pump(self, upstream: socket.socket) -> None:
        """What the node says goes to the client."""
        with contextlib.suppress(OSError):
            while data := upstream.recv(1 << 18):
                self.sock.sendall(data)
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)

    def _packet(self) -> None:
        assert self.primary is not None
        self.reader.mark()
        kind = read_varint(self.reader)
        if kind == ClientPacketTypes.QUERY:
            self._query(read_query(self.reader, self.revision))
        elif kind == ClientPacketTypes.DATA:
            read_block(self.reader, self.context, self.compressed)
            self.primary.socket.sendall(self.reader.taken())
        elif kind in (ClientPacketTypes.PING, ClientPacketTypes.CANCEL):
            self.primary.socket.sendall(self.reader.taken())
        else:
            raise EOFError(f"the gateway does not know packet {kind}")

    def _query(self, query: Query) -> None:
        assert self.primary is not None
        self.compressed = query.compressed
        statement = Statement(query.text)
        if statement.cluster is not None:
            self._on_cluster(query, statement)
        elif self.cluster.on_all_nodes(statement, self.database):
            if statement.inserts_data:
                self._insert_everywhere(query)
            else:
                self._write_everywhere(query)
        else:
            if statement.used_database is not None:
                self.database = statement.used_database
            self.primary.socket.sendall(query.packet(self.cluster.text(statement, self.node)))
            # Nobody tells this thread how the statement ended; a CREATE that failed is learnt too,
            # and forgotten by the next CREATE of the table that succeeds.
            self.cluster.learn(statement, self.database, self.node)

    # Statements for every node ----------------------------------------------------------------

    def _external_tables(self) -> bytes:
        """The Data packets that follow a query, up to the empty one that ends them."""
        packets = b""
        while True:
            self.reader.mark()
            read_varint(self.reader)
            block = read_block(self.reader, self.context, self.compressed)
            packets += self.reader.taken()
            if not block.columns_with_types:
                return packets

    def _connect(self, node: Backend) -> Connection:
        return connect(node.host, node.native_port, self.hello, self.database, self.compressed)

    def _run(self, node: Backend, packets: bytes) -> Failure | None:
        """Run a statement without data on a node and wait for its end."""
        try:
            connection = self._connect(node)
            try:
                connection.socket.sendall(packets)
                while True:
                    packet = connection.receive_packet()
                    if packet.type == ServerPacketTypes.EXCEPTION:
                        return refused(packet.exception)
                    if packet.type == ServerPacketTypes.END_OF_STREAM:
                        return None
            finally:
                connection.disconnect()
        except errors.ServerException as error:
            return refused(error)
        except BROKEN as error:
            return Failure(NETWORK_ERROR, f"{node.host}:{node.native_port}: {error}")

    def _on_cluster(self, query: Query, statement: Statement) -> None:
        blocks = self._external_tables()
        try:
            self.cluster.check_name(statement)
        except Refusal as refusal:
            self.writer.exception(refusal.failure)
            return
        failures = self.cluster.everywhere(
            lambda node: self._run(node, query.packet(self.cluster.text(statement, node)) + blocks)
        )
        failure = ddl_failure(self.cluster.nodes, failures)
        mode = query.settings.get("distributed_ddl_output_mode", "throw")
        if failure is not None and not mode.startswith(("never_throw", "null_status")):
            self.writer.exception(failure)
            return
        if failure is None:
            self.cluster.learn(statement, self.database)
        if not mode.startswith("none"):
            rows = status_rows(self.cluster.nodes, failures)
            self.writer.rows(list(STATUS_COLUMNS), rows, self.context, self.compressed)
        self.writer.end_of_stream()

    def _write_everywhere(self, query: Query) -> None:
        """ALTER, DELETE, TRUNCATE, INSERT … SELECT of a table that every node has."""
        packets = query.packet(query.text) + self._external_tables()
        failures = self.cluster.everywhere(lambda node: self._run(node, packets))
        self._finish([failure for failure in failures if failure is not None])

    def _finish(self, failures: list[Failure]) -> None:
        if failures:
            self.writer.exception(failures[0])
        else:
            self.writer.end_of_stream()

    def _insert_everywhere(self, query: Query) -> None:
        """An INSERT with rows from the client: every node gets the same blocks."""
        packets = query.packet(query.text) + self._external_tables()
        inserts = [NodeInsert(node) for node in self.cluster.nodes]
        try:
            self.cluster.everywhere(
                lambda node: inserts[self.cluster.nodes.index(node)].begin(
                    lambda: self._connect(node), packets
                )
            )
            failures = [insert.failure for insert in inserts if insert.failure]
            if failures or all(insert.ended for insert in inserts):
                self._finish(failures)
                return
            self.writer.raw(inserts[0].header)
            while True:
                self.reader.mark()
                if read_varint(self.reader) != ClientPacketTypes.DATA:
                    raise EOFError("an INSERT was cancelled")
                block = read_block(self.reader, self.context, self.compressed)
                packet = self.reader.taken()
                for insert in inserts:
                    insert.send(packet)
                if self.revision >= PROFILE_EVENTS_REVISION:
                    for insert in inserts:
                        insert.receive_events()
                    failures = [insert.failure for insert in inserts if insert.failure]
                    if failures:
                        self._finish(failures)
                        return
                    self.writer.raw(inserts[0].events)
                if not block.columns_with_types:
                    break
            for insert in inserts:
                insert.finish()
            self._finish([insert.failure for insert in inserts if insert.failure])
        finally:
            for insert in inserts:
                insert.close()


class NodeInsert:
    """One node's part of an INSERT that goes to every node."""

    def __init__(self, node: Backend) -> None:
        self.node = node
        self.failure: Failure | None = None
        self.ended = False
        self.header = b""
        self.events = b""
        self._connection: Connection | None = None

    def begin(self, connector: Any, packets: bytes) -> None:
        """Send the query; read up to the empty block that tells the columns, or to the end."""
        try:
            self._connection = connector()
            self._connection.socket.sendall(packets)
            reader: RecordingReader = self._connection.fin
            reader.mark()
            while not self._ends(packet := self._connection.receive_packet()):
                if packet.type == ServerPacketTypes.DATA:
                    break
            self.header = reader.taken()
        except (errors.ServerException, *BROKEN) as error:
            self._broke(error)

    def send(self, packet: bytes) -> None:
        """Pass a block on; a node that failed is left alone."""
        if self.failure is None and self._connection is not None:
            try:
                self._connection.socket.sendall(packet)
            except BROKEN as error:
                self._broke(error)

    def receive_events(self) -> None:
        """Read up to the profile events with which a node answers every block of an INSERT."""
        if self._connection is None or self.failure is not None:
            return
        reader: RecordingReader = self._connection.fin
        reader.mark()
        try:
            while not self._ends(packet := self._connection.receive_packet()):
                if packet.type == ServerPacketTypes.PROFILE_EVENTS:
                    break
            self.events = reader.taken()
        except BROKEN as error:
            self._broke(error)

    def finish(self) -> None:
        """Read until the node has stored the rows or refused them."""
        try:
            while self.failure is None and not self.ended and self._connection is not None:
                self._ends(self._connection.receive_packet())
        except BROKEN as error:
            self._broke(error)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.disconnect()

    def _ends(self, packet: Any) -> bool:
        if packet.type == ServerPacketTypes.EXCEPTION:
            self.failure = refused(packet.exception)
        elif packet.type == ServerPacketTypes.END_OF_STREAM:
            self.ended = True
        return self.ended or self.failure is not None

    def _broke(self, error: Exception) -> None:
        if isinstance(error, errors.ServerException):
            self.failure = refused(error)
        else:
            self.failure = Failure(
                NETWORK_ERROR, f"{self.node.host}:{self.node.native_port}: {error}"
            )
