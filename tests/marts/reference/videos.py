"""Videos: plays, and which seconds of them were watched."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from tests.marts.reference.courses import parents
from tests.marts.reference.engagement import Words, engagement
from tests.marts.reference.learners import LEARNER, learner, who
from tests.marts.reference.mart import Mart, Row
from tests.marts.reference.world import Key, World, group, kind_of, second

DAY = 86_400


class Watched(NamedTuple):
    """An interval, from the second `start` to the second `end`, of one learner and video."""

    event: Row
    length: int
    start: int
    end: int


def about_videos(world: World, *verbs: str) -> Iterator[Row]:
    return (event for event in world.told(*verbs) if kind_of(event["block_id"]) == "video")


def rounded(value: float | None) -> int:
    return math.ceil(max(0.0, value or 0.0))


def intervals(world: World) -> dict[Key, list[Watched]]:
    """Learner and video to what was watched. A video of which nothing was has an empty list."""
    told = group(
        about_videos(world, "played", "paused", "seeked", "completed", "terminated"),
        lambda event: (*learner(event), event["block_id"]),
    )
    return {key: list(_watched(events)) for key, events in told.items()}


def _watched(events: list[Row]) -> Iterator[Watched]:
    length = min(DAY, rounded(max(event["video_length"] or 0.0 for event in events)))

    def cut(seconds: float | None) -> int:
        return math.ceil(min(max(0.0, seconds or 0.0), length or DAY))

    playing = False
    position = 0
    for event, following in pairwise(events):
        verb = event["verb"]
        if verb == "played":
            playing = True
            position = cut(event["video_time"])
            if length and position >= length:
                position = 0
        elif verb == "seeked":
            position = cut(event["video_time_to"])
        else:
            playing = False
        if playing and following["verb"] != "played":
            column = "video_time_from" if following["verb"] == "seeked" else "video_time"
            end = cut(following[column])
            if end > position:
                yield Watched(event, length, position, end)


def name_of(world: World, event: Row) -> str:
    block = world.named(event["course_key"], event["block_id"])
    return block.name if block else ""


def plays(world: World) -> Iterator[Row]:
    for event in about_videos(world, "played"):
        yield {
            "event_id": event["event_id"],
            "emission_time": second(event["emission_time"]),
            **who(event),
            **world.course(event["course_key"]),
            "video_id": event["block_id"],
            "video_name": name_of(world, event),
            "video_position": event["video_time"] or 0,
            "video_duration": rounded(event["video_length"]),
        }


def _grain(one: Watched) -> Row:
    return {
        **who(one.event),
        "object_id": one.event["block_id"],
        "video_duration": one.length,
    }


def watch_intervals(world: World) -> Iterator[Row]:
    for found in intervals(world).values():
        for one in found:
            yield {
                **_grain(one),
                "start_second": one.start,
                "end_second": one.end,
                "started_at": second(one.event["emission_time"]),
            }


def _counts(found: list[Watched]) -> Counter[int]:
    return Counter(second for one in found for second in range(one.start + 1, one.end + 1))


def segments(world: World) -> Iterator[Row]:
    for found in intervals(world).values():
        for segment, count in _counts(found).items():
            yield {**_grain(found[0]), "watched_segment": segment, "watch_count": count}


def watches(world: World) -> Iterator[Row]:
    for found in intervals(world).values():
        counts = _counts(found)
        if not counts:
            continue
        event, length = found[0].event, found[0].length
        block = world.named(event["course_key"], event["block_id"])
        current: Any = world.current.get((event["course_key"], event["block_id"]))
        yield {
            **_grain(found[0]),
            "watched_seconds": len(counts),
            "watched_share": min(1.0, len(counts) / length) if length else 0.0,
            "max_watch_count": max(counts.values()),
            "total_watched_seconds": counts.total(),
            "video_name": block.name if block else "",
            **parents(world, current),
            "course_order": block.order if block else 0,
            **world.person(event["actor_id"]),
        }


def video_engagement(world: World) -> Iterator[Row]:
    words = Words(
        "section_subsection_video_engagement",
        "No videos viewed yet",
        "At least one video viewed",
        "All videos viewed",
    )
    return engagement(
        world, "video", {key for key, found in intervals(world).items() if found}, words
    )


_VIDEO = (*LEARNER, "object_id")
MARTS = (
    Mart("reporting.fact_video_plays", ("event_id",), plays),
    Mart(
        "reporting.fact_video_watch_intervals",
        (*_VIDEO, "started_at", "start_second"),
        watch_intervals,
    ),
    Mart("reporting.fact_video_segments", (*_VIDEO, "watched_segment"), segments),
    Mart("reporting.fact_video_watches", _VIDEO, watches),
    Mart(
        "reporting.fact_video_engagement",
        (*LEARNER, "content_level", "block_id"),
        video_engagement,
    ),
)
