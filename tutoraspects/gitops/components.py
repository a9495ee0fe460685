"""The components of the system: how an operator calls them, and which settings stand behind them.

A component is what shares the label `app.kubernetes.io/name`. One that is not in the table gets a
chart and a key all the same, only with less to say in its comments.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

APPLICATION_CHART = "aspects"
CLICKHOUSE_CHART = "aspects-clickhouse"


@dataclass(frozen=True)
class Component:
    """`name` is the label, `key` the name in values.yaml, `role` its kind of work in a word.

    `settings` maps a field below the key, such as `image`, to the setting that its default
    comes from.
    """

    name: str
    key: str
    meaning: str
    role: str
    chart: str = APPLICATION_CHART
    settings: Mapping[str, str] = field(default_factory=dict, compare=False)


KEEPER = Component(
    "clickhouse-keeper",
    "keeper",
    "ClickHouse Keeper, which coordinates the replicas of ClickHouse.",
    "coordination",
    CLICKHOUSE_CHART,
    {
        "image": "ASPECTS_DOCKER_IMAGE_KEEPER",
        "replicas": "ASPECTS_KEEPER_REPLICAS",
        "storage.storageClassName": "ASPECTS_STORAGE_CLASS",
    },
)
COMPONENTS = (
    Component(
        "aspects",
        "secrets",
        "The Secret that every component reads its passwords from, made from AWS Secrets Manager "
        "by the External Secrets operator. Switch it off to make the Secret yourself.",
        "secrets",
        settings={
            "remoteKey": "ASPECTS_SECRETS_PREFIX",
            "refreshInterval": "ASPECTS_SECRETS_REFRESH_MINUTES",
            "region": "ASPECTS_SECRETS_REGION",
            "store.create": "ASPECTS_SECRET_STORE_CREATE",
            "store.name": "ASPECTS_SECRET_STORE",
            "serviceAccount.annotations": "ASPECTS_SECRETS_ROLE_ARN",
        },
    ),
    Component(
        "clickhouse",
        "clickhouse",
        "ClickHouse, the database of all learning events.",
        "database",
        CLICKHOUSE_CHART,
        {
            "enabled": "RUN_CLICKHOUSE",
            "image": "DOCKER_IMAGE_CLICKHOUSE",
            "shards": "ASPECTS_CLICKHOUSE_SHARDS",
            "replicas": "ASPECTS_CLICKHOUSE_REPLICAS",
            "storage.size": "ASPECTS_CLICKHOUSE_VOLUME_GIB",
            "storage.storageClassName": "ASPECTS_STORAGE_CLASS",
            "resources": "ASPECTS_CLICKHOUSE_MEMORY_MIB",
        },
    ),
    KEEPER,
    Component(
        "ralph",
        "ralph",
        "Ralph, the learning record store that takes events from the platform.",
        "learning-record-store",
        settings={
            "enabled": "RUN_RALPH",
            "image": "DOCKER_IMAGE_RALPH",
            "replicas": "ASPECTS_RALPH_REPLICAS",
            "autoscaling.minReplicas": "ASPECTS_RALPH_REPLICAS",
            "autoscaling.maxReplicas": "ASPECTS_RALPH_MAX_REPLICAS",
            "resources": "ASPECTS_RALPH_MEMORY_MIB",
            "ingress.host": "RALPH_HOST",
        },
    ),
    Component(
        "superset",
        "superset",
        "Superset's web servers, where people look at the reports.",
        "reports",
        settings={
            "enabled": "RUN_SUPERSET",
            "image": "DOCKER_IMAGE_SUPERSET",
            "replicas": "ASPECTS_SUPERSET_REPLICAS",
            "autoscaling.minReplicas": "ASPECTS_SUPERSET_REPLICAS",
            "autoscaling.maxReplicas": "ASPECTS_SUPERSET_MAX_REPLICAS",
            "resources": "ASPECTS_SUPERSET_MEMORY_MIB",
            "ingress.host": "SUPERSET_HOST",
        },
    ),
    Component(
        "superset-worker",
        "supersetWorker",
        "Superset's workers, for alerts, reports and queries that take long.",
        "reports-worker",
        settings={
            "enabled": "RUN_SUPERSET",
            "image": "DOCKER_IMAGE_SUPERSET",
            "replicas": "ASPECTS_SUPERSET_WORKER_REPLICAS",
            "autoscaling.minReplicas": "ASPECTS_SUPERSET_WORKER_REPLICAS",
            "autoscaling.maxReplicas": "ASPECTS_SUPERSET_WORKER_MAX_REPLICAS",
            "resources": "ASPECTS_SUPERSET_WORKER_MEMORY_MIB",
        },
    ),
    Component(
        "superset-worker-beat",
        "supersetScheduler",
        "Superset's scheduler, which says when a report is due. There is never more than one.",
        "reports-scheduler",
        settings={"enabled": "RUN_SUPERSET", "image": "DOCKER_IMAGE_SUPERSET"},
    ),
    Component(
        "superset-job",
        "supersetJob",
        "The job that prepares Superset: its database, roles, accounts.",
        "reports-job",
        settings={"image": "DOCKER_IMAGE_SUPERSET"},
    ),
    Component(
        "aspects-job",
        "jobs",
        "Jobs that prepare the system, such as the migration of ClickHouse's schema.",
        "job",
        settings={"image": "DOCKER_IMAGE_ASPECTS"},
    ),
)
_BY_NAME = {component.name: component for component in COMPONENTS}


def component_of(name: str) -> Component:
    """The component with this label."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    return Component(name, camel(name), f"The component {name}.", name)


def camel(name: str) -> str:
    """`aspects-job` as `aspectsJob`."""
    first, *rest = re.split(r"[^A-Za-z0-9]+", name)
    return first + "".join(word[:1].upper() + word[1:] for word in rest)
