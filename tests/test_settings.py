"""The catalogue, and what `validate` refuses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tutor import config as tutor_config
from tutor import env as tutor_env

from tests.helpers import CONFIGURATION_NAMES, configuration, dummy_secrets
from tutoraspects.errors import AspectsError
from tutoraspects.settings import CATALOGUE, GROUPS, Setting
from tutoraspects.settings.reference import PATH, reference
from tutoraspects.settings.setting import quantity_gib
from tutoraspects.settings.types import complaint
from tutoraspects.settings.validation import REMOVED, notices, problems, validate

# Names of tutor-contrib-aspects 6.1 whose meaning a successor keeps.
KEPT = """
RUN_VECTOR RUN_CLICKHOUSE RUN_RALPH RUN_SUPERSET RUN_ASPECTS_DOCS DOCKER_IMAGE_ASPECTS
DOCKER_IMAGE_SUPERSET DOCKER_IMAGE_CLICKHOUSE DOCKER_IMAGE_RALPH DOCKER_IMAGE_VECTOR
ASPECTS_ENABLE_EVENT_BUS_CONSUMER ASPECTS_ENABLE_EVENT_BUS_PRODUCER
ASPECTS_EVENT_BUS_CONSUMER_REPLICAS
EVENT_SINK_MODELS_ENABLED EVENT_SINK_PII_MODELS ASPECTS_ENABLE_PII ASPECTS_PII_CHART_UUIDS
ASPECTS_PII_CACHE_LIFETIME ASPECTS_EVENT_SINK_CLICKHOUSE_TIMEOUT_SECS
EVENT_ROUTING_BACKEND_BATCHING_ENABLED EVENT_ROUTING_BACKEND_BATCH_SIZE
EVENT_ROUTING_BACKEND_BATCH_INTERVAL
ASPECTS_ENABLE_INSTRUCTOR_DASHBOARD_PLUGIN SUPERSET_SHOW_INSTRUCTOR_DASHBOARD_LINK
ASPECTS_INSTRUCTOR_DASHBOARDS ASPECTS_PII_INSTRUCTOR_DASHBOARDS SUPERSET_EMBEDDABLE_DASHBOARDS
SUPERSET_DASHBOARDS ASPECTS_COURSE_OVERVIEW_HELP_MARKDOWN ASPECTS_LEARNER_GROUPS_HELP_MARKDOWN
ASPECTS_OPERATOR_HELP_MARKDOWN ASPECTS_INDIVIDUAL_LEARNER_HELP_MARKDOWN
ASPECTS_COURSE_COMPARISON_HELP_MARKDOWN ASPECTS_ENABLE_STUDIO_IN_CONTEXT_METRICS
ASPECTS_XAPI_SOURCE ASPECTS_XAPI_DATABASE ASPECTS_RAW_XAPI_TABLE ASPECTS_EVENT_SINK_DATABASE
ASPECTS_VECTOR_DATABASE ASPECTS_VECTOR_RAW_TRACKING_LOGS_TABLE ASPECTS_VECTOR_STORE_TRACKING_LOGS
ASPECTS_VECTOR_STORE_XAPI ASPECTS_VECTOR_AGGREGATOR_PORT ASPECTS_VECTOR_AGGREGATOR_REPLICAS
ASPECTS_VECTOR_AGGREGATOR_BUFFER_MAX_SIZE ASPECTS_VECTOR_AGGREGATOR_STORAGE_SIZE
ASPECTS_XAPI_S3_BUCKET ASPECTS_XAPI_S3_REGION ASPECTS_XAPI_S3_ENDPOINT
ASPECTS_XAPI_S3_SINK_MAX_EVENTS ASPECTS_XAPI_S3_SINK_TIMEOUT_SECS ASPECTS_XAPI_S3_ACCESS_KEY
ASPECTS_XAPI_S3_SECRET_KEY ASPECTS_DATA_TTL_EXPRESSION ASPECTS_COURSE_STRUCTURE_REFRESH
ASPECTS_COURSE_STRUCTURE_REFRESH_RANDOMIZE ASPECTS_VIDEO_WATCH_INTERVALS_REFRESH
ASPECTS_VIDEO_WATCH_INTERVALS_REFRESH_RANDOMIZE ASPECTS_ALEMBIC_MIGRATIONS_DATABASE
DBT_PROFILE_TARGET_DATABASE
CLICKHOUSE_HOST CLICKHOUSE_CLUSTER_NAME CLICKHOUSE_CLUSTER_DDL_NODE_HOST
CLICKHOUSE_SECURE_CONNECTION CLICKHOUSE_ADMIN_USER CLICKHOUSE_ADMIN_PASSWORD
CLICKHOUSE_HOST_INSECURE_NATIVE_PORT CLICKHOUSE_INTERNAL_INSECURE_NATIVE_PORT
CLICKHOUSE_HOST_TLS_NATIVE_PORT CLICKHOUSE_INTERNAL_TLS_NATIVE_PORT
CLICKHOUSE_HOST_INSECURE_HTTP_PORT CLICKHOUSE_INTERNAL_INSECURE_HTTP_PORT
CLICKHOUSE_HOST_TLS_HTTP_PORT CLICKHOUSE_INTERNAL_TLS_HTTP_PORT
CLICKHOUSE_HOST_NATIVE_PORT CLICKHOUSE_INTERNAL_NATIVE_PORT CLICKHOUSE_HOST_HTTP_PORT
CLICKHOUSE_INTERNAL_HTTP_PORT CLICKHOUSE_K8S_VOLUME_SIZE CLICKHOUSE_URL CLICKHOUSE_REPORT_URL
CLICKHOUSE_REPORT_SQLALCHEMY_URI CLICKHOUSE_ADMIN_SQLALCHEMY_URI
ASPECTS_CLICKHOUSE_LRS_USER ASPECTS_CLICKHOUSE_LRS_PASSWORD ASPECTS_CLICKHOUSE_VECTOR_USER
ASPECTS_CLICKHOUSE_VECTOR_PASSWORD ASPECTS_CLICKHOUSE_REPORT_USER
ASPECTS_CLICKHOUSE_REPORT_PASSWORD ASPECTS_CLICKHOUSE_CMS_USER ASPECTS_CLICKHOUSE_CMS_PASSWORD
RALPH_HOST RALPH_PORT RALPH_DATABASE RALPH_ENABLE_PUBLIC_URL RALPH_RUN_HTTPS RALPH_EXTRA_SETTINGS
RALPH_ADMIN_USERNAME RALPH_ADMIN_PASSWORD RALPH_ADMIN_HASHED_PASSWORD RALPH_LMS_USERNAME
RALPH_LMS_PASSWORD RALPH_LMS_HASHED_PASSWORD
SUPERSET_HOST SUPERSET_PORT SUPERSET_DB_DIALECT SUPERSET_DB_HOST SUPERSET_DB_PORT SUPERSET_DB_NAME
SUPERSET_DB_USERNAME SUPERSET_DB_METADATA_NAME SUPERSET_METADATA_SQLALCHEMY_URI SUPERSET_DATABASES
SUPERSET_SECRET_KEY SUPERSET_DB_PASSWORD SUPERSET_ADMIN_USERNAME SUPERSET_ADMIN_PASSWORD
SUPERSET_LMS_USERNAME SUPERSET_LMS_PASSWORD SUPERSET_OAUTH2_CLIENT_ID
SUPERSET_OAUTH2_CLIENT_ID_DEV SUPERSET_OAUTH2_CLIENT_SECRET SUPERSET_OAUTH2_ACCESS_TOKEN_PATH
SUPERSET_OAUTH2_AUTHORIZE_PATH SUPERSET_OPENEDX_COURSES_LIST_PATH
SUPERSET_OPENEDX_PREFERENCE_PATH SUPERSET_ROLES_MAPPING SUPERSET_ADMIN_EMAIL SUPERSET_LMS_EMAIL
SUPERSET_OWNERS SUPERSET_SUPPORTED_LANGUAGES SUPERSET_DASHBOARD_LOCALES
SUPERSET_USER_PERMISSIONS_CACHE_TIMEOUT SUPERSET_BLOCK_STUDENT_ACCESS
SUPERSET_BLOCK_INSTRUCTOR_ACCESS SUPERSET_ENABLE_PROXY_FIX SUPERSET_REFRESH_DATASETS
SUPERSET_EXTRA_REQUIREMENTS SUPERSET_EXTRA_JINJA_FILTERS SUPERSET_CELERY_WORKER_EXTRA_ARGS
SUPERSET_SENTRY_DSN SUPERSET_ROW_LEVEL_SECURITY_XAPI_GROUP_KEY
""".split()  # noqa: SIM905


@pytest.fixture(scope="module")
def defaults() -> dict[str, Any]:
    """Every setting with its default, rendered by Tutor beside Tutor's own defaults."""
    config: dict[str, Any] = {**dummy_secrets()}
    for kind in ("unique", "override", "default"):
        if kind == "default":
            tutor_config.merge(config, tutor_config.get_template("base.yml"))
            tutor_config.merge(config, tutor_config.get_template("defaults.yml"))
        for setting in CATALOGUE.values():
            if setting.kind == kind:
                config.setdefault(setting.name, setting.default)
    tutor_config.render_full(config)
    return config


