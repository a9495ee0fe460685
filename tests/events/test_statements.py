"""Statements look like the ones event-routing-backends sends, and carry its identifiers."""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from tests.events import samples
from tutoraspects.events.sessions import Session, Step
from tutoraspects.events.statements import event_id
from tutoraspects.events.stream import Generator
from tutoraspects.events.vocabulary import EVENTS, VERBS, verb_object

ACTOR = {"name": "32e08e30-f8ae-4ce2-94a8-c2bfe38a70cb", "homePage": "http://localhost:18000"}


@pytest.fixture(scope="module")
def statements() -> list[dict[str, Any]]:
    return list(Generator(count=60_000, courses=60, learners=3000))


def namespace(verb: dict[str, Any], child: str = "") -> bytes:
    return uuid.uuid5(uuid.NAMESPACE_DNS, json.dumps(verb) + child).bytes


def test_identifier_of_a_known_event() -> None:
    # What the sender gave a `complete_video` of this learner at this moment.
    actor = json.dumps({"objectType": "Agent", "account": ACTOR})
    made = event_id(namespace(verb_object("completed")), actor, "2020-07-15T06:46:41.543562+00:00")
    assert made == "f7c8b743-f18f-5016-8455-35ff8a2f8020"


def test_identifiers_of_the_real_statements() -> None:
    wrong = []
    for name, statement in samples.real():
        # Block completions come from another transformer, with an identifier of its own.
        if name == "edx.completion.block_completion.changed.json":
            continue
        account = statement["actor"]["account"]
        actor = {"objectType": "Agent", "account": {key: account[key] for key in ACTOR}}
        verb = {key: statement["verb"][key] for key in ("id", "display")}
        child = ""
        if "statement" in statement["context"]:
            child = "-" + statement["object"]["id"].rpartition("@")[2]
        made = event_id(namespace(verb, child), json.dumps(actor), statement["timestamp"])
        if made != statement["id"]:
            wrong.append(name)
    assert not wrong


def test_identifiers_are_version_5_uuids(statements: list[dict[str, Any]]) -> None:
    for statement in statements[:2000]:
        identifier = uuid.UUID(statement["id"])
        assert (identifier.version, identifier.variant) == (5, uuid.RFC_4122)
        assert str(identifier) == statement["id"]


def test_no_two_statements_share_an_identifier(statements: list[dict[str, Any]]) -> None:
    assert len({statement["id"] for statement in statements}) == len(statements)


def test_identifiers_stay_distinct_when_all_happens_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The identifier knows verb, learner and microsecond only: the last must never repeat."""

    def without_pauses(self: Session) -> Iterator[Step]:
        return ((0.0, tell, arguments) for _, tell, arguments in self._walk())

    monkeypatch.setattr(Session, "steps", without_pauses)
    busy = list(Generator(count=5000, learners=2, courses=1))
    assert len({statement["id"] for statement in busy}) == len(busy)


def test_all_verbs_are_made(statements: list[dict[str, Any]]) -> None:
    assert {statement["verb"]["id"] for statement in statements} == set(VERBS.values())
    assert {event.verb for event in EVENTS} == set(VERBS)


def test_verbs_of_the_real_statements_are_known() -> None:
    for name, statement in samples.real():
        word = statement["verb"]["display"]["en"]
        assert VERBS.get(word) == statement["verb"]["id"], name


def paths(value: Any, at: str = "") -> set[str]:
    """Where the values of a statement are: `context.extensions.https://…`."""
    if isinstance(value, dict) and value:
        return set().union(*(paths(inner, f"{at}.{key}") for key, inner in value.items()))
    if isinstance(value, list) and value:
        return set().union(*(paths(inner, f"{at}[]") for inner in value))
    return {f"{at}:{type(value).__name__}"} if not isinstance(value, int) else {f"{at}:number"}


def kind(statement: dict[str, Any]) -> tuple[str, str, str]:
    thing = statement["object"]
    return statement["verb"]["id"], thing["definition"]["type"], thing["objectType"]


def normal(found: set[str]) -> set[str]:
    """Numbers are one type here: 195 and 195.0 mean the same to the reader of JSON."""
    return {path.replace(":float", ":number").replace(":bool", ":number") for path in found}


# Real, and not made by the generator: a proposal that no LMS sends, and events of an old kind.
NOT_MADE = frozenset(
    {
        "edx.problem.completed(proposed).json",
        "problem_check(server)_no_response_type.json",
        "edx.course.enrollment.activated.required.only.data.json",
    }
)


def test_shapes_of_the_real_statements_are_made(statements: list[dict[str, Any]]) -> None:
    made: dict[tuple[str, str, str], set[frozenset[str]]] = defaultdict(set)
    for statement in statements:
        made[kind(statement)].add(frozenset(normal(paths(statement))))
    missing = [
        name
        for name, statement in samples.real()
        if name not in NOT_MADE and normal(paths(statement)) not in made[kind(statement)]
    ]
    assert not missing


def test_questions_of_a_problem_refer_to_it(statements: list[dict[str, Any]]) -> None:
    known = {statement["id"]: statement for statement in statements}
    children = [one for one in statements if "statement" in one["context"]]
    assert children
    for child in children[:-5]:  # the stream may have been cut in the middle of the last group
        parent = known[child["context"]["statement"]["id"]]
        assert parent["object"]["objectType"] == "GroupActivity"
        assert child["context"]["contextActivities"]["parent"] == [parent["object"]]
        assert child["object"]["id"].startswith(parent["object"]["id"])
        assert child["actor"] == parent["actor"]
