"""Superset's configuration: every name in capitals is one of Superset's or of its libraries'.

https://superset.apache.org/docs/configuration/configuring-superset. What comes from outside is in
settings.json and in secrets, see environment.py. The patch points superset-config and
superset-config-docker are run last and may change everything here.
"""

from __future__ import annotations

import json
import os
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urljoin

import redis as _redis
from cachelib.redis import RedisCache
from celery.schedules import crontab
from flask_appbuilder.security.manager import AUTH_OAUTH

# Superset imports this module at the end of its own, whose values stand by then.
from superset.config import THEME_DEFAULT as _SUPERSETS

from tutoraspects.superset import browser, clickhouse, guests, heartbeat, jinja, lms, scope
from tutoraspects.superset.connections import (
    database_options,
    database_uri,
    redis_url,
    shim_mariadb,
    shim_mysqldb,
)
from tutoraspects.superset.environment import patch, secret, settings
from tutoraspects.superset.roles import name_of, rows_of_roles

_settings = settings()
_lms = {**_settings["lms"], "jwks": json.loads(secret("SUPERSET_LMS_JWKS"))}
_production = os.environ.get("SUPERSET_ENV", "production") == "production"
_client = "SUPERSET_OAUTH2_CLIENT_ID"
if not _production:  # `tutor dev`, where nothing speaks TLS and ports are part of addresses
    _client = "SUPERSET_OAUTH2_CLIENT_ID_DEV"
    _settings |= {"public_url": _settings["development"]["public_url"], "https": False}
    _lms |= {"root_url": _settings["development"]["lms_root_url"]}
    _settings["embed_origins"] = [*_settings["embed_origins"], _lms["root_url"]]

# -- Superset's own database ---------------------------------------------------------------------
SECRET_KEY = secret("SUPERSET_SECRET_KEY")
SQLALCHEMY_DATABASE_URI = database_uri(
    _settings["database"], secret("SUPERSET_DB_PASSWORD", default="")
)
SQLALCHEMY_ENGINE_OPTIONS = database_options(_settings["database"])
ASPECTS_OWN_DATABASE = (_settings["database"]["host"], _settings["database"]["port"])
shim_mariadb()
shim_mysqldb()

# -- Redis: numbers 3 and 4, as upstream has them ------------------------------------------------
_redis_password = secret("SUPERSET_REDIS_PASSWORD", default="")
_broker = redis_url(_settings["redis"], _redis_password, 3)
_store = redis_url(_settings["redis"], _redis_password, 4)


def _cache(prefix: str, seconds: timedelta, **more: Any) -> dict[str, Any]:
    """Options come after the defaults: upstream's order made every cache forget in 5 minutes."""
    return {
        "CACHE_TYPE": "RedisCache",
        "CACHE_REDIS_URL": _store,
        "CACHE_KEY_PREFIX": f"superset_{prefix}_",
        "CACHE_DEFAULT_TIMEOUT": int(seconds.total_seconds()),
        **more,
    }


CACHE_CONFIG = _cache("meta", timedelta(minutes=5))
DATA_CACHE_CONFIG = _cache("data", timedelta(minutes=5))
# Links that people share, and what they were about to look at.
FILTER_STATE_CACHE_CONFIG = _cache("filter", timedelta(days=7), REFRESH_TIMEOUT_ON_RETRIEVAL=True)
EXPLORE_FORM_DATA_CACHE_CONFIG = _cache(
    "explore", timedelta(days=7), REFRESH_TIMEOUT_ON_RETRIEVAL=True
)
RESULTS_BACKEND = RedisCache(host=_redis.Redis.from_url(_store), key_prefix="superset_results_")
RATELIMIT_ENABLED = _production
RATELIMIT_STORAGE_URI = _store  # counted for all processes together
# Failed logins and the LMS' calls for guest tokens; people behind one address are many.
AUTH_RATE_LIMIT = "20 per second"
RATELIMIT_APPLICATION = "200 per second"

# Sessions stay here: the LMS' tokens do not travel in a cookie, and logging out ends them.
SESSION_SERVER_SIDE = True
SESSION_TYPE = "redis"
SESSION_REDIS = _redis.Redis.from_url(_store)
SESSION_KEY_PREFIX = "superset_session_"
SESSION_PERMANENT = True
# Roles are those of the last login: nobody keeps them for longer than a day's work.
PERMANENT_SESSION_LIFETIME = timedelta(hours=12)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = bool(_settings["https"])