class TestCatalogue:
    def test_every_setting_stands_in_it_once(self) -> None:
        names = [setting.name for group in GROUPS for setting in group.settings]
        assert len(names) == len(set(names)) == len(CATALOGUE)

    def test_new_names_begin_with_aspects(self) -> None:
        new = [name for name, setting in CATALOGUE.items() if not setting.kept]
        assert [name for name in new if not name.startswith("ASPECTS_")] == []

    def test_every_kept_name_of_upstream_is_in_it(self) -> None:
        assert [name for name in KEPT if name not in CATALOGUE] == []
        assert [name for name in KEPT if not CATALOGUE[name].kept] == []

    def test_every_meaning_is_one_sentence(self) -> None:
        for setting in CATALOGUE.values():
            assert re.fullmatch(r"[A-Z`].*[^.]\.", setting.meaning), setting.name
            assert ". " not in setting.meaning, setting.name

    def test_settings_are_read_unless_they_are_marked(self) -> None:
        """By a template, a patch or code, or by the default of a setting that is read.

        The compiler of dashboards reads variables of these names, whether anything sets them or
        not.
        """
        root = Path(__file__).resolve().parent.parent
        text = "".join(
            path.read_text(encoding="utf8", errors="replace")
            for folder in ("templates", "patches", "tutoraspects")
            for path in (root / folder).rglob("*")
            if path.is_file()
            and not {"settings", "__pycache__", "dashboards", "dashboards.py"} & set(path.parts)
        )
        read = set(re.findall(r"[A-Z][A-Z0-9_]+", text)) & set(CATALOGUE)
        for name in reversed(CATALOGUE):  # a default mentions only what stands above it
            if name in read:
                read |= set(re.findall(r"[A-Z][A-Z0-9_]+", str(CATALOGUE[name].default)))
        marked = {name for name, setting in CATALOGUE.items() if setting.read}
        assert sorted(read & set(CATALOGUE)) == sorted(marked)

    def test_pipeline_defaults(self, defaults: dict[str, Any]) -> None:
        assert defaults["RUN_RALPH"] is True
        assert defaults["RUN_VECTOR"] is False
        assert defaults["EVENT_ROUTING_BACKEND_BATCHING_ENABLED"] is True
        assert defaults["ASPECTS_EVENTS_PER_DAY"] == 10_000
        assert defaults["ASPECTS_RETENTION_DAYS"] == 365

    def test_defaults_render_completely_and_are_valid(self, defaults: dict[str, Any]) -> None:
        for name in CATALOGUE:
            assert "{{" not in str(defaults[name]) and "{%" not in str(defaults[name]), name
        assert list(problems(defaults, registered=defaults)) == []

    def test_defaults_that_follow_from_others(self, defaults: dict[str, Any]) -> None:
        assert defaults["ASPECTS_XAPI_DATABASE"] == "xapi"
        assert defaults["CLICKHOUSE_INTERNAL_NATIVE_PORT"] == "9000"
        assert defaults["CLICKHOUSE_HOST_HTTP_PORT"] == "8123"
        expression = "toDateTime(emission_time) + INTERVAL 365 DAY"
        assert defaults["ASPECTS_DATA_TTL_EXPRESSION"] == expression

    def test_generated_secrets_are_random_and_hashes_match(self) -> None:
        first, second = (
            {
                setting.name: tutor_env.render_str({"RALPH_LMS_PASSWORD": "x"}, setting.default)
                for setting in CATALOGUE.values()
                if isinstance(setting.default, str) and "random_string" in setting.default
            }
            for _ in range(2)
        )
        assert len(first) >= 15
        for name, value in first.items():
            assert value != second[name], name
            assert len(value) >= 12, name


