"""Superset's own database: wait for the server, make database and user where it may."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from tutoraspects.errors import AspectsError
from tutoraspects.superset.connections import database_options
from tutoraspects.superset.environment import secret

PATIENCE = 600  # seconds


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
