"""What LMS and CMS get: settings that Python can run, packages, passwords in their place."""

from __future__ import annotations

import re
import subprocess
import sys
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