class TestReference:
    def test_is_up_to_date(self) -> None:
        written = PATH.read_text(encoding="utf8")
        assert written == reference(), "run `python -m tutoraspects.settings.reference`"

    def test_names_every_setting(self) -> None:
        text = reference()
        assert [name for name in CATALOGUE if f"`{name}`" not in text] == []

    def test_shows_no_generated_secret(self) -> None:
        assert "random_string" not in reference()


ROLES = {"admin": "Admin", "instructor": "Teacher", "operator": "Operator", "student": "Student"}
REFUSED: list[tuple[dict[str, object], str]] = [
    # Names
    ({"ASPECTS_EVENTS_PER_DAYS": 1}, "did you mean ASPECTS_EVENTS_PER_DAY"),
    ({"ASPECTS_CLICKHOUSE_SHARD": 2}, "did you mean ASPECTS_CLICKHOUSE_SHARDS"),
    ({"ASPECTS_QQQQ": 1}, "ASPECTS_QQQQ is not a setting of Aspects"),
    ({"CLICKHOUSE_HOTS": "x"}, "did you mean CLICKHOUSE_HOST"),
    ({"ASPECTS_VECTOR_RAW_XAPI_TABLE": "x"}, "ASPECTS_RAW_XAPI_TABLE"),
    ({"DBT_BRANCH": "main"}, "DBT_BRANCH is no longer a setting"),
    # Types and ranges
    ({"ASPECTS_EVENTS_PER_DAY": "many"}, "a whole number from 1 to 1,000,000,000"),
    ({"ASPECTS_EVENTS_PER_DAY": 0}, "a whole number from 1"),
    ({"ASPECTS_EVENTS_PER_DAY": -5}, "a whole number from 1"),
    ({"ASPECTS_EVENTS_PER_DAY": 1.5}, "a whole number from 1"),
    ({"ASPECTS_EVENTS_PER_DAY": True}, "a whole number from 1"),
    ({"ASPECTS_EVENTS_PER_DAY": None}, "a whole number from 1"),
    ({"ASPECTS_RETENTION_DAYS": 0}, "a whole number from 1"),
    ({"ASPECTS_CLICKHOUSE_SHARDS": 0}, "auto or a whole number from 1 to 100"),
    ({"ASPECTS_CLICKHOUSE_SHARDS": -1}, "auto or a whole number from 1 to 100"),
    ({"ASPECTS_CLICKHOUSE_SHARDS": "two"}, "auto or a whole number from 1 to 100"),
    ({"ASPECTS_CLICKHOUSE_CPU": "500m"}, "auto or a number from 0.1"),
    ({"ASPECTS_CLICKHOUSE_CPU": float("nan")}, "auto or a number from 0.1"),
    ({"RUN_RALPH": "false"}, "RUN_RALPH is 'false' and must be true or false"),
    ({"RUN_RALPH": 1}, "must be true or false"),
    ({"RALPH_PORT": 0}, "a port from 1 to 65,535"),
    ({"RALPH_PORT": "http"}, "a port from 1 to 65,535"),
    ({"RALPH_DATABASE": "x-y"}, "letters, digits and underscores"),
    ({"RALPH_DATABASE": "system"}, "letters, digits and underscores"),
    ({"ASPECTS_RAW_XAPI_TABLE": "a;DROP"}, "letters, digits and underscores"),
    ({"CLICKHOUSE_ADMIN_USER": "default"}, "not 'default'"),
    ({"CLICKHOUSE_ADMIN_USER": "a<b"}, "a user name"),
    ({"CLICKHOUSE_HOST": "http://x:8123"}, "without scheme, port or path"),
    ({"CLICKHOUSE_HOST": ""}, "a host name"),
    ({"CLICKHOUSE_K8S_VOLUME_SIZE": "big"}, "a size of 1Gi or more"),
    ({"CLICKHOUSE_K8S_VOLUME_SIZE": 10}, "a size of 1Gi or more"),
    ({"CLICKHOUSE_K8S_VOLUME_SIZE": "1000Mi"}, "a size of 1Gi or more"),
    ({"ASPECTS_XAPI_SOURCE": "kafka"}, "ralph or vector"),
    ({"EVENT_SINK_MODELS_ENABLED": "tag"}, "a list such as"),
    ({"SUPERSET_DATABASES": ["A"]}, "a map such as"),
    ({"RALPH_EXTRA_SETTINGS": ["A"]}, "a map of names to texts"),
    ({"RALPH_EXTRA_SETTINGS": {"A B": "x"}}, "a map of names to texts"),
    ({"RALPH_EXTRA_SETTINGS": {"A": ["x"]}}, "a map of names to texts"),
    ({"RALPH_EXTRA_SETTINGS": {"A": "x\ny"}}, "a map of names to texts"),
    ({"DOCKER_IMAGE_RALPH": "a b"}, "the name of a container image"),
    ({"CLICKHOUSE_ADMIN_PASSWORD": 83}, "in quotes where"),
    ({"CLICKHOUSE_ADMIN_PASSWORD": ""}, "in quotes where"),
    ({"CLICKHOUSE_ADMIN_PASSWORD": "a\nb"}, "in quotes where"),
    ({"RALPH_LMS_PASSWORD": "x" * 73}, "at most 72 bytes"),
    ({"ASPECTS_GITOPS_REPOSITORY_URL": "git.example.org"}, "an address such as https://"),
    ({"ASPECTS_GITOPS_REPOSITORY_URL": "https://me:pw@git.example.org/x"}, "an address such as"),
    ({"ASPECTS_GITOPS_PATH": "../elsewhere"}, "a relative path"),
    ({"ASPECTS_GITOPS_PATH": "/srv"}, "a relative path"),
    ({"ASPECTS_ARGOCD_NAMESPACE": "Argo_CD"}, "small letters, digits and hyphens"),
    ({"ASPECTS_SECRETS_ROLE_ARN": "role/aspects"}, "an AWS resource name"),
    ({"ASPECTS_SECRETS_REFRESH_MINUTES": 0}, "a whole number from 1"),
    ({"ASPECTS_INGRESS_CLASS": "nginx"}, "must be alb"),
    ({"ASPECTS_INGRESS_SUBNETS": ["10.0.0.0/33"]}, "a list of address ranges"),
    ({"ASPECTS_INGRESS_SUBNETS": "10.0.0.0/20"}, "a list of address ranges"),
    # Superset
    ({"SUPERSET_DASHBOARD_LOCALES": ["en", "e s"]}, "'e s', which is no language such as es"),
    ({"SUPERSET_DASHBOARD_LOCALES": ["es"]}, "SUPERSET_DASHBOARD_LOCALES has no en"),
    ({"SUPERSET_DASHBOARD_LOCALES": []}, "SUPERSET_DASHBOARD_LOCALES has no en"),
    ({"ASPECTS_SUPERSET_EMBED_ORIGINS": ["portal.example.org; img-src *"]}, "is no origin such as"),
    ({"ASPECTS_SUPERSET_EMBED_ORIGINS": ["https://portal.example.org/page"]}, "without a path"),
    ({"SUPERSET_EMBEDDABLE_DASHBOARDS": {"forum": "abc"}}, "'abc' for forum, which is no id"),
    ({"ASPECTS_SUPERSET_REDIS_CA": "/etc/ca.pem"}, "ASPECTS_SUPERSET_REDIS_CA holds no certif"),
    ({"ASPECTS_SUPERSET_EXTRA_ROLES": {"Instructor": {"rows": "all"}}}, "'Instructor', which"),
    ({"ASPECTS_SUPERSET_EXTRA_ROLES": {"Public": {"rows": "all"}}}, "'Public', which there is"),
    ({"SUPERSET_ROLES_MAPPING": {**ROLES, "instructor": "Alpha"}}, "'Alpha', and that"),
    (
        {"SUPERSET_ROLES_MAPPING": {**ROLES, "student": "Operator"}},
        "the role 'student' is called so",
    ),
    # Contradictions
    ({"ASPECTS_INGRESS_CLASS": "alb"}, "would keep its load balancer out"),
    (
        {
            "ASPECTS_INGRESS_CLASS": "alb",
            "ASPECTS_INGRESS_SUBNETS": ["10.0.0.0/20"],
            "ASPECTS_INGRESS_CERTIFICATE_ARN": "arn:aws:acm:eu-west-1:123456789012:certificate/1",
        },
        "the load balancer would speak HTTP only",
    ),
    ({"ASPECTS_GITOPS_ENVIRONMENTS": {"a": {}}}, "has no effect without a repository"),
    (
        {
            "ASPECTS_GITOPS_REPOSITORY_URL": "git@git.example.org:team/platform.git",
            "ASPECTS_GITOPS_ENVIRONMENTS": {"a": {"b": 1}},
        },
        "a has 'b', which is none of",
    ),
    ({"ASPECTS_CLICKHOUSE_SECOND_PASSWORDS": {"RALPH": "x"}}, "names RALPH, which is none of"),
    (
        {
            "ASPECTS_CLICKHOUSE_LRS_PASSWORD": "one",
            "ASPECTS_CLICKHOUSE_SECOND_PASSWORDS": {"LRS": "one"},
        },
        "the password that it has already",
    ),
    (
        {
            "RUN_CLICKHOUSE": False,
            "CLICKHOUSE_HOST": "ch.example.org",
            "ASPECTS_CLICKHOUSE_SECOND_PASSWORDS": {"LRS": "x"},
        },
        "let that server take both",
    ),
    (
        {"ASPECTS_CLICKHOUSE_REPLICAS": 2, "ASPECTS_KEEPER_REPLICAS": 0},
        "cannot work without Keeper",
    ),
    ({"ASPECTS_CLICKHOUSE_SHARDS": 2, "ASPECTS_KEEPER_REPLICAS": 0}, "cannot work without Keeper"),
    ({"ASPECTS_CLICKHOUSE_SHARDS": 2, "ASPECTS_KEEPER_REPLICAS": 4}, "an even number of Keepers"),
    ({"ASPECTS_KEEPER_REPLICAS": 3}, "has no use for Keeper"),
    ({"RUN_CLICKHOUSE": False}, "CLICKHOUSE_HOST still names"),
    ({"CLICKHOUSE_CLUSTER_NAME": "analytics"}, "names the external cluster 'analytics'"),
    ({"CLICKHOUSE_SECURE_CONNECTION": True}, "has no certificates"),
    (
        {
            "RUN_CLICKHOUSE": False,
            "CLICKHOUSE_HOST": "ch.example.org",
            "ASPECTS_CLICKHOUSE_SHARDS": 4,
        },
        "ASPECTS_CLICKHOUSE_SHARDS is 4 and RUN_CLICKHOUSE is false",
    ),
    ({"RUN_RALPH": False}, "ASPECTS_XAPI_SOURCE is ralph and RUN_RALPH is false"),
    ({"ASPECTS_XAPI_SOURCE": "vector"}, "ASPECTS_XAPI_SOURCE is vector and RUN_VECTOR is false"),
    ({"ASPECTS_XAPI_DATABASE": "other"}, "ASPECTS_XAPI_DATABASE is 'other' and events are written"),
    (
        {"ASPECTS_CLICKHOUSE_REPLICAS": 2, "ASPECTS_CLICKHOUSE_INSERT_QUORUM": 3},
        "a shard has only 2 replicas",
    ),
    (
        {"ASPECTS_RALPH_REPLICAS": 5, "ASPECTS_RALPH_MAX_REPLICAS": 4},
        "ASPECTS_RALPH_MAX_REPLICAS is 4 and 5 Ralphs always run",
    ),
    (
        {"ASPECTS_EVENTS_PER_DAY": 100_000_000, "ASPECTS_RETENTION_DAYS": 3650},
        "ask for 614 shards and 100 are possible",
    ),
    (
        {"CLICKHOUSE_K8S_VOLUME_SIZE": "10Gi", "ASPECTS_CLICKHOUSE_VOLUME_GIB": 20},
        "CLICKHOUSE_K8S_VOLUME_SIZE is 10Gi and ASPECTS_CLICKHOUSE_VOLUME_GIB is 20",
    ),
    (
        {"ASPECTS_CLICKHOUSE_CMS_USER": "ch_lrs"},
        "ASPECTS_CLICKHOUSE_LRS_USER and ASPECTS_CLICKHOUSE_CMS_USER are both 'ch_lrs'",
    ),
    ({"RALPH_DATABASE": "openedx"}, "are both 'openedx' and must differ"),
    (
        {"EVENT_SINK_MODELS_ENABLED": ["tag", "user_profile"]},
        "copies user_profile, which identifies people",
    ),
    ({"RALPH_LMS_PASSWORD": "changed"}, "is not the hash of RALPH_LMS_PASSWORD"),
    ({"RALPH_LMS_HASHED_PASSWORD": "nonsense"}, "is not the hash of RALPH_LMS_PASSWORD"),
]


