{%- from "aspects/partials/urls.j2" import clickhouse_url, lrs_url with context -%}
{%- macro truth(value) -%}{{ value|string|lower == "true" }}{%- endmacro -%}
######## Aspects
from http.client import HTTPException as _HTTPException


def _aspects_secrets(path="/openedx/config/aspects/lms/secrets.json"):
    """Passwords: from the environment on Kubernetes, from a file with Docker Compose.

    This module is a ConfigMap on Kubernetes, so none of them is written here.
    """
    import json
    import os

    secrets = {}
    if os.path.exists(path):
        with open(path, encoding="utf8") as secrets_file:
            secrets = json.load(secrets_file)
    return {**secrets, **os.environ}


# platform-plugin-aspects: copies of models, sent to ClickHouse over HTTP.
EVENT_SINK_CLICKHOUSE_BACKEND_CONFIG = {
    "url": {{ clickhouse_url()|pprint }},
    "username": {{ ASPECTS_CLICKHOUSE_CMS_USER|string|pprint }},
    "password": _aspects_secrets().get("ASPECTS_CLICKHOUSE_CMS_PASSWORD", ""),
    "database": {{ ASPECTS_EVENT_SINK_DATABASE|string|pprint }},
    "xapi_database": {{ ASPECTS_XAPI_DATABASE|string|pprint }},
    "timeout_secs": {{ ASPECTS_EVENT_SINK_CLICKHOUSE_TIMEOUT_SECS|int }},
}
# Where the rows of a user are deleted when the user retires.
EVENT_SINK_CLICKHOUSE_PII_MODELS = {{ EVENT_SINK_PII_MODELS|list|pprint }}
# Retirement itself is the sink of this model. It is on even without personal data in ClickHouse:
# there may be some from the time before, and deleting nothing does no harm.
EVENT_SINK_CLICKHOUSE_AUTH_USER_ENABLED = True
{%- set pii = EVENT_SINK_PII_MODELS|list %}
{%- for model in EVENT_SINK_MODELS_ENABLED if model not in pii %}
EVENT_SINK_CLICKHOUSE_{{ model|upper }}_ENABLED = True
{%- endfor %}
{%- for model in pii if model != "auth_user" %}
EVENT_SINK_CLICKHOUSE_{{ model|upper }}_ENABLED = {{ truth(ASPECTS_ENABLE_PII) }}
{%- endfor %}

{%- if RUN_SUPERSET %}
{%- set scheme = "https" if ENABLE_HTTPS else "http" %}

# platform-plugin-aspects: dashboards of Superset inside LMS and Studio. Guest tokens are asked for
# inside the platform, whatever the public name resolves to here, and without TLS, which the client
# of OAuth2 that it uses refuses unless it is told.
__import__("os").environ.setdefault("OAUTHLIB_INSECURE_TRANSPORT", "1")
SUPERSET_CONFIG = {
    "service_url": {{ (scheme ~ "://" ~ SUPERSET_HOST)|pprint }},
    "internal_service_url": {{ ("http://superset:" ~ SUPERSET_PORT)|pprint }},
    "username": {{ SUPERSET_LMS_USERNAME|string|pprint }},
    "password": _aspects_secrets().get("SUPERSET_LMS_PASSWORD", ""),
}
ASPECTS_INSTRUCTOR_DASHBOARDS = {{ (ASPECTS_INSTRUCTOR_DASHBOARDS + (ASPECTS_PII_INSTRUCTOR_DASHBOARDS if truth(ASPECTS_ENABLE_PII) == "True" else []))|pprint }}
SUPERSET_DASHBOARD_LOCALES = {{ SUPERSET_DASHBOARD_LOCALES|list|pprint }}
SUPERSET_SHOW_INSTRUCTOR_DASHBOARD_LINK = {{ truth(SUPERSET_SHOW_INSTRUCTOR_DASHBOARD_LINK) }}
ASPECTS_ENABLE_STUDIO_IN_CONTEXT_METRICS = {{ truth(ASPECTS_ENABLE_STUDIO_IN_CONTEXT_METRICS) }}
{%- if truth(ASPECTS_ENABLE_INSTRUCTOR_DASHBOARD_PLUGIN) == "True" %}
OPEN_EDX_FILTERS_CONFIG = globals().get("OPEN_EDX_FILTERS_CONFIG") or {}
for _event, _step in (
    ("org.openedx.learning.instructor.dashboard.render.started.v1", "AddSupersetTab"),
    (
        "org.openedx.learning.instructor.dashboard.tabs.requested.v1",
        "AddSupersetTabToInstructorDashboard",
    ),
):
    OPEN_EDX_FILTERS_CONFIG.setdefault(_event, {"fail_silently": False, "pipeline": []})[
        "pipeline"
    ].append(f"platform_plugin_aspects.extensions.filters.{_step}")
{%- endif %}
{%- endif %}

# event-routing-backends: tracking events become xAPI statements. Which events it takes, and which of
# them it calls business-critical, are its own defaults.
XAPI_EVENTS_ENABLED = {{ truth(lrs_url() != "" or truth(RUN_VECTOR) == "True") }}
# Each statement as a line of the log, for Vector. Without Vector it would only fill the log with
# what learners do.
XAPI_EVENT_LOGGING_ENABLED = {{ truth(RUN_VECTOR) }}
EVENT_ROUTING_BACKEND_BATCHING_ENABLED = {{ truth(EVENT_ROUTING_BACKEND_BATCHING_ENABLED) }}
EVENT_ROUTING_BACKEND_BATCH_SIZE = {{ EVENT_ROUTING_BACKEND_BATCH_SIZE|int }}
EVENT_ROUTING_BACKEND_BATCH_INTERVAL = {{ EVENT_ROUTING_BACKEND_BATCH_INTERVAL|int }}
if not globals().get("CALIPER_EVENTS_ENABLED"):
    # Otherwise every event is queued a second time, for a format that nobody reads.
    (
        globals()
        .get("EVENT_TRACKING_BACKENDS", {})
        .get("event_transformer", {})
        .get("OPTIONS", {})
        .get("backends", {})
        .pop("caliper", None)
    )

# Patience. By default a batch is given up after a minute and a half, and at once when nothing
# listens on Ralph's port or the connection breaks; a copy of a model is never tried again.
# Statements keep their ids and copies replace each other, so trying again never counts twice.
# Not where tasks run inside the request that caused them: there the user would wait.
if not globals().get("CELERY_ALWAYS_EAGER"):
    EVENT_ROUTING_BACKEND_COUNTDOWN = 30
    EVENT_ROUTING_BACKEND_MAX_RETRIES = {{ ASPECTS_DELIVERY_RETRY_MINUTES|int * 2 }}
    CELERY_ANNOTATIONS = {
        **(globals().get("CELERY_ANNOTATIONS") or {}),
        **dict.fromkeys(
            (
                "event_routing_backends.tasks.dispatch_event",
                "event_routing_backends.tasks.dispatch_event_persistent",
                "event_routing_backends.tasks.dispatch_bulk_events",
                "platform_plugin_aspects.tasks.dump_course_to_clickhouse",
                "platform_plugin_aspects.tasks.dump_data_to_clickhouse",
            ),
            {
                # Refused and broken connections, timeouts, and HTTP errors of `requests`.
                "autoretry_for": (OSError, _HTTPException),
                "retry_kwargs": {
                    "countdown": EVENT_ROUTING_BACKEND_COUNTDOWN,
                    "max_retries": EVENT_ROUTING_BACKEND_MAX_RETRIES,
                },
            },
        ),
    }
######## End of Aspects
