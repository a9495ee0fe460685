"""Problems: attempts, results, responses, hints."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from statistics import fmean

from tests.marts.reference.engagement import Words, engagement
from tests.marts.reference.learners import LEARNER, learner, who
from tests.marts.reference.mart import Mart, Row
from tests.marts.reference.world import Key, World, group, second

PROBLEM = ("org", "course_key", "problem_id", "actor_id")
_HINT = re.compile(r"<\w*hint\b[^>]*>.*?</\w*hint>", re.DOTALL | re.IGNORECASE)
_DIV = re.compile(r"</?div[^>]*>", re.IGNORECASE)
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}


def evaluated(world: World) -> list[Row]:
    return [event for event in world.told("evaluated") if event["block_id"]]


def whole(world: World) -> dict[Key, list[Row]]:
    """The statements about a problem as a whole, of each learner and problem, in order."""
    events = (event for event in evaluated(world) if not event["parent_event"])
    return group(events, lambda event: (*learner(event), event["block_id"]))


def short(block_id: str) -> str:
    return block_id.rpartition("@")[2]


def escaped(text: str) -> str:
    return "".join(_ESCAPES.get(letter, letter) for letter in text)


def numbered(world: World, course_key: str, block_id: str) -> Row:
    block = world.named(course_key, block_id)
    return {
        "problem_number": block.number if block else "",
        "problem_name_location": f"{block.number} - {block.name}" if block else "",
    }


def greatest_attempt(events: list[Row]) -> int:
    return max(event["attempt"] or 0 for event in events)


def _response(world: World, event: Row, attempts: int) -> Row:
    block = world.named(event["course_key"], event["block_id"])
    title = block.title if block else ""
    address = event["object_id"].replace('"', "%22")
    link = f'<a href="{escaped(address)}" target="_blank">'
    return {
        **who(event),
        "problem_id": event["block_id"],
        "object_id": event["object_id"],
        "problem_link": f"{link}{escaped(title or event['block_id'])}</a>",
        "display_name_with_location": title,
        "graded": block.graded if block else False,
        "course_order": block.order if block else 0,
        "interaction_type": event["interaction_type"],
        "attempts": attempts,
        "success": bool(event["success"]),
        "responses": event["response"],
        "scaled_score": event["score_scaled"] or 0,
        "emission_time": second(event["emission_time"]),
    }


def last_responses(world: World) -> Iterator[Row]:
    for events in whole(world).values():
        yield _response(world, events[-1], greatest_attempt(events))


def first_responses(world: World) -> Iterator[Row]:
    for events in whole(world).values():
        yield _response(world, events[0], events[0]["attempt"] or 0)


def attempts(world: World) -> Iterator[Row]:
    for events in whole(world).values():
        yield {
            **who(events[0]),
            "problem_id": events[0]["block_id"],
            "attempts": greatest_attempt(events),
            "evaluations": len(events),
            "success": any(event["success"] for event in events),
            "first_attempt_at": second(events[0]["emission_time"]),
            "last_attempt_at": second(events[-1]["emission_time"]),
        }


def results(world: World) -> Iterator[Row]:
    for events in whole(world).values():
        first = events[0]
        solved = [event for event in events if event["success"]]
        yield {
            **who(first),
            "problem_id": first["block_id"],
            "block_id_short": short(first["block_id"]),
            "success": bool(solved),
            "attempts": (solved[0]["attempt"] or 0) if solved else greatest_attempt(events),
            **numbered(world, first["course_key"], first["block_id"]),
        }


def answers(response: str) -> set[str]:
    """The single answers in a response, cleaned: a list chosen, or one text."""
    found = [response]
    try:
        value = json.loads(response)
    except ValueError:
        value = None
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        found = value or [""]
    return {_DIV.sub("", _HINT.sub("", item)).strip(" \t\r\n") for item in found}


def responses(world: World) -> Iterator[Row]:
    first: dict[Key, Row] = {}
    for event in evaluated(world):
        if event["object_kind"] == "GroupActivity":
            continue
        question = event["object_id"].rpartition("/xblock/")[2]
        first.setdefault((*learner(event), event["block_id"], question), event)
    counted: dict[Key, list[Row]] = {}
    for (org, course_key, _, problem_id, question), event in first.items():
        for answer in answers(event["response"]):
            key = (org, course_key, problem_id, question, answer, bool(event["success"]),
                   event["interaction_type"])  # fmt: skip
            counted.setdefault(key, []).append(event)
    columns = ("org", "course_key", "problem_id", "question_id", "response", "success",
               "interaction_type")  # fmt: skip
    for key, events in counted.items():
        row = dict(zip(columns, key, strict=True))
        yield {
            **row,
            "block_id_short": short(row["problem_id"]),
            **numbered(world, row["course_key"], row["problem_id"]),
            "response_count": len({event["actor_id"] for event in events}),
            "emission_time": second(max(event["emission_time"] for event in events)),
        }


def subsection_results(world: World) -> Iterator[Row]:
    for row in last_responses(world):
        block = world.current.get((row["course_key"], row["problem_id"]))
        subsection = world.subsection_of(block)
        if block is None or not block.graded or subsection is None:
            continue
        yield {
            **{column: row[column] for column in (*PROBLEM, "success", "scaled_score")},
            "block_id_short": short(subsection.location),
            "subsection_number": subsection.number,
            "subsection_with_name": f"{subsection.number} - {subsection.name}",
            **numbered(world, row["course_key"], row["problem_id"]),
        }


def coursewide(world: World) -> Iterator[Row]:
    problems = group(last_responses(world), lambda row: (row["course_key"], row["problem_id"]))
    for rows in problems.values():
        right = [row["attempts"] if row["success"] else 0 for row in rows]
        wrong = [0 if row["success"] else row["attempts"] for row in rows]
        for row, correct, incorrect in zip(rows, right, wrong, strict=True):
            columns = (*PROBLEM, "course_order", "problem_link", "graded")
            yield {
                **{column: row[column] for column in columns},
                "avg_correct_attempts_coursewide": fmean(right),
                "avg_incorrect_attempts_coursewide": fmean(wrong),
                "coursewide_percent_correct": fmean(float(one > 0) for one in right),
                "correct_attempts_by_learner": correct,
                "incorrect_attempts_by_learner": incorrect,
                "selected_learner_percent_correct": float(correct > 0),
                "selected_learner_percent_incorrect": float(incorrect > 0),
                **world.person(row["actor_id"]),
            }


def hints(world: World) -> Iterator[Row]:
    asked = group(
        (event for event in world.told("asked") if event["block_id"]),
        lambda event: (
            *learner(event),
            event["block_id"],
            "answer" if event["object_id"].endswith("/answer") else "hint",
        ),
    )
    for (*_, help_type), events in asked.items():
        yield {
            **who(events[0]),
            "problem_id": events[0]["block_id"],
            "help_type": help_type,
            "help_count": len(events),
            "last_at": second(events[-1]["emission_time"]),
        }


def problem_engagement(world: World) -> Iterator[Row]:
    words = Words(
        "section_subsection_problem_engagement",
        "No problems attempted yet",
        "At least one problem attempted",
        "All problems attempted",
    )
    touched = {(org, course, actor, block) for org, course, actor, block in whole(world)}
    return engagement(world, "problem", touched, words)


_GRAIN = ("course_key", "problem_id", "actor_id")
MARTS = (
    Mart("reporting.dim_learner_last_response", _GRAIN, last_responses),
    Mart("reporting.dim_learner_first_response", _GRAIN, first_responses),
    Mart("reporting.fact_learner_problem_attempts", _GRAIN, attempts),
    Mart("reporting.dim_problem_results", _GRAIN, results),
    Mart(
        "reporting.dim_problem_responses",
        ("question_id", "response", "success", "interaction_type"),
        responses,
    ),
    Mart("reporting.dim_subsection_problem_results", _GRAIN, subsection_results),
    Mart("reporting.dim_problem_coursewide_avg", _GRAIN, coursewide),
    Mart("reporting.fact_problem_hints", (*_GRAIN, "help_type"), hints),
    Mart(
        "reporting.fact_problem_engagement",
        (*LEARNER, "content_level", "block_id"),
        problem_engagement,
    ),
)