class TestValidation:
    @pytest.mark.parametrize(("settings", "expected"), REFUSED)
    def test_refuses_in_one_sentence(
        self, defaults: dict[str, Any], settings: dict[str, object], expected: str
    ) -> None:
        with pytest.raises(AspectsError) as error:
            validate({**defaults, **settings}, registered=set(defaults) - set(settings))
        (message,) = error.value.args
        assert expected in message
        assert "\n" not in message
        assert "`tutor config save" in message
        assert message.endswith(".")

    def test_reports_every_problem(self, defaults: dict[str, Any]) -> None:
        wrong = {"ASPECTS_EVENTS_PER_DAY": "many", "ASPECTS_NO": 1, "RUN_RALPH": "yes"}
        with pytest.raises(AspectsError) as error:
            validate({**defaults, **wrong}, registered=defaults)
        lines = str(error.value).splitlines()
        assert lines[0] == "3 settings need mending:"
        assert [line.split()[1] for line in lines[1:]] == [
            "ASPECTS_NO",
            "ASPECTS_EVENTS_PER_DAY",
            "RUN_RALPH",
        ]

    def test_never_shows_a_secret(self, defaults: dict[str, Any]) -> None:
        for name, setting in CATALOGUE.items():
            if setting.type in ("secret", "environment"):
                wrong = {**defaults, name: ["hunter2"]}
                assert "hunter2" not in "".join(problems(wrong, registered=defaults)), name

    def test_never_shows_the_password_in_an_address(self, defaults: dict[str, Any]) -> None:
        wrong = {"ASPECTS_GITOPS_REPOSITORY_URL": "https://me:hunter2@git.example.org/x.git"}
        (problem,) = problems({**defaults, **wrong}, registered=defaults)
        assert "hunter2" not in problem and "git.example.org" in problem

    def test_another_installations_ralph_may_be_the_source(self, defaults: dict[str, Any]) -> None:
        elsewhere = {"RUN_RALPH": False, "RALPH_HOST": "lrs.example.org"}
        assert not list(problems({**defaults, **elsewhere}, registered=defaults))

    def test_names_of_other_plugins_pass(self, defaults: dict[str, Any]) -> None:
        settings = {**defaults, "ASPECTS_EXTRA_THING": 1}
        validate(settings, registered={*defaults, "ASPECTS_EXTRA_THING"})
        with pytest.raises(AspectsError):
            validate(settings, registered=defaults)

    def test_names_near_none_of_ours_pass(self, defaults: dict[str, Any]) -> None:
        validate({**defaults, "CLICKHOUSE_LOGS_RETENTION": 3, "MY_THING": 1}, registered=defaults)

    @pytest.mark.parametrize("name", CONFIGURATION_NAMES)
    def test_the_named_configurations_pass(self, defaults: dict[str, Any], name: str) -> None:
        validate({**defaults, **configuration(name)}, registered=defaults)

    @pytest.mark.parametrize("prefix", ["$2a$", "$2b$", "$2y$"])
    def test_hashes_of_every_bcrypt_version_pass(
        self, defaults: dict[str, Any], prefix: str
    ) -> None:
        hashed = defaults["RALPH_LMS_HASHED_PASSWORD"]
        assert hashed.startswith("$2a$")
        validate({**defaults, "RALPH_LMS_HASHED_PASSWORD": prefix + hashed[4:]}, defaults)

    def test_text_that_jinja_made_of_numbers_and_switches_passes(
        self, defaults: dict[str, Any]
    ) -> None:
        validate({**defaults, "ASPECTS_EVENTS_PER_DAY": "3000000"}, registered=defaults)
        validate({**defaults, "SUPERSET_ENABLE_PROXY_FIX": "True"}, registered=defaults)

    def test_parts_that_are_not_deployed_are_named(self, defaults: dict[str, Any]) -> None:
        assert list(notices(defaults)) == []
        (notice,) = notices({**defaults, "RUN_ASPECTS_DOCS": True})
        assert notice.startswith("RUN_ASPECTS_DOCS is true")

    def test_removed_names_are_not_settings(self) -> None:
        assert set(REMOVED) & set(CATALOGUE) == set()


