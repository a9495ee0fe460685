"""One request to ClickHouse's HTTP interface, for tests."""

from __future__ import annotations

import http.client
import urllib.parse
from base64 import b64encode
from collections.abc import Mapping

from .ports import LOOPBACK


class HttpAnswer(str):
    """The text of an answer, with its status and ClickHouse's error code (0 when there is none)."""

    status: int
    exception_code: int
    headers: Mapping[str, str]


def ask(
    port: int,
    login: tuple[str, str],
    parameters: Mapping[str, str],
    data: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> HttpAnswer:
    """POST `data` with these URL parameters. Raises OSError when nothing answers."""
    basic = b64encode(":".join(login).encode()).decode()
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=600)
    try:
        connection.request(
            "POST",
            "/?" + urllib.parse.urlencode(parameters),
            body=data,
            headers={"Authorization": f"Basic {basic}", **(headers or {})},
        )
        response = connection.getresponse()
        answer = HttpAnswer(response.read().decode(errors="replace"))
        answer.status = response.status
        answer.headers = dict(response.getheaders())
        answer.exception_code = int(answer.headers.get("X-ClickHouse-Exception-Code", 0))
        return answer
    finally:
        connection.close()
