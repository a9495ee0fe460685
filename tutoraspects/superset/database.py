"""Superset's own database: wait for the server, make database and user where it may."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from tutoraspects.errors import AspectsError
from tutoraspects.superset.connections import database_options
from tutoraspects.superset.environment import secret

PATIENCE = 600  # seconds
# What the operator dashboard reads of Superset's own tables: who did what, and nothing by which
# one logs in anywhere.
READ = {
    "ab_user": ("created_on", "id"),
    "dashboards": ("dashboard_title", "id"),
    "logs": ("action", "dashboard_id", "dttm", "slice_id", "user_id"),
    "slices": ("id", "slice_name"),
}


def prepare(settings: Mapping[str, Any], patience: float = PATIENCE) -> Iterator[str]:
    """Make database and user with the platform's administrator of MySQL, where the settings say
    that there is one; on a database of one's own they must be there. Raises AspectsError."""
    database = settings["database"]
    if database["dialect"] != "mysql" or not database["administrator"]:
        yield f"database {database['name']}: expected at {database['host']}"
        return
    connection = _connect(database, patience)
    name, user = _identifier(database["name"]), database["username"]
    with connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE IF NOT EXISTS {name} DEFAULT CHARACTER SET utf8mb4")
        cursor.execute("CREATE USER IF NOT EXISTS %s@'%%'", (user,))
        cursor.execute("ALTER USER %s@'%%' IDENTIFIED BY %s", (user, _password()))
        cursor.execute(f"GRANT ALL ON {name}.* TO %s@'%%'", (user,))
    yield f"database {database['name']}: there, and its user {user}"


def grant_reader(settings: Mapping[str, Any], name: str, password: str) -> Iterator[str]:
    """Make the reader of the operator dashboard, who may read these columns and nothing else. On a
    database of one's own somebody else has to. Raises AspectsError."""
    database = settings["database"]
    if database["dialect"] != "mysql" or not database["administrator"]:
        return
    user, schema = database["reader"], _identifier(name)
    connection = _connect(database, PATIENCE)
    with connection, connection.cursor() as cursor:
        before = _grants(cursor, user)
        cursor.execute("CREATE USER IF NOT EXISTS %s@'%%'", (user,))
        cursor.execute("ALTER USER %s@'%%' IDENTIFIED BY %s", (user, password))
        cursor.execute("REVOKE ALL PRIVILEGES, GRANT OPTION FROM %s@'%%'", (user,))
        for table, columns in READ.items():
            listed = ", ".join(map(_identifier, columns))
            cursor.execute(f"GRANT SELECT ({listed}) ON {schema}.{table} TO %s@'%%'", (user,))
        if _grants(cursor, user) != before:
            yield f"database {name}: its reader {user} may read {', '.join(READ)}"


def _grants(cursor: Any, user: str) -> list[tuple[str, ...]]:
    """What a user may do, empty when there is none of the name."""
    cursor.execute(
        "SELECT table_schema, table_name, column_name, privilege_type "
        "FROM information_schema.column_privileges WHERE grantee LIKE %s ORDER BY 1, 2, 3, 4",
        (f"'{user}'@%",),
    )
    return list(cursor.fetchall())


def _password() -> str:
    return secret("SUPERSET_DB_PASSWORD")


def _identifier(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _connect(database: Mapping[str, Any], patience: float) -> Any:
    import pymysql

    deadline = time.monotonic() + patience
    while True:
        try:
            return pymysql.connect(
                host=database["host"],
                port=database["port"],
                user=database["administrator"],
                password=secret("MYSQL_ROOT_PASSWORD"),
                connect_timeout=10,
                **database_options(database).get("connect_args", {}),
            )
        except pymysql.err.OperationalError as error:
            # 1045: access denied, which waiting does not mend.
            if error.args[0] == 1045 or time.monotonic() > deadline:
                raise AspectsError(
                    f"MySQL at {database['host']}:{database['port']} cannot be used as "
                    f"{database['administrator']} ({error.args[-1]}): see MYSQL_ROOT_PASSWORD and "
                    "SUPERSET_DB_HOST."
                ) from error
            time.sleep(3)
