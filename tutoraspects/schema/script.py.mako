"""${message}

Revision: ${up_revision}
"""

from __future__ import annotations

from tutoraspects.schema.operations import Operations

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade(op: Operations) -> None:
    """Each operation must be able to run again: a killed run repeats its version."""

