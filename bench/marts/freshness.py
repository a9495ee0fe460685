"""From Ralph's acknowledgement to the row in each mart."""

from __future__ import annotations

import base64
import http.client
import json
import math
import time
import uuid
from datetime import datetime, timedelta, timezone
from typing import Any

from bench.marts import events
from tests.lab.lab import Lab
from tests.lab.processes import LabError
from tutoraspects.access.courses import scope

_ROUNDS = 20
_PATIENCE = 60.0
_KEY = "course-v1:Fresh+F1+run"
_COURSE = f"http://lms.example.org/course/{_KEY}"
_BLOCK = "http://lms.example.org/xblock/block-v1:Fresh+F1+run+type@{0}+block@{0}1"
_IN_COURSE = {
    "contextActivities": {
        "parent": [
            {
                "id": _COURSE,
                "objectType": "Activity",
                "definition": {"type": "http://adlnet.gov/expapi/activities/course"},
            }
        ]
    }
}
# Marts and the column that names the learner: those of one learner, without the outline.
MARTS = (
    "reporting.dim_most_recent_enrollment",
    "reporting.dim_student_status",
    "reporting.fact_enrollments",
    "reporting.dim_learner_most_recent_course_grade",
    "reporting.dim_learner_last_course_visit",
    "reporting.dim_learner_last_response",
    "reporting.fact_learner_problem_attempts",
    "reporting.dim_problem_results",
    "reporting.dim_problem_coursewide_avg",
    "reporting.fact_video_plays",
    "reporting.fact_video_segments",
    "reporting.fact_video_watches",
    "reporting.fact_completions",
    "reporting.fact_forum_interactions",
    "xapi.navigation_events",
)


def measure(lab: Lab) -> dict[str, Any]:
    """p50, p95 and worst milliseconds of each mart over some rounds. Raises LabError."""
    seconds: dict[str, list[float]] = {mart: [] for mart in MARTS}
    for number in range(_ROUNDS):
        for mart in MARTS:
            learner = str(uuid.uuid4())
            _send(lab, _statements(learner))
            acknowledged = time.monotonic()
            while not _has(lab, mart, learner, node=number % len(lab.nodes)):
                if time.monotonic() - acknowledged > _PATIENCE:
                    raise LabError(f"after {_PATIENCE:.0f} s there is nothing in {mart}")
            seconds[mart].append(time.monotonic() - acknowledged)
    events.say(f"fresh after {max(max(found) for found in seconds.values()):.2f} s at most")
    return {
        mart: {
            "p50_ms": sorted(found)[len(found) // 2] * 1000,
            "p95_ms": sorted(found)[math.ceil(0.95 * len(found)) - 1] * 1000,
            "max_ms": max(found) * 1000,
        }
        for mart, found in seconds.items()
    }


def _has(lab: Lab, mart: str, learner: str, node: int) -> bool:
    query = f"SELECT count() FROM {mart} WHERE actor_id = '{learner}' AND course_key = '{_KEY}'"
    answer = lab.http(query, user="report", node=node, log_comment=scope([_KEY]))
    if answer.status != 200:
        raise LabError(f"{query}: {answer[:400]}")
    return answer.strip() != "0"


def _statements(learner: str) -> list[dict[str, Any]]:
    now = datetime.now(timezone.utc)
    adl = "http://adlnet.gov/expapi/verbs/"
    video = "https://w3id.org/xapi/video/"
    cases: list[tuple[str, str, str, dict[str, Any]]] = [
        (f"{adl}registered", _COURSE, "http://adlnet.gov/expapi/activities/course", {}),
        (
            "http://id.tincanapi.com/verb/earned",
            _COURSE,
            "http://adlnet.gov/expapi/activities/course",
            {"score": {"scaled": 0.5}},
        ),
        (
            "https://w3id.org/xapi/acrossx/verbs/evaluated",
            _BLOCK.format("problem"),
            "http://adlnet.gov/expapi/activities/cmi.interaction",
            {"response": "a", "success": True, "score": {"scaled": 1}},
        ),
        (
            "https://w3id.org/xapi/dod-isd/verbs/navigated",
            _BLOCK.format("sequential"),
            "http://id.tincanapi.com/activitytype/resource",
            {},
        ),
        (
            f"{video}verbs/played",
            _BLOCK.format("video"),
            f"{video}activity-type/video",
            {"extensions": {f"{video}extensions/time": 1}},
        ),
        (
            f"{video}verbs/paused",
            _BLOCK.format("video"),
            f"{video}activity-type/video",
            {"extensions": {f"{video}extensions/time": 20}},
        ),
        (
            f"{adl}progressed",
            _BLOCK.format("problem"),
            "http://id.tincanapi.com/activitytype/resource",
            {"extensions": {"https://w3id.org/xapi/cmi5/result/extensions/progress": 100}},
        ),
        (
            "https://w3id.org/xapi/acrossx/verbs/posted",
            "http://lms.example.org/api/discussion/v1/threads/1",
            "http://id.tincanapi.com/activitytype/discussion",
            {},
        ),
    ]
    return [
        {
            "id": str(uuid.uuid4()),
            "timestamp": (now + timedelta(microseconds=number)).isoformat(),
            "version": "1.0.3",
            "actor": {
                "objectType": "Agent",
                "account": {"name": learner, "homePage": "http://lms.example.org"},
            },
            "verb": {"id": verb},
            "object": {"id": thing, "objectType": "Activity", "definition": {"type": kind}},
            **({"result": result} if result else {}),
            "context": _IN_COURSE,
        }
        for number, (verb, thing, kind, result) in enumerate(cases)
    ]


def _send(lab: Lab, statements: list[dict[str, Any]]) -> None:
    ralph = lab.ralph
    login = base64.b64encode(f"{ralph.username}:{ralph.password}".encode()).decode()
    connection = http.client.HTTPConnection("127.0.0.1", ralph.port, timeout=60)
    try:
        connection.request(
            "POST",
            "/xAPI/statements",
            json.dumps(statements),
            {
                "Authorization": f"Basic {login}",
                "Content-Type": "application/json",
                "X-Experience-API-Version": "1.0.3",
            },
        )
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise LabError(f"Ralph answered {answer.status}: {text[:300]!r}")
    finally:
        connection.close()
