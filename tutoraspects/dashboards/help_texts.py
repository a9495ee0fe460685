"""Help tabs that an installation writes itself: the settings of tutor-contrib-aspects."""

from __future__ import annotations

from collections.abc import Mapping

VARIABLES = {
    "course-dashboard": "ASPECTS_COURSE_OVERVIEW_HELP_MARKDOWN",
    "learner-groups": "ASPECTS_LEARNER_GROUPS_HELP_MARKDOWN",
    "individual-learner": "ASPECTS_INDIVIDUAL_LEARNER_HELP_MARKDOWN",
    "course-comparison": "ASPECTS_COURSE_COMPARISON_HELP_MARKDOWN",
    "operator-dashboard": "ASPECTS_OPERATOR_HELP_MARKDOWN",
}


def help_texts(environment: Mapping[str, str]) -> dict[str, str]:
    """Markdown by slug, in place of the list of what the charts mean."""
    return {
        slug: environment[variable]
        for slug, variable in VARIABLES.items()
        if environment.get(variable)
    }
