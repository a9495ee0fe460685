"""Links from a row of a table to another dashboard with its filters set, as SQL expressions."""

from __future__ import annotations

from tutoraspects.dashboards.charts import Link
from tutoraspects.dashboards.edition import Edition
from tutoraspects.dashboards.filters import id_of
from tutoraspects.dashboards.model import SelectFilter


def literal(text: str) -> str:
    """A text as ClickHouse writes it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def expression(link: Link, edition: Edition) -> str:
    """An HTML link, made from the columns of the row.

    The state of filters in an address is Rison: https://github.com/Nanonid/rison.
    """
    dashboard = edition.catalogue.dashboards[link.dashboard]
    columns = {
        rule.name: rule.column for rule in dashboard.filters if isinstance(rule, SelectFilter)
    }
    states = [
        _state(id_of(dashboard, name), columns[name], column) for name, column in link.set.items()
    ]
    rison = "concat('(', " + ", ',', ".join(states) + ", ')')"
    address = f"/superset/dashboard/{edition.slug(link.dashboard)}/?native_filters="
    text = edition.word(link.text)
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, entity)
    return (
        f"concat({literal('<a href=')}, char(34), {literal(address)}, "
        f"encodeURLComponent({rison}), char(34), {literal(f'>{text}</a>')})"
    )


def _state(id: str, column: str, source: str) -> str:
    value = (
        f"concat(char(39), replaceAll(replaceAll({source}, '!', '!!'), char(39), "
        "concat('!', char(39))), char(39))"
    )
    chosen = (literal("label:"), value, literal(",validateStatus:!f,value:!("), value)
    parts = (
        literal(f"{id}:(__cache:("),
        *chosen,
        literal(f")),extraFormData:(filters:!((col:{column},op:IN,val:!("),
        value,
        literal(")))),filterState:("),
        *chosen,
        literal(f")),id:{id},ownState:())"),
    )
    return ", ".join(parts)
