"""The declaration as users.xml, as the operator's settings and as SQL."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from tutoraspects.access.model import Access, Profile, User, identifier, table
from tutoraspects.errors import AspectsError

ANY_ADDRESS = ("::/0",)


def password_hash(password: str) -> str:
    """What `password_sha256_hex` wants: SHA-256 of the password, in hexadecimal."""
    return hashlib.sha256(password.encode()).hexdigest()


# -- users.xml ---------------------------------------------------------------------------------


def to_xml(access: Access) -> str:
    """Render users.xml: complete, so that it replaces the image's own.

    Passwords are not in it: each server reads their hashes from its environment.
    """
    lines = ["<clickhouse>", "  <profiles>"]
    for profile in access.profiles:
        lines += _xml_profile(profile)
    lines += ["  </profiles>", "  <quotas>"]
    for quota in access.quotas:
        lines += [f"    <!-- {escape(quota.why)} -->", f"    <{quota.name}>", "      <interval>"]
        lines += [f"        <{key}>{value}</{key}>" for key, value in quota.limits.items()]
        lines += ["      </interval>", f"    </{quota.name}>"]
    lines += ["  </quotas>", "  <users>"]
    for user in access.users:
        lines += _xml_user(user)
    return "\n".join([*lines, "  </users>", "</clickhouse>", ""])


def _xml_profile(profile: Profile) -> Iterator[str]:
    yield f"    <!-- {escape(profile.why)} -->"
    yield f"    <{profile.name}>"
    for setting in profile.settings:
        yield f"      <!-- {escape(setting.why)} -->"
        yield f"      <{setting.name}>{escape(str(setting.value))}</{setting.name}>"
    limited = [setting for setting in profile.settings if setting.limit]
    if limited:
        yield "      <constraints>"
        for setting in limited:
            rule = "<readonly/>"
            if setting.limit == "max":
                rule = f"<min>1</min><max>{setting.value}</max>"
            elif setting.limit == "most":
                rule = f"<max>{setting.value}</max>"
            yield f"        <{setting.name}>{rule}</{setting.name}>"
        yield "      </constraints>"
    yield f"    </{profile.name}>"


def _xml_user(user: User) -> Iterator[str]:
    yield f"    <!-- {escape(user.why)} -->"
    yield f"    <{user.name}>"
    if user.password:
        yield f'      <password_sha256_hex from_env="{user.password}"/>'
    else:
        yield "      <no_password/>"
    yield f"      <profile>{user.profile}</profile>"
    yield f"      <quota>{user.quota}</quota>"
    yield "      <networks>"
    yield from (f"        <ip>{network}</ip>" for network in user.networks)
    yield "      </networks>"
    if user.everything:
        for switch in EVERYTHING:
            yield f"      <{switch}>1</{switch}>"
    else:
        yield "      <grants>"
        yield from (f"        <query>GRANT {grant}</query>" for grant in user.grants)
        yield "      </grants>"
    yield from _xml_row_filters(user)
    yield f"    </{user.name}>"


def _xml_row_filters(user: User) -> Iterator[str]:
    filters = user.row_filters
    if not filters:
        return
    yield "      <databases>"
    for database in dict.fromkeys(rows.database for rows in filters):
        yield f"        <{database}>"
        for rows in filters:
            if rows.database == database:
                yield f"          <{rows.table}>"
                yield f"            <filter>{escape(rows.condition)}</filter>"
                yield f"          </{rows.table}>"
        yield f"        </{database}>"
    yield "      </databases>"


# Without grants a user declared in the configuration may do everything but these.
EVERYTHING = (
    "access_management",
    "named_collection_control",
    "show_named_collections",
    "show_named_collections_secrets",
)


# -- the operator's configuration.users, .profiles, .quotas ------------------------------------


def to_operator(access: Access, secret: str) -> dict[str, dict[str, object]]:
    """Render the keys `users`, `profiles` and `quotas` of a ClickHouseInstallation's
    `spec.configuration`; password hashes are read from the Secret named `secret`.

    Keys are paths into users.xml (`ch_lrs/grants/query`), as the operator's documents write them,
    and values are text: a large number would pass through a JSON float and come out as 1e+10.
    """
    users: dict[str, object] = {}
    for user in access.users:
        name = user.name
        if user.password:
            users[f"{name}/password_sha256_hex"] = {
                "valueFrom": {"secretKeyRef": {"name": secret, "key": user.password}}
            }
        users[f"{name}/profile"] = user.profile
        users[f"{name}/quota"] = user.quota
        users[f"{name}/networks/ip"] = list(user.networks)
        if user.networks != ANY_ADDRESS:
            # Otherwise the operator adds a pattern that lets every pod of the installation in.
            users[f"{name}/networks/host_regexp"] = "disabled"
        if user.everything:
            users.update({f"{name}/{switch}": "1" for switch in EVERYTHING})
        else:
            users[f"{name}/grants/query"] = [f"GRANT {grant}" for grant in user.grants]
        for rows in user.row_filters:
            users[f"{name}/databases/{rows.database}/{rows.table}/filter"] = rows.condition
    profiles: dict[str, object] = {}
    for profile in access.profiles:
        for setting in profile.settings:
            profiles[f"{profile.name}/{setting.name}"] = str(setting.value)
        for setting in profile.settings:
            path = f"{profile.name}/constraints/{setting.name}"
            if setting.limit == "const":
                profiles[f"{path}/readonly"] = "1"
            elif setting.limit == "max":
                profiles[f"{path}/min"] = "1"
            if setting.limit in ("max", "most"):
                profiles[f"{path}/max"] = str(setting.value)
    quotas: dict[str, object] = {
        f"{quota.name}/interval/{key}": str(value)
        for quota in access.quotas
        for key, value in quota.limits.items()
    }
    return {"users": users, "profiles": profiles, "quotas": quotas}


# -- SQL for a cluster that others run ----------------------------------------------------------


@dataclass(frozen=True)
class PasswordHash:
    """A salted hash as `IDENTIFIED WITH sha256_hash` takes it."""

    hash: str
    salt: str

    @classmethod
    def of(cls, password: str) -> PasswordHash:
        salt = secrets.token_hex(16)
        return cls(hash=password_hash(password + salt), salt=salt)


def to_sql(
    access: Access,
    password_hashes: Mapping[str, PasswordHash],
    *,
    cluster: str = "",
    known_settings: Collection[str] | None = None,
) -> list[str]:
    """Render statements that bring an external cluster to this declaration, run by an
    administrator; running them again changes nothing but the salts.

    `password_hashes`: by user name. Users without one are left out, so that those whose
    password the caller does not have keep theirs; so are `default` and the administrator,
    which belong to whoever runs the cluster. No password is in the text, only salted hashes,
    and ClickHouse hides even those in its logs. `known_settings`: names in the server's
    system.settings; others are left out, because an older server refuses them.

    Raises AspectsError for a hash of a user that is not declared.
    """
    declared = {user.name for user in access.users if user.password and not user.everything}
    for name in password_hashes:
        if name not in declared:
            raise AspectsError(f"There is no ClickHouse user '{name}' to give a password to.")
    on = f" ON CLUSTER {identifier(cluster)}" if cluster else ""
    users = [user for user in access.users if user.name in password_hashes]
    used = {user.profile for user in users}
    # On one's own servers the profile `default` lies under all others; on a foreign cluster it
    # belongs to its owner, so its settings are written into each profile.
    base = next(profile for profile in access.profiles if profile.name == "default")
    statements = []
    for profile in access.profiles:
        if profile.name in used:
            own = {setting.name for setting in profile.settings}
            settings = [s for s in base.settings if s.name not in own] + list(profile.settings)
            terms = ", ".join(
                _sql_setting(s.name, s.value, s.limit)
                for s in settings
                if known_settings is None or s.name in known_settings
            )
            statements.append(
                f"CREATE SETTINGS PROFILE OR REPLACE {_own(profile.name)}{on} SETTINGS {terms}"
            )
    for user in users:
        given = password_hashes[user.name]
        name = identifier(user.name)
        how = (
            f"IDENTIFIED WITH sha256_hash BY '{given.hash}' SALT '{given.salt}' "
            f"HOST ANY SETTINGS PROFILE '{_own(user.profile)}'"
        )
        statements.append(f"CREATE USER IF NOT EXISTS {name}{on} {how}")
        statements.append(f"ALTER USER {name}{on} {how}")
        # One statement, so that a running service never finds itself without its rights.
        grants = ", ".join(str(grant) for grant in user.grants)
        statements.append(f"GRANT{on} {grants} TO {name} WITH REPLACE OPTION")
        statements += _sql_row_filters(user, on)
    for quota in access.quotas:
        members = [identifier(user.name) for user in users if user.quota == quota.name]
        limits = ", ".join(
            f"{key} = {value}" for key, value in quota.limits.items() if key != "duration" and value
        )
        if members:
            rule = f"MAX {limits}" if limits else "TRACKING ONLY"
            statements.append(
                f"CREATE QUOTA OR REPLACE {_own(quota.name)}{on} KEYED BY user_name "
                f"FOR INTERVAL 1 hour {rule} TO {', '.join(members)}"
            )
    return statements


def _sql_row_filters(user: User, on: str) -> Iterator[str]:
    for rows in user.row_filters:
        target = table(rows.database, rows.table)
        name = identifier(_own(user.name))
        yield (
            f"CREATE ROW POLICY OR REPLACE {name}{on} ON {target} FOR SELECT "
            f"USING {rows.condition} TO {identifier(user.name)}"
        )


def _own(name: str) -> str:
    """A name that does not meet the profiles and quotas that a foreign cluster already has."""
    return f"aspects_{name}"


def _sql_setting(name: str, value: object, limit: str) -> str:
    text = f"'{value}'" if isinstance(value, str) else str(value)
    rule = {"const": " CONST", "max": f" MIN 1 MAX {text}", "most": f" MAX {text}"}.get(limit, "")
    return f"{name} = {text}{rule}"
