"""Refuses a configuration that cannot work, before anything is rendered from it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping

from tutoraspects import topology
from tutoraspects.errors import AspectsError
from tutoraspects.settings import CATALOGUE
from tutoraspects.settings.contradictions import contradictions
from tutoraspects.settings.setting import Setting
from tutoraspects.settings.types import complaint

# Names of tutor-contrib-aspects, old and new, that mean nothing here, and why.
REMOVED = {
    "ASPECTS_VECTOR_RAW_XAPI_TABLE": "both raw tables are now named by ASPECTS_RAW_XAPI_TABLE",
    "ASPECTS_INSTRUCTOR_HELP_MARKDOWN": "each dashboard has a help text of its own, such as "
    "ASPECTS_COURSE_OVERVIEW_HELP_MARKDOWN",
    **dict.fromkeys(
        (
            "DBT_REPOSITORY",
            "DBT_BRANCH",
            "DBT_SSH_KEY",
            "DBT_STATE_DIR",
            "DBT_PROFILES_DIR",
            "DBT_HOST",
        ),
        "the reporting models are part of this plugin and its job image",
    ),
}
_NOT_DEPLOYED = ("RUN_VECTOR", "RUN_ASPECTS_DOCS")
# Every unknown name with the first prefix is a mistake. The others are shared with the platform
# and with other plugins, so that only a near miss of one of our names is.
_OWN_PREFIX = "ASPECTS_"
_SHARED_PREFIXES = ("CLICKHOUSE_", "RALPH_", "EVENT_SINK_", "EVENT_ROUTING_BACKEND_")
_NEAR = 0.85
_CREDENTIALS = re.compile(r"://[^/\s]*@")


def validate(config: Mapping[str, object], registered: Collection[str] = ()) -> None:
    """Check rendered settings.

    `registered` holds the names that Tutor and its plugins declare, which are nobody's mistake.
    Raises AspectsError with one sentence for each problem.
    """
    found = list(problems(config, registered))
    if len(found) == 1:
        raise AspectsError(found[0])
    if found:
        lines = "".join(f"\n- {problem}" for problem in found)
        raise AspectsError(f"{len(found)} settings need mending:{lines}")


def problems(config: Mapping[str, object], registered: Collection[str] = ()) -> Iterator[str]:
    """One sentence for each problem: names first, then values, then contradictions."""
    yield from _names(config, registered)
    values = list(_values(config))
    yield from values
    if not values:  # a contradiction between values of the wrong type would say nothing
        yield from contradictions(config, topology.plan(config))


def notices(config: Mapping[str, object]) -> Iterator[str]:
    """One sentence for each part that is switched on and that this version does not deploy."""
    for name in _NOT_DEPLOYED:
        if config.get(name):
            yield f"{name} is true, and this version of Aspects does not deploy it yet."


def _names(config: Mapping[str, object], registered: Collection[str]) -> Iterator[str]:
    for name in sorted(config):
        if name in CATALOGUE or name in registered:
            continue
        unset = f"run `tutor config save --unset {name}`"
        if name in REMOVED:
            yield f"{name} is no longer a setting, because {REMOVED[name]}: {unset}."
            continue
        own = name.startswith(_OWN_PREFIX)
        if not own and not name.startswith(_SHARED_PREFIXES):
            continue
        near = difflib.get_close_matches(name, CATALOGUE, n=1, cutoff=0.6 if own else _NEAR)
        if near:
            yield f"{name} is not a setting, did you mean {near[0]}: {unset}, then set {near[0]}."
        elif own:
            yield f"{name} is not a setting of Aspects: {unset}."


def _values(config: Mapping[str, object]) -> Iterator[str]:
    for setting in CATALOGUE.values():
        if setting.name not in config:
            continue
        value = config[setting.name]
        wanted = complaint(setting, value)
        if wanted:
            # Tutor reads what --set gives as YAML: a secret of digits needs quotes of its own.
            example = (
                f"'{setting.name}=\"...\"'" if setting.type == "secret" else f"{setting.name}=..."
            )
            yield (
                f"{setting.name}{_shown(setting, value)} must be {wanted}: run "
                f"`tutor config save --set {example}`, or `--unset {setting.name}` for "
                "the default."
            )


def _shown(setting: Setting, value: object) -> str:
    """The value for the message, unless it is secret or long."""
    if setting.type in ("secret", "environment"):
        return ""
    text = _CREDENTIALS.sub("://...@", repr(value))
    return f" is {text if len(text) <= 60 else text[:57] + '...'} and"
