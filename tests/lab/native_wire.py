"""ClickHouse's native protocol as a server reads it: just enough to know where a packet ends.

The gateway passes packets on as the bytes they came in; clickhouse-driver's own readers find their
ends. Revisions are those of clickhouse_driver.defines.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clickhouse_driver import defines, errors
from clickhouse_driver.block import ColumnOrientedBlock
from clickhouse_driver.bufferedreader import BufferedSocketReader
from clickhouse_driver.bufferedwriter import BufferedSocketWriter
from clickhouse_driver.compression.lz4 import Compressor
from clickhouse_driver.connection import Connection
from clickhouse_driver.context import Context
from clickhouse_driver.protocol import ClientPacketTypes, ServerPacketTypes
from clickhouse_driver.reader import (
    read_binary_bytes_fixed_len,
    read_binary_str,
    read_binary_uint8,
)
from clickhouse_driver.streams.compressed import (
    CompressedBlockInputStream,
    CompressedBlockOutputStream,
)
from clickhouse_driver.streams.native import BlockInputStream, BlockOutputStream
from clickhouse_driver.varint import read_varint, write_varint
from clickhouse_driver.writer import (
    write_binary_int32,
    write_binary_str,
    write_binary_uint8,
    write_binary_uint64,
)

from .fanout import Failure

READER_SETTINGS = {
    "insert_block_size": defines.DEFAULT_INSERT_BLOCK_SIZE,
    "strings_as_bytes": True,
    "strings_encoding": defines.STRINGS_ENCODING,
    "use_numpy": False,
    "opentelemetry_traceparent": None,
    "opentelemetry_tracestate": "",
    "quota_key": "",
    "input_format_null_as_default": False,
    "namedtuple_as_json": True,
    "server_side_params": False,
}


class RecordingReader(BufferedSocketReader):  # type: ignore[misc]  # no stubs
    """A buffered reader that gives back, as they were, the bytes read since `mark`."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock, defines.BUFFER_SIZE)
        self._pieces: list[bytes] = []
        self._start = 0

    def mark(self) -> None:
        """Forget what was read so far."""
        self._pieces = []
        self._start = self.position

    def taken(self) -> bytes:
        """The bytes since the mark, which moves here."""
        raw = b"".join([*self._pieces, bytes(self.buffer[self._start : self.position])])
        self.mark()
        return raw

    def read_into_buffer(self) -> None:
        """Called by the base class when everything in the buffer was read."""
        self._pieces.append(bytes(self.buffer[self._start : self.current_buffer_size]))
        self._start = 0
        super().read_into_buffer()


@dataclass(frozen=True)
class Hello:
    """The first packet of a client."""

    client_name: str
    revision: int
    database: str
    user: str
    password: str


@dataclass(frozen=True)
class Query:
    """A query packet: its text apart from the bytes before and after, which stay as they were."""

    before: bytes
    text: str
    after: bytes
    settings: dict[str, str]
    compressed: bool

    def packet(self, text: str) -> bytes:
        """The same packet with another text."""
        return self.before + encode_string(text) + self.after


class _Bytes:
    """What clickhouse_driver's writers need of a buffer."""

    def __init__(self) -> None:
        self.value = bytearray()

    def write(self, data: bytes) -> None:
        self.value += data


def encode_string(text: str) -> bytes:
    """A string as the protocol carries it."""
    buffer = _Bytes()
    write_binary_str(text, buffer)
    return bytes(buffer.value)


def read_hello(reader: RecordingReader) -> Hello:
    """Read the client's first packet. Raises UnexpectedPacketFromServerError for another packet."""
    if read_varint(reader) != ClientPacketTypes.HELLO:
        raise errors.UnexpectedPacketFromServerError("a client must say Hello first")
    name = read_binary_str(reader)
    read_varint(reader)  # version, major and minor
    read_varint(reader)
    revision = read_varint(reader)
    database, user, password = (read_binary_str(reader) for _ in range(3))
    return Hello(name, revision, database, user, password)


def read_query(reader: RecordingReader, revision: int) -> Query:
    """Read a query packet of which only the type was read. The reader's mark stands before it."""
    read_binary_str(reader)  # query id
    _skip_client_info(reader, revision)
    settings = _read_settings(reader)
    if revision >= defines.DBMS_MIN_REVISION_WITH_INTERSERVER_SECRET:
        read_binary_str(reader)
    read_varint(reader)  # stage
    compressed = bool(read_varint(reader))
    before = reader.taken()
    text = read_binary_str(reader)
    reader.mark()
    if revision >= defines.DBMS_MIN_PROTOCOL_VERSION_WITH_PARAMETERS:
        _read_settings(reader)
    return Query(before, text, reader.taken(), settings, compressed)


def _skip_client_info(reader: RecordingReader, revision: int) -> None:
    """What clickhouse_driver.clientinfo.ClientInfo.write wrote."""
    if read_binary_uint8(reader) == 0:  # no query
        return
    for _ in range(3):  # initial user, query id, address
        read_binary_str(reader)
    if revision >= defines.DBMS_MIN_PROTOCOL_VERSION_WITH_INITIAL_QUERY_START_TIME:
        read_binary_bytes_fixed_len(reader, 8)
    read_binary_uint8(reader)  # interface
    for _ in range(3):  # system user, host, client name
        read_binary_str(reader)
    for _ in range(3):  # major, minor, revision
        read_varint(reader)
    if revision >= defines.DBMS_MIN_REVISION_WITH_QUOTA_KEY_IN_CLIENT_INFO:
        read_binary_str(reader)
    if revision >= defines.DBMS_MIN_PROTOCOL_VERSION_WITH_DISTRIBUTED_DEPTH:
        read_varint(reader)
    if revision >= defines.DBMS_MIN_REVISION_WITH_VERSION_PATCH:
        read_varint(reader)
    if revision >= defines.DBMS_MIN_REVISION_WITH_OPENTELEMETRY and read_binary_uint8(reader):
        read_binary_bytes_fixed_len(reader, 24)  # trace id, span id
        read_binary_str(reader)
        read_binary_uint8(reader)
    if revision >= defines.DBMS_MIN_REVISION_WITH_PARALLEL_REPLICAS:
        for _ in range(3):
            read_varint(reader)


