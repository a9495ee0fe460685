"""What the typed columns of a statement must be, worked out in plain Python.

Independent of the schema: it reads the statement as xAPI and Open edX define it, and names the
columns only at the end. `LEAVES` accounts for every value of a statement: a value is either in a
column or on the list of those that no column needs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

Statement = dict[str, Any]

COURSE = "http://adlnet.gov/expapi/activities/course"

_W3 = "https://w3id.org/xapi"
_TINCAN = "http://id.tincanapi.com/extension"


def dig(value: Any, *path: str | int) -> Any:
    """The value at a path, None where there is none."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def _actor(statement: Statement) -> tuple[str, str]:
    actor = statement["actor"]
    if dig(actor, "account", "name"):
        return actor["account"]["name"], "account"
    for kind in ("mbox", "mbox_sha1sum", "openid"):
        if actor.get(kind):
            return actor[kind], kind
    return "", ""


def _activities(statement: Statement, where: str) -> list[dict[str, Any]]:
    found = dig(statement, "context", "contextActivities", where)
    return found if isinstance(found, list) else []


def _course(statement: Statement) -> str:
    thing = statement["object"]
    for activity in _activities(statement, "parent") + _activities(statement, "grouping"):
        if dig(activity, "definition", "type") == COURSE:
            return str(activity["id"])
    return str(thing["id"]) if dig(thing, "definition", "type") == COURSE else ""


def _course_key(statement: Statement) -> str:
    course = _course(statement)
    if course:
        return course.split("/course/", 1)[1]
    block = _block(statement)
    if block:
        key, _, _ = block.partition("+type@")
        return key.replace("block-v1:", "course-v1:").replace("ccx-course-v1", "ccx-v1")
    found = re.search(r"/courses?/([a-z]+-v1:[^/?#]+)", statement["object"]["id"])
    return found[1] if found else ""


def _org(key: str) -> str:
    name = key.split(":", 1)[1] if "-v1:" in key else key
    return re.split(r"[+/]", name)[0]


def _block(statement: Statement) -> str:
    """Usage key of the block a statement is about; a question's is its problem's."""
    identifier = statement["object"]["id"]
    parent = dig(statement, "context", "contextActivities", "parent", 0)
    if dig(statement, "context", "statement", "id") and parent["objectType"] == "GroupActivity":
        identifier = parent["id"]
    for begin in ("ccx-block-v1:", "block-v1:"):
        if begin in identifier:
            key = identifier[identifier.index(begin) :]
            return re.split(r"[/?#]", key)[0]
    if "i4x://" in identifier:
        return "/".join(identifier[identifier.index("i4x://") :].split("/")[:6])
    return ""


def _grouping(statement: Statement) -> dict[str, Any]:
    for activity in _activities(statement, "grouping"):
        if dig(activity, "definition", "type") != COURSE:
            return activity
    return {}


def moment(text: str | None) -> datetime | None:
    """A timestamp with a zone, cut to microseconds as the columns are."""
    if not text:
        return None
    text = re.sub(r"(\.\d{6})\d+", r"\1", text.replace("Z", "+00:00"))
    text = re.sub(r"\.(\d{1,5})(?!\d)", lambda match: "." + match[1].ljust(6, "0"), text)
    return datetime.fromisoformat(text).astimezone(timezone.utc)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


