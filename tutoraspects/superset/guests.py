"""Guest tokens: only such as platform-plugin-aspects asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tutoraspects.superset.scope import of_guest

# A clause narrows by one comparison of a column with a text; nothing in it can end the clause.
_CLAUSE = re.compile(r"\s*[A-Za-z_][A-Za-z0-9_.]*\s*=\s*'[^'\\]*'\s*")


def is_for_one_course(body: Mapping[str, Any]) -> bool:
    """GUEST_TOKEN_VALIDATOR_HOOK: whether a token would be limited to one course, in every dataset,
    by clauses that can only narrow. Whoever has the LMS' password gets no other."""
    rules = body.get("rls") or []
    whole = [rule for rule in rules if not rule.get("dataset")]
    return (
        bool(body.get("resources"))
        and all(_CLAUSE.fullmatch(str(rule.get("clause", ""))) for rule in rules)
        and bool(of_guest(whole).courses)
    )
