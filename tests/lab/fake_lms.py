"""A double of the LMS: the parts of it that Superset speaks to, over HTTP, and no more.

It keeps the LMS' wire protocol (OAuth2 authorization code, access tokens as JWT, two REST APIs),
and says what it is on its first page and in the header `X-Double`. People log in by clicking on a
name; a test says who with the cookie `double_login`.

    python -m tests.lab.fake_lms PORT KEY.pem SETTINGS.json
"""

from __future__ import annotations

import base64
import html
import json
import secrets
import sys
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt

COURSES = tuple(f"course-v1:Org{letter}+{letter}101+2026" for letter in "ABC")
PAGE = 1  # courses on a page: small, so that pagination is used


@dataclass(frozen=True)
class Person:
    superuser: bool = False
    staff: bool = False  # global staff
    teaches: tuple[str, ...] = ()
    language: str = "en"


PEOPLE = {
    "root": Person(superuser=True),
    "dean": Person(staff=True),
    "anna": Person(teaches=COURSES[:1]),
    "bert": Person(teaches=COURSES[1:2]),
    "both": Person(teaches=COURSES[:2], language="fr"),
    "sol": Person(teaches=COURSES[:1], language="es"),
    "none": Person(),
    "pupil": Person(),
    "rosa": Person(),
}