class CELERY_CONFIG:
    """Workers: alerts and reports."""

    broker_url = _broker
    result_backend = _store
    imports = (
        "superset.sql_lab",
        "superset.tasks.scheduler",
        "superset.tasks.thumbnails",
        "superset.tasks.cache",
    )
    worker_prefetch_multiplier = 1
    # A task whose worker died is taken by another.
    task_acks_late = True
    task_reject_on_worker_lost = True
    # Longer than any task may take, or Redis would hand it out a second time.
    broker_transport_options: ClassVar = {"visibility_timeout": 7200}
    broker_connection_retry_on_startup = True
    result_expires = 86400
    task_soft_time_limit = 1800
    task_time_limit = 2000
    beat_schedule: ClassVar = {
        "reports.scheduler": {"task": "reports.scheduler", "schedule": crontab(minute="*")},
        "reports.prune_log": {"task": "reports.prune_log", "schedule": crontab(minute=10, hour=0)},
    }


heartbeat.connect()

# -- limits: the database has its own, which are wider (the profile `report` of ClickHouse) -------
ROW_LIMIT = 10_000
SAMPLES_ROW_LIMIT = 1_000
NATIVE_FILTER_DEFAULT_ROW_LIMIT = 1_000
FILTER_SELECT_ROW_LIMIT = 10_000
DISPLAY_MAX_ROW = 10_000
SQL_MAX_ROW = 100_000
TABLE_VIZ_MAX_ROW_SERVER = 100_000
SUPERSET_WEBSERVER_TIMEOUT = 120
SQLLAB_TIMEOUT = 60
SQLLAB_ASYNC_TIME_LIMIT_SEC = 600
SQLLAB_PAYLOAD_MAX_MB = 50
SQLLAB_CTAS_NO_LIMIT = False
PREVENT_UNSAFE_DB_CONNECTIONS = True

# -- who logs in ---------------------------------------------------------------------------------
OPENEDX_LMS_ROOT_URL = _lms["root_url"]
_inside = _lms["internal_url"] or _lms["root_url"]
OPENEDX_API_URLS = {
    "get_courses": urljoin(_inside, _lms["courses_path"]),
    "get_preference": urljoin(_inside, _lms["preference_path"]),
}
ASPECTS_LMS = _lms
ASPECTS_COURSES_SECONDS = int(_settings["courses_seconds"])
ASPECTS_BLOCK_STUDENTS = bool(_settings["block_students"])
ASPECTS_BLOCK_INSTRUCTORS = bool(_settings["block_instructors"])
ASPECTS_SERVICE_ACCOUNTS = (_settings["admin"]["username"], _settings["service"]["username"])
ASPECTS_ROWS_OF_ROLES = rows_of_roles(_settings)
ASPECTS_OPERATORS_USERS = frozenset(_settings["operators_users"])

AUTH_TYPE = AUTH_OAUTH
OAUTH_PROVIDERS = [lms.provider(_lms, secret(_client), secret("SUPERSET_OAUTH2_CLIENT_SECRET"))]
# The LMS' service account logs in by the API, with its password.
AUTH_API_LOGIN_ALLOW_MULTIPLE_PROVIDERS = True
AUTH_USER_REGISTRATION = True
AUTH_USER_REGISTRATION_ROLE = "Public"  # which may do nothing
AUTH_ROLES_SYNC_AT_LOGIN = True
AUTH_ROLE_PUBLIC = "Public"
PUBLIC_ROLE_LIKE = None
_names = _settings["roles"]
AUTH_ROLES_MAPPING = {
    "admin": ["Admin"],
    "alpha": ["Alpha"],
    "gamma": ["Gamma"],
    "public": ["Public"],
    "sql_lab": ["sql_lab"],
    **{key: [_names[key]] for key in ("instructor", "student", "operator")},
    **{name: [name] for name in _settings["extra_roles"]},
    **{
        f"{key}-{locale}": [f"{_names[key]} - {locale}"]
        for key in ("admin", "instructor", "student", "operator")
        for locale in _settings["dashboard_locales"]
    },
}


def _security_manager() -> Any:
    from tutoraspects.superset.sso import AspectsSecurityManager

    return AspectsSecurityManager


CUSTOM_SECURITY_MANAGER = _security_manager()

# -- embedded dashboards -------------------------------------------------------------------------
GUEST_ROLE_NAME = name_of("embedded", _settings)
GUEST_TOKEN_JWT_SECRET = secret("SUPERSET_GUEST_TOKEN_SECRET")
GUEST_TOKEN_JWT_ALGO = "HS256"
GUEST_TOKEN_JWT_EXP_SECONDS = 300
# Not the host of the request: the LMS may ask at another one than browsers do.
GUEST_TOKEN_JWT_AUDIENCE = "aspects-superset"
GUEST_TOKEN_VALIDATOR_HOOK = guests.is_for_one_course
# Not in use; its published secret would be in force all the same if it were.
GLOBAL_ASYNC_QUERIES_JWT_SECRET = secret("SUPERSET_SECRET_KEY")

