"""Learners: who they are, how statements identify them, which courses they take."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random
from typing import Any
from uuid import UUID

from tutoraspects.events import words
from tutoraspects.events.vocabulary import MODES

#: Kinds of actor identifier: the values of XAPI_AGENT_IFI_TYPE, and a mix of them by learner.
IDENTIFIERS = ("external_id", "mbox", "mbox_sha1sum", "mixed")

_DOMAINS = ("example.org", "mail.example.com", "student.example.edu", "example.net")
_FIRST_USER_ID = 1000


class Zipf:
    """Draws ranks 0 to `size` - 1 with probability proportional to 1 / (rank + shift)^exponent."""

    def __init__(self, size: int, exponent: float, shift: float) -> None:
        self._cumulative = list(accumulate((n + shift) ** -exponent for n in range(size)))

    def draw(self, rng: Random) -> int:
        mass = rng.random() * self._cumulative[-1]
        return min(bisect_right(self._cumulative, mass), len(self._cumulative) - 1)


@dataclass
class Enrolment:
    """A learner in a course. `known` says that the statement about it was made already."""

    course: int  # number in the catalogue
    mode: str
    pace: float  # ability and diligence, 0 to 1
    known: bool
    position: int = 0  # sequence of the course that the learner reached
    passed: bool = False
    left: bool = False
    grade: float = 0.0
    attempts: dict[str, int] = field(default_factory=dict)


@dataclass
class Learner:
    """One account. `actor_json` is the text that event identifiers are made from."""

    number: int
    user_id: int
    username: str
    name: str
    email: str
    external_id: str
    country: str
    year_of_birth: int
    actor: dict[str, Any]
    actor_json: str
    enrolments: list[Enrolment]
    clock: int = 0  # microseconds of the last statement, so that no two are equal


def build_learner(
    seed: int, number: int, home_page: str, identifier: str, catalogue: Zipf
) -> Learner:
    """Learner `number` (from 0), who takes one course or a few, popular ones more often."""
    rng = Random(f"{seed}:learner:{number}")
    first, last = words.person(rng)
    user_id = _FIRST_USER_ID + number
    username = f"{first}_{last}{user_id}"
    email = f"{first}.{last}.{user_id}@{words.pick(rng, _DOMAINS)}"
    external_id = str(UUID(int=rng.getrandbits(128), version=4))
    if identifier == "mixed":
        identifier = words.pick(rng, IDENTIFIERS[:3])
    actor = actor_object(identifier, home_page, external_id, email)
    return Learner(
        number=number,
        user_id=user_id,
        username=username,
        name=f"{first} {last}".title(),
        email=email,
        external_id=external_id,
        country=words.pick(rng, ("BR", "DE", "EG", "ES", "FR", "IN", "KZ", "MX", "NG", "US")),
        year_of_birth=1960 + int(rng.random() * 48),
        actor=actor,
        actor_json=json.dumps(actor),
        enrolments=_enrolments(rng, catalogue),
    )


def actor_object(identifier: str, home_page: str, external_id: str, email: str) -> dict[str, Any]:
    """The statement's `actor`, its members in the order that event identifiers depend on."""
    if identifier == "mbox":
        return {"objectType": "Agent", "mbox": f"mailto:{email}"}
    if identifier == "mbox_sha1sum":
        digest = hashlib.sha1(email.encode()).hexdigest()
        return {"objectType": "Agent", "mbox_sha1sum": digest}
    account = {"name": external_id, "homePage": home_page}
    return {"objectType": "Agent", "account": account}


def _enrolments(rng: Random, catalogue: Zipf) -> list[Enrolment]:
    count = 1
    while count < 6 and rng.random() < 0.35:
        count += 1
    chosen: dict[int, Enrolment] = {}
    for _ in range(count):
        course = catalogue.draw(rng)
        if course not in chosen:
            known = rng.random() < 0.55
            position = int(rng.random() * 12) if known else 0
            enrolment = Enrolment(course, _mode(rng), rng.random(), known, position)
            enrolment.grade = round(enrolment.pace * position / 14, 4)
            chosen[course] = enrolment
    return list(chosen.values())


def _mode(rng: Random) -> str:
    draw = rng.random()
    for mode, share in MODES:
        draw -= share
        if draw < 0:
            return mode
    return MODES[0][0]
