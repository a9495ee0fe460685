"""Learners of a stream: how statements name them, and what the LMS dumps about them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

from tutoraspects.events.sinks import FIELDS

Row = dict[str, Any]
FORMER = "old-"  # begins an address that its learner has given up

_NAMES = ("Ada", "Bo", "Chloé", "Dîdi O'Neil", '"Eve" & Co', "Фёдор", "高橋", "")
_KINDS = (
    "external_id", "external_id", "external_id", "mbox", "mbox_sha1sum", "username", "former",
    "openid",
)  # fmt: skip


def sha1(email: str) -> str:
    """What event-routing-backends writes as `mbox_sha1sum`: of the address without `mailto:`."""
    return hashlib.sha1(email.encode()).hexdigest()


@dataclass(frozen=True)
class Person:
    """One account. `kind` is how the statements of this learner name them."""

    user_id: int
    username: str
    name: str
    email: str
    external_id: str
    kind: str

    @property
    def actor_id(self) -> str:
        return {
            "external_id": self.external_id,
            "mbox": f"mailto:{self.email}",
            "mbox_sha1sum": sha1(self.email),
            "username": self.username,
            "former": f"mailto:{self.former}",
            "openid": f"https://id.example.org/{self.username}",
        }[self.kind]

    @property
    def former(self) -> str:
        """The address that this learner had before they changed it."""
        return f"{FORMER}{self.email}"

    def actor(self, home: str) -> dict[str, Any]:
        """The statement's `actor`."""
        if self.kind in ("mbox", "mbox_sha1sum", "openid"):
            return {"objectType": "Agent", self.kind: self.actor_id}
        if self.kind == "former":
            return {"objectType": "Agent", "mbox": self.actor_id}
        return {"objectType": "Agent", "account": {"name": self.actor_id, "homePage": home}}

    def profile(self, at: datetime, dump: str, name: str, email: str | None = None) -> Row:
        """A row of `user_profile`."""
        row: Row = dict.fromkeys(FIELDS["user_profile"], "")
        return row | {
            "id": self.user_id + 500_000,
            "user_id": self.user_id,
            "name": name,
            "username": self.username,
            "email": self.email if email is None else email,
            "year_of_birth": 1990,
            "bio": 'likes "maps", and\nlines',
            "dump_id": dump,
            "time_last_dumped": str(at),
        }

    def external(self, at: datetime, dump: str) -> Row:
        """A row of `external_id`."""
        return {
            "external_user_id": self.external_id,
            "external_id_type": "xapi",
            "username": self.username,
            "user_id": self.user_id,
            "dump_id": dump,
            "time_last_dumped": str(at),
        }


def make(rng: Random, seed: int, count: int) -> list[Person]:
    """`count` learners whose every identifier is of this stream alone."""
    people = []
    for number in range(count):
        user_id = (seed % 1_000_000) * 20 + number + 1
        username = f"u{seed}_{number}"
        people.append(
            Person(
                user_id=user_id,
                username=username,
                name=rng.choice(_NAMES),
                email=f"{username}@mail.example.org",
                external_id=str(UUID(int=rng.getrandbits(128), version=4)),
                kind=rng.choice(_KINDS),
            )
        )
    return people
