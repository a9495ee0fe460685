"""Settings that are right one by one and cannot work together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tutoraspects.errors import AspectsError
from tutoraspects.settings import environments
from tutoraspects.settings.setting import as_boolean, as_integer, is_auto, quantity_gib
from tutoraspects.settings.superset_checks import superset_checks
from tutoraspects.superset import roles as superset_roles
from tutoraspects.topology import Plan, is_external

Values = Mapping[str, object]
MAXIMUM_SHARDS = 100
_TOPOLOGY = (
    "ASPECTS_CLICKHOUSE_SHARDS",
    "ASPECTS_CLICKHOUSE_REPLICAS",
    "ASPECTS_KEEPER_REPLICAS",
    "ASPECTS_CLICKHOUSE_INSERT_QUORUM",
)
_ACCOUNTS = (
    "CLICKHOUSE_ADMIN",
    *(
        f"ASPECTS_CLICKHOUSE_{service}"
        for service in ("LRS", "VECTOR", "REPORT", "HEALTH", "CMS", "MONITOR", "BACKUP")
    ),
)
_DATABASES = (
    "RALPH_DATABASE",
    "ASPECTS_VECTOR_DATABASE",
    "ASPECTS_EVENT_SINK_DATABASE",
    "DBT_PROFILE_TARGET_DATABASE",
)


def contradictions(values: Values, plan: Plan) -> Iterator[str]:
    """One sentence for each contradiction in settings whose types are right."""
    yield from _keepers(plan)
    yield from _external(values)
    yield from _writers(values)
    yield from _sources(values)
    yield from _sizes(values, plan)
    yield from _twins(values)
    yield from _privacy(values)
    yield from _hashes(values)
    yield from _second_passwords(values)
    yield from _gitops(values)
    yield from _superset(values)


def _save(*arguments: str) -> str:
    return f"run `{' '.join(('tutor config save', *arguments))}`"


def _keepers(plan: Plan) -> Iterator[str]:
    nodes = f"{plan.shards} x {plan.replicas} ClickHouse nodes"
    if plan.is_cluster and plan.keepers == 0:
        yield (
            f"ASPECTS_KEEPER_REPLICAS is 0 and {nodes} cannot work without Keeper: "
            f"{_save('--set ASPECTS_KEEPER_REPLICAS=3')}."
        )
    elif plan.keepers and not plan.is_cluster and plan.own_clickhouse:
        yield (
            f"ASPECTS_KEEPER_REPLICAS is {plan.keepers} and one ClickHouse node has no use for "
            f"Keeper: {_save('--unset ASPECTS_KEEPER_REPLICAS')}."
        )
    elif plan.keepers and plan.keepers % 2 == 0:
        yield (
            f"ASPECTS_KEEPER_REPLICAS is {plan.keepers} and an even number of Keepers bears no "
            f"more failures than one less: {_save('--set ASPECTS_KEEPER_REPLICAS=3')}."
        )


def _external(values: Values) -> Iterator[str]:
    runs = as_boolean(values.get("RUN_CLICKHOUSE", True))
    cluster = values.get("CLICKHOUSE_CLUSTER_NAME")
    if not runs and values.get("CLICKHOUSE_HOST") == "clickhouse":
        yield (
            "RUN_CLICKHOUSE is false and CLICKHOUSE_HOST still names the ClickHouse that is not "
            f"deployed: {_save('--set CLICKHOUSE_HOST=...')} with the host of your server."
        )
    if runs and cluster:
        yield (
            f"CLICKHOUSE_CLUSTER_NAME names the external cluster {cluster!r} and RUN_CLICKHOUSE "
            f"is true: {_save('--set RUN_CLICKHOUSE=false')}, or `--unset "
            "CLICKHOUSE_CLUSTER_NAME` to have ClickHouse deployed."
        )
    if runs and as_boolean(values.get("CLICKHOUSE_SECURE_CONNECTION")):
        yield (
            "CLICKHOUSE_SECURE_CONNECTION is true and the ClickHouse that is deployed here has "
            f"no certificates: {_save('--set CLICKHOUSE_SECURE_CONNECTION=false')}."
        )
    if is_external(values) and not (runs and cluster):
        for name in _TOPOLOGY:
            if not is_auto(values.get(name)):
                yield (
                    f"{name} is {values[name]} and RUN_CLICKHOUSE is false, so that nothing "
                    f"follows from it: {_save('--unset', name)}."
                )


def _writers(values: Values) -> Iterator[str]:
    source = str(values.get("ASPECTS_XAPI_SOURCE", "ralph"))
    switch = f"RUN_{source.upper()}"
    # Another installation's Ralph is named by its host; the name "ralph" is ours.
    elsewhere = source == "ralph" and values.get("RALPH_HOST", "ralph") != "ralph"
    if as_boolean(values.get(switch)) is False and not elsewhere:
        yield (
            f"ASPECTS_XAPI_SOURCE is {source} and {switch} is false, so that no event would "
            f"arrive: {_save(f'--set {switch}=true')}, or change ASPECTS_XAPI_SOURCE."
        )


def _sources(values: Values) -> Iterator[str]:
    """Reporting can read only the databases that events are written to."""
    chosen = values.get("ASPECTS_XAPI_DATABASE")
    written = [values.get("RALPH_DATABASE"), values.get("ASPECTS_VECTOR_DATABASE")]
    # Two databases of one name are another contradiction, told by _twins.
    if chosen is not None and chosen not in written and written[0] != written[1]:
        yield (
            f"ASPECTS_XAPI_DATABASE is '{chosen}' and events are written to '{written[0]}' "
            f"(RALPH_DATABASE) or '{written[1]}' (ASPECTS_VECTOR_DATABASE): "
            f"{_save('--unset ASPECTS_XAPI_DATABASE')}."
        )


def _sizes(values: Values, plan: Plan) -> Iterator[str]:
    quorum = as_integer(values.get("ASPECTS_CLICKHOUSE_INSERT_QUORUM"))
    if quorum and plan.own_clickhouse and quorum > plan.replicas:
        yield (
            f"ASPECTS_CLICKHOUSE_INSERT_QUORUM is {quorum} and a shard has only {plan.replicas} "
            f"replicas, so that every insert would fail: "
            f"{_save('--set ASPECTS_CLICKHOUSE_INSERT_QUORUM=auto')}."
        )
    if plan.shards > MAXIMUM_SHARDS:
        yield (
            f"ASPECTS_EVENTS_PER_DAY and ASPECTS_RETENTION_DAYS ask for {plan.shards} shards and "
            f"{MAXIMUM_SHARDS} are possible: {_save('--set ASPECTS_RETENTION_DAYS=...')} with "
            "fewer days, or set ASPECTS_CLICKHOUSE_SHARDS."
        )
    if plan.ralph_max_replicas < plan.ralph_replicas:
        yield (
            f"ASPECTS_RALPH_MAX_REPLICAS is {plan.ralph_max_replicas} and {plan.ralph_replicas} "
            f"Ralphs always run: {_save('--unset ASPECTS_RALPH_MAX_REPLICAS')}."
        )
    size = quantity_gib(values.get("CLICKHOUSE_K8S_VOLUME_SIZE"))
    volume = as_integer(values.get("ASPECTS_CLICKHOUSE_VOLUME_GIB"))
    if size and volume and size != volume:
        yield (
            f"CLICKHOUSE_K8S_VOLUME_SIZE is {values['CLICKHOUSE_K8S_VOLUME_SIZE']} and "
            f"ASPECTS_CLICKHOUSE_VOLUME_GIB is {volume}: "
            f"{_save('--unset CLICKHOUSE_K8S_VOLUME_SIZE')} to keep the second."
        )


def _second_passwords(values: Values) -> Iterator[str]:
    name = "ASPECTS_CLICKHOUSE_SECOND_PASSWORDS"
    second = values.get(name)
    if not second or not isinstance(second, Mapping):
        return
    if is_external(values):
        yield (
            f"{name} is set and the ClickHouse that runs elsewhere knows nothing of it: "
            f"{_save('--unset', name)}, and let that server take both passwords."
        )
    accounts = {account.removeprefix("ASPECTS_CLICKHOUSE_"): account for account in _ACCOUNTS}
    accounts["ADMIN"] = accounts.pop("CLICKHOUSE_ADMIN")
    for account, password in second.items():
        if account not in accounts:
            yield (
                f"{name} names {account}, which is none of {', '.join(sorted(accounts))}: mend it "
                f"in config.yml and {_save()}."
            )
        elif password == values.get(f"{accounts[account]}_PASSWORD"):
            yield (
                f"{name} has for {account} the password that it has already: "
                f"{_save('--unset', name)}."
            )


def _gitops(values: Values) -> Iterator[str]:
    for complaint in environments.complaints(values):
        yield (
            f"{environments.SETTING} is wrong, {complaint}: mend it in config.yml and {_save()}."
        )
    if values.get(environments.SETTING) and not values.get("ASPECTS_GITOPS_REPOSITORY_URL"):
        yield (
            f"{environments.SETTING} has no effect without a repository: "
            f"{_save('--set ASPECTS_GITOPS_REPOSITORY_URL=...')}."
        )
    if (
        values.get("ASPECTS_INGRESS_CLASS")
        and as_boolean(values.get("ASPECTS_NETWORK_POLICIES"))
        and not values.get("ASPECTS_INGRESS_SUBNETS")
    ):
        yield (
            "ASPECTS_INGRESS_CLASS is set and the network policies would keep its load balancer "
            "out: "
            + _save("--append ASPECTS_INGRESS_SUBNETS=10.0.0.0/20")
            + " with each address range of the load balancer's subnets."
        )
    if (
        values.get("ASPECTS_INGRESS_CLASS")
        and values.get("ASPECTS_INGRESS_CERTIFICATE_ARN")
        and not as_boolean(values.get("ENABLE_HTTPS"))
    ):
        yield (
            "ASPECTS_INGRESS_CERTIFICATE_ARN is set and ENABLE_HTTPS is false, so that the load "
            f"balancer would speak HTTP only: {_save('--set ENABLE_HTTPS=true')}, or `--unset "
            "ASPECTS_INGRESS_CERTIFICATE_ARN`."
        )


def _superset(values: Values) -> Iterator[str]:
    if not as_boolean(values.get("RUN_SUPERSET")):
        return
    for part in ("", "WORKER_"):
        least, most = (
            as_integer(values.get(f"ASPECTS_SUPERSET_{part}{bound}REPLICAS")) or 1
            for bound in ("", "MAX_")
        )
        if most < least:
            yield (
                f"ASPECTS_SUPERSET_{part}MAX_REPLICAS is {most} and {least} are wanted at least: "
                f"{_save(f'--set ASPECTS_SUPERSET_{part}MAX_REPLICAS={least}')}."
            )
    names = values.get("SUPERSET_ROLES_MAPPING")
    wanted = ("admin", "instructor", "operator", "student")
    missing = [key for key in wanted if not isinstance(names, dict) or not names.get(key)]
    if missing:
        yield (
            f"SUPERSET_ROLES_MAPPING does not name the role '{missing[0]}': "
            f"{_save('--unset SUPERSET_ROLES_MAPPING')}, or name all of {', '.join(wanted)}."
        )
    try:
        roles = values.get("ASPECTS_SUPERSET_EXTRA_ROLES")
        for name, entry in roles.items() if isinstance(roles, dict) else ():
            superset_roles.check(name, entry)
    except AspectsError as error:
        yield str(error)
    if str(values.get("SUPERSET_DB_DIALECT")) not in ("mysql", "postgresql"):
        yield (
            f"SUPERSET_DB_DIALECT is {values.get('SUPERSET_DB_DIALECT')!r} and Superset's image "
            f"speaks to MySQL: {_save('--set SUPERSET_DB_DIALECT=mysql')}, or postgresql with "
            "`--append SUPERSET_EXTRA_REQUIREMENTS=psycopg2-binary`."
        )
    yield from superset_checks(values)


def _twins(values: Values) -> Iterator[str]:
    """Users that would share their rights, databases whose tables would mix."""
    for names in (
        tuple(f"{account}_USER" for account in _ACCOUNTS),
        _DATABASES,
        ("ASPECTS_RAW_XAPI_TABLE", "ASPECTS_VECTOR_RAW_TRACKING_LOGS_TABLE"),
        ("RALPH_ADMIN_USERNAME", "RALPH_LMS_USERNAME"),
        ("SUPERSET_ADMIN_USERNAME", "SUPERSET_LMS_USERNAME"),
    ):
        first: dict[object, str] = {}
        for name in names:
            value = values.get(name)
            if value is None:
                continue
            if value in first:
                yield (
                    f"{first[value]} and {name} are both {value!r} and must differ: "
                    f"{_save(f'--set {name}=...')}."
                )
            first.setdefault(value, name)


def _privacy(values: Values) -> Iterator[str]:
    enabled, personal = values.get("EVENT_SINK_MODELS_ENABLED"), values.get("EVENT_SINK_PII_MODELS")
    if as_boolean(values.get("ASPECTS_ENABLE_PII")) or not isinstance(enabled, list):
        return
    for model in enabled:
        if isinstance(personal, list) and model in personal:
            yield (
                f"EVENT_SINK_MODELS_ENABLED copies {model}, which identifies people, and "
                "ASPECTS_ENABLE_PII is false: "
                f"{_save(f'--remove EVENT_SINK_MODELS_ENABLED={model}')}, or "
                "`--set ASPECTS_ENABLE_PII=true`."
            )


def _hashes(values: Values) -> Iterator[str]:
    """A changed password whose hash stayed would lock the LMS out of Ralph."""
    for account in ("ADMIN", "LMS"):
        password = values.get(f"RALPH_{account}_PASSWORD")
        name = f"RALPH_{account}_HASHED_PASSWORD"
        hashed = values.get(name)
        if password is None or hashed is None or _is_hash_of(str(hashed), str(password)):
            continue
        yield (
            f"{name} is not the hash of RALPH_{account}_PASSWORD: {_save('--unset', name)} and "
            "then `tutor config save` to have it made again."
        )


def _is_hash_of(hashed: str, password: str) -> bool:
    from tutor.utils import verify_encrypted

    # Tutor's bcrypt knows the version 2a alone; 2b and 2y mean the same for such passwords.
    for version in ("$2b$", "$2y$"):
        if hashed.startswith(version):
            hashed = "$2a$" + hashed[len(version) :]
    return bool(verify_encrypted(hashed, password))
