"""One schema run at a time, by a lock that cannot outlive its holder.

The lock is a query that sleeps on the server under a fixed id: the server refuses a second query
with the same id, and ends the query when the connection of a dead holder closes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tutoraspects.errors import AspectsError
from tutoraspects.schema.client import ALREADY_RUNNING, Client, ServerError
from tutoraspects.schema.target import Address, Target

# The first row tells that the lock is held; the second branch then sleeps for up to a day. Its
# naps are short because the server looks for a closed connection between them.
_QUERY = (
    "SELECT toUInt64(1) UNION ALL SELECT sum(sleepEachRow(0.1)) FROM numbers(864000) "
    "SETTINGS max_block_size = 1, max_execution_time = 0, max_rows_to_read = 0, "
    "interactive_delay = 100000, function_sleep_max_microseconds_per_block = 3000000"
)
# The lock of a run that has just ended is free after this many seconds: no reason to say a word.
_USUAL_DELAY = 2.0


@contextmanager
def hold(
    target: Target,
    address: Address,
    name: str,
    timeout: float,
    say: Callable[[str], None],
) -> Iterator[None]:
    """Hold the lock `name` on the node `address`, waiting up to `timeout` seconds for it.

    Raises AspectsError when another run still holds it by then.
    """
    client, rows = _acquire(target, address, name, timeout, say)
    # Read on, so that progress packets never fill the connection.
    reader = threading.Thread(target=_drain, args=(rows,), daemon=True)
    reader.start()
    try:
        yield
    finally:
        client.abort()
        reader.join(5)


def _acquire(
    target: Target, address: Address, name: str, timeout: float, say: Callable[[str], None]
) -> tuple[Client, Iterator[object]]:
    begin = time.monotonic()
    told = False
    while True:
        client = Client(target, address)
        rows = client.stream(_QUERY, query_id=f"aspects-{name}")
        try:
            next(rows)
        except ServerError as error:
            client.close()
            if error.code != ALREADY_RUNNING:
                raise
        else:
            return client, rows
        waited = time.monotonic() - begin
        if waited >= timeout:
            raise AspectsError(
                f"Another `aspects schema` run has held {address} for more than {timeout:g} s: "
                "wait for it, or give --lock-timeout more seconds."
            )
        if not told and waited >= _USUAL_DELAY:
            say(f"Another schema run works on {address}: waiting up to {timeout:g} s for it")
            told = True
        time.sleep(0.2)


def _drain(rows: Iterator[object]) -> None:
    # Breaking off the connection ends this thread with one of several errors.
    with suppress(Exception):
        for _ in rows:
            pass
