"""Which courses the one who asks may see: the one answer behind every filter of rows.

| who | courses |
|---|---|
| roles whose rows are `all` in roles.yml (Admin, Alpha, Operator) | every course |
| roles whose rows are `courses` (Instructor) | those that the LMS lists for the person |
| an embedded dashboard | the one that the guest token is for |
| everybody else | none |
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tutoraspects.access.courses import scope as clickhouse_scope
from tutoraspects.errors import AspectsError

log = logging.getLogger(__name__)

ALL_ROWS = "1 = 1"
NO_ROWS = "1 = 0"
# What platform-plugin-aspects sends for a course, and nothing beside it in the same clause.
_GUEST_COURSE = re.compile(r"\s*course_key\s*=\s*'([^',\\]+)'\s*")
_COURSE_KEY = re.compile(r"[^\s',\\]+")
_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*|splitByChar\('/', course_id\)\[-1\]")
_SETTINGS = re.compile(r"\bsettings\b", re.IGNORECASE)
_PLAIN_STRING = re.compile(r"'[^'\\]*'|\"[^\"\\]*\"|`[^`\\]*`")
# What may make a text begin or end where ClickHouse sees it and the pattern above does not.
_TRICKY = re.compile(r"['\"`\\$#]|--|/\*")


@dataclass(frozen=True)
class Scope:
    """Courses by their keys; None for every course."""

    courses: frozenset[str] | None

    def clause(self, column: str) -> str:
        """A condition of SQL. Raises AspectsError for a column that is more than a name."""
        if not _COLUMN.fullmatch(column):
            raise AspectsError(f"'{column}' is not the name of a column of course keys.")
        if self.courses is None:
            return ALL_ROWS
        if not self.courses:
            return NO_ROWS
        return f"{column} IN ({', '.join(repr(key) for key in sorted(self.courses))})"

    def for_clickhouse(self) -> str:
        """The value of ClickHouse's setting `log_comment`."""
        return clickhouse_scope(self.courses)


EVERY_COURSE = Scope(None)
NO_COURSE = Scope(frozenset())


def of_keys(keys: Iterable[str]) -> Scope:
    """A scope of course keys; what cannot be a key is left out."""
    return Scope(frozenset(key for key in keys if _COURSE_KEY.fullmatch(key)))


def of_guest(rules: Iterable[Mapping[str, Any]]) -> Scope:
    """The scope of a guest token: its clauses all apply, so that two courses are none."""
    found = [_GUEST_COURSE.fullmatch(str(rule.get("clause", ""))) for rule in rules]
    courses = {match[1] for match in found if match}
    return of_keys(courses) if len(courses) == 1 else NO_COURSE


def current(security_manager: Any) -> Scope:
    """The scope of whoever the current request or task is for.

    Raises AspectsError when the LMS does not say which courses: better an error on a chart than
    one that looks empty.
    """
    from flask import g

    user = getattr(g, "user", None)
    if user is None:
        return NO_COURSE
    if getattr(user, "is_guest_user", False):
        return of_guest(user.rls)
    if not user.is_authenticated:
        return NO_COURSE
    return of_roles(security_manager, user)


def of_roles(security_manager: Any, user: Any) -> Scope:
    from flask import current_app

    rows = current_app.config["ASPECTS_ROWS_OF_ROLES"]
    names = {str(role) for role in security_manager.get_user_roles(user)}
    kinds = {rows.get(name, "none") for name in names}
    if "all" in kinds:
        return EVERY_COURSE
    if "courses" in kinds:
        return of_keys(security_manager.get_courses(user.username))
    return NO_COURSE


# -- where Superset asks -------------------------------------------------------------------------


def can_view_courses(username: str | None, field_name: str = "course_id", **_: Any) -> str:
    """Jinja: the condition for the rows of the one who asks.

    `username` must be current_username(): Superset finds that call in the text and keeps apart
    what it caches for different people. It is not whom the rows are chosen for.
    """
    from superset.extensions import security_manager
    from superset.utils.core import get_username

    if username != get_username():
        raise AspectsError(
            "can_view_courses must be called as can_view_courses(current_username(), ...)."
        )
    return current(security_manager).clause(field_name)


def connect(
    uri: Any, parameters: dict[str, Any], _username: Any, security_manager: Any, _source: Any
) -> tuple[Any, dict[str, Any]]:
    """DB_CONNECTION_MUTATOR: tell ClickHouse which courses the answer may be about, and reach
    Superset's own database with TLS where the settings say so. Raises AspectsError for a user of
    the operator dashboard on behalf of somebody who does not see all."""
    from flask import current_app

    closed = uri.username in current_app.config["ASPECTS_OPERATORS_USERS"]
    if closed and current(security_manager).courses is not None:
        raise AspectsError(
            f"The database user {uri.username} is for those who see every course: the roles with "
            "`rows: all`."
        )
    arguments = dict(parameters.get("connect_args") or {})
    if (uri.host, uri.port) == current_app.config["ASPECTS_OWN_DATABASE"]:
        # What the operator dashboard reads of it goes the way of everything else.
        arguments |= current_app.config["SQLALCHEMY_ENGINE_OPTIONS"].get("connect_args", {})
        parameters = {**parameters, "connect_args": arguments}
    if uri.drivername.startswith("clickhousedb"):
        # clickhouse-connect takes what it does not know for settings of ClickHouse.
        arguments["log_comment"] = current(security_manager).for_clickhouse()
        parameters = {**parameters, "connect_args": arguments}
    return uri, parameters


def has_settings(sql: str) -> bool:
    """Whether a query may have a SETTINGS clause: the word outside of plain texts and names."""
    if not _SETTINGS.search(sql):
        return False
    bare = _PLAIN_STRING.sub("''", sql).replace("''", "")
    return bool(_SETTINGS.search(bare) or _TRICKY.search(bare))


def refuse_settings(sql: str, **arguments: Any) -> str:
    """SQL_QUERY_MUTATOR: who may not see every course may not write a SETTINGS clause, which could
    tell ClickHouse another scope than `connect` does."""
    from superset.extensions import security_manager

    database = arguments.get("database")
    if database is None or not str(database.backend).startswith("clickhouse"):
        return sql
    if has_settings(sql) and current(security_manager).courses is not None:
        raise AspectsError(
            "A query by someone who does not see every course cannot have a SETTINGS clause."
        )
    return sql
