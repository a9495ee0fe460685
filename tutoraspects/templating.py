"""What templates may call beside the settings: the plan, the access declaration, small filters.

Functions that begin with `aspects_` are Jinja globals and read the settings from the context they
are called in. Template names and patches know no Python beyond these.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import jinja2
import yaml
from jinja2.runtime import Context

from tutoraspects import access, topology
from tutoraspects.access import password_hash
from tutoraspects.errors import AspectsError
from tutoraspects.settings.setting import as_boolean, as_integer

# The one Secret of the Kubernetes manifests, and the name of the cluster where none is given.
SECRET_NAME = "aspects-secrets"
DEFAULT_CLUSTER_NAME = "aspects"
KEEPER_PORT = 9181

# Account, as in CH_<account>_PASSWORD_SHA256, -> what its settings begin with.
ACCOUNTS = {
    "ADMIN": "CLICKHOUSE_ADMIN",
    "LRS": "ASPECTS_CLICKHOUSE_LRS",
    "VECTOR": "ASPECTS_CLICKHOUSE_VECTOR",
    "CMS": "ASPECTS_CLICKHOUSE_CMS",
    "REPORT": "ASPECTS_CLICKHOUSE_REPORT",
    "HEALTH": "ASPECTS_CLICKHOUSE_HEALTH",
    "MONITOR": "ASPECTS_CLICKHOUSE_MONITOR",
    "BACKUP": "ASPECTS_CLICKHOUSE_BACKUP",
}

# system.<name> -> days. Every log table of ClickHouse 26.x is in one of the two lists; a server of
# another version ignores what it does not know.
SYSTEM_LOGS_KEPT = {
    "query_log": 30,
    "query_views_log": 14,
    "part_log": 14,
    "asynchronous_insert_log": 7,
    "asynchronous_metric_log": 7,
    "metric_log": 7,
    "error_log": 90,
    "text_log": 14,
    "crash_log": 365,
    "backup_log": 365,
    "blob_storage_log": 14,
    "zookeeper_connection_log": 90,
    "trace_log": 3,
}
SYSTEM_LOGS_DROPPED = (
    "aggregated_zookeeper_log",
    "azure_queue_log",
    "background_schedule_pool_log",
    "dead_letter_queue",
    "delta_lake_metadata_log",
    "distributed_cache_log",
    "distributed_cache_server_log",
    "filesystem_cache_log",
    "filesystem_read_prefetches_log",
    "iceberg_metadata_log",
    "latency_log",
    "opentelemetry_span_log",
    "predicate_statistics_log",
    "processors_profile_log",
    "query_metric_log",
    "query_thread_log",
    "s3queue_log",
    "session_log",  # ClickHouse's own configuration advises against it in production
    "transactions_info_log",
    "transposed_metric_log",
    "zookeeper_log",
)


@jinja2.pass_context
def aspects_plan(context: Context) -> topology.Plan:
    """Shards, replicas, keepers and sizes for the current settings."""
    return topology.plan(_settings(context))


@jinja2.pass_context
def aspects_cluster_name(context: Context) -> str:
    """The cluster's name in ON CLUSTER; empty for a single node."""
    settings = _settings(context)
    named = str(settings.get("CLICKHOUSE_CLUSTER_NAME") or "")
    if named:
        return named
    return DEFAULT_CLUSTER_NAME if topology.plan(settings).is_cluster else ""


def aspects_keeper_port() -> int:
    """Client port of our own Keepers with Docker Compose."""
    return KEEPER_PORT


def aspects_system_logs() -> SimpleNamespace:
    """`.kept`: (name, days) of the server's log tables; `.dropped`: names of those switched off."""
    return SimpleNamespace(kept=list(SYSTEM_LOGS_KEPT.items()), dropped=SYSTEM_LOGS_DROPPED)


@jinja2.pass_context
def aspects_data_folders(context: Context) -> list[str]:
    """Folders under data/ with Docker Compose, one for each ClickHouse node and Keeper."""
    plan = topology.plan(_settings(context))
    if not plan.own_clickhouse:
        return []
    nodes = [node.name for node in plan.nodes] if plan.is_cluster else ["clickhouse"]
    return [*plan.keeper_names, *nodes]


@jinja2.pass_context
def aspects_access_xml(context: Context) -> str:
    """users.xml for Docker Compose and the one-node StatefulSet."""
    return access.to_xml(_access(context))


