"""ClickHouse users, profiles, quotas and grants: declared once, rendered three ways.

access = declare(Names.from_settings(settings), memory_mib=8192, pii=False)
to_xml(access)              # users.xml, for Docker Compose and the one-node StatefulSet
to_operator(access, "...")  # spec.configuration of a ClickHouseInstallation
to_sql(access, hashes)      # statements for a cluster that others run
"""

from __future__ import annotations

from tutoraspects.access.declaration import declare
from tutoraspects.access.model import Access, Names
from tutoraspects.access.render import PasswordHash, password_hash, to_operator, to_sql, to_xml

__all__ = [
    "Access",
    "Names",
    "PasswordHash",
    "declare",
    "password_hash",
    "to_operator",
    "to_sql",
    "to_xml",
]
