"""Settings of Superset, the dashboards and the reports.

Those that nothing reads are here so that the config.yml of an installation that comes from
tutor-contrib-aspects passes, and so that third-party patches which mention them still render.
"""

from __future__ import annotations

from typing import Any

from tutoraspects.settings.setting import Group, Setting, Type

COURSE_DASHBOARD = "c0e64194-33d1-4d5a-8c10-4f51530c5ee9"
LEARNER_GROUPS = "8661d20c-cee6-4245-9fcc-610daea5fd24"
INDIVIDUAL_LEARNER = "abae8a25-1ba4-4653-81bd-d3937a162a11"

LANGUAGES = {
    "en": ("us", "English"),
    "es": ("es", "Español"),
    "it": ("it", "Italian"),
    "fr": ("fr", "French"),
    "zh": ("cn", "Chinese"),
    "ja": ("jp", "Japanese"),
    "de": ("de", "German"),
    "pt": ("pt", "Portuguese"),
    "ru": ("ru", "Russian"),
    "ko": ("kr", "Korean"),
    "sk": ("sk", "Slovak"),
    "sl": ("si", "Slovenian"),
    "nl": ("nl", "Dutch"),
}


def _kept(name: str, default: object, type: Type, meaning: str, **more: Any) -> Setting:
    return Setting(name, default, type, meaning, kept=True, **more)


def _later(name: str, default: object, type: Type, meaning: str, **more: Any) -> Setting:
    """A kept setting that nothing reads yet."""
    return Setting(name, default, type, meaning, kept=True, read=False, **more)


def _dashboard(name: str, slug: str, uuid: str) -> dict[str, object]:
    return {"name": name, "slug": slug, "uuid": uuid, "allow_translations": True}


def _help(dashboard: str, name: str) -> Setting:
    return _kept(
        f"ASPECTS_{dashboard}_HELP_MARKDOWN",
        "",
        "text",
        f"Text of the help tab of the {name} dashboard.",
        optional=True,
    )


DASHBOARDS = Group(
    "Dashboards",
    "Which dashboards LMS and Studio show, and in which languages.",
    (
        _kept(
            "ASPECTS_ENABLE_INSTRUCTOR_DASHBOARD_PLUGIN",
            True,
            "boolean",
            "Whether the LMS shows dashboards to instructors.",
        ),
        _kept(
            "SUPERSET_SHOW_INSTRUCTOR_DASHBOARD_LINK",
            True,
            "boolean",
            "Whether that page links to Superset.",
        ),
        _kept(
            "ASPECTS_INSTRUCTOR_DASHBOARDS",
            [
                _dashboard("Course Dashboard", "course-dashboard", COURSE_DASHBOARD),
                _dashboard("At-Risk Learners Dashboard", "learner-groups", LEARNER_GROUPS),
            ],
            "list",
            "Dashboards that the LMS shows to instructors.",
        ),
        _kept(
            "ASPECTS_PII_INSTRUCTOR_DASHBOARDS",
            [_dashboard("Individual Learner Dashboard", "individual-learner", INDIVIDUAL_LEARNER)],
            "list",
            "Dashboards that are added with ASPECTS_ENABLE_PII.",
        ),
        _kept(
            "SUPERSET_EMBEDDABLE_DASHBOARDS",
            {
                "course-dashboard": COURSE_DASHBOARD,
                "learner-groups": LEARNER_GROUPS,
                "individual-learner": INDIVIDUAL_LEARNER,
                "in-context-course": "f2880cc1-63e9-48d7-ac3c-d2ff6f6698e2",
                "in-context-graded-subsection": "f0321087-6428-4b97-b32e-2dae7d9cc447",
                "in-context-problem": "98ff33ff-18dd-48f9-8c58-629ae4f4194b",
                "in-context-video": "bc6510fb-027f-4026-a333-d0c42d3cc35c",
            },
            "map",
            "Dashboards that may be embedded, by slug.",
        ),
        _later(
            "SUPERSET_DASHBOARDS",
            {"course-comparison": "c6c7062d-dd90-4292-b9cf-84f7b9f38e73"},
            "map",
            "Further dashboards, by slug.",
        ),
        _help("COURSE_OVERVIEW", "course"),
        _help("LEARNER_GROUPS", "at-risk learners"),
        _help("OPERATOR", "operator"),
        _help("INDIVIDUAL_LEARNER", "individual learner"),
        _help("COURSE_COMPARISON", "course comparison"),
        _kept(
            "ASPECTS_ENABLE_STUDIO_IN_CONTEXT_METRICS",
            False,
            "boolean",
            "Whether Studio shows metrics beside the content.",
        ),
        _later(
            "ASPECTS_VIDEO_WATCH_INTERVALS_REFRESH",
            "EVERY 5 MINUTE",
            "text",
            "How often the watched parts of videos are computed.",
        ),
        _later(
            "ASPECTS_VIDEO_WATCH_INTERVALS_REFRESH_RANDOMIZE",
            "1 MINUTE",
            "text",
            "By how much that moment is spread.",
        ),
    ),
)

