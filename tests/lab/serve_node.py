"""The process of one ClickHouse node: clickhouse-local out of libchdb.so, made to listen.

python serve_node.py LIBRARY CONFIG HTTP_PORT NATIVE_PORT
"""

import ctypes
import mmap
import os
import struct
import sys

# The session that keeps the process alive: one row every three seconds, for a year.
FOREVER = (
    "SELECT sum(sleepEachRow(3)) FROM numbers(10000000) "
    "SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 1000000000000"
)
POINTER = 8
READ_WRITE = 3  # PROT_READ | PROT_WRITE


class _Result(ctypes.Structure):
    """`local_result_v2` of libchdb's chdb.h."""

    _fields_ = (
        ("buf", ctypes.c_void_p),
        ("len", ctypes.c_size_t),
        ("_vec", ctypes.c_void_p),
        ("elapsed", ctypes.c_double),
        ("rows_read", ctypes.c_uint64),
        ("bytes_read", ctypes.c_uint64),
        ("error_message", ctypes.c_char_p),
    )


def survive_errors_of_connections(library: str) -> None:
    """Make an exception that ends a connection's thread harmless, as it is in clickhouse-server.

    A wrong password or a reset connection ends such a thread. clickhouse-server then only logs;
    clickhouse-local, which is not meant to listen, has a handler that ends the process
    (KillingErrorHandler). Its three virtual functions are replaced here by those of its base class
    Poco::ErrorHandler, which do nothing.
    """
    sections = _sections(library)
    base = _base(library)
    rodata, tables_at = base + sections[".rodata"][0], base + sections[".data.rel.ro"][0]
    names = ctypes.string_at(rodata, sections[".rodata"][1])
    tables = ctypes.string_at(tables_at, sections[".data.rel.ro"][1])

    def virtual_table(type_name: bytes) -> int:
        """Address of the first virtual function in the table of a class, see the C++ ABI, 2.5."""
        name = rodata + names.index(b"\0" + type_name + b"\0") + 1
        type_info = tables_at + tables.index(struct.pack("<Q", name)) - POINTER
        entry = struct.pack("<qQ", 0, type_info)  # offset to top, type: what precedes a table
        return tables_at + tables.index(entry) + len(entry)

    try:
        killing, harmless = map(virtual_table, (b"19KillingErrorHandler", b"N4Poco12ErrorHandlerE"))
    except ValueError:
        print("no KillingErrorHandler found: errors of connections end this node", flush=True)
        return
    handlers = 2 * POINTER, 3 * POINTER  # after two destructors, three overloads of exception()
    page = (killing + handlers[0]) & -mmap.PAGESIZE
    libc = ctypes.CDLL(None)
    libc.mprotect(ctypes.c_void_p(page), ctypes.c_size_t(2 * mmap.PAGESIZE), READ_WRITE)
    ctypes.memmove(killing + handlers[0], harmless + handlers[0], handlers[1])


def _base(library: str) -> int:
    """Where the library was loaded."""
    with open("/proc/self/maps") as maps:  # noqa: PTH123
        for line in maps:
            if line.rstrip().endswith(library) and line.split()[2] == "00000000":
                return int(line.split("-")[0], 16)
    raise SystemExit(f"{library} is not loaded")


def _sections(library: str) -> dict[str, tuple[int, int]]:
    """Section name to (address, size), from the ELF-64 header of the library."""
    with open(library, "rb") as file:  # noqa: PTH123
        header = file.read(64)
        (table,) = struct.unpack_from("<Q", header, 40)
        size, count, names_index = struct.unpack_from("<HHH", header, 58)
        file.seek(table)
        raw = file.read(size * count)
        rows = [struct.unpack_from("<IIQQQQ", raw, size * index) for index in range(count)]
        file.seek(rows[names_index][4])
        names = file.read(rows[names_index][5])
    return {names[row[0] : names.index(b"\0", row[0])].decode(): (row[3], row[5]) for row in rows}


def serve(library: str, config: str, http_port: str, native_port: str) -> None:
    """Be a ClickHouse node until killed. Leaves with the server's message when it cannot start."""
    arguments = [
        "clickhouse",
        f"--config-file={config}",
        "--multiquery",
        "--log-level=information",  # clickhouse-local does not read it from the configuration
        "--listen_host=127.0.0.1",
        f"--http_port={http_port}",
        f"--tcp_port={native_port}",
        f"--query=SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP; {FOREVER}",
    ]
    chdb = ctypes.CDLL(library)
    survive_errors_of_connections(library)
    chdb.query_stable_v2.restype = ctypes.POINTER(_Result)
    encoded = [argument.encode() for argument in arguments]
    argv = (ctypes.c_char_p * (len(encoded) + 1))(*encoded, None)
    result = chdb.query_stable_v2(len(encoded), argv).contents
    raise SystemExit(f"node ended: {(result.error_message or b'no message').decode()}")


if __name__ == "__main__":
    library, *others = sys.argv[1:5]
    serve(os.path.realpath(library), *others)
