"""The init tasks, in the order in which `tutor … do init` runs them."""

from __future__ import annotations

import click
from tutor import config as tutor_config

from tutoraspects.settings.setting import as_boolean

# (service, script template below templates/, priority). Tutor's own tasks come first, with
# priorities up to 50. The schema must be there before Ralph is ready, and Ralph before the LMS
# may send to it. Every script may run any number of times.
INIT_TASKS: list[tuple[str, str, int]] = [
    ("aspects", "aspects/jobs/init/aspects.sh", 94),
    ("superset", "aspects/jobs/init/superset.sh", 95),
    ("aspects", "aspects/jobs/init/dashboards.sh", 96),
    ("lms", "aspects/jobs/init/lms.sh", 97),
]
LAST = 98
# Service -> the switch without which it has no job.
SWITCHES = {"superset": "RUN_SUPERSET"}


def of_what_runs(items: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Leave out the tasks of services that are switched off; Tutor would miss their jobs."""
    context = click.get_current_context(silent=True)
    root = getattr(context.obj, "root", None) if context else None
    if root is None:
        return items
    settings = tutor_config.load_full(root)
    off = {service for service, name in SWITCHES.items() if as_boolean(settings[name]) is False}
    return [(service, script) for service, script in items if service not in off]
