"""Accounts, databases, roles, row filters and embedding: Superset brought in line with its
declaration. It may run any number of times, and says what it changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from tutoraspects.dashboards.identity import localized, normal
from tutoraspects.errors import AspectsError
from tutoraspects.superset import roles, rows
from tutoraspects.superset.connections import with_driver
from tutoraspects.superset.database import grant_reader
from tutoraspects.superset.environment import folder, secret

Settings = Mapping[str, Any]

# As tutoraspects/dashboards/identity.py knows them, the first and the last from upstream.
UUIDS = {
    "OpenedX Clickhouse": UUID("21174b6c-4d40-4958-8161-d6c3cf5e77b6"),
    "ClickHouse Servers": UUID("3e0ad9f5-8f2c-5a3b-9c63-6f1d1c2b7a40"),
    "Superset Metadata": UUID("06cd566f-e22a-4a79-b0e0-4c947de93ee0"),
}
# What the import of the dashboards says of databases, too. SQL Lab asks from the web server: in a
# worker nobody's session is at hand to ask the LMS for the courses of an instructor.
OPTIONS = {
    "expose_in_sqllab": True,
    "allow_run_async": False,
    "allow_dml": False,
    "allow_ctas": False,
    "allow_cvas": False,
    "allow_file_upload": False,
}


def provision(settings: Settings) -> Iterator[str]:
    """One line for each change. Needs an application context. Raises AspectsError."""
    from superset.extensions import db, security_manager

    declared = roles.declared(settings, folder())
    # A role may have access to a database: before the first import, too.
    yield from _databases(settings, db.session)
    yield from roles.apply(declared, security_manager)
    yield from _accounts(settings, declared, security_manager)
    yield from rows.apply(settings, db.session)
    yield from embed(settings, db.session)


def _accounts(
    settings: Settings, declared: Mapping[str, roles.Role], security_manager: Any
) -> Iterator[str]:
    service = declared["guest_tokens"].name
    for key, name, role in (
        ("admin", "SUPERSET_ADMIN_PASSWORD", "Admin"),
        ("service", "SUPERSET_LMS_PASSWORD", service),
    ):
        entry, password = settings[key], secret(name)
        user = security_manager.find_user(username=entry["username"])
        if user is None:
            made = security_manager.add_user(
                entry["username"],
                "Aspects",
                "administrator" if key == "admin" else "guest tokens",
                entry["email"],
                security_manager.find_role(role),
                password=password,
            )
            if not made:
                raise AspectsError(
                    f"The account {entry['username']} cannot be made: is its mail "
                    f"{entry['email']} that of another account?"
                )
            yield f"account {entry['username']}: made"
            continue
        if [str(one) for one in user.roles] != [role]:
            user.roles = [security_manager.find_role(role)]
            security_manager.session.commit()
            yield f"account {entry['username']}: has the role {role} and no other"
        from werkzeug.security import check_password_hash

        if not check_password_hash(user.password or "", password):
            security_manager.reset_password(user.id, password)
            yield f"account {entry['username']}: new password"


def _databases(settings: Settings, session: Any) -> Iterator[str]:
    from sqlalchemy.engine import make_url
    from superset.models.core import Database

    wanted = json.loads(secret("SUPERSET_DATABASES", default="{}"))
    for name, uri in wanted.items():
        uri = with_driver(uri)
        address = make_url(uri)
        if address.username == settings["database"]["reader"]:
            yield from grant_reader(settings, str(address.database), str(address.password))
        stored = session.query(Database).filter_by(database_name=name).one_or_none()
        if stored is None and name in UUIDS:
            stored = session.query(Database).filter_by(uuid=UUIDS[name]).one_or_none()
        made = stored is None
        if made:
            stored = Database(database_name=name)
            if name in UUIDS:
                stored.uuid = UUIDS[name]
            session.add(stored)
        if made or stored.sqlalchemy_uri_decrypted != uri:
            stored.set_sqlalchemy_uri(uri)
            yield f"database {name}: {'made' if made else 'new address or password'}"
        for option, value in OPTIONS.items():
            setattr(stored, option, value)
        stored.impersonate_user = False
    session.commit()
    from superset.extensions import security_manager

    for stored in session.query(Database).filter(Database.database_name.in_(list(wanted))).all():
        security_manager.add_permission_view_menu("database_access", stored.perm)
        schema = str(make_url(wanted[stored.database_name]).database)
        perm = security_manager.get_schema_perm(stored.database_name, None, schema)
        security_manager.add_permission_view_menu("schema_access", perm)
    session.commit()


def embed(settings: Settings, session: Any) -> Iterator[str]:
    """Dashboards that LMS and Studio may show, with the fixed ids by which they ask for them."""
    from superset.models.dashboard import Dashboard
    from superset.models.embedded_dashboard import EmbeddedDashboard

    domains = ",".join(settings["embed_origins"])
    for slug, uuid in _in_every_locale(settings):
        dashboard = session.query(Dashboard).filter_by(slug=slug).one_or_none()
        if dashboard is None:
            continue
        stored = session.query(EmbeddedDashboard).filter_by(dashboard_id=dashboard.id).all()
        same = [one for one in stored if str(one.uuid) == uuid]
        if len(stored) == 1 and same and same[0].allow_domain_list == domains:
            continue
        for one in stored:
            session.delete(one)
        session.flush()
        session.add(
            EmbeddedDashboard(uuid=UUID(uuid), dashboard_id=dashboard.id, allow_domain_list=domains)
        )
        yield f"dashboard {slug}: may be embedded"
    session.commit()


def _in_every_locale(settings: Settings) -> Iterator[tuple[str, str]]:
    """Slug and id of each dashboard and of its copies, by platform-plugin-aspects' rule."""
    for slug, uuid in settings["embedded"].items():
        yield slug, uuid
        for locale in settings["dashboard_locales"]:
            yield f"{slug}-{normal(locale)}", localized(uuid, locale)
