"""The init tasks, in the order in which `tutor … do init` runs them."""

from __future__ import annotations

# (service, script template below templates/, priority). Tutor's own tasks come first, with
# priorities up to 50. The schema must be there before Ralph is ready, and Ralph before the LMS
# may send to it. Every script may run any number of times.
INIT_TASKS: list[tuple[str, str, int]] = [
    ("aspects", "aspects/jobs/init/aspects.sh", 94),
    ("lms", "aspects/jobs/init/lms.sh", 97),
]
