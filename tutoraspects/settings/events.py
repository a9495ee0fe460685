"""Settings of the way that events take: LMS, Ralph, Vector."""

from __future__ import annotations

from tutoraspects.settings.setting import Group, Setting

SINKS = Group(
    "Event sinks and privacy",
    "LMS and CMS copy some of their models to ClickHouse, so that reports can name courses and, "
    "if allowed, people.",
    (
        Setting(
            "EVENT_SINK_MODELS_ENABLED",
            ["course_overviews", "tag", "taxonomy", "object_tag", "course_enrollment"],
            "list",
            "Models that are copied.",
            kept=True,
        ),
        Setting(
            "EVENT_SINK_PII_MODELS",
            ["user_profile", "external_id", "auth_user"],
            "list",
            "Models that identify people: copied only with ASPECTS_ENABLE_PII, and cleared when a "
            "user retires.",
            kept=True,
        ),
        Setting(
            "ASPECTS_ENABLE_PII",
            False,
            "boolean",
            "Whether personal data may be stored in ClickHouse; mind the law before you turn it "
            "on.",
            kept=True,
        ),
        Setting(
            "ASPECTS_EVENT_SINK_CLICKHOUSE_TIMEOUT_SECS",
            5,
            "integer",
            "Seconds after which LMS and CMS give up a copy to ClickHouse.",
            kept=True,
            minimum=1,
            maximum=3600,
        ),
        Setting(
            "ASPECTS_PII_CHART_UUIDS",
            ["447a194b-dbed-4a82-a899-2df8e01e84b1"],
            "list",
            "Charts that are removed while ASPECTS_ENABLE_PII is off.",
            kept=True,
        ),
        Setting(
            "ASPECTS_PII_CACHE_LIFETIME",
            900,
            "integer",
            "Seconds after which reports show changed personal data, while a retired learner "
            "leaves them within a minute.",
            kept=True,
            minimum=1,
        ),
    ),
)

ROUTING = Group(
    "Event routing",
    "How LMS and CMS hand their events on.",
    (
        Setting(
            "EVENT_ROUTING_BACKEND_BATCHING_ENABLED",
            True,
            "boolean",
            "Whether events travel in batches; without batches a busy site cannot keep up.",
            kept=True,
        ),
        Setting(
            "EVENT_ROUTING_BACKEND_BATCH_SIZE",
            100,
            "integer",
            "Events in a batch.",
            kept=True,
            minimum=1,
            maximum=10_000,
        ),
        Setting(
            "EVENT_ROUTING_BACKEND_BATCH_INTERVAL",
            5,
            "integer",
            "Seconds after which a batch that is not full is sent.",
            kept=True,
            minimum=1,
            maximum=3600,
        ),
        Setting(
            "ASPECTS_DELIVERY_RETRY_MINUTES",
            60,
            "integer",
            "Minutes for which LMS and CMS try again when Ralph or ClickHouse does not answer; "
            "what waits takes memory of Redis and of the workers.",
            minimum=1,
            maximum=1440,
        ),
        Setting(
            "ASPECTS_ENABLE_EVENT_BUS_CONSUMER",
            False,
            "boolean",
            "Whether tracking events are read from the event bus.",
            kept=True,
            read=False,
        ),
        Setting(
            "ASPECTS_ENABLE_EVENT_BUS_PRODUCER",
            False,
            "boolean",
            "Whether tracking events are written to the event bus.",
            kept=True,
            read=False,
        ),
        Setting(
            "ASPECTS_EVENT_BUS_CONSUMER_REPLICAS",
            1,
            "integer",
            "Consumers of the event bus.",
            kept=True,
            read=False,
            minimum=1,
        ),
    ),
)


def _ralph_account(account: str, username: str, purpose: str) -> tuple[Setting, ...]:
    """User name, password and its bcrypt hash; the hash follows the password in the order."""
    prefix = f"RALPH_{account}"
    return (
        Setting(
            f"{prefix}_USERNAME", username, "name", f"User {purpose}.", kept=True, kind="unique"
        ),
        Setting(
            f"{prefix}_PASSWORD",
            "{{ 36|random_string }}",
            "secret",
            f"Password of the user {purpose}.",
            kept=True,
            kind="unique",
            maximum=72,
        ),
        Setting(
            f"{prefix}_HASHED_PASSWORD",
            f"{{{{ {prefix}_PASSWORD|encrypt }}}}",
            "secret",
            f"The bcrypt hash of {prefix}_PASSWORD, which Ralph reads.",
            kept=True,
            kind="unique",
        ),
    )


