"""The scripts of `tutor … do init`, run as Tutor runs them, with stand-ins for what they call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import TutorProject, configuration, dummy, project

LMS_PASSWORD = dummy("RALPH_LMS_PASSWORD")


def saved(root: Path, **settings: Any) -> TutorProject:
    made = project(root, **settings)
    made.save()
    return made


@pytest.fixture(scope="module")
def minimal(tmp_path_factory: pytest.TempPathFactory) -> TutorProject:
    return saved(tmp_path_factory.mktemp("minimal"), **configuration("minimal"))


# -- init task of the LMS ----------------------------------------------------------------------

# The platform's part: ./manage.py and the two packages, with rows in a file.
_MANAGE = """#!{python}
import json, os, sys
assert sys.argv[1] == "lms", sys.argv
if sys.argv[2] != "shell":
    assert sys.argv[2] in ("manage_user", "create_dot_application"), sys.argv
    with open(os.environ["STORE"] + ".commands", "a") as commands:
        print(json.dumps(sys.argv[2:]), file=commands)
    sys.exit()
exec(compile(sys.stdin.read(), "stdin", "exec"), {{"__name__": "django"}})
"""
_MODELS = """
import json
import os
from pathlib import Path
from types import SimpleNamespace

STORE = Path(os.environ["STORE"])


def rows():
    loaded = json.loads(STORE.read_text()) if STORE.exists() else []
    return [SimpleNamespace(**row) for row in loaded]


class Query(list):
    def filter(self, **wanted):
        return Query(row for row in self if all(getattr(row, k) == v for k, v in wanted.items()))

    def order_by(self, *fields):
        assert fields == ("-change_date", "-id")
        return Query(reversed(self))

    def first(self):
        return self[0] if self else None


class Manager:
    def filter(self, **wanted):
        return Query(rows()).filter(**wanted)

    def current_set(self):
        return Query({row.route_url: row for row in rows()}.values())


class RouterConfiguration:
    objects = Manager()

    def __init__(self, **fields):
        defaults = dict(auth_scheme=None, username=None, password=None, configurations=None)
        self.fields = {**defaults, **fields}

    def save(self):
        STORE.write_text(json.dumps([*(vars(row) for row in rows()), self.fields]))
"""
_CACHE = """
import os


def get_cache_key(**parts):
    return str(sorted(parts.items()))


class TieredCache:
    @staticmethod
    def delete_all_tiers(key):
        assert key == "[('namespace', 'event_routing_backends'), ('resource', 'xapi')]"
