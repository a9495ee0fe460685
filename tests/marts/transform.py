"""Make tests/data/transformed.jsonl: a tracking log as event-routing-backends transforms it.

    pip install edx-event-routing-backends==9.3.8
    python tests/marts/transform.py tracking.log > tests/data/transformed.jsonl

The library is real; of the platform around it, three things are made up: the users, their
external identifiers, and the course's name. Nothing of the library is kept here (it is under the
AGPL), only what it writes.
"""

from __future__ import annotations

import json
import sys
import types
import uuid
from pathlib import Path
from typing import Any

COURSE_NAME = "Demonstration Course"
_PLATFORM = (
    "common", "common.djangoapps", "common.djangoapps.student", "common.djangoapps.student.models",
    "openedx", "openedx.core", "openedx.core.djangoapps",
    "openedx.core.djangoapps.content", "openedx.core.djangoapps.content.course_overviews",
    "openedx.core.djangoapps.content.course_overviews.api",
    "openedx.core.djangoapps.external_user_ids",
    "openedx.core.djangoapps.external_user_ids.models",
)  # fmt: skip


class Users:
    """Each user of the log exists, under its name or number, as one and the same learner."""

    class DoesNotExist(Exception):
        pass

    @classmethod
    def get(cls, **_: Any) -> Any:
        return types.SimpleNamespace(id=6, email="learner@example.org")


class ExternalId:
    @staticmethod
    def add_new_user_id(user: Any, kind: str) -> tuple[Any, bool]:
        known = uuid.uuid5(uuid.NAMESPACE_DNS, f"user {user.id} {kind}")
        return types.SimpleNamespace(external_user_id=known), False


def pretend_platform() -> None:
    for name in _PLATFORM:
        sys.modules[name] = types.ModuleType(name)
    sys.modules[_PLATFORM[3]].get_potentially_retired_user_by_username = Users.get  # type: ignore[attr-defined]
    sys.modules[_PLATFORM[9]].get_course_overviews = lambda keys: [  # type: ignore[attr-defined]
        {"display_name": COURSE_NAME, "id": str(keys[0])}
    ]
    models = sys.modules[_PLATFORM[11]]
    models.ExternalId = ExternalId  # type: ignore[attr-defined]
    models.ExternalIdType = types.SimpleNamespace(XAPI="xapi", LTI="lti")  # type: ignore[attr-defined]


def prepare() -> None:
    import django
    from django.conf import settings

    settings.configure(
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "event_routing_backends",
            "waffle",
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        FERNET_KEYS=["made up"],
        SECRET_KEY="made up",
        USE_TZ=True,
        LMS_ROOT_URL="http://localhost:18000",
        XAPI_AGENT_IFI_TYPE="external_id",
        XAPI_EVENTS_ENABLED=True,
        XAPI_EVENT_LOGGING_ENABLED=False,
        CALIPER_EVENTS_ENABLED=False,
        CALIPER_EVENT_LOGGING_ENABLED=False,
        EVENT_ROUTING_BACKEND_BATCHING_ENABLED=False,
        EVENT_ROUTING_BACKEND_BULK_DOWNLOAD_MAX_RETRIES=1,
        EVENT_ROUTING_BACKEND_BULK_DOWNLOAD_COUNTDOWN=1,
        EVENT_ROUTING_BACKEND_MAX_RETRIES=1,
        EVENT_ROUTING_BACKEND_COUNTDOWN=1,
        OPEN_EDX_FILTERS_CONFIG={},
        EVENT_BUS_TRACKING_LOGS=set(),
        EVENT_TRACKING_BACKENDS={},
    )
    django.setup()


def transform(log: Path) -> None:
    from event_routing_backends import helpers
    from event_routing_backends.management.commands.helpers.event_log_parser import (
        parse_json_event,
    )
    from event_routing_backends.processors.xapi import event_transformers  # noqa: F401
    from event_routing_backends.processors.xapi.registry import XApiTransformersRegistry

    helpers.User = types.SimpleNamespace(objects=Users, DoesNotExist=Users.DoesNotExist)
    for line in log.read_text(encoding="utf8").splitlines():
        event = parse_json_event(line)
        if event is None or event["name"] not in XApiTransformersRegistry.mapping:
            print(f"left out: {line[:90]}", file=sys.stderr)
            continue
        made = XApiTransformersRegistry.get_transformer(event).transform()
        for statement in made if isinstance(made, list) else [made]:
            print(json.dumps(json.loads(statement.to_json()), ensure_ascii=False))


if __name__ == "__main__":
    pretend_platform()
    prepare()
    transform(Path(sys.argv[1]))