RALPH = Group(
    "Ralph",
    "The learning record store. Its passwords are generated once and stay in config.yml.",
    (
        Setting("RALPH_HOST", "ralph", "host", "Host on which Ralph is reached.", kept=True),
        Setting("RALPH_PORT", "8100", "port", "Port on which Ralph is reached.", kept=True),
        Setting(
            "RALPH_ENABLE_PUBLIC_URL",
            False,
            "boolean",
            "Whether Ralph is reached from outside as RALPH_HOST.",
            kept=True,
        ),
        Setting(
            "RALPH_RUN_HTTPS",
            False,
            "boolean",
            "Whether the LMS speaks to Ralph with TLS.",
            kept=True,
        ),
        Setting(
            "ASPECTS_RALPH_LOOKBACK_DAYS",
            7,
            "integer",
            "Days within which Ralph recognises a statement that it already has, and which its own "
            "queries show; 0 means without end, and slower with every month.",
            minimum=0,
            maximum=36_500,
        ),
        Setting(
            "RALPH_EXTRA_SETTINGS",
            {},
            "environment",
            "Further environment variables of Ralph, which may be secrets.",
            kept=True,
        ),
        *_ralph_account("ADMIN", "ralph", "that may do everything in Ralph"),
        *_ralph_account("LMS", "lms", "with which the LMS sends statements"),
    ),
)

VECTOR = Group(
    "Vector",
    "Accepted so that an existing config.yml passes; nothing reads them yet.",
    (
        Setting(
            "ASPECTS_VECTOR_STORE_TRACKING_LOGS",
            False,
            "boolean",
            "Whether Vector stores raw tracking logs.",
            kept=True,
            read=False,
        ),
        Setting(
            "ASPECTS_VECTOR_STORE_XAPI",
            True,
            "boolean",
            "Whether Vector stores xAPI statements.",
            kept=True,
            read=False,
        ),
        Setting(
            "ASPECTS_VECTOR_AGGREGATOR_PORT",
            6000,
            "port",
            "Port of the aggregator.",
            kept=True,
            read=False,
        ),
        Setting(
            "ASPECTS_VECTOR_AGGREGATOR_REPLICAS",
            1,
            "integer",
            "Aggregators.",
            kept=True,
            read=False,
            minimum=1,
        ),
        Setting(
            "ASPECTS_VECTOR_AGGREGATOR_BUFFER_MAX_SIZE",
            1_073_741_824,
            "integer",
            "Bytes that an aggregator may buffer on disk.",
            kept=True,
            read=False,
            minimum=1,
        ),
        Setting(
            "ASPECTS_VECTOR_AGGREGATOR_STORAGE_SIZE",
            "2Gi",
            "quantity",
            "Volume of an aggregator.",
            kept=True,
            read=False,
        ),
        Setting(
            "ASPECTS_DOCKER_HOST_SOCK_PATH",
            "/var/run/docker.sock",
            "text",
            "Docker's socket, from which Vector reads logs with Docker Compose.",
            kept=True,
            read=False,
        ),
        Setting(
            "ASPECTS_XAPI_S3_BUCKET",
            "",
            "text",
            "Bucket of the archive of raw events.",
            kept=True,
            read=False,
            optional=True,
        ),
        Setting(
            "ASPECTS_XAPI_S3_REGION",
            "us-east-1",
            "text",
            "Region of that bucket.",
            kept=True,
            read=False,
        ),
        Setting(
            "ASPECTS_XAPI_S3_ENDPOINT",
            "",
            "text",
            "Endpoint of that bucket; empty means AWS.",
            kept=True,
            read=False,
            optional=True,
        ),
        Setting(
            "ASPECTS_XAPI_S3_SINK_MAX_EVENTS",
            10_000,
            "integer",
            "Events in one archived object.",
            kept=True,
            read=False,
            minimum=1,
        ),
        Setting(
            "ASPECTS_XAPI_S3_SINK_TIMEOUT_SECS",
            600,
            "integer",
            "Seconds after which an object that is not full is archived.",
            kept=True,
            read=False,
            minimum=1,
        ),
        Setting(
            "ASPECTS_XAPI_S3_ACCESS_KEY",
            "",
            "secret",
            "Access key of that bucket; empty leaves it to the role of the pod.",
            kept=True,
            kind="unique",
            read=False,
            optional=True,
        ),
        Setting(
            "ASPECTS_XAPI_S3_SECRET_KEY",
            "",
            "secret",
            "Secret key of that bucket; empty leaves it to the role of the pod.",
            kept=True,
            kind="unique",
            read=False,
            optional=True,
        ),
    ),
)