# Column -> where its value is. One path, or two of which the first that has a value counts.
_PATHS: dict[str, tuple[tuple[str | int, ...], ...]] = {
    "actor_home_page": (("actor", "account", "homePage"),),
    "verb_id": (("verb", "id"),),
    "object_id": (("object", "id"),),
    "object_kind": (("object", "objectType"),),
    "object_type": (("object", "definition", "type"),),
    "interaction_type": (("object", "definition", "interactionType"),),
    "success": (("result", "success"),),
    "completion": (("result", "completion"),),
    "response": (("result", "response"),),
    "duration": (("result", "duration"),),
    "score_scaled": (("result", "score", "scaled"),),
    "score_raw": (("result", "score", "raw"),),
    "score_min": (("result", "score", "min"),),
    "score_max": (("result", "score", "max"),),
    "grade_classification": (
        (
            "result",
            "extensions",
            "http://www.tincanapi.co.uk/activitytypes/grade_classification",
        ),
    ),
    "progress": (("result", "extensions", f"{_W3}/cmi5/result/extensions/progress"),),
    "attempt": (
        ("object", "definition", "extensions", f"{_TINCAN}/attempt-id"),
        ("@grouping", "definition", "extensions", f"{_TINCAN}/attempt-id"),
    ),
    "enrollment_mode": (("object", "definition", "extensions", f"{_W3}/acrossx/extensions/type"),),
    "starting_position": (("context", "extensions", f"{_TINCAN}/starting-position"),),
    "ending_point": (("context", "extensions", f"{_TINCAN}/ending-point"),),
    "total_items": (
        ("object", "definition", "extensions", f"{_W3}/acrossx/extensions/total-items"),
    ),
    "video_time": (("result", "extensions", f"{_W3}/video/extensions/time"),),
    "video_time_from": (("result", "extensions", f"{_W3}/video/extensions/time-from"),),
    "video_time_to": (("result", "extensions", f"{_W3}/video/extensions/time-to"),),
    "video_length": (("context", "extensions", f"{_W3}/video/extensions/length"),),
    "video_speed_from": (("result", "extensions", f"{_W3}/openedx/extension/speed-from"),),
    "video_speed_to": (("result", "extensions", f"{_W3}/openedx/extension/speed-to"),),
    "captions_enabled": (("result", "extensions", f"{_W3}/video/extensions/cc-enabled"),),
    "discussion_type": (("context", "extensions", f"{_W3}/acrossx/extensions/type"),),
    "grouping_id": (("@grouping", "id"),),
    "time_limit": (("object", "definition", "extensions", f"{_W3}/acrossx/extensions/time-limit"),),
    "attempt_duration": (("@grouping", "definition", "extensions", f"{_TINCAN}/duration"),),
    "attempt_started": (
        ("@grouping", "definition", "extensions", f"{_W3}/openedx/extension/attempt-started"),
    ),
    "attempt_completed": (
        ("@grouping", "definition", "extensions", f"{_W3}/openedx/extension/attempt-completed"),
    ),
    "parent_event": (("context", "statement", "id"),),
    "session_id": (("context", "extensions", f"{_W3}/openedx/extensions/session-id"),),
    "transformer_version": (
        ("context", "extensions", f"{_W3}/openedx/extension/transformer-version"),
    ),
}
_TYPES: dict[str, Callable[[Any], Any]] = {
    "success": lambda value: value,
    "completion": lambda value: value,
    "captions_enabled": lambda value: value,
    "attempt": lambda value: value,
    "starting_position": lambda value: value,
    "total_items": lambda value: value,
    "attempt_started": moment,
    "attempt_completed": moment,
    **dict.fromkeys(
        (
            "score_scaled",
            "score_raw",
            "score_min",
            "score_max",
            "progress",
            "video_time",
            "video_time_from",
            "video_time_to",
            "video_length",
            "time_limit",
            "attempt_duration",
        ),
        _number,
    ),
}


def columns(statement: Statement) -> dict[str, Any]:
    """Column -> value for one statement. Absent text is '', anything else absent is None."""
    whole = {**statement, "@grouping": _grouping(statement)}
    row: dict[str, Any] = {}
    for name, paths in _PATHS.items():
        found = [value for path in paths if (value := dig(whole, *path)) is not None]
        row[name] = _TYPES.get(name, _text)(found[0] if found else None)
    key = _course_key(statement)
    actor_id, actor_kind = _actor(statement)
    return row | {
        "event_id": statement["id"],
        "emission_time": moment(statement["timestamp"]),
        "actor_id": actor_id,
        "actor_kind": actor_kind,
        "course_id": _course(statement),
        "course_key": key,
        "org": _org(key),
        "block_id": _block(statement),
    }


def leaves(value: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where every value of a statement is; positions in lists are left out."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*at, key))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, at)
    else:
        yield at


# Values that no column needs. Names and questions belong to the course, not to the event: they
# are joined from event_sink when read, and differ from language to language.
_UNNEEDED = (
    ("version",),
    ("actor", "objectType"),
    ("actor", "name"),
    ("verb", "display"),
    ("object", "definition", "name"),
    ("object", "definition", "description"),
    ("context", "statement", "objectType"),
    ("context", "contextActivities", "parent"),  # the course and the group: see `columns`
    ("context", "contextActivities", "grouping", "objectType"),
    ("context", "contextActivities", "grouping", "definition", "name"),
    ("context", "contextActivities", "grouping", "definition", "type"),
)
_ELSEWHERE = (
    ("id",),
    ("timestamp",),
    ("actor", "account", "name"),
    ("actor", "mbox"),
    ("actor", "mbox_sha1sum"),
    ("actor", "openid"),
)


def unaccounted(statement: Statement) -> set[tuple[str, ...]]:
    """Values that are in no column although they might be missed there."""
    grouping = ("context", "contextActivities", "grouping")
    known = set(_ELSEWHERE)
    for paths in _PATHS.values():
        for path in paths:
            texts = tuple(str(step) for step in path)
            known.add(grouping + texts[1:] if texts[0] == "@grouping" else texts)
    return {
        leaf
        for leaf in leaves(statement)
        if leaf not in known and not any(leaf[: len(path)] == path for path in _UNNEEDED)
    }
