"""Pages, which are units: who visited which, and when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timezone

from tests.marts.reference.courses import parent_ids, parents
from tests.marts.reference.engagement import Words, engagement
from tests.marts.reference.learners import LEARNER, learner, who
from tests.marts.reference.mart import Mart, Row
from tests.marts.reference.world import Block, World, group, second


def positions(event: Row) -> set[int]:
    """The places in its sequence that a statement about a move touches."""
    start, end = event["starting_position"], event["ending_point"]
    if not start or start < 0:
        return set()
    found = {start}
    if end == "next unit":
        found.add(start + 1)
    elif end == "previous unit":
        found.add(start - 1)
    elif re.fullmatch(r"-?\d+", end):
        found.add(int(end))
    return found


def touches(world: World) -> Iterator[tuple[Row, Block]]:
    """(statement, unit), in order of the statements."""
    units = {
        (block.course_key, block.section, block.subsection, block.unit): block
        for block in world.current.values()
        if block.kind == "vertical"
    }
    for event in world.told("navigated"):
        block = world.current.get((event["course_key"], event["block_id"]))
        if block is None:
            continue
        if block.kind == "vertical":
            yield event, block
        elif block.kind == "sequential":
            for position in positions(event):
                place = (block.course_key, block.section, block.subsection, position)
                if position > 0 and place in units:
                    yield event, units[place]


def page_visits(world: World) -> Iterator[Row]:
    visits = group(touches(world), lambda touch: (*learner(touch[0]), touch[1].location))
    for found in visits.values():
        yield {
            **who(found[0][0]),
            "block_id": found[0][1].location,
            "first_visited": second(found[0][0]["emission_time"]),
            "emission_time": second(found[-1][0]["emission_time"]),
        }


def navigation_completion(world: World) -> Iterator[Row]:
    days = group(
        touches(world),
        lambda touch: (
            touch[0]["emission_time"].astimezone(timezone.utc).date(),
            *learner(touch[0]),
            touch[1].location,
        ),
    )
    for (day, *_), found in days.items():
        event, unit = found[0]
        siblings = [
            block
            for block in world.current.values()
            if block.kind == "vertical"
            and (block.course_key, *block[5:7]) == (unit.course_key, *unit[5:7])
        ]
        yield {
            "visited_on": day,
            **who(event),
            "block_id": unit.location,
            "course_order": unit.order,
            "page_count": len(siblings),
            **parents(world, unit),
            **parent_ids(world, unit),
            **world.course(event["course_key"]),
            **world.person(event["actor_id"]),
        }


def pageview_engagement(world: World) -> Iterator[Row]:
    words = Words(
        "section_subsection_page_engagement",
        "No pages viewed yet",
        "At least one page viewed",
        "All pages viewed",
    )
    touched = {(*learner(event), unit.location) for event, unit in touches(world)}
    return engagement(world, "vertical", touched, words)


MARTS = (
    Mart("reporting.fact_learner_page_visits", (*LEARNER, "block_id"), page_visits),
    Mart(
        "reporting.fact_navigation_completion",
        ("visited_on", *LEARNER, "block_id"),
        navigation_completion,
    ),
    Mart(
        "reporting.fact_pageview_engagement",
        (*LEARNER, "content_level", "block_id"),
        pageview_engagement,
    ),
)
