"""As much of Superset's REST API as `aspects dashboards` calls, with what can go wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tutoraspects.dashboards import bundle

PASSWORD = "not-the-real-one"
ROLES = ("Admin", "Instructor", "Operator", "Instructor - es", "Operator - es")


class FakeSuperset:
    """What was imported, and how it was called."""

    def __init__(self) -> None:
        self.url = ""
        self.bundle = b""
        self.charts: list[dict[str, Any]] = []  # that were not imported
        self.forms: list[dict[str, str]] = []  # of every import
        self.assets: dict[str, dict[str, Any]] = {}
        self.roles: dict[int, list[int]] = {}
        self.owners: dict[int, list[int]] = {}
        self.refusal: dict[str, Any] | None = None
        self.forgets: set[str] = set()  # ids of charts that it does not link
        self.without_roles: set[str] = set()

    def dashboards(self) -> list[dict[str, Any]]:
        return self.of("dashboards")

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [one for path, one in self.assets.items() if path.startswith(f"{kind}/")]

    def listed(self, kind: str) -> list[dict[str, Any]]:
        """A page of 1 of datasets or charts; ids are places."""
        if kind == "chart":
            return self.charts
        if kind == "database":
            return []
        return [
            {"id": n, "uuid": one["uuid"], "table_name": one["table_name"], "database": {"id": 1}}
            for n, one in enumerate(self.of("datasets"))
        ][:99]

    def receive(self, body: bytes, boundary: bytes) -> None:
        """A multipart form with a bundle."""
        form: dict[str, str] = {}
        for part in body.split(b"--" + boundary)[1:-1]:
            head, _, content = part.strip(b"\r\n").partition(b"\r\n\r\n")
            name = head.split(b'name="')[1].split(b'"')[0].decode()
            if name == "bundle":
                self.bundle = content
            else:
                form[name] = content.decode()
        self.forms.append(form)
        self.assets |= bundle.unpack(self.bundle)

    def export(self) -> bytes:
        return bundle.pack(self.assets)


class _Handler(BaseHTTPRequestHandler):
    fake: FakeSuperset

    def log_message(self, format: str, *args: Any) -> None:
        return

    def _answer(self, status: int, body: Any) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _dashboard(self) -> dict[str, Any] | None:
        uuid = self.path.split("/")[4]
        return next((one for one in self.fake.dashboards() if one["uuid"] == uuid), None)

    def do_GET(self) -> None:
        fake, path = self.fake, self.path.removeprefix("/api/v1/")
        if self.headers.get("Authorization") != "Bearer token":
            self._answer(401, {"msg": "Missing Authorization Header"})
        elif path == "security/csrf_token/":
            self._answer(200, {"result": "csrf"})
        elif path.startswith("security/roles/"):
            names = [name for name in ROLES if name not in fake.without_roles]
            rows = [{"id": number, "name": name} for number, name in enumerate(names)]
            self._answer(200, {"result": rows if "page:0" in path else []})
        elif path.startswith("security/users/"):
            rows = [{"id": 7, "username": "dean"}, {"id": 9, "username": "anna"}]
            self._answer(200, {"result": rows})
        elif path.startswith(("dataset/", "chart/", "database/")):
            self._answer(200, {"result": fake.listed(path.partition("/")[0])})
        elif path == "assets/export/":
            self._answer(200, fake.export())
        elif path.startswith("dashboard/") and self._dashboard():
            found = self._dashboard()
            assert found
            if path.endswith("/charts"):
                charts = {
                    element["meta"]["uuid"]
                    for element in found["position"].values()
                    if isinstance(element, dict) and element["type"] == "CHART"
                }
                linked = charts - fake.forgets
                self._answer(200, {"result": [{"id": 1}] * len(linked)})
            else:
                number = fake.dashboards().index(found)
                roles = [{"id": one} for one in fake.roles.get(number, [])]
                owners = [{"id": one} for one in fake.owners.get(number, [])]
                people = {"roles": roles, "owners": owners}
                self._answer(200, {"result": {"id": number, "slug": found["slug"], **people}})
        else:
            self._answer(404, {"message": "Not found"})

    def do_POST(self) -> None:
        body = self._body()
        if self.path == "/api/v1/security/login":
            told = json.loads(body)
            right = told["password"] == PASSWORD
            self._answer(200, {"access_token": "token"}) if right else self._answer(401, {})
        elif self.headers.get("X-CSRFToken") != "csrf":
            self._answer(400, {"errors": [{"message": "The CSRF token is missing."}]})
        elif self.fake.refusal:
            self._answer(422, self.fake.refusal)
        else:
            boundary = self.headers["Content-Type"].partition("boundary=")[2].encode()
            self.fake.receive(body, boundary)
            self._answer(200, {"message": "OK"})

    def do_PUT(self) -> None:
        number = int(self.path.rpartition("/")[2])
        told = json.loads(self._body())
        self.fake.roles[number] = told["roles"]
        if "owners" in told:
            self.fake.owners[number] = told["owners"]
        self._answer(200, {"result": {}})


@contextmanager
def running() -> Iterator[FakeSuperset]:
    """A server on a port of its own."""
    fake = FakeSuperset()
    handler = type("Handler", (_Handler,), {"fake": fake})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
