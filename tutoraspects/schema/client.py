"""A connection to one ClickHouse node, whose errors are sentences an operator can act on."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from clickhouse_driver import Client as Driver
from clickhouse_driver import errors as driver_errors

from tutoraspects.errors import AspectsError
from tutoraspects.schema.target import Address, Target

# The driver logs each failed connection with a traceback; the sentence that follows says it all.
# A handler on the root logger (Alembic's, a test's, a library's) would print it all the same.
logging.getLogger("clickhouse_driver").addHandler(logging.NullHandler())
logging.getLogger("clickhouse_driver").propagate = False

CONNECT_SECONDS = 10
# Longer than any statement waits for the other nodes of a cluster.
ANSWER_SECONDS = 900
DDL_SECONDS = 300

_WRONG_USER = {192, 193, 194, 516}
# Access denied; a read-only user; a setting that the user's profile forbids to change.
_FORBIDDEN = {164, 452, 497}
_DDL_TIMEOUT = 159
_UNKNOWN_CLUSTER = 701
_NO_KEEPER = {225, 999}

ALREADY_RUNNING = 216
REPLICA_EXISTS = 253
REPLICA_ACTIVE = 305


class ServerError(AspectsError):
    """The server refused a statement. `code` is ClickHouse's error number."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Client:
    """One node. Connects at the first query; every failure is an AspectsError."""

    def __init__(
        self, target: Target, address: Address, settings: Mapping[str, Any] | None = None
    ) -> None:
        self.target = target
        self.address = address
        self._driver = Driver(
            host=address.host,
            port=address.port,
            user=target.user,
            password=target.password,
            secure=target.secure,
            client_name="aspects",
            connect_timeout=CONNECT_SECONDS,
            send_receive_timeout=ANSWER_SECONDS,
            sync_request_timeout=CONNECT_SECONDS,
            settings={"distributed_ddl_task_timeout": DDL_SECONDS, **(settings or {})},
        )

    def rows(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[Any]:
        """Run a query and return its rows."""
        with self._explained():
            return list(self._driver.execute(sql, dict(parameters) if parameters else None))

    def run(self, sql: str) -> None:
        """Run a statement for its effect."""
        with self._explained():
            self._driver.execute(sql)

    def insert(self, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        with self._explained():
            self._driver.execute(sql, list(rows))

    def stream(self, sql: str, query_id: str) -> Iterator[Any]:
        """Run a query under this id and yield rows as they come."""
        with self._explained():
            yield from self._driver.execute_iter(sql, query_id=query_id)

    def close(self) -> None:
        self._driver.disconnect()

    def abort(self) -> None:
        """Break off a query that another thread reads; that thread then cleans up."""
        link = self._driver.connection.socket
        if link is not None:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except AspectsError:
            raise
        except driver_errors.ServerException as error:
            raise self._server_error(error) from None
        except (ssl.SSLError, driver_errors.NetworkError, OSError, EOFError) as error:
            raise self._network_error(error) from None
        except driver_errors.Error as error:
            raise AspectsError(
                f"ClickHouse at {self.address} does not speak the native protocol "
                f"({type(error).__name__}): check ASPECTS_CLICKHOUSE_NATIVE_PORT."
            ) from None

    def _network_error(self, error: Exception) -> AspectsError:
        text = str(getattr(error, "message", "") or error).strip().rstrip(".")
        reason = text.splitlines()[-1].strip() if text else "the connection was closed"
        if isinstance(error, EOFError) or "SSL" in text or "certificate" in text.lower():
            return AspectsError(
                f"ClickHouse at {self.address} broke off the connection ({reason}): check that "
                "ASPECTS_CLICKHOUSE_NATIVE_PORT is the native port and that "
                f"ASPECTS_CLICKHOUSE_SECURE ({str(self.target.secure).lower()}) fits it."
            )
        return AspectsError(
            f"ClickHouse at {self.address} cannot be reached ({reason}): check that the server "
            "runs, ASPECTS_CLICKHOUSE_HOST and ASPECTS_CLICKHOUSE_NATIVE_PORT."
        )

    def _server_error(self, error: driver_errors.ServerException) -> ServerError:
        code = int(error.code)
        text = first_sentence(str(error.message))
        where = f"ClickHouse at {self.address}"
        if code in _WRONG_USER:
            message = (
                f"{where} refuses the user '{self.target.user}': check ASPECTS_CLICKHOUSE_USER "
                "and ASPECTS_CLICKHOUSE_PASSWORD."
            )
        elif code in _FORBIDDEN:
            message = (
                f"{where} forbids it to '{self.target.user}' ({text}): set the administrator in "
                "ASPECTS_CLICKHOUSE_USER and ASPECTS_CLICKHOUSE_PASSWORD."
            )
        elif code == _DDL_TIMEOUT:
            message = (
                f"{where} says that not every node finished in time ({text}): bring all nodes "
                "up and run the same command again."
            )
        elif code == _UNKNOWN_CLUSTER:
            message = f"{where} does not know the cluster: correct ASPECTS_CLICKHOUSE_CLUSTER."
        elif code in _NO_KEEPER:
            message = f"{where} has no connection to Keeper ({text}): bring Keeper up and repeat."
        else:
            message = f"{where} answers with error {code}: {text}."
        return ServerError(message, code)


def first_sentence(message: str) -> str:
    """A server's message without its prefix, stack trace and version, in one line."""
    text = message.split("Stack trace:")[0].strip()
    text = " ".join(text.removeprefix("DB::Exception:").split())
    text = text.removeprefix("DB::Exception: ").rstrip(". ")
    return text if len(text) <= 400 else text[:400] + " ..."