def test_a_config_of_upstream_passes(defaults: dict[str, Any]) -> None:
    """What a real config.yml of tutor-contrib-aspects holds: its unique values and a few more."""
    upstream = {
        name: defaults[name]
        for name, setting in CATALOGUE.items()
        if setting.kept and setting.kind == "unique"
    }
    upstream |= {
        "RUN_VECTOR": True,
        "RUN_SUPERSET": True,
        "CLICKHOUSE_K8S_VOLUME_SIZE": "100Gi",
        "ASPECTS_DATA_TTL_EXPRESSION": "toDateTime(emission_time) + INTERVAL 1 YEAR",
        "EVENT_ROUTING_BACKEND_BATCH_INTERVAL": 60,
        "ASPECTS_ENABLE_PII": True,
    }
    validate({**defaults, **upstream}, registered=defaults)


@pytest.mark.parametrize(
    ("text", "gib"),
    [
        ("10Gi", 10),
        ("2Ti", 2048),
        ("500G", 466),
        ("1.5Gi", 2),
        ("1Mi", 1),
        ("0", None),
        ("x", None),
    ],
)
def test_quantities_are_rounded_up_to_gib(text: str, gib: int | None) -> None:
    assert quantity_gib(text) == gib


def test_every_type_refuses_something() -> None:
    for type_ in {setting.type for setting in CATALOGUE.values()}:
        wrong: object = [object()] if type_ != "list" else "x"
        assert complaint(Setting("X", 1, type_, "X.", choices=("a",)), wrong), type_
