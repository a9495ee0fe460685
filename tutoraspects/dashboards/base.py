"""What all models of a specification have in common."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints


class Translatable:
    """Marks a field whose text people read: it is in the catalogues of strings."""


def _sentence(text: str) -> str:
    if not text.endswith("."):
        raise ValueError("a description is one sentence and ends with a full stop")
    if re.search(r"[.!?]\s+[A-Z]", text):
        raise ValueError("a description is one sentence, and this looks like several")
    return text


_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
Uuid = Annotated[str, StringConstraints(pattern=_UUID)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=120), Translatable()]
Prose = Annotated[str, StringConstraints(min_length=1), Translatable()]
# A sentence for those who work on specifications, and one that readers of dashboards see.
Note = Annotated[str, StringConstraints(min_length=10, max_length=280), AfterValidator(_sentence)]
Sentence = Annotated[Note, Translatable()]


class Part(BaseModel):
    """A piece of a specification: unknown keys and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)

    def plain(self) -> dict[str, Any]:
        """What a YAML file says: only what differs from the defaults."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
