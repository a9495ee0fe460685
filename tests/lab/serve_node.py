"""The process of one ClickHouse node: clickhouse-local out of libchdb.so, made to listen.

python serve_node.py LIBRARY CONFIG HTTP_PORT NATIVE_PORT
"""

import ctypes
import sys

# The session that keeps the process alive: one row every three seconds, for a year.
FOREVER = (
    "SELECT sum(sleepEachRow(3)) FROM numbers(10000000) "
    "SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 1000000000000"
)


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


def serve(library: str, config: str, http_port: str, native_port: str) -> None:
    """Be a ClickHouse node until killed. Leaves with the server's message when it cannot start."""
    arguments = [
        "clickhouse",
        f"--config-file={config}",
        "--multiquery",
        "--listen_host=127.0.0.1",
        f"--http_port={http_port}",
        f"--tcp_port={native_port}",
        f"--query=SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP; {FOREVER}",
    ]
    chdb = ctypes.CDLL(library)
    chdb.query_stable_v2.restype = ctypes.POINTER(_Result)
    encoded = [argument.encode() for argument in arguments]
    argv = (ctypes.c_char_p * (len(encoded) + 1))(*encoded, None)
    result = chdb.query_stable_v2(len(encoded), argv).contents
    raise SystemExit(f"node ended: {(result.error_message or b'no message').decode()}")


if __name__ == "__main__":
    serve(*sys.argv[1:5])
