"""The wire to a learning record store: one kept-alive HTTP connection with its headers."""

from __future__ import annotations

import base64
import http.client
import json
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tutoraspects.errors import AspectsError

DEFAULT_URL = "http://ralph:8100/xAPI/"


@dataclass(frozen=True)
class Endpoint:
    """Where statements go. `url` ends with a slash: `http://ralph:8100/xAPI/`."""

    url: str
    username: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise AspectsError(
                f"{self.url!r} is not the address of a learning record store: set ASPECTS_LRS_URL "
                f"to one such as {DEFAULT_URL}."
            )
        if not self.url.endswith("/"):
            object.__setattr__(self, "url", self.url + "/")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Endpoint:
        """From ASPECTS_LRS_URL, _USERNAME and _PASSWORD, or _PASSWORD_FILE.

        Raises AspectsError when a password is missing or its file cannot be read.
        """
        username = environment.get("ASPECTS_LRS_USERNAME", "")
        password = environment.get("ASPECTS_LRS_PASSWORD", "")
        path = environment.get("ASPECTS_LRS_PASSWORD_FILE", "")
        if path and not password:
            try:
                password = Path(path).read_text(encoding="utf8").rstrip("\n")
            except OSError as error:
                raise AspectsError(
                    f"Cannot read the password of the learning record store from {path} "
                    f"({error.strerror}): mend ASPECTS_LRS_PASSWORD_FILE."
                ) from error
        if not username or not password:
            raise AspectsError(
                "There are no credentials for the learning record store: set ASPECTS_LRS_USERNAME "
                "and ASPECTS_LRS_PASSWORD or ASPECTS_LRS_PASSWORD_FILE."
            )
        return cls(environment.get("ASPECTS_LRS_URL") or DEFAULT_URL, username, password)


@dataclass(frozen=True)
class Answer:
    """A response: its status, what it says went wrong, and Retry-After in seconds.

    `stored` is how many statements the store wrote because of the request: those whose
    identifiers it lists. One that it had already is acknowledged and not listed.
    """

    status: int
    reason: str
    retry_after: float | None
    stored: int


class WireError(Exception):
    """No response: the connection could not be made, broke, or timed out."""


class Wire:
    """A connection that is opened when needed and kept. For one thread."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        parts = urlsplit(endpoint.url)
        self._prefix = parts.path
        self._timeout = timeout
        self._host = parts.hostname or ""
        self._port = parts.port
        self._secure = parts.scheme == "https"
        secret = base64.b64encode(f"{endpoint.username}:{endpoint.password}".encode()).decode()
        self._headers = {
            "Authorization": f"Basic {secret}",
            "Content-Type": "application/json",
            "X-Experience-API-Version": "1.0.3",
        }
        self._connection: http.client.HTTPConnection | None = None

    def post(self, path: str, body: bytes) -> Answer:
        """POST to `path` below the endpoint; raises WireError when there is no response."""
        try:
            if self._connection is None:
                self._connection = self._open()
            self._connection.request("POST", self._prefix + path, body, self._headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise WireError(str(error) or type(error).__name__) from error
        if response.will_close:
            self.close()
        reason, stored = _read(content)
        wait = _seconds(response.headers.get("Retry-After"))
        return Answer(response.status, reason or response.reason, wait, stored)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> http.client.HTTPConnection:
        if self._secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=self._timeout, context=context
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)


def _read(content: bytes) -> tuple[str, int]:
    """What the body says went wrong, in one line, and how many identifiers it lists."""
    try:
        body = json.loads(content)
    except ValueError:
        return "", 0
    if isinstance(body, list):
        return "", len(body)
    detail = body.get("detail", "") if isinstance(body, dict) else ""
    return " ".join(str(detail).split())[:300], 0


def _seconds(value: str | None) -> float | None:
    try:
        return None if value is None else max(0.0, float(value))
    except ValueError:  # a date: the backoff's own pause will do
        return None
