"""Writes docs/reference/settings.md from the catalogue.

Run it in a checkout: `python -m tutoraspects.settings.reference`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from tutoraspects import __version__
from tutoraspects.settings import GROUPS, Setting
from tutoraspects.settings.validation import REMOVED

PATH = Path(__file__).resolve().parents[2] / "docs" / "reference" / "settings.md"

_INTRODUCTION = """\
<!-- Made by `python -m tutoraspects.settings.reference`: edit tutoraspects/settings instead. -->

# Settings

Set any of these with `tutor config save --set NAME=VALUE`, and go back to its default with
`tutor config save --unset NAME`. A value of the wrong type, settings that contradict each other and
a name that begins with `ASPECTS_` and is not known are refused: `tutor config save` says which in
one sentence each, and exits with 1. A name with another prefix of this page, such as `CLICKHOUSE_`,
may belong to another plugin; it is refused when it is almost one of these names.

Tutor writes `config.yml` before plugins see it. So a refused value stays in `config.yml`, the
rendered environment `env/` stays as it was, and every command that needs the configuration stops
with the same sentence until you `--set` another value or `--unset` it.

Settings marked **K** are kept: they have the name and the meaning that they have in
`tutor-contrib-aspects`. Defaults in `{{ … }}` follow from other settings. *Generated* values are
made once and stay in `config.yml`.
"""


def reference() -> str:
    """The whole page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _INTRODUCTION
    for group in GROUPS:
        yield f"## {group.title}\n"
        yield f"{group.introduction}\n"
        yield "| Setting | Default | Type | Meaning |"
        yield "|---|---|---|---|"
        for setting in group.settings:
            yield _row(setting)
        yield ""
    yield "## No longer settings\n"
    yield "Names of `tutor-contrib-aspects` that are refused, with the reason.\n"
    yield "| Name | Reason |"
    yield "|---|---|"
    for name, reason in REMOVED.items():
        yield f"| `{name}` | {reason[0].upper()}{reason[1:]}. |"
    yield ""


def _row(setting: Setting) -> str:
    marks = " **K**" if setting.kept else ""
    meaning = setting.meaning
    if setting.kind == "override":
        meaning += " Replaces the value of other plugins."
    if not setting.read:
        meaning += " *Nothing reads it yet.*"
    cells = (f"`{setting.name}`{marks}", _default(setting), _type(setting), meaning)
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _default(setting: Setting) -> str:
    default = setting.default
    if isinstance(default, str) and ("random_string" in default or "encrypt" in default):
        return "*generated*"
    if default == __version__:
        return "*the version of this plugin*"
    if default == "":
        return "*empty*"
    if isinstance(default, str):
        return f"`{default}`"
    text = yaml.safe_dump(default, default_flow_style=True, allow_unicode=True, width=10**6)
    return f"`{text.removesuffix('...' + chr(10)).strip()}`"


def _type(setting: Setting) -> str:
    if setting.choices:
        return " or ".join(f"`{choice}`" for choice in setting.choices)
    words = setting.type.replace("auto ", "`auto` or ")
    low, high = setting.minimum, setting.maximum
    if setting.type == "secret":
        return words
    if low is not None and high is not None:
        return (
            f"{words}, {low:,g} to {high:,.0f}"
            if low < 1
            else f"{words}, {low:,.0f} to {high:,.0f}"
        )
    return f"{words}, at least {low:,.0f}" if low is not None else words


if __name__ == "__main__":
    PATH.write_text(reference(), encoding="utf8")
