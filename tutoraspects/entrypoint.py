"""The module that Tutor loads: refuses to work beside upstream's distribution, else wires up.

`tutor-contrib-aspects` installs the same package `tutoraspects` and the same plugin name, so that
whichever came last has overwritten files of the other. Upstream has no module of this name:
Tutor reaches this code whatever the order was, and it may only need modules that upstream has not.
"""

from __future__ import annotations

import sys
from importlib import metadata

from tutor import hooks
from tutor.exceptions import TutorError

from tutoraspects.refusal import one_sentence

UPSTREAM = "tutor-contrib-aspects"
OURS = "tutor-contrib-aspects-cluster"


def upstream_is_installed() -> bool:
    return next(iter(metadata.distributions(name=UPSTREAM)), None) is not None


def _refuse(_config: object) -> None:
    with one_sentence():
        raise TutorError(
            f"The distributions {UPSTREAM} and {OURS} are both installed and overwrite each "
            f"other's files: run `pip uninstall --yes {UPSTREAM}` and then "
            f"`pip install --force-reinstall --no-deps {OURS}`."
        )


def _load() -> None:
    if upstream_is_installed():
        # An error raised here would end as a warning and an environment without Aspects; every
        # command that renders or runs anything fires this action, and its errors are fatal.
        hooks.Actions.CONFIG_LOADED.add(priority=hooks.priorities.HIGH)(_refuse)
        return
    # Tutor forgets this module when the plugin is disabled; the other one must be forgotten too,
    # or a plugin that is enabled again in the same process would wire nothing.
    sys.modules.pop("tutoraspects.plugin", None)
    import tutoraspects.plugin  # noqa: F401


_load()
