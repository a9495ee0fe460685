"""What LMS and CMS get: settings that Python can run, passwords in their place, a route."""

from __future__ import annotations

import json
import os
import re
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
import yaml

from tests.helpers import TutorProject, configuration, dummy, project

SETTINGS = [
    f"apps/openedx/settings/{service}/{mode}.py"
    for service in ("lms", "cms")
    for mode in ("production", "development")
]
CMS_PASSWORD = dummy("ASPECTS_CLICKHOUSE_CMS_PASSWORD")
LMS_PASSWORD = dummy("RALPH_LMS_PASSWORD")


def saved(root: Path, **settings: Any) -> TutorProject:
    made = project(root, **settings)
    made.save()
    return made


@pytest.fixture(scope="module")
def minimal(tmp_path_factory: pytest.TempPathFactory) -> TutorProject:
    return saved(tmp_path_factory.mktemp("minimal"), **configuration("minimal"))


def snippet(made: TutorProject, path: str = SETTINGS[0]) -> str:
    """Our part of a settings module."""
    text = (made.env / path).read_text(encoding="utf8")
    found = re.search(r"^######## Aspects\n.*?^######## End of Aspects\n", text, re.S | re.M)
    assert found, f"{path} lacks the part of Aspects"
    return found.group()


def settings_of(
    made: TutorProject, path: str = SETTINGS[0], secrets: Path | None = None, **before: Any
) -> dict[str, Any]:
    """Run our part of a settings module after what the platform and its plugins have set."""
    code = snippet(made, path)
    if secrets:
        code = code.replace("/openedx/config/aspects/lms/secrets.json", str(secrets))
    namespace = dict(before)
    exec(compile(code, path, "exec"), namespace)
    return namespace


# -- settings ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SETTINGS)
def test_settings_modules_are_python(minimal: TutorProject, path: str) -> None:
    compile((minimal.env / path).read_text(encoding="utf8"), path, "exec")
    assert "EVENT_SINK_CLICKHOUSE_BACKEND_CONFIG" in settings_of(minimal, path)


