"""Settings that size the system and say which parts of it run."""

from __future__ import annotations

from tutoraspects import __version__
from tutoraspects.settings.setting import AUTO, Group, Setting

SIZE = Group(
    "Size",
    "Two numbers size everything else; `tutor aspects plan` shows what follows from them.",
    (
        Setting(
            "ASPECTS_EVENTS_PER_DAY",
            10_000,
            "integer",
            "Learning events that the platform sends on a normal busy day; every derived setting "
            "follows from it.",
            minimum=1,
            maximum=1_000_000_000,
        ),
        Setting(
            "ASPECTS_RETENTION_DAYS",
            365,
            "integer",
            "Days that events are kept before ClickHouse deletes them.",
            minimum=1,
            # The TTL adds it to a DateTime, which ends in 2106 and then begins anew in 1970: a
            # retention that reaches further would delete every event as it comes in.
            maximum=18_250,
        ),
    ),
)

DERIVED = Group(
    "Derived sizes",
    "`auto` (or empty) leaves a number to the formula of `tutor aspects plan`; "
    "any other value replaces just that number.",
    (
        Setting(
            "ASPECTS_CLICKHOUSE_SHARDS",
            AUTO,
            "auto integer",
            "Shards that the events are spread over by learner.",
            minimum=1,
            maximum=100,
        ),
        Setting(
            "ASPECTS_CLICKHOUSE_REPLICAS",
            AUTO,
            "auto integer",
            "Copies of every shard, each on a node of its own.",
            minimum=1,
            maximum=9,
        ),
        Setting(
            "ASPECTS_KEEPER_REPLICAS",
            AUTO,
            "auto integer",
            "ClickHouse Keepers that coordinate the replicas: 1, 3, 5 or 7, and 0 with one node.",
            minimum=0,
            maximum=7,
        ),
        Setting(
            "ASPECTS_CLICKHOUSE_CPU",
            AUTO,
            "auto number",
            "CPU cores reserved for each ClickHouse node, which may use twice as many.",
            minimum=0.1,
            maximum=256,
        ),
        Setting(
            "ASPECTS_CLICKHOUSE_MEMORY_MIB",
            AUTO,
            "auto integer",
            "Memory of each ClickHouse node in MiB.",
            minimum=1024,
            maximum=4_194_304,
        ),
        Setting(
            "ASPECTS_CLICKHOUSE_VOLUME_GIB",
            AUTO,
            "auto integer",
            "Volume of each ClickHouse node in GiB.",
            minimum=1,
            maximum=65_536,
        ),
        Setting(
            "ASPECTS_RALPH_REPLICAS",
            AUTO,
            "auto integer",
            "Ralph pods that always run.",
            minimum=1,
            maximum=1000,
        ),
        Setting(
            "ASPECTS_RALPH_MAX_REPLICAS",
            AUTO,
            "auto integer",
            "Ralph pods that the autoscaler may start at most.",
            minimum=1,
            maximum=1000,
        ),
        Setting(
            "ASPECTS_RALPH_WORKERS",
            AUTO,
            "auto integer",
            "Worker processes in each Ralph pod, each of which serves one request at a time.",
            minimum=1,
            maximum=64,
        ),
        Setting(
            "ASPECTS_RALPH_CPU",
            AUTO,
            "auto number",
            "CPU cores reserved for each Ralph pod, which may use twice as many.",
            minimum=0.05,
            maximum=64,
        ),
        Setting(
            "ASPECTS_RALPH_MEMORY_MIB",
            AUTO,
            "auto integer",
            "Memory of each Ralph pod in MiB.",
            minimum=128,
            maximum=262_144,
        ),
    ),
)

SWITCHES = Group(
    "Parts and images",
    "What runs inside the platform, and from which images.",
    (
        Setting(
            "RUN_CLICKHOUSE",
            True,
            "boolean",
            "Deploy ClickHouse with the platform; false when it runs elsewhere.",
            kept=True,
        ),
        Setting(
            "RUN_RALPH",
            True,
            "boolean",
            "Deploy Ralph, the learning record store that takes xAPI statements from the LMS.",
            kept=True,
        ),
        Setting(
            "RUN_VECTOR",
            False,
            "boolean",
            "Deploy Vector, which ships events from container logs; this version does not deploy "
            "it yet.",
            kept=True,
        ),
        Setting(
            "RUN_SUPERSET",
            True,
            "boolean",
            "Deploy Superset, where people look at the reports.",
            kept=True,
        ),
        Setting(
            "RUN_ASPECTS_DOCS",
            False,
            "boolean",
            "Serve the documentation of the reporting models.",
            kept=True,
            read=False,
        ),
        Setting(
            "ASPECTS_VERSION",
            __version__,
            "name",
            "Tag of the images that this plugin builds.",
            kept=True,
        ),
        Setting(
            "DOCKER_IMAGE_ASPECTS",
            "{{ DOCKER_REGISTRY }}aspects/aspects-cluster:{{ ASPECTS_VERSION }}",
            "image",
            "Image of the jobs: schema, load generator and the rest of the `aspects` command.",
            kept=True,
        ),
        Setting(
            "DOCKER_IMAGE_CLICKHOUSE",
            "docker.io/clickhouse/clickhouse-server:26.8",
            "image",
            "Image of the ClickHouse server.",
            kept=True,
        ),
        Setting(
            "ASPECTS_DOCKER_IMAGE_KEEPER",
            "docker.io/clickhouse/clickhouse-keeper:26.8",
            "image",
            "Image of ClickHouse Keeper, of the same version as the server.",
        ),
        Setting(
            "DOCKER_IMAGE_RALPH",
            "docker.io/fundocker/ralph:5.0.1",
            "image",
            "Image of Ralph.",
            kept=True,
        ),
        Setting(
            "DOCKER_IMAGE_VECTOR",
            "docker.io/timberio/vector:0.54.0-alpine",
            "image",
            "Image of Vector.",
            kept=True,
            read=False,
        ),
        Setting(
            "DOCKER_IMAGE_SUPERSET",
            "{{ DOCKER_REGISTRY }}aspects/aspects-superset:{{ ASPECTS_VERSION }}",
            "image",
            "Image of Superset.",
            kept=True,
        ),
        Setting(
            "ASPECTS_STORAGE_CLASS",
            "",
            "name",
            "Kubernetes storage class of all volumes; empty takes the cluster's default.",
            optional=True,
        ),
        Setting(
            "ASPECTS_NETWORK_POLICIES",
            True,
            "boolean",
            "Whether NetworkPolicies on Kubernetes let only those reach ClickHouse, Keeper and "
            "Ralph who have business there.",
        ),
        Setting(
            "ASPECTS_MONITORING_NAMESPACE",
            "monitoring",
            "text",
            "Kubernetes namespace whose pods may read the metrics; empty lets none.",
            optional=True,
        ),
    ),
)