@jinja2.pass_context
def aspects_operator_access(context: Context) -> str:
    """`users`, `profiles` and `quotas` of a ClickHouseInstallation, as YAML without indentation."""
    return to_yaml(access.to_operator(_access(context), SECRET_NAME))


def to_yaml(value: object) -> str:
    """YAML in block style, keys in the given order, to be indented by the template."""
    text: str = yaml.safe_dump(value, sort_keys=False, default_flow_style=False, width=1000)
    return text.rstrip("\n")


def sha256(text: str) -> str:
    """Hexadecimal SHA-256 of a text, e.g. to restart pods when a configuration changes."""
    return hashlib.sha256(text.encode()).hexdigest()


def env_value(value: object) -> str:
    """A value for a file that Docker Compose reads with `env_file`, quoted so that `$`, `#` and
    spaces mean themselves. Raises AspectsError for a line break, which the format cannot hold.
    """
    text = str(value)
    if "\n" in text or "\r" in text:
        raise AspectsError(
            "A password with a line break cannot be passed to a container: choose another one "
            "with `tutor config save --set NAME=VALUE`."
        )
    return "'" + text.replace("'", "\\'") + "'"


@jinja2.pass_context
def aspects_secrets_checksum(context: Context) -> str:
    """Changes with any ClickHouse password, so that an annotation with it restarts the servers.

    The cluster's secret is the key, so that it tells nothing about the passwords to whoever may
    read manifests and not Secrets.
    """
    settings = _settings(context)
    second = settings.get("ASPECTS_CLICKHOUSE_SECOND_PASSWORDS") or {}
    # The servers do not mind which of two passwords is the first: no restart for an exchange.
    passwords = [
        "\t".join(sorted({str(settings[f"{name}_PASSWORD"]), str(second.get(account, ""))} - {""}))
        for account, name in ACCOUNTS.items()
    ]
    key = str(settings["ASPECTS_CLICKHOUSE_CLUSTER_SECRET"]).encode()
    return hmac.new(key, "\n".join(passwords).encode(), hashlib.sha256).hexdigest()


@jinja2.pass_context
def aspects_second_passwords(context: Context) -> list[SimpleNamespace]:
    """(`.account`, `.user`, `.password`) of every ClickHouse user that may log in with either of
    two passwords; see docs/how-to/passwords.md.
    """
    settings = _settings(context)
    return [
        SimpleNamespace(account=account, user=settings[f"{name}_USER"], password=str(second))
        for account, name in ACCOUNTS.items()
        for second in [(settings.get("ASPECTS_CLICKHOUSE_SECOND_PASSWORDS") or {}).get(account)]
        if second is not None
    ]


def _access(context: Context) -> access.Access:
    settings = _settings(context)
    plan = topology.plan(settings)
    return access.declare(
        access.Names.from_settings(settings),
        memory_mib=plan.clickhouse.memory_mib,
        quorum=plan.insert_quorum,
        lookback_days=as_integer(settings.get("ASPECTS_RALPH_LOOKBACK_DAYS", 7)) or 0,
        retry_minutes=as_integer(settings.get("ASPECTS_DELIVERY_RETRY_MINUTES", 60)) or 0,
        pii=as_boolean(settings.get("ASPECTS_ENABLE_PII")) is True,
    )


def _settings(context: Context) -> dict[str, Any]:
    return context.get_all()


FILTERS: list[tuple[str, Callable[..., Any]]] = [
    ("aspects_sha256", sha256),
    ("aspects_password_hash", password_hash),
    ("aspects_to_yaml", to_yaml),
    ("aspects_env_value", env_value),
]
VARIABLES: list[tuple[str, Any]] = [
    ("aspects_plan", aspects_plan),
    ("aspects_cluster_name", aspects_cluster_name),
    ("aspects_keeper_port", aspects_keeper_port),
    ("aspects_system_logs", aspects_system_logs),
    ("aspects_data_folders", aspects_data_folders),
    ("aspects_secrets_checksum", aspects_secrets_checksum),
    ("aspects_second_passwords", aspects_second_passwords),
    ("aspects_access_xml", aspects_access_xml),
    ("aspects_operator_access", aspects_operator_access),
    ("ASPECTS_SECRET_NAME", SECRET_NAME),
]
