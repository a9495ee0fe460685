"""Completion, the forum, and statements as plain rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timezone

from tests.marts.reference.learners import learner, who
from tests.marts.reference.mart import Mart, Row
from tests.marts.reference.videos import about_videos
from tests.marts.reference.world import COURSE, World, bucket, group, second

DISCUSSION = "http://id.tincanapi.com/activitytype/discussion"
FORUM = ("posted", "edited", "deleted", "reported", "unreported", "voted")


def completions(world: World) -> Iterator[Row]:
    progressed = (event for event in world.told("progressed") if event["progress"] is not None)
    found = group(progressed, lambda event: (*learner(event), event["block_id"]))
    for events in found.values():
        event = events[-1]
        course = world.course(event["course_key"])
        block = world.named(event["course_key"], event["block_id"])
        yield {
            **who(event),
            "entity_id": event["block_id"] or event["course_key"],
            "emission_time": second(event["emission_time"]),
            **course,
            "entity_name": block.name if block else course["course_name"],
            "entity_name_with_location": block.title if block else None,
            "scaled_progress": event["progress"] / 100,
            "completion_bucket": bucket(event["progress"] / 100),
            **world.person(event["actor_id"]),
        }


def about_forum(world: World) -> Iterator[Row]:
    return (event for event in world.told(*FORUM) if event["object_type"] == DISCUSSION)


def forum_interactions(world: World) -> Iterator[Row]:
    for event in about_forum(world):
        yield {
            **_plain(event),
            **world.course(event["course_key"]),
            "discussion_type": event["discussion_type"],
        }


def _plain(event: Row) -> Row:
    return {
        "event_id": event["event_id"],
        "emission_time": second(event["emission_time"]),
        **who(event),
        "object_id": event["object_id"],
        "verb_id": event["verb_id"],
    }


def enrollment_events(world: World) -> Iterator[Row]:
    for event in world.told("registered", "unregistered"):
        yield {
            **_plain(event),
            "enrollment_mode": event["enrollment_mode"],
            "enrollment_status": event["verb"],
        }


def grading_events(world: World) -> Iterator[Row]:
    for event in world.told("earned", "evaluated", "passed", "failed"):
        if event["verb"] not in ("passed", "failed") or event["object_type"] == COURSE:
            said = {"Pass": "passed", "Fail": "failed"}.get(event["grade_classification"])
            told = event["verb"] if event["verb"] in ("passed", "failed") else ""
            yield {
                **_plain(event),
                "scaled_score": event["score_scaled"] or 0,
                "approving_state": said or told,
            }


def navigation_events(world: World) -> Iterator[Row]:
    for event in world.told("navigated"):
        yield {
            **_plain(event),
            "block_id": event["block_id"],
            "object_type": event["object_type"],
            "starting_position": event["starting_position"] or 0,
            "ending_point": event["ending_point"],
        }


def problem_events(world: World) -> Iterator[Row]:
    for event in world.told("evaluated", "passed", "asked"):
        if not event["block_id"]:
            continue
        yield {
            **_plain(event),
            "responses": event["response"],
            "success": bool(event["success"]),
            "interaction_type": event["interaction_type"],
            "attempts": event["attempt"] or 0,
            "scaled_score": event["score_scaled"] or 0,
            "problem_id": event["block_id"],
        }


def video_events(world: World) -> Iterator[Row]:
    verbs = ("completed", "initialized", "terminated", "paused", "played", "seeked")
    for event in about_videos(world, *verbs):
        position = event["video_time"]
        if position is None:
            position = event["video_time_from"]
        yield {
            **_plain(event),
            "emission_time_long": event["emission_time"].astimezone(timezone.utc),
            "video_position": math.ceil(position or 0),
            "video_duration": math.ceil(event["video_length"] or 0),
            "video_id": event["block_id"],
        }


def completion_events(world: World) -> Iterator[Row]:
    for event in world.told("progressed"):
        if event["progress"] is not None:
            yield {
                **_plain(event),
                "block_id": event["block_id"],
                "progress_percent": event["progress"],
            }


def forum_events(world: World) -> Iterator[Row]:
    for event in about_forum(world):
        yield {**_plain(event), "discussion_type": event["discussion_type"]}


_EVENT = ("event_id",)
MARTS = (
    Mart("reporting.fact_completions", ("course_key", "entity_id", "actor_id"), completions),
    Mart("reporting.fact_forum_interactions", _EVENT, forum_interactions),
    Mart("xapi.enrollment_events", _EVENT, enrollment_events),
    Mart("xapi.grading_events", _EVENT, grading_events),
    Mart("xapi.navigation_events", _EVENT, navigation_events),
    Mart("xapi.problem_events", _EVENT, problem_events),
    Mart("xapi.video_playback_events", _EVENT, video_events),
    Mart("xapi.completion_events", _EVENT, completion_events),
    Mart("xapi.forum_events", _EVENT, forum_events),
)
