"""Addresses of Superset's own database and of Redis, with TLS where it is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

Settings = Mapping[str, Any]

# The image has pure Python drivers only.
DRIVERS = {"mysql": "mysql+pymysql", "postgresql": "postgresql+psycopg2", "postgres": "postgresql"}
SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt"


def with_driver(uri: str) -> str:
    """A database address with the driver that the image has: `mysql://…` as `mysql+pymysql://…`."""
    scheme, separator, rest = uri.partition("://")
    return f"{DRIVERS.get(scheme, scheme)}{separator}{rest}"


def database_uri(database: Settings, password: str) -> str:
    """SQLALCHEMY_DATABASE_URI; a dialect `sqlite` has its file in `name`, for the laboratory."""
    if database["dialect"] == "sqlite":
        return f"sqlite:///{database['name']}?check_same_thread=false"
    user = f"{quote(database['username'], safe='')}:{quote(password, safe='')}"
    address = f"{database['host']}:{database['port']}/{quote(database['name'], safe='')}"
    charset = "?charset=utf8mb4" if database["dialect"] == "mysql" else ""
    return with_driver(f"{database['dialect']}://{user}@{address}{charset}")


def database_options(database: Settings) -> dict[str, Any]:
    """SQLALCHEMY_ENGINE_OPTIONS: connections that the server closed are noticed before they are
    used; with TLS the server's certificate and name are verified."""
    if database["dialect"] == "sqlite":
        return {}
    options: dict[str, Any] = {"pool_pre_ping": True, "pool_recycle": 1800}
    if database["tls"]:
        authority = database["ca"] or SYSTEM_CA
        options["connect_args"] = (
            {"ssl": {"ca": authority, "check_hostname": True}}
            if database["dialect"] == "mysql"
            else {"sslmode": "verify-full", "sslrootcert": authority}
        )
    return options


def redis_url(redis: Settings, password: str, number: int) -> str:
    """Address of one of Redis' numbered databases, as every client here reads it."""
    login = ""
    if password:
        login = f"{quote(redis['username'] or '', safe='')}:{quote(password, safe='')}@"
    query = ""
    if redis["tls"]:
        # The name, too: redis-py before 6, which Superset has, does not look at it by itself.
        verify = {
            "ssl_cert_reqs": "required",
            "ssl_check_hostname": "true",
            "ssl_ca_certs": redis["ca"] or SYSTEM_CA,
        }
        query = f"?{urlencode(verify)}"
    scheme = "rediss" if redis["tls"] else "redis"
    return f"{scheme}://{login}{redis['host']}:{redis['port']}/{number}{query}"


def shim_mariadb() -> None:
    """Let SQLAlchemy 1.4 speak to MariaDB, for which it takes sequences to be of use and writes
    them in a way that MariaDB does not understand (NO CYCLE)."""
    from sqlalchemy.dialects.mysql import base

    dialect: Any = base.MySQLDialect
    initialize = dialect.initialize

    def without_sequences(self: Any, connection: Any) -> None:
        initialize(self, connection)
        self.supports_sequences = False

    if initialize.__name__ != without_sequences.__name__:
        dialect.initialize = without_sequences


def shim_mysqldb() -> None:
    """Let Superset find the types of MySQL's columns: it asks the module MySQLdb for their names
    (superset/db_engine_specs/mysql.py), which PyMySQL has, too."""
    import pymysql

    pymysql.install_as_MySQLdb()