def test_sinks_know_their_clickhouse(
    minimal: TutorProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ASPECTS_CLICKHOUSE_CMS_PASSWORD", "from the environment")
    assert settings_of(minimal)["EVENT_SINK_CLICKHOUSE_BACKEND_CONFIG"] == {
        "url": "http://clickhouse:8123",
        "username": "ch_cms",
        "password": "from the environment",
        "database": "event_sink",
        "xapi_database": "xapi",
        "timeout_secs": 5,
    }
    external = saved(tmp_path, **configuration("external-clickhouse"))
    config = settings_of(external)["EVENT_SINK_CLICKHOUSE_BACKEND_CONFIG"]
    assert config["url"] == "https://clickhouse.example.org:8443"


def test_passwords_are_in_a_file_of_their_own_with_compose(
    minimal: TutorProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ASPECTS_CLICKHOUSE_CMS_PASSWORD", raising=False)
    for path in SETTINGS:
        assert CMS_PASSWORD not in (minimal.env / path).read_text(encoding="utf8")
        assert LMS_PASSWORD not in (minimal.env / path).read_text(encoding="utf8")
    # Mounted as /openedx/config by every container of LMS and CMS ...
    secrets = minimal.env / "apps/openedx/config/aspects/lms/secrets.json"
    config = settings_of(minimal, secrets=secrets)["EVENT_SINK_CLICKHOUSE_BACKEND_CONFIG"]
    assert config["password"] == CMS_PASSWORD
    compose = yaml.safe_load((minimal.env / "local/docker-compose.yml").read_text(encoding="utf8"))
    assert "../apps/openedx/config:/openedx/config:roz" in compose["services"]["lms"]["volumes"]
    # ... and in no ConfigMap.
    assert "secrets.json" not in (minimal.env / "kustomization.yml").read_text(encoding="utf8")


def test_enabled_models(minimal: TutorProject, tmp_path: Path) -> None:
    def enabled(made: TutorProject) -> set[str]:
        values = settings_of(made)
        names = (re.fullmatch(r"EVENT_SINK_CLICKHOUSE_(\w+)_ENABLED", name) for name in values)
        return {name[1].lower() for name in names if name and values[name[0]] is True}

    always = {"course_overviews", "tag", "taxonomy", "object_tag", "course_enrollment"}
    # auth_user is the retirement of users, which must work whatever is stored.
    assert enabled(minimal) == always | {"auth_user"}
    personal = saved(tmp_path, ASPECTS_ENABLE_PII=True)
    assert enabled(personal) == always | {"auth_user", "user_profile", "external_id"}
    for made in (minimal, personal):
        tables = settings_of(made)["EVENT_SINK_CLICKHOUSE_PII_MODELS"]
        assert tables == ["user_profile", "external_id", "auth_user"]


def test_events_are_routed_in_batches(minimal: TutorProject, tmp_path: Path) -> None:
    values = settings_of(minimal)
    assert values["XAPI_EVENTS_ENABLED"] is True
    assert values["XAPI_EVENT_LOGGING_ENABLED"] is False
    assert values["EVENT_ROUTING_BACKEND_BATCHING_ENABLED"] is True
    assert values["EVENT_ROUTING_BACKEND_BATCH_SIZE"] == 100
    assert values["EVENT_ROUTING_BACKEND_BATCH_INTERVAL"] == 5
    changed = {
        "RUN_RALPH": False,
        "RUN_VECTOR": True,
        "ASPECTS_XAPI_SOURCE": "vector",
        "EVENT_ROUTING_BACKEND_BATCHING_ENABLED": False,
        "EVENT_ROUTING_BACKEND_BATCH_SIZE": 50,
    }
    values = settings_of(saved(tmp_path, **changed))
    assert values["XAPI_EVENTS_ENABLED"] is True
    assert values["XAPI_EVENT_LOGGING_ENABLED"] is True
    assert values["EVENT_ROUTING_BACKEND_BATCHING_ENABLED"] is False
    assert values["EVENT_ROUTING_BACKEND_BATCH_SIZE"] == 50


def test_events_are_not_queued_for_caliper(minimal: TutorProject) -> None:
    def backends() -> dict[str, Any]:
        # As event-routing-backends' settings leave it.
        inner = {"xapi": {"ENGINE": "xapi"}, "caliper": {"ENGINE": "caliper"}}
        return {"event_transformer": {"OPTIONS": {"backends": inner}}, "logger": {}}

    ours = settings_of(minimal, EVENT_TRACKING_BACKENDS=backends())["EVENT_TRACKING_BACKENDS"]
    assert set(ours["event_transformer"]["OPTIONS"]["backends"]) == {"xapi"}
    assert "logger" in ours
    wanted = settings_of(minimal, EVENT_TRACKING_BACKENDS=backends(), CALIPER_EVENTS_ENABLED=True)[
        "EVENT_TRACKING_BACKENDS"
    ]
    assert set(wanted["event_transformer"]["OPTIONS"]["backends"]) == {"xapi", "caliper"}


# -- retries -----------------------------------------------------------------------------------

_RETRY = """
import sys
from celery import Celery, shared_task

app = Celery("platform")
app.config_from_object("platform_settings")  # as the platform does it, in the same old names
app.conf.task_always_eager = True
attempts = 0


@shared_task(bind=True, name="event_routing_backends.tasks.dispatch_bulk_events")
def dispatch_bulk_events(self, failures):
    global attempts
    attempts += 1
    if attempts <= failures:
        raise ConnectionRefusedError("nobody listens")
    return "stored"


print(dispatch_bulk_events.delay(int(sys.argv[1])).get(), attempts)
"""


def test_a_broken_connection_is_tried_again(minimal: TutorProject, tmp_path: Path) -> None:
    """The true Celery, with a task like that of event-routing-backends: it handles HTTP errors
    itself, and would lose the batch when the connection fails."""
    module = (
        "BROKER_URL = 'memory://'\nCELERY_TASK_SERIALIZER = 'json'\n"
        "CELERYD_PREFETCH_MULTIPLIER = 1\n" + snippet(minimal)
    )
    (tmp_path / "platform_settings.py").write_text(
        module.replace(
            "EVENT_ROUTING_BACKEND_COUNTDOWN = 30", "EVENT_ROUTING_BACKEND_COUNTDOWN = 0"
        )
    )
    (tmp_path / "retry.py").write_text(_RETRY)
    done = subprocess.run(
        [sys.executable, "retry.py", "7"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout == "stored 8\n", done.stderr


def test_patience_is_a_setting(minimal: TutorProject, tmp_path: Path) -> None:
    values = settings_of(minimal)
    waits = values["EVENT_ROUTING_BACKEND_MAX_RETRIES"] * values["EVENT_ROUTING_BACKEND_COUNTDOWN"]
    assert waits == 60 * 60
    values = settings_of(saved(tmp_path, ASPECTS_DELIVERY_RETRY_MINUTES=5))
    waits = values["EVENT_ROUTING_BACKEND_MAX_RETRIES"] * values["EVENT_ROUTING_BACKEND_COUNTDOWN"]
    assert waits == 5 * 60
    tasks = values["CELERY_ANNOTATIONS"]
    assert len(tasks) == 5
    assert all(OSError in task["autoretry_for"] for task in tasks.values())


def test_other_annotations_are_kept(minimal: TutorProject) -> None:
    values = settings_of(minimal, CELERY_ANNOTATIONS={"other.task": {"rate_limit": "1/s"}})
    assert values["CELERY_ANNOTATIONS"]["other.task"] == {"rate_limit": "1/s"}


def test_nobody_waits_where_tasks_run_in_the_request(minimal: TutorProject) -> None:
    values = settings_of(minimal, SETTINGS[1], CELERY_ALWAYS_EAGER=True)
    assert "CELERY_ANNOTATIONS" not in values
    assert "EVENT_ROUTING_BACKEND_MAX_RETRIES" not in values


# -- requirements ------------------------------------------------------------------------------


def test_packages_are_in_the_image(minimal: TutorProject) -> None:
    dockerfile = (minimal.env / "build/openedx/Dockerfile").read_text(encoding="utf8")
    assert dockerfile.count("platform-plugin-aspects==2.") == 2  # production and development
    assert dockerfile.count("edx-event-routing-backends==10.") == 2


# -- init task of the LMS ----------------------------------------------------------------------

# The platform's part: ./manage.py and the two packages, with rows in a file.
_MANAGE = """#!{python}
import sys
assert sys.argv[1:] == ["lms", "shell"], sys.argv
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
            },
            capture_output=True,
            text=True,
            check=False,
        )


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
    assert done.stdout.endswith("called: schema upgrade\n")
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

    priorities = {service: priority for service, _, priority in INIT_TASKS}
    assert 50 < priorities["aspects"] < priorities["lms"]
