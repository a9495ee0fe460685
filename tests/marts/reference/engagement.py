"""How much of each section and subsection a learner has touched: pages, problems or videos."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tests.marts.reference.learners import enrolments
from tests.marts.reference.mart import Row
from tests.marts.reference.world import Block, Key, World, group


class Words(NamedTuple):
    """The column that says it, and how it says none, some and all."""

    column: str
    none: str
    some: str
    all: str


def engagement(world: World, kind: str, touched: set[Key], words: Words) -> Iterator[Row]:
    """`touched` are (org, course_key, actor_id, block_id), `kind` is a type of block."""
    items = [
        block
        for block in world.current.values()
        if block.kind == kind and world.subsection_of(block)
    ]
    known = {(block.course_key, block.location) for block in items}
    touched = {key for key in touched if (key[1], key[3]) in known}
    learners = {key[:3] for key in touched} | {
        key for key, event in enrolments(world).items() if event["verb"] == "registered"
    }
    by_course = group(learners, lambda key: (key[1],))
    for level, parent in (("section", world.section_of), ("subsection", world.subsection_of)):
        places = group(
            (block for block in items if parent(block)),
            lambda block, parent=parent: (parent(block),),  # type: ignore[misc]
        )
        for (place,), found in places.items():
            for key in by_course.get((place.course_key,), ()):
                yield _row(level, place, found, key, touched, words) | world.person(key[2])


def _row(
    level: str, place: Block, items: list[Block], key: Key, touched: set[Key], words: Words
) -> Row:
    count = sum((*key, block.location) in touched for block in items)
    said = words.some if count else words.none
    return {
        "org": key[0],
        "course_key": key[1],
        "actor_id": key[2],
        "section_subsection_name": place.title,
        "content_level": level,
        "block_id": place.location,
        "course_order": min(block.order for block in items),
        "items_touched": count,
        "item_count": len(items),
        words.column: words.all if count == len(items) else said,
    }
