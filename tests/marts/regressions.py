"""Streams that some version of the marts answered wrongly, each with what it showed.

A seed means another stream whenever the generator changes, so each case says what its stream must
have in it; `python -m tests.marts.regressions` looks for seeds that do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from tests.marts.reference.learners import enrolments, learner
from tests.marts.reference.problems import whole
from tests.marts.reference.videos import intervals
from tests.marts.reference.world import World, group


@dataclass(frozen=True)
class Regression:
    """`shows` tells whether a stream still has in it what was answered wrongly."""

    seed: int
    found: str
    shows: Callable[[World], bool]


def retired_by_digest(world: World) -> bool:
    digests = {
        hashlib.sha1(row["email"].encode()).hexdigest()
        for row in world.ever["user_profile"]
        if row["user_id"] in world.gone
    }
    return any(event["actor_id"] in digests for event in world.events)


def latest_without_progress(world: World) -> bool:
    told = group(world.told("progressed"), lambda event: (*learner(event), event["block_id"]))
    return any(events[-1]["progress"] is None for events in told.values())


def gaps_between_intervals(world: World) -> bool:
    """An interval whose first statement is not the first one about the video."""
    videos = world.told("played", "paused", "seeked", "completed", "terminated")
    first = {
        key: events[0]
        for key, events in group(videos, lambda event: (*learner(event), event["block_id"])).items()
    }
    return any(
        found and found[0].event is not first[key] for key, found in intervals(world).items()
    )


def answers_that_are_no_texts(world: World) -> bool:
    evaluated = [event["response"] for event in world.told("evaluated")]
    return "[1, 2]" in evaluated and "[]" in evaluated


def removed_problem_solved(world: World) -> bool:
    return any(
        (course, block) in world.blocks and (course, block) not in world.current
        for _, course, _, block in whole(world)
    )


def only_a_removed_problem(world: World) -> bool:
    """Of somebody who is not enrolled, in a course that has other problems."""
    enrolled = {key for key, event in enrolments(world).items() if event["verb"] == "registered"}
    by_learner = group(whole(world), lambda key: key[:3])
    courses = {block.course_key for block in world.current.values() if block.kind == "problem"}
    return any(
        key not in enrolled
        and key[1] in courses
        and all((course, block) not in world.current for _, course, _, block in keys)
        for key, keys in by_learner.items()
    )


def known_by_profile_only(world: World) -> bool:
    without = {row["user_id"] for row in world.ever["user_profile"]} - {
        row["user_id"] for row in world.ever["external_id"]
    }
    mailboxes = {
        f"mailto:{row['email']}" for row in world.newest("user_profile", "id")
        if row["user_id"] in without
    }  # fmt: skip
    return any(key[2] in mailboxes for key in enrolments(world))


REGRESSIONS: tuple[Regression, ...] = (
    Regression(
        90,
        "A retired learner named by the digest of their address stayed in every mart: the digest "
        "was taken of the address with `mailto:`.",
        retired_by_digest,
    ),
    Regression(
        33,
        "A completion without a number was the latest, as 0: the alias hid the column in WHERE.",
        latest_without_progress,
    ),
    Regression(
        33,
        "fact_video_watch_intervals paired the intervals that were left with all the statements.",
        gaps_between_intervals,
    ),
    Regression(
        33,
        "[1, 2] was split like a list of texts, and [] made its learner disappear.",
        answers_that_are_no_texts,
    ),
    Regression(33, "A problem lost its name when it was removed.", removed_problem_solved),
    Regression(
        36,
        "Who had touched nothing but a removed problem was listed with all the others.",
        only_a_removed_problem,
    ),
    Regression(
        28,
        "Learners with a profile but no external identifier had no name.",
        known_by_profile_only,
    ),
)


if __name__ == "__main__":
    from datetime import datetime, timezone

    from tests.marts.laboratory import SHARDS, world_of
    from tests.marts.streams import make

    now = datetime.now(timezone.utc)
    worlds = {seed: world_of([make(seed, now)], pii=True) for seed in range(20, 220)}
    for case in REGRESSIONS:
        found = [
            seed
            for seed, world in worlds.items()
            if case.shows(world) and seed % len(SHARDS) == case.seed % len(SHARDS)
        ]
        print(found[:6], case.found)