def _read_settings(reader: RecordingReader) -> dict[str, str]:
    settings: dict[str, str] = {}
    while name := read_binary_str(reader):
        read_binary_uint8(reader)  # flags
        settings[name] = read_binary_str(reader)
    return settings


def read_block(reader: RecordingReader, context: Context, compressed: bool) -> Any:
    """Read the rest of a client's Data packet, after its type: a block of clickhouse_driver's."""
    read_binary_str(reader)  # name of the external table
    stream = CompressedBlockInputStream if compressed else BlockInputStream
    return stream(reader, context).read()


def connect(
    host: str, port: int, hello: Hello, database: str, compressed: bool = False
) -> Connection:
    """A connection to a node with the client's own credentials and at most its revision.

    Raises clickhouse_driver's errors: ServerException for a refused login, NetworkError, EOFError.
    """
    connection = Connection(
        host,
        port,
        database=database,
        user=hello.user,
        password=hello.password,
        client_revision=hello.revision,
        compression="lz4" if compressed else False,
    )
    connection.context.client_settings = READER_SETTINGS
    connection.context.settings = {}
    connection.connect()
    connection.fout.flush()  # the addendum, which the driver leaves in its buffer until a query
    connection.socket.settimeout(None)
    # Nothing is on its way from the server now, so the reader can be replaced by one that records.
    connection.fin = RecordingReader(connection.socket)
    connection.block_in = connection.get_block_in_stream()
    connection.block_in_raw = BlockInputStream(connection.fin, connection.context)
    return connection


class ClientWriter:
    """Writes a server's packets to a client."""

    def __init__(self, sock: socket.socket) -> None:
        self._out = BufferedSocketWriter(sock, defines.BUFFER_SIZE)

    def hello(self, connection: Connection, display_name: str) -> None:
        """Greet the client as the node did, with the revision agreed with the node."""
        info, out = connection.server_info, self._out
        revision = info.used_revision
        write_varint(ServerPacketTypes.HELLO, out)
        write_binary_str(info.name, out)
        write_varint(info.version_major, out)
        write_varint(info.version_minor, out)
        write_varint(revision, out)
        if revision >= defines.DBMS_MIN_REVISION_WITH_SERVER_TIMEZONE:
            write_binary_str(info.timezone or "", out)
        if revision >= defines.DBMS_MIN_REVISION_WITH_SERVER_DISPLAY_NAME:
            write_binary_str(display_name, out)
        if revision >= defines.DBMS_MIN_REVISION_WITH_VERSION_PATCH:
            write_varint(info.version_patch, out)
        if revision >= defines.DBMS_MIN_PROTOCOL_VERSION_WITH_PASSWORD_COMPLEXITY_RULES:
            write_varint(0, out)
        if revision >= defines.DBMS_MIN_REVISION_WITH_INTERSERVER_SECRET_V2:
            write_binary_uint64(0, out)
        out.flush()

    def exception(self, failure: Failure) -> None:
        """End the statement with an error."""
        write_varint(ServerPacketTypes.EXCEPTION, self._out)
        write_binary_int32(failure.code, self._out)
        write_binary_str("DB::Exception", self._out)
        write_binary_str(f"DB::Exception: {failure.message}", self._out)
        write_binary_str("", self._out)  # stack trace
        write_binary_uint8(0, self._out)  # nothing nested
        self._out.flush()

    def rows(
        self,
        columns: list[tuple[str, str]],
        rows: Sequence[tuple[Any, ...]],
        context: Context,
        compressed: bool,
    ) -> None:
        """One block of a result."""
        columnar = [list(column) for column in zip(*rows, strict=True)]
        for column, (_, kind) in zip(columnar, columns, strict=True):
            if kind == "String":  # the context has strings as bytes
                column[:] = [text.encode() for text in column]
        write_varint(ServerPacketTypes.DATA, self._out)
        write_binary_str("", self._out)
        block = ColumnOrientedBlock(columns, columnar)
        if compressed:
            self._out.flush()
            CompressedBlockOutputStream(
                Compressor, defines.DEFAULT_COMPRESS_BLOCK_SIZE, self._out, context
            ).write(block)
        else:
            BlockOutputStream(self._out, context).write(block)
        self._out.flush()

    def end_of_stream(self) -> None:
        """End the statement well."""
        write_varint(ServerPacketTypes.END_OF_STREAM, self._out)
        self._out.flush()

    def raw(self, packet: bytes) -> None:
        """A packet of a node, as it came."""
        self._out.write(packet)
        self._out.flush()


def refused(error: errors.ServerException) -> Failure:
    """A node's refusal, without the stack trace that clickhouse_driver appends to the message."""
    message = str(error.message).split(". Stack trace:", 1)[0]
    return Failure(error.code or 0, message.removeprefix("DB::Exception: "))