# -- rows ----------------------------------------------------------------------------------------
DB_CONNECTION_MUTATOR = scope.connect
SQL_QUERY_MUTATOR = scope.refuse_settings
JINJA_CONTEXT_ADDONS = jinja.functions(_settings)
FEATURE_FLAGS = {
    "ALERT_REPORTS": bool(_settings["reports"]),
    # What one person was shown is nobody else's answer.
    "CACHE_QUERY_BY_USER": True,
    "DASHBOARD_RBAC": True,
    "EMBEDDABLE_CHARTS": True,
    "EMBEDDED_SUPERSET": True,
    "ENABLE_TEMPLATE_PROCESSING": True,
    "RLS_IN_SQLLAB": True,
    "TAGGING_SYSTEM": True,
}

# -- what browsers may do ------------------------------------------------------------------------
TALISMAN_ENABLED = True
TALISMAN_CONFIG = browser.talisman(_settings["embed_origins"], https=bool(_settings["https"]))
# Pages of other origins may not read answers: embedded dashboards are frames of this one.
ENABLE_CORS = False
# Sessions are protected against forged requests; a token in a header is no session.
WTF_CSRF_CHECK_DEFAULT = False


def FLASK_APP_MUTATOR(app: Any) -> None:
    browser.protect_sessions(app)
    clickhouse.know_default_schema()


ENABLE_PROXY_FIX = bool(_settings["proxy_fix"])
HTML_SANITIZATION_SCHEMA_EXTENSIONS = {"attributes": {"a": ["target"]}}
# Fonts and the like come from here; nothing is loaded from elsewhere.
THEME_FONT_URL_ALLOWED_DOMAINS: list[str] = []
FAB_API_SWAGGER_UI = False

# -- looks and language --------------------------------------------------------------------------
LANGUAGES = _settings["languages"]
DASHBOARD_LOCALES = _settings["dashboard_locales"]
BABEL_DEFAULT_LOCALE = _settings["locale"]
EXTRA_CATEGORICAL_COLOR_SCHEMES = [
    {
        "id": "aspects_default",
        "label": "Aspects",
        "description": "Aspects color scheme",
        "colors": ["#29A399", "#7B144D", "#F4661F", "#C9CB24", "#9F81CF", "#11406A"],
    }
]
_tokens = {
    "colorSuccessBg": "#ACE1C4",
    "colorWarningBg": "#FDE380",
    "colorErrorBg": "#EFA1AA",
}
THEME_DEFAULT = {"token": {**_SUPERSETS["token"], **_tokens}}
THEME_DARK = {"token": {**_SUPERSETS["token"], **_tokens}, "algorithm": "dark"}

# -- alerts and reports --------------------------------------------------------------------------
_smtp = _settings["smtp"]
SMTP_HOST = _smtp["host"]
SMTP_PORT = int(_smtp["port"])
SMTP_STARTTLS = bool(_smtp["starttls"])
SMTP_SSL = bool(_smtp["ssl"])
SMTP_SSL_SERVER_AUTH = bool(_smtp["starttls"] or _smtp["ssl"])
SMTP_USER = _smtp["username"]
SMTP_PASSWORD = secret("SUPERSET_SMTP_PASSWORD", default="")
SMTP_MAIL_FROM = _smtp["sender"]
EMAIL_REPORTS_SUBJECT_PREFIX = f"[{_settings['platform_name']}] "
ALERT_REPORTS_NOTIFICATION_DRY_RUN = False
WEBDRIVER_BASEURL = _settings["internal_url"]
WEBDRIVER_BASEURL_USER_FRIENDLY = _settings["public_url"]
WEBDRIVER_TYPE = "chrome"
# The container is the sandbox: it may not make another one inside.
WEBDRIVER_OPTION_ARGS = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage"]

_sentry = secret("SUPERSET_SENTRY_DSN", default="")
if _sentry:
    import sentry_sdk  # type: ignore[import-not-found,unused-ignore]

    sentry_sdk.init(dsn=_sentry, send_default_pii=False)

# -- what other plugins add ----------------------------------------------------------------------
_functions: dict[str, Any] = {}
patch("jinja_filters.py", _functions)
JINJA_CONTEXT_ADDONS |= {_name: _functions[_name] for _name in _settings["extra_jinja_filters"]}
