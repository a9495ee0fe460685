"""Settings of Superset, the dashboards and the reports, which later parts of the product read.

They are here so that the config.yml of an installation that comes from tutor-contrib-aspects
passes, and so that third-party patches which mention them still render.
"""

from __future__ import annotations

from typing import Any

from tutoraspects.settings.setting import Group, Setting, Type

_UNREAD = "Accepted so that an existing config.yml passes; nothing reads them yet."

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


def _later(name: str, default: object, type: Type, meaning: str, **more: Any) -> Setting:
    """A kept setting that nothing reads yet."""
    return Setting(name, default, type, meaning, kept=True, read=False, **more)


def _dashboard(name: str, slug: str, uuid: str) -> dict[str, object]:
    return {"name": name, "slug": slug, "uuid": uuid, "allow_translations": True}


def _help(dashboard: str, name: str) -> Setting:
    return _later(
        f"ASPECTS_{dashboard}_HELP_MARKDOWN",
        "",
        "text",
        f"Text of the help tab of the {name} dashboard.",
        optional=True,
    )


DASHBOARDS = Group(
    "Dashboards",
    _UNREAD,
    (
        _later(
            "ASPECTS_ENABLE_INSTRUCTOR_DASHBOARD_PLUGIN",
            True,
            "boolean",
            "Whether the LMS shows dashboards to instructors.",
        ),
        _later(
            "SUPERSET_SHOW_INSTRUCTOR_DASHBOARD_LINK",
            True,
            "boolean",
            "Whether that page links to Superset.",
        ),
        _later(
            "ASPECTS_INSTRUCTOR_DASHBOARDS",
            [
                _dashboard("Course Dashboard", "course-dashboard", COURSE_DASHBOARD),
                _dashboard("At-Risk Learners Dashboard", "learner-groups", LEARNER_GROUPS),
            ],
            "list",
            "Dashboards that the LMS shows to instructors.",
        ),
        _later(
            "ASPECTS_PII_INSTRUCTOR_DASHBOARDS",
            [_dashboard("Individual Learner Dashboard", "individual-learner", INDIVIDUAL_LEARNER)],
            "list",
            "Dashboards that are added with ASPECTS_ENABLE_PII.",
        ),
        _later(
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
        _later(
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
    _UNREAD,
    (
        _later("SUPERSET_HOST", "superset.{{ LMS_HOST }}", "host", "Public host of Superset."),
        _later("SUPERSET_PORT", "8088", "port", "Port of Superset."),
        _later("SUPERSET_DB_DIALECT", "mysql", "text", "Kind of Superset's own database."),
        _later("SUPERSET_DB_HOST", "{{ MYSQL_HOST }}", "host", "Host of that database."),
        _later("SUPERSET_DB_PORT", "{{ MYSQL_PORT }}", "port", "Port of that database."),
        _later("SUPERSET_DB_NAME", "superset", "text", "Name of that database."),
        _later("SUPERSET_DB_USERNAME", "superset", "text", "User of that database."),
        _later(
            "SUPERSET_DB_METADATA_NAME",
            "superset",
            "text",
            "Name of the database that the operator dashboard reads.",
        ),
        _later(
            "SUPERSET_DB_PASSWORD",
            "{{ 24|random_string }}",
            "secret",
            "Password of that database.",
            kind="unique",
        ),
        _later(
            "SUPERSET_METADATA_SQLALCHEMY_URI",
            "mysql://{{ SUPERSET_DB_USERNAME }}:{{ SUPERSET_DB_PASSWORD }}"
            "@{{ SUPERSET_DB_HOST }}:{{ SUPERSET_DB_PORT }}/{{ SUPERSET_DB_METADATA_NAME }}",
            "secret",
            "Address and credentials of the database that the operator dashboard reads.",
        ),
        _later(
            "SUPERSET_DATABASES",
            {
                "OpenedX Clickhouse": "{{ CLICKHOUSE_REPORT_SQLALCHEMY_URI }}",
                "Superset Metadata": "{{ SUPERSET_METADATA_SQLALCHEMY_URI }}",
            },
            "map",
            "Databases that Superset reads, by name.",
        ),
        _later(
            "SUPERSET_SECRET_KEY",
            "{{ 24|random_string }}",
            "secret",
            "Key with which Superset signs sessions.",
            kind="unique",
        ),
        _later(
            "SUPERSET_ADMIN_USERNAME",
            "{{ 12|random_string }}",
            "text",
            "Superset's administrator.",
            kind="unique",
        ),
        _later(
            "SUPERSET_ADMIN_PASSWORD",
            "{{ 24|random_string }}",
            "secret",
            "Password of the administrator.",
            kind="unique",
        ),
        _later("SUPERSET_ADMIN_EMAIL", "admin@openedx.org", "text", "Mail of the administrator."),
        _later(
            "SUPERSET_LMS_USERNAME",
            "{{ 12|random_string }}",
            "text",
            "User with which the LMS embeds dashboards.",
            kind="unique",
        ),
        _later(
            "SUPERSET_LMS_PASSWORD",
            "{{ 24|random_string }}",
            "secret",
            "Password of that user.",
            kind="unique",
        ),
        _later(
            "SUPERSET_LMS_EMAIL", "superset/lms-admin@aspects.invalid", "text", "Mail of that user."
        ),
        _later("SUPERSET_OWNERS", [], "list", "Users that own the dashboards."),
        _later(
            "SUPERSET_OAUTH2_CLIENT_ID",
            "{{ 16|random_string }}",
            "secret",
            "OAuth client with which people log in through the LMS.",
            kind="unique",
        ),
        _later(
            "SUPERSET_OAUTH2_CLIENT_ID_DEV",
            "{{ 16|random_string }}",
            "secret",
            "The same for `tutor dev`.",
            kind="unique",
        ),
        _later(
            "SUPERSET_OAUTH2_CLIENT_SECRET",
            "{{ 16|random_string }}",
            "secret",
            "Secret of that OAuth client.",
            kind="unique",
        ),
        _later(
            "SUPERSET_OAUTH2_ACCESS_TOKEN_PATH",
            "/oauth2/access_token/",
            "text",
            "Path of the LMS that issues tokens.",
        ),
        _later(
            "SUPERSET_OAUTH2_AUTHORIZE_PATH",
            "/oauth2/authorize/",
            "text",
            "Path of the LMS that asks for consent.",
        ),
        _later(
            "SUPERSET_OPENEDX_COURSES_LIST_PATH",
            "/api/courses/v1/courses/?permissions={permission}&username={username}",
            "text",
            "Path of the LMS that lists a user's courses.",
        ),
        _later(
            "SUPERSET_OPENEDX_PREFERENCE_PATH",
            "api/user/v1/preferences/{username}",
            "text",
            "Path of the LMS that knows a user's language.",
        ),
        _later(
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
        _later(
            "SUPERSET_SUPPORTED_LANGUAGES",
            {code: {"flag": flag, "name": name} for code, (flag, name) in LANGUAGES.items()},
            "map",
            "Languages of Superset itself.",
        ),
        _later(
            "SUPERSET_DASHBOARD_LOCALES", ["en"], "list", "Languages of which dashboards are made."
        ),
        _later(
            "SUPERSET_USER_PERMISSIONS_CACHE_TIMEOUT",
            120,
            "integer",
            "Seconds for which a user's courses are remembered.",
            minimum=0,
        ),
        _later("SUPERSET_BLOCK_STUDENT_ACCESS", True, "boolean", "Whether students are kept out."),
        _later(
            "SUPERSET_BLOCK_INSTRUCTOR_ACCESS",
            False,
            "boolean",
            "Whether instructors are kept out.",
        ),
        _later(
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
        _later("SUPERSET_EXTRA_REQUIREMENTS", [], "list", "Further Python packages of Superset."),
        _later("SUPERSET_EXTRA_JINJA_FILTERS", {}, "map", "Further Jinja filters of Superset."),
        _later(
            "SUPERSET_CELERY_WORKER_EXTRA_ARGS",
            "",
            "text",
            "Further arguments of Superset's workers.",
            optional=True,
        ),
        _later(
            "SUPERSET_SENTRY_DSN",
            "",
            "secret",
            "Address to which Superset reports errors.",
            optional=True,
        ),
        _later(
            "SUPERSET_ROW_LEVEL_SECURITY_XAPI_GROUP_KEY",
            "xapi_course_id",
            "text",
            "Group of the row filters by course.",
            kind="override",
        ),
    ),
)
