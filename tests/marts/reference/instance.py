"""The whole instance: how many learners, events and courses there were, retired ones included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timezone
from typing import Any

from tests.marts.reference.mart import Mart, Row
from tests.marts.reference.world import World


def _distinct(world: World, column: str, when: Callable[[Row], Any]) -> dict[Any, set[str]]:
    found: dict[Any, set[str]] = {}
    for event in world.events:
        if event[column]:
            found.setdefault(when(event), set()).add(event[column])
    return found


def _day(event: Row) -> Any:
    return event["emission_time"].astimezone(timezone.utc).date()


def _hour(event: Row) -> Any:
    moment = event["emission_time"].astimezone(timezone.utc)
    return moment.replace(minute=0, second=0, microsecond=0, tzinfo=None)


def actors(world: World) -> Iterator[Row]:
    for day, names in _distinct(world, "actor_id", _day).items():
        yield {"emission_day": day, "actors_cnt": len(names)}


def events(world: World) -> Iterator[Row]:
    for day, names in _distinct(world, "event_id", _day).items():
        yield {"emission_day": day, "events_cnt": len(names)}


def courses(world: World) -> Iterator[Row]:
    for hour, names in _distinct(world, "course_key", _hour).items():
        yield {"emission_hour": hour, "courses_cnt": len(names)}


def _merged(time: str, state: str) -> str:
    """Days without anything to count may have a row of an empty state."""
    table = f"xapi.fact_instance_{state.removesuffix('_cnt')}"
    return (
        f"SELECT {time}, uniqCombinedMerge({state}) AS {state} FROM {table} "
        f"GROUP BY {time} HAVING {state} > 0"
    )


MARTS = (
    Mart(
        "xapi.fact_instance_actors", ("emission_day",), actors,
        _merged("emission_day", "actors_cnt"),
    ),
    Mart(
        "xapi.fact_instance_events", ("emission_day",), events,
        _merged("emission_day", "events_cnt"),
    ),
    Mart(
        "xapi.fact_instance_courses", ("emission_hour",), courses,
        _merged("emission_hour", "courses_cnt"),
    ),
)  # fmt: skip