@dataclass
class State:
    """What the double knows. `broken` names parts that answer with an error, for tests."""

    key: str
    settings: dict[str, Any]
    client: tuple[str, str]
    codes: dict[str, str] = field(default_factory=dict)
    refresh: dict[str, str] = field(default_factory=dict)
    teaches: dict[str, list[str]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    tamper: str = ""
    asked: list[str] = field(default_factory=list)
    lifetime: int = 3600

    def courses(self, name: str) -> list[str]:
        return self.teaches.get(name, list(PEOPLE[name].teaches))

    def token(self, name: str, *, asymmetric: bool) -> str:
        """An access token as openedx/core/djangoapps/oauth_dispatch/jwt.py makes it."""
        lms, person, now = self.settings["lms"], PEOPLE[name], int(time.time())
        claims = {
            "aud": lms["audience"],
            "exp": now + self.lifetime,
            "grant_type": "authorization-code",
            "iat": now,
            "iss": lms["issuer"],
            "preferred_username": name,
            "scopes": ["profile", "email", "user_id"],
            "version": "1.2.0",
            "sub": f"anonymous-{name}",
            "filters": ["user:me"],
            "email_verified": True,
            "email": f"{name}@example.org",
            "name": name.title(),
            "given_name": name.title(),
            "family_name": "Example",
            "administrator": person.staff,
            "superuser": person.superuser,
        }
        if self.tamper == "issuer":
            claims["iss"] = "https://elsewhere.example.org/oauth2"
        if self.tamper == "expired":
            claims |= {"exp": now - 600, "iat": now - 4200}
        if not asymmetric or self.tamper == "shared-secret":
            return jwt.encode(claims, "the shared secret of the LMS, long enough", "HS256")
        token = jwt.encode(claims, self.key, "RS512", headers={"kid": "openedx"})
        if self.tamper in ("payload", "none"):
            header, payload, signature = token.split(".")
            changed = {**claims, "superuser": True, "preferred_username": name}
            payload = base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=").decode()
            if self.tamper == "none":
                plain = json.dumps({"alg": "none", "typ": "JWT"}).encode()
                header, signature = base64.urlsafe_b64encode(plain).rstrip(b"=").decode(), ""
            return f"{header}.{payload}.{signature}"
        return token


class Handler(BaseHTTPRequestHandler):
    state: State

    def log_message(self, *_: Any) -> None:
        pass

    def answer(
        self, status: int, body: Any, kind: str = "application/json", **headers: str
    ) -> None:
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-Double", "This is a double of an LMS, for tests.")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        query = {name: values[0] for name, values in urllib.parse.parse_qs(url.query).items()}
        self.state.asked.append(url.path)
        lms = self.state.settings["lms"]
        if url.path == "/":
            self.answer(200, "<h1>A double of an LMS</h1><p>For tests.", "text/html")
        elif url.path == lms["authorize_path"]:
            self.authorize(query)
        elif url.path == "/api/courses/v1/courses/":
            self.courses(query)
        elif url.path.startswith("/api/user/v1/preferences/"):
            name = self.caller()
            if name is None or name != url.path.rsplit("/", 1)[1]:
                self.answer(403, {"detail": "Not yours."})
            else:
                self.answer(200, {"pref-lang": PEOPLE[name].language})
        else:
            self.answer(404, {"detail": "The double does not have this page."})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path == "/double":
            for name, value in json.loads(body).items():
                setattr(self.state, name, set(value) if name == "broken" else value)
            self.answer(200, {"asked": self.state.asked})
            return
        form = {name: values[0] for name, values in urllib.parse.parse_qs(body).items()}
        if self.path == self.state.settings["lms"]["access_token_path"]:
            self.access_token(form)
        else:
            self.answer(404, {})

    # -- OAuth2 ----------------------------------------------------------------------------------

    def authorize(self, query: dict[str, str]) -> None:
        if query.get("client_id") != self.state.client[0] or query.get("response_type") != "code":
            self.answer(400, {"error": "unauthorized_client"})
            return
        cookies = dict(
            pair.strip().split("=", 1)
            for pair in self.headers.get("Cookie", "").split(";")
            if "=" in pair
        )
        name = query.get("as") or cookies.get("double_login", "")
        if name not in PEOPLE:
            again = urllib.parse.urlencode(query)
            links = "".join(
                f'<li><a href="?{html.escape(again)}&amp;as={who}">{who}</a>' for who in PEOPLE
            )
            self.answer(200, f"<h1>A double of an LMS</h1>Log in as<ul>{links}</ul>", "text/html")
            return
        code = secrets.token_urlsafe(16)
        self.state.codes[code] = name
        back = urllib.parse.urlencode({"code": code, "state": query.get("state", "")})
        self.answer(302, "", "text/plain", Location=f"{query['redirect_uri']}?{back}")

    def access_token(self, form: dict[str, str]) -> None:
        login = (form.get("client_id"), form.get("client_secret"))
        header = self.headers.get("Authorization", "")
        if header.startswith("Basic "):
            user, _, word = base64.b64decode(header[6:]).decode().partition(":")
            login = (urllib.parse.unquote(user), urllib.parse.unquote(word))
        known = {"authorization_code": self.state.codes, "refresh_token": self.state.refresh}
        store = known.get(form.get("grant_type", ""), {})
        name = store.pop(form.get("code") or form.get("refresh_token") or "", None)
        if login != self.state.client or name is None:
            self.answer(401, {"error": "invalid_grant"})
            return
        renewed = secrets.token_urlsafe(16)
        self.state.refresh[renewed] = name
        self.answer(
            200,
            {
                "access_token": self.state.token(name, asymmetric=bool(form.get("asymmetric_jwt"))),
                "expires_in": self.state.lifetime,
                "token_type": "JWT",
                "scope": "read write profile email user_id",
                "refresh_token": renewed,
            },
        )

    # -- APIs ------------------------------------------------------------------------------------

    def caller(self) -> str | None:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme != "JWT":
            return None
        claims = jwt.decode(token, options={"verify_signature": False})
        return str(claims["preferred_username"])

    def courses(self, query: dict[str, str]) -> None:
        name = self.caller()
        if "courses" in self.state.broken:
            self.answer(503, {"detail": "The double is told to be broken."})
        elif name is None or name != query.get("username"):
            self.answer(403, {"detail": "Not yours."})
        else:
            all_of_them = self.state.courses(name)
            page = int(query.get("page", 1))
            found = all_of_them[(page - 1) * PAGE : page * PAGE]
            more = page * PAGE < len(all_of_them)
            host = self.headers["Host"]
            following = urllib.parse.urlencode({**query, "page": page + 1})
            self.answer(
                200,
                {
                    "results": [{"course_id": key, "id": key} for key in found],
                    "pagination": {
                        "next": f"http://{host}/api/courses/v1/courses/?{following}"
                        if more
                        else None,
                        "count": len(all_of_them),
                    },
                },
            )


def serve(port: int, state: State) -> ThreadingHTTPServer:
    handler = type("Handler", (Handler,), {"state": state})
    return ThreadingHTTPServer(("127.0.0.1", port), handler)


def main() -> None:
    port, key, settings, client, secret = sys.argv[1:]
    state = State(Path(key).read_text(), json.loads(Path(settings).read_text()), (client, secret))
    server = serve(int(port), state)
    threading.Thread(target=server.serve_forever).start()


if __name__ == "__main__":
    main()
