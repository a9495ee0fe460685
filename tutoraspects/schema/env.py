"""Alembic's door to the runner: `alembic upgrade head` does what `aspects schema upgrade` does."""

from __future__ import annotations

import os
import sys
from typing import Any

from alembic import context as alembic_context
from alembic.util.exc import CommandError

from tutoraspects.errors import AspectsError
from tutoraspects.schema import runner
from tutoraspects.schema.context import Context


def main() -> None:
    """Run or, with `--sql`, print the versions up to the one that was asked for.

    Raises CommandError, which Alembic prints as one line, for other commands (versions are not
    undone, and the state is not Alembic's own table) and for whatever fails.
    """
    options: dict[str, Any] = alembic_context._proxy.context_opts  # type: ignore[attr-defined]
    function = options.get("fn")
    if getattr(function, "__name__", "") != "upgrade":
        raise CommandError(
            "Of Alembic's commands only `upgrade`, `history` and `revision` work here: "
            "use `aspects schema status`."
        )
    revision = options.get("destination_rev") or "head"
    target = revision if isinstance(revision, str) else revision[0]
    try:
        context = Context.from_environment(os.environ)
        if alembic_context.is_offline_mode():
            print("\n".join(runner.script(context, target)))
        else:
            runner.upgrade(context, lambda line: print(line, file=sys.stderr), target=target)
    except AspectsError as error:
        raise CommandError(str(error)) from None


main()
