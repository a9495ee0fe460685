"""Help tabs that an installation writes itself: its settings ASPECTS_…_HELP_MARKDOWN."""

from __future__ import annotations

import json
from collections.abc import Set

from tutoraspects.errors import AspectsError

VARIABLE = "ASPECTS_DASHBOARD_HELP"


def read(value: str, slugs: Set[str]) -> dict[str, str]:
    """Markdown by slug, in place of the list of what the charts mean.

    `value`: a JSON object; empty means none. `slugs`: the dashboards that have a help tab. Raises
    AspectsError if `value` is anything else, or names another dashboard.
    """
    if not value:
        return {}
    try:
        texts = json.loads(value)
    except ValueError:
        texts = None
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise AspectsError(
            f"{VARIABLE} is not a JSON object of Markdown by slug, such as "
            '{"course-dashboard": "# Ask us"}.'
        )
    if unknown := sorted(set(texts) - slugs):
        raise AspectsError(
            f"{VARIABLE} has a text for {', '.join(unknown)}; those with "
            f"a help tab are {', '.join(sorted(slugs))}."
        )
    return texts