SUPERSET = Group(
    "Superset",
    "Superset runs as a web server, workers and one scheduler. It keeps its own data in MySQL and "
    "Redis: those of the platform, unless these settings name others.",
    (
        _kept("SUPERSET_HOST", "superset.{{ LMS_HOST }}", "host", "Public host of Superset."),
        _kept("SUPERSET_PORT", "8088", "port", "Port of Superset."),
        _kept("SUPERSET_DB_DIALECT", "mysql", "text", "Kind of Superset's own database."),
        _kept("SUPERSET_DB_HOST", "{{ MYSQL_HOST }}", "host", "Host of that database."),
        _kept("SUPERSET_DB_PORT", "{{ MYSQL_PORT }}", "port", "Port of that database."),
        _kept("SUPERSET_DB_NAME", "superset", "text", "Name of that database."),
        _kept("SUPERSET_DB_USERNAME", "superset", "text", "User of that database."),
        _kept(
            "SUPERSET_DB_METADATA_NAME",
            "superset",
            "text",
            "Name of the database that the operator dashboard reads.",
        ),
        _kept(
            "SUPERSET_DB_PASSWORD",
            "{{ 24|random_string }}",
            "secret",
            "Password of that database.",
            kind="unique",
        ),
        Setting(
            "ASPECTS_SUPERSET_READER_USER",
            "superset_reader",
            "user",
            "MySQL user with which the operator dashboard reads who did what in Superset.",
        ),
        Setting(
            "ASPECTS_SUPERSET_READER_PASSWORD",
            "{{ 24|random_string }}",
            "secret",
            "Password of that user.",
            kind="unique",
        ),
        _kept(
            "SUPERSET_METADATA_SQLALCHEMY_URI",
            "mysql://{% if SUPERSET_DB_HOST == MYSQL_HOST %}"
            "{{ ASPECTS_SUPERSET_READER_USER }}:{{ ASPECTS_SUPERSET_READER_PASSWORD }}"
            "{% else %}{{ SUPERSET_DB_USERNAME }}:{{ SUPERSET_DB_PASSWORD }}{% endif %}"
            "@{{ SUPERSET_DB_HOST }}:{{ SUPERSET_DB_PORT }}/{{ SUPERSET_DB_METADATA_NAME }}",
            "secret",
            "Address and credentials of the database that the operator dashboard reads.",
        ),
        _kept(
            "SUPERSET_DATABASES",
            {
                "OpenedX Clickhouse": "{{ CLICKHOUSE_REPORT_SQLALCHEMY_URI }}",
                "Superset Metadata": "{{ SUPERSET_METADATA_SQLALCHEMY_URI }}",
            },
            "map",
            "Databases that Superset reads, by name.",
        ),
        _kept(
            "SUPERSET_SECRET_KEY",
            "{{ 48|random_string }}",
            "secret",
            "Key with which Superset signs sessions.",
            kind="unique",
        ),
        _kept(
            "SUPERSET_ADMIN_USERNAME",
            "{{ 12|random_string }}",
            "text",
            "Superset's administrator.",
            kind="unique",
        ),
        _kept(
            "SUPERSET_ADMIN_PASSWORD",
            "{{ 24|random_string }}",
            "secret",
            "Password of the administrator.",
            kind="unique",
        ),
        _kept("SUPERSET_ADMIN_EMAIL", "admin@openedx.org", "text", "Mail of the administrator."),
        _kept(
            "SUPERSET_LMS_USERNAME",
            "{{ 12|random_string }}",
            "text",
            "User with which the LMS embeds dashboards.",
            kind="unique",
        ),
        _kept(
            "SUPERSET_LMS_PASSWORD",
            "{{ 24|random_string }}",
            "secret",
            "Password of that user.",
            kind="unique",
        ),
        _kept(
            "SUPERSET_LMS_EMAIL", "superset/lms-admin@aspects.invalid", "text", "Mail of that user."
        ),
        _kept(
            "SUPERSET_OWNERS",
            [],
            "list",
            "Usernames of those who own the dashboards, once they have logged in to Superset.",
        ),
        _kept(
            "SUPERSET_OAUTH2_CLIENT_ID",
            "{{ 16|random_string }}",
            "secret",
            "OAuth client with which people log in through the LMS.",
            kind="unique",
        ),
        _kept(
            "SUPERSET_OAUTH2_CLIENT_ID_DEV",
            "{{ 16|random_string }}",
            "secret",
            "The same for `tutor dev`.",
            kind="unique",
        ),
        _kept(
            "SUPERSET_OAUTH2_CLIENT_SECRET",
            "{{ 16|random_string }}",
            "secret",
            "Secret of that OAuth client.",
            kind="unique",
        ),
        _kept(
            "SUPERSET_OAUTH2_ACCESS_TOKEN_PATH",
            "/oauth2/access_token/",
            "text",
            "Path of the LMS that issues tokens.",
        ),
        _kept(
            "SUPERSET_OAUTH2_AUTHORIZE_PATH",
            "/oauth2/authorize/",
            "text",
            "Path of the LMS that asks for consent.",
        ),
        _kept(
            "SUPERSET_OPENEDX_COURSES_LIST_PATH",
            "/api/courses/v1/courses/?permissions={permission}&username={username}",
            "text",
            "Path of the LMS that lists a user's courses.",
        ),
        _kept(
            "SUPERSET_OPENEDX_PREFERENCE_PATH",
            "api/user/v1/preferences/{username}",
            "text",
            "Path of the LMS that knows a user's language.",
        ),
        _kept(
            "SUPERSET_ROLES_MAPPING",
            {
                "instructor": "Instructor",
                "operator": "Operator",
                "admin": "Admin",
                "student": "Student",
            },
            "map",
            "Superset's role for each role of Open edX.",
        ),
        _kept(
            "SUPERSET_SUPPORTED_LANGUAGES",
            {code: {"flag": flag, "name": name} for code, (flag, name) in LANGUAGES.items()},
            "map",
            "Languages of Superset itself.",
        ),
        _kept(
            "SUPERSET_DASHBOARD_LOCALES", ["en"], "list", "Languages of which dashboards are made."
        ),
        _kept(
            "SUPERSET_USER_PERMISSIONS_CACHE_TIMEOUT",
            120,
            "integer",
            "Seconds for which a user's courses are remembered.",
            minimum=0,
        ),
        _kept("SUPERSET_BLOCK_STUDENT_ACCESS", True, "boolean", "Whether students are kept out."),
        _kept(
            "SUPERSET_BLOCK_INSTRUCTOR_ACCESS",
            False,
            "boolean",
            "Whether instructors are kept out.",
        ),
        _kept(
            "SUPERSET_ENABLE_PROXY_FIX",
            "{{ ENABLE_WEB_PROXY }}",
            "boolean",
            "Whether Superset trusts the headers of a proxy.",
        ),
        _later(
            "SUPERSET_REFRESH_DATASETS",
            False,
            "boolean",
            "Whether every import refreshes the columns of the datasets.",
        ),
        _kept("SUPERSET_EXTRA_REQUIREMENTS", [], "list", "Further Python packages of Superset."),
        _kept("SUPERSET_EXTRA_JINJA_FILTERS", {}, "map", "Further Jinja filters of Superset."),
        _kept(
            "SUPERSET_CELERY_WORKER_EXTRA_ARGS",
            "",
            "text",
            "Further arguments of Superset's workers.",
            optional=True,
        ),
        _kept(
            "SUPERSET_SENTRY_DSN",
            "",
            "secret",
            "Address to which Superset reports errors.",
            optional=True,
        ),
        _kept(
            "SUPERSET_ROW_LEVEL_SECURITY_XAPI_GROUP_KEY",
            "xapi_course_id",
            "text",
            "Group of the row filters by course.",
            kind="override",
        ),
        Setting(
            "ASPECTS_SUPERSET_DB_TLS",
            False,
            "boolean",
            "Whether Superset's own database is reached by TLS, its certificate and name verified.",
        ),
        Setting(
            "ASPECTS_SUPERSET_DB_CA",
            "",
            "text",
            "Certificates (PEM) of those who sign the database's; empty takes the well-known ones.",
            optional=True,
        ),
        Setting(
            "ASPECTS_SUPERSET_REDIS_HOST",
            "{{ REDIS_HOST }}",
            "host",
            "Host of Superset's Redis, of which it uses the databases 3 and 4.",
        ),
        Setting("ASPECTS_SUPERSET_REDIS_PORT", "{{ REDIS_PORT }}", "port", "Port of that Redis."),
        Setting(
            "ASPECTS_SUPERSET_REDIS_USERNAME",
            "{{ REDIS_USERNAME }}",
            "text",
            "User of that Redis.",
            optional=True,
        ),
        Setting(
            "ASPECTS_SUPERSET_REDIS_PASSWORD",
            "{{ REDIS_PASSWORD }}",
            "secret",
            "Password of that Redis.",
            optional=True,
        ),
        Setting(
            "ASPECTS_SUPERSET_REDIS_TLS",
            False,
            "boolean",
            "Whether that Redis is reached by TLS, its certificate and name verified.",
        ),
        Setting(
            "ASPECTS_SUPERSET_REDIS_CA",
            "",
            "text",
            "Certificates (PEM) of those who sign that Redis'; empty takes the well-known ones.",
            optional=True,
        ),
        Setting(
            "ASPECTS_SUPERSET_GUEST_TOKEN_SECRET",
            "{{ 48|random_string }}",
            "secret",
            "Key that signs the tokens with which LMS and Studio show dashboards.",
            kind="unique",
        ),
        Setting(
            "ASPECTS_SUPERSET_EXTRA_ROLES",
            {},
            "map",
            "Further roles: a name to `rows` (all, courses or none) and `permissions`.",
        ),
        Setting(
            "ASPECTS_SUPERSET_EMBED_ORIGINS",
            [],
            "list",
            "Further origins, such as https://portal.example.org, whose pages may show dashboards.",
        ),
        Setting(
            "ASPECTS_SUPERSET_REPORTS",
            True,
            "boolean",
            "Whether people can have alerts and reports sent; the image then holds a browser.",
        ),
        Setting(
            "ASPECTS_SUPERSET_REPLICAS",
            2,
            "integer",
            "Web servers of Superset on Kubernetes, at least.",
            minimum=1,
            maximum=100,
        ),
        Setting(
            "ASPECTS_SUPERSET_MAX_REPLICAS",
            6,
            "integer",
            "Web servers of Superset on Kubernetes, at most; as many as at least for no scaling.",
            minimum=1,
            maximum=100,
        ),
        Setting(
            "ASPECTS_SUPERSET_THREADS",
            8,
            "integer",
            "Requests that one web server answers at a time.",
            minimum=1,
            maximum=64,
        ),
        Setting(
            "ASPECTS_SUPERSET_MEMORY_MIB",
            2048,
            "integer",
            "Memory of each web server in MiB.",
            minimum=1024,
            maximum=65_536,
        ),
        Setting(
            "ASPECTS_SUPERSET_WORKER_REPLICAS",
            1,
            "integer",
            "Workers of Superset on Kubernetes, at least.",
            minimum=1,
            maximum=100,
        ),
        Setting(
            "ASPECTS_SUPERSET_WORKER_MAX_REPLICAS",
            4,
            "integer",
            "Workers of Superset on Kubernetes, at most.",
            minimum=1,
            maximum=100,
        ),
        Setting(
            "ASPECTS_SUPERSET_WORKER_SCALING",
            "cpu",
            "choice",
            "What more workers follow from: how busy they are (cpu), or how many tasks wait "
            "(keda, which the cluster must have).",
            choices=("cpu", "keda"),
        ),
        Setting(
            "ASPECTS_SUPERSET_WORKER_CONCURRENCY",
            2,
            "integer",
            "Tasks that one worker does at a time.",
            minimum=1,
            maximum=32,
        ),
        Setting(
            "ASPECTS_SUPERSET_WORKER_MEMORY_MIB",
            2048,
            "integer",
            "Memory of each worker in MiB.",
            minimum=1024,
            maximum=65_536,
        ),
    ),
)
