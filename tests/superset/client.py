"""What a browser and the LMS send to Superset, without a browser."""

from __future__ import annotations

import base64
import hmac
import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    url: str
    headers: Any

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Client:
    """A session: cookies, and a CSRF token where one is needed. `headers` go with every request."""

    def __init__(self, base: str, **headers: str) -> None:
        self.base = base
        self.headers = headers
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        self._csrf = ""

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        url = urllib.parse.urljoin(self.base + "/", path)
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, method=method)
        everything = {"Accept": "application/json", "Referer": self.base, **self.headers, **headers}
        if data is not None and not isinstance(body, bytes):
            everything.setdefault("Content-Type", "application/json")
        for name, value in everything.items():
            request.add_header(name, value)
        try:
            with self.opener.open(request, timeout=120) as answer:
                return Answer(
                    answer.status,
                    answer.read().decode("utf8", "replace"),
                    answer.url,
                    answer.headers,
                )
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read().decode("utf8", "replace"), url, error.headers)

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        """With the CSRF token that a page of Superset has for its scripts."""
        if not self._csrf and not {"X-GuestToken", "Authorization"} & set(self.headers):
            page = self.get("/superset/welcome/", Accept="text/html")
            found = re.search(r'id="csrf_token"[^>]*value="([^"]*)"', page.text)
            self._csrf = found[1] if found else ""
        extra = {"X-CSRFToken": self._csrf} if self._csrf else {}
        return self.request("POST", path, body, **{**extra, **headers})

    def cookie(self, name: str, value: str, domain: str) -> None:
        made = http.cookiejar.Cookie(
            0, name, value, None, False, domain, True, False, "/", True, False, None, True, None,
            None, {},
        )  # fmt: skip
        self.jar.set_cookie(made)


def through_lms(base: str, name: str) -> tuple[Client, Answer]:
    """Log in as somebody by the LMS; the answer is the page at the end of the redirections."""
    client = Client(base)
    client.cookie("double_login", name, "localhost.local")
    return client, client.get("/login/openedxsso?next=", Accept="text/html")


def with_password(base: str, username: str, password: str) -> Client:
    """Log in by the API, as supersetapiclient does."""
    client = Client(base)
    answer = client.request(
        "POST",
        "/api/v1/security/login",
        {"username": username, "password": password, "provider": "db", "refresh": "true"},
    )
    assert answer.status == 200, answer.text
    client.headers["Authorization"] = f"Bearer {answer.json['access_token']}"
    return client


def _segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(claims: dict[str, Any], secret: str | None) -> str:
    """A JWT, signed with HS256, or by nobody without a secret."""
    algorithm = "none" if secret is None else "HS256"
    head = _segment(json.dumps({"alg": algorithm, "typ": "JWT"}).encode())
    text = f"{head}.{_segment(json.dumps(claims).encode())}"
    if secret is None:
        return f"{text}."
    return f"{text}.{_segment(hmac.new(secret.encode(), text.encode(), 'sha256').digest())}"


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a JWT, as they are written in it."""
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(
        base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    )
    return found


def multipart(fields: dict[str, str], name: str, data: bytes) -> tuple[bytes, str]:
    """A form with one file, and its content type."""
    mark = "aspects-test-boundary"
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    parts.append(
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}.zip"\r\n'
        "Content-Type: application/zip\r\n\r\n".encode()
        + data
        + b"\r\n"
    )
    return b"".join(parts) + f"--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"


def bootstrap(answer: Answer) -> dict[str, Any]:
    """The data that a page of Superset begins with."""
    import html

    found = re.search(r'data-bootstrap="([^"]*)"', answer.text)
    return json.loads(html.unescape(found[1])) if found else {}