"""


class Lms:
    """A stand-in for the LMS container, and for the Ralph that it reaches."""

    def __init__(self, root: Path, port: int) -> None:
        self.root, self.port = root, port
        for path, text in {
            "manage.py": _MANAGE.format(python=sys.executable),
            "event_routing_backends/models.py": _MODELS,
            "edx_django_utils/cache/utils.py": _CACHE,
        }.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        (root / "manage.py").chmod(0o755)
        self.store = root / "rows.json"

    @property
    def own_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/xAPI/"

    def rows(self) -> list[dict[str, Any]]:
        loaded = json.loads(self.store.read_text()) if self.store.exists() else []
        assert isinstance(loaded, list)
        return loaded

    def init(
        self, made: TutorProject, password: str = LMS_PASSWORD, patience: int = 600
    ) -> subprocess.CompletedProcess[str]:
        """Run the rendered script as Tutor does: as an argument of `sh -e -c`."""
        path = made.env / "plugins/aspects/jobs/init/lms.sh"
        script = path.read_text(encoding="utf8")
        assert LMS_PASSWORD not in script
        script = script.replace("http://ralph:8100/", f"http://127.0.0.1:{self.port}/")
        script = script.replace("monotonic() + 600", f"monotonic() + {patience}")
        script = script.replace("time.sleep(3)", "time.sleep(0.01)")
        return subprocess.run(
            ["sh", "-e", "-c", script],
            cwd=self.root,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(self.root),
                "STORE": str(self.store),
                "RALPH_LMS_PASSWORD": password,
                "SUPERSET_OAUTH2_CLIENT_ID": "the-client",
                "SUPERSET_OAUTH2_CLIENT_SECRET": "the-client-secret",
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def commands(self) -> list[list[str]]:
        """Commands of ./manage.py beside the shell."""
        text = (self.root / "rows.json.commands").read_text()
        return [json.loads(line) for line in text.splitlines()]


class Ralph(BaseHTTPRequestHandler):
    """Ready at the third call, and knows one user."""

    calls = 0

    def do_GET(self) -> None:
        status = 404
        if self.path == "/__heartbeat__":
            type(self).calls += 1
            status = 200 if type(self).calls > 2 else 500
        if self.path == "/whoami":
            token = b64encode(f"lms:{LMS_PASSWORD}".encode()).decode()
            status = 200 if self.headers["Authorization"] == f"Basic {token}" else 401
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def lms(tmp_path: Path) -> Iterator[Lms]:
    Ralph.calls = 0
    with serving(Ralph) as port:
        yield Lms(tmp_path / "lms", port)


def test_route_is_made_once(lms: Lms, minimal: TutorProject) -> None:
    for expected in ("is now on", "is up to date"):
        done = lms.init(minimal)
        assert done.returncode == 0, done.stderr
        assert expected in done.stdout
    [row] = lms.rows()
    assert row == {
        "backend_name": "xAPI",
        "enabled": True,
        "route_url": lms.own_url,
        "auth_scheme": "Basic",
        "username": "lms",
        "password": LMS_PASSWORD,
        "configurations": None,
    }
    assert LMS_PASSWORD not in done.stdout + done.stderr


def test_superset_may_ask_the_lms_who_somebody_is(lms: Lms, minimal: TutorProject) -> None:
    done = lms.init(minimal)
    assert done.returncode == 0, done.stderr
    user, application = lms.commands()
    assert user == ["manage_user", "superset", "superset@apache"]
    assert application[0] == "create_dot_application" and "--update" in application
    options = dict(zip(application[1::2], application[2::2], strict=False))
    assert options["--client-id"] == "the-client"
    assert options["--client-secret"] == "the-client-secret"
    host = minimal.config.get("SUPERSET_HOST", "superset.lms.example.org")
    assert options["--redirect-uris"] == f"http://{host}/oauth-authorized/openedxsso"
    assert application[-2:] == ["superset-sso", "superset"]
    assert "the-client-secret" not in done.stdout + done.stderr


def test_route_follows_a_new_password_and_keeps_its_filters(
    lms: Lms, minimal: TutorProject
) -> None:
    assert lms.init(minimal).returncode == 0
    [row] = lms.rows()
    lms.store.write_text(json.dumps([{**row, "password": "old", "configurations": {"a": 1}}]))
    assert lms.init(minimal).returncode == 0
    [_, newest] = lms.rows()
    assert newest["password"] == LMS_PASSWORD
    assert newest["configurations"] == {"a": 1}


def test_wrong_password_is_one_sentence(lms: Lms, minimal: TutorProject) -> None:
    done = lms.init(minimal, password="wrong")
    assert done.returncode == 1
    assert "RALPH_LMS_HASHED_PASSWORD" in done.stderr
    assert "Traceback" not in done.stderr
    assert lms.rows() == []


def test_ralph_that_never_answers_is_one_sentence(tmp_path: Path, minimal: TutorProject) -> None:
    done = Lms(tmp_path / "lms", port=1).init(minimal, patience=0)
    assert done.returncode == 1
    assert "Ralph is not ready" in done.stderr
    assert "Traceback" not in done.stderr


def test_route_is_off_without_ralph(lms: Lms, minimal: TutorProject, tmp_path: Path) -> None:
    off = {"RUN_RALPH": False, "RUN_VECTOR": True, "ASPECTS_XAPI_SOURCE": "vector"}
    without = saved(tmp_path / "off", **off)
    assert lms.init(without).returncode == 0
    assert lms.rows() == []
    assert lms.init(minimal).returncode == 0
    done = lms.init(without)
    assert "is now off" in done.stdout
    assert [row["enabled"] for row in lms.rows()] == [True, False]
    assert lms.init(without).returncode == 0
    assert len(lms.rows()) == 2


def test_external_ralph(lms: Lms, minimal: TutorProject, tmp_path: Path) -> None:
    settings = {
        "RUN_RALPH": False,
        "RUN_VECTOR": True,
        "ASPECTS_XAPI_SOURCE": "vector",
        "RALPH_HOST": "lrs.example.org",
        "RALPH_RUN_HTTPS": True,
    }
    assert lms.init(minimal).returncode == 0
    done = lms.init(saved(tmp_path / "external", **settings))
    assert done.returncode == 0, done.stderr
    newest = {row["route_url"]: row["enabled"] for row in lms.rows()}
    assert newest == {lms.own_url: False, "https://lrs.example.org/xAPI/": True}
    # Back again: the other one is the operator's, who is told.
    done = lms.init(minimal)
    assert "Statements also go to https://lrs.example.org/xAPI/" in done.stdout


# -- init task of the schema -------------------------------------------------------------------


class Ping(BaseHTTPRequestHandler):
    """ClickHouse's /ping, from the third call on."""

    calls = 0

    def do_GET(self) -> None:
        type(self).calls += 1
        self.send_response(200 if self.path == "/ping" and type(self).calls > 2 else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def init_schema(made: TutorProject, root: Path, port: int, patience: int) -> Any:
    script = (made.env / "plugins/aspects/jobs/init/aspects.sh").read_text(encoding="utf8")
    script = script.replace("monotonic() + 600", f"monotonic() + {patience}")
    script = script.replace("time.sleep(3)", "time.sleep(0.01)")
    for name, text in {
        "aspects": '#!/bin/sh\necho "called: $*"\n',
        "python": f'#!/bin/sh\nexec {sys.executable} "$@"\n',
    }.items():
        (root / name).write_text(text)
        (root / name).chmod(0o755)
    return subprocess.run(
        ["sh", "-e", "-c", script],
        env={
            "PATH": f"{root}:/usr/bin:/bin",
            "ASPECTS_CLICKHOUSE_HOST": "127.0.0.1",
            "ASPECTS_CLICKHOUSE_HTTP_PORT": str(port),
            "ASPECTS_CLICKHOUSE_SECURE": "0",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_schema_waits_for_clickhouse(minimal: TutorProject, tmp_path: Path) -> None:
    Ping.calls = 0
    with serving(Ping) as port:
        done = init_schema(minimal, tmp_path, port, patience=600)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("called: schema upgrade\ncalled: schema sync\ncalled: dbt run\n")
    assert Ping.calls == 3


def test_clickhouse_that_never_answers_is_one_sentence(
    minimal: TutorProject, tmp_path: Path
) -> None:
    done = init_schema(minimal, tmp_path, port=1, patience=0)
    assert done.returncode == 1
    assert "called" not in done.stdout
    assert "ClickHouse does not answer at 127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr


def test_tasks_run_in_order(minimal: TutorProject) -> None:
    """The schema before the LMS, both after Tutor's own."""
    from tutoraspects.tasks import INIT_TASKS

    order = [(service, Path(template).stem) for service, template, _ in INIT_TASKS]
    assert order == [
        ("aspects", "aspects"),
        ("superset", "superset"),
        ("aspects", "dashboards"),
        ("lms", "lms"),
    ]
    priorities = [priority for *_, priority in INIT_TASKS]
    assert priorities[0] > 50 and priorities == sorted(priorities)
