"""What the init tasks of Superset run.

python -m tutoraspects.superset database   wait for its database; make it where that is ours to do
python -m tutoraspects.superset            roles, accounts, databases, row filters, embedding
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator

from tutoraspects.errors import AspectsError
from tutoraspects.superset.environment import settings


def main() -> None:
    """Prints every change and ends with 0; with one sentence and 1 when something is wrong."""
    changes = 0
    try:
        for line in _database() if sys.argv[1:] == ["database"] else _access():
            changes += 1
            print(line, flush=True)
    except AspectsError as error:
        sys.exit(f"FAILED: {error}")
    print(f"done: {changes} changes" if changes else "done: nothing to change")


def _database() -> Iterator[str]:
    from tutoraspects.superset.database import prepare

    yield from prepare(settings())


def _access() -> Iterator[str]:
    logging.disable(logging.WARNING)
    from superset.app import create_app

    from tutoraspects.superset.provision import provision

    with create_app().app_context():
        yield from provision(settings())


if __name__ == "__main__":
    main()
