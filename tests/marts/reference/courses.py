"""Course structure, names and tags; who the learners are."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.marts.reference.mart import Mart, Row
from tests.marts.reference.world import Block, World, group, run_of, ways

ITEMS = {"vertical": "unit", "problem": "problem", "video": "video"}
_TYPES = {"chapter": "section", "sequential": "subsection", "vertical": "unit"}
_STAMP = ("dump_id", "time_last_dumped")


def course_names(world: World) -> Iterator[Row]:
    for key, row in world.overviews.items():
        yield {
            "course_key": key,
            "course_name": row["display_name"] or key,
            "course_run": run_of(key),
            "org": row["org"],
            "tags_str": json.loads(row["course_data_json"])["tags"],
        }


def recent_blocks(world: World) -> Iterator[Row]:
    for block in world.blocks.values():
        yield {
            "location": block.location,
            "block_name": block.name,
            "display_name_with_location": block.title,
            "section": block.section,
            "subsection": block.subsection,
            "unit": block.unit,
            "graded": block.graded,
            "course_order": block.order,
            "course_key": block.course_key,
            "org": block.org,
            "dump_id": block.dump_id,
            "time_last_dumped": block.time_last_dumped,
            "in_latest_publish": block.current,
        }


def parents(world: World, block: Block | None) -> Row:
    """Names of the section and the subsection around a block."""
    section, subsection = world.section_of(block), world.subsection_of(block)
    return {
        "section_with_name": section.title if section else "",
        "subsection_with_name": subsection.title if subsection else "",
    }


def parent_ids(world: World, block: Block | None) -> Row:
    section, subsection = world.section_of(block), world.subsection_of(block)
    return {
        "section_block_id": section.location if section else "",
        "subsection_block_id": subsection.location if subsection else "",
    }


def blocks(world: World) -> Iterator[Row]:
    for block in world.current.values():
        yield {
            "org": block.org,
            "course_key": block.course_key,
            **world.course(block.course_key),
            "block_id": block.location,
            **parent_ids(world, block),
            "block_name": block.name,
            "section_number": f"{block.section}:0:0",
            "subsection_number": f"{block.section}:{block.subsection}:0",
            "hierarchy_location": block.place,
            "display_name_with_location": block.title,
            "course_order": block.order,
            "graded": block.graded,
            "block_type": _TYPES.get(block.kind, block.kind),
            **parents(world, block),
            "section": block.section,
            "subsection": block.subsection,
            "unit": block.unit,
        }


def block_names(world: World) -> Iterator[Row]:
    for block in world.blocks.values():
        yield {
            "location": block.location,
            "block_name": block.name,
            "org": block.org,
            "course_key": block.course_key,
            "graded": block.graded,
            "course_order": block.order,
            "display_name_with_location": block.title,
        }


def subsection_items(world: World) -> Iterator[Row]:
    items = [
        block
        for block in world.current.values()
        if block.kind in ITEMS and world.subsection_of(block)
    ]
    places = group(items, lambda block: (block.course_key, block.kind, *block[5:7]))
    for found in places.values():
        first = found[0]
        yield {
            "org": first.org,
            "course_key": first.course_key,
            "block_type": ITEMS[first.kind],
            **parent_ids(world, first),
            **parents(world, first),
            "section_number": f"{first.section}:0:0",
            "subsection_number": f"{first.section}:{first.subsection}:0",
            "item_count": len(found),
            "course_order": min(block.order for block in found),
            "graded": any(block.graded for block in found),
        }


def _rows(world: World, table: str, columns: tuple[str, ...]) -> Iterator[Row]:
    for row in world.newest(table, "id"):
        yield {column: row[column] for column in columns + _STAMP}


def tags(world: World) -> Iterator[Row]:
    columns = ("id", "taxonomy", "parent", "value", "external_id", "lineage")
    return _rows(world, "tag", columns)


def taxonomies(world: World) -> Iterator[Row]:
    return _rows(world, "taxonomy", ("id", "name"))


def object_tags(world: World) -> Iterator[Row]:
    columns = ("id", "object_id", "taxonomy", "tag", "_value", "_export_id", "lineage")
    return _rows(world, "object_tag", columns)


def course_tags(world: World) -> Iterator[Row]:
    tags_by_id = {row["id"]: row for row in world.newest("tag", "id")}
    names = {row["id"]: row["name"] for row in world.newest("taxonomy", "id")}
    for course in course_names(world):
        for tag_id in json.loads(course["tags_str"]):
            tag = tags_by_id.get(tag_id)
            if tag and tag["taxonomy"] in names:
                yield {
                    "course_key": course["course_key"],
                    "org": course["org"],
                    "course_name": course["course_name"],
                    "tag": tag["value"],
                    "taxonomy_name": names[tag["taxonomy"]],
                    "lineage": tag["lineage"],
                    "tag_id": tag_id,
                }


def user_pii(world: World) -> list[Row]:
    return world.people


def dim_user_pii(world: World) -> Iterator[Row]:
    for row in world.people:
        for way in set(ways(row)):
            yield {"actor_id": way, **{key: row[key] for key in row if key != "user_id"}}


MARTS = (
    Mart("event_sink.dim_course_names", ("course_key",), course_names),
    Mart("event_sink.dim_most_recent_course_blocks", ("course_key", "location"), recent_blocks),
    Mart("event_sink.dim_most_recent_tags", ("id",), tags),
    Mart("event_sink.dim_most_recent_taxonomies", ("id",), taxonomies),
    Mart("event_sink.dim_most_recent_object_tags", ("id",), object_tags),
    Mart("event_sink.user_pii", ("user_id", "external_user_id"), user_pii),
    Mart("reporting.dim_user_pii", ("actor_id",), dim_user_pii),
    Mart("reporting.dim_course_blocks", ("course_key", "block_id"), blocks),
    Mart("reporting.dim_course_block_names", ("course_key", "location"), block_names),
    Mart(
        "reporting.dim_course_subsection_items",
        ("course_key", "block_type", "subsection_block_id"),
        subsection_items,
    ),
    Mart("reporting.dim_most_recent_course_tags", ("course_key", "tag_id"), course_tags),
)
