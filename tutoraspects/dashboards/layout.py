"""Where the charts of a dashboard stand: Superset's tree of elements with ids, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tutoraspects.dashboards.charts import Chart
from tutoraspects.dashboards.edition import Edition
from tutoraspects.dashboards.identity import element_id
from tutoraspects.dashboards.model import Dashboard, Pile, Tab, Text, Use
from tutoraspects.dashboards.strings import HELP_TAB, HELP_TITLE, translated

Element = dict[str, Any]
COLUMNS = 12


def widths(row: list[Any]) -> list[int]:
    """Of every cell in columns: those without one share what the others leave."""
    given = sum(cell.width or 0 for cell in row)
    open_cells = sum(cell.width is None for cell in row)
    share = max(1, (COLUMNS - given) // open_cells) if open_cells else 0
    return [cell.width or share for cell in row]


class Layout:
    """Builds the position of one dashboard."""

    def __init__(self, edition: Edition, dashboard: Dashboard, help_text: str = "") -> None:
        self.edition = edition
        self.dashboard = dashboard
        self.slug = dashboard.dashboard
        self.elements: dict[str, Element] = {}
        # Number of a chart in this dashboard, by its id; the import replaces the numbers.
        self.numbers: dict[str, int] = {}
        children = self._rows(dashboard.rows, ("rows",), ["ROOT_ID", "GRID_ID"])
        children += self._tabs(dashboard.tabs, (), ["ROOT_ID", "GRID_ID"], help_text)
        self._add("GRID_ID", "GRID", ["ROOT_ID"], {}, children)
        self._add("ROOT_ID", "ROOT", [], {}, ["GRID_ID"])
        self.elements["HEADER_ID"] = {
            "id": "HEADER_ID",
            "type": "HEADER",
            "meta": {"text": edition.word(dashboard.title)},
        }

    def position(self) -> dict[str, Any]:
        """What Superset stores."""
        return {"DASHBOARD_VERSION_KEY": "v2", **self.elements}

    def tab_id(self, name: str) -> str:
        """Id of a top tab by its English name."""
        number = next(i for i, tab in enumerate(self.dashboard.tabs) if tab.tab == name)
        return element_id("TAB", self.slug, f"tabs[{number}]")

    def _add(
        self, id: str, type: str, parents: list[str], meta: Element, children: list[str]
    ) -> str:
        self.elements[id] = {
            "id": id,
            "type": type,
            "children": children,
            **({"parents": parents} if parents else {}),
            **({"meta": meta} if meta else {}),
        }
        return id

    def _tabs(
        self, tabs: list[Tab], path: tuple[str, ...], parents: list[str], help_text: str = ""
    ) -> list[str]:
        if not tabs:
            return []
        id = element_id("TABS", self.slug, *path)
        inside = [*parents, id]
        children = []
        for number, tab in enumerate(tabs):
            here = (*path, f"tabs[{number}]")
            tab_id = element_id("TAB", self.slug, *here)
            content = self._rows(tab.rows, (*here, "rows"), [*inside, tab_id])
            content += self._tabs(tab.tabs, here, [*inside, tab_id])
            if content:
                meta = self._tab_meta(tab.tab)
                children.append(self._add(tab_id, "TAB", inside, meta, content))
        if not path and self.dashboard.help:
            children.append(self._help(inside, help_text))
        return [self._add(id, "TABS", parents, {}, children)]

    def _tab_meta(self, text: str) -> Element:
        return {
            "text": self.edition.word(text),
            "defaultText": "Tab title",
            "placeholder": "Tab title",
        }

    def _help(self, parents: list[str], text: str) -> str:
        """A tab that lists what the charts mean, or what the installation says instead."""
        tab = help_tab_id(self.slug)
        row, note = element_id("ROW", self.slug, "help"), element_id("MARKDOWN", self.slug, "help")
        inside = [*parents, tab]
        meta = {"code": text or self._explanation(), "width": COLUMNS, "height": 80}
        self._add(note, "MARKDOWN", [*inside, row], meta, [])
        self._add(row, "ROW", inside, {"background": "BACKGROUND_TRANSPARENT"}, [note])
        return self._add(tab, "TAB", parents, self._tab_meta(HELP_TAB), [row])

    def _explanation(self) -> str:
        lines = [f"## {self.edition.word(HELP_TITLE)}", ""]
        lines += [self.edition.word(self.dashboard.description), ""]
        for slug, chart in self.edition.catalogue.shown(self.dashboard):
            if self.edition.has(slug, chart):
                told = translated(chart, self.edition.words)
                line = f"- **{told.title}**: {told.means}"
                lines += [line] if line not in lines else []
        return "\n".join(lines) + "\n"

    def _rows(self, rows: list[Any], path: tuple[str, ...], parents: list[str]) -> list[str]:
        found = []
        for number, row in enumerate(rows):
            here = (*path, str(number))
            id = element_id("ROW", self.slug, *here)
            children = self._cells(row, widths(row), here, [*parents, id])
            if children:
                meta = {"background": "BACKGROUND_TRANSPARENT"}
                found.append(self._add(id, "ROW", parents, meta, children))
        return found

    def _cells(
        self, cells: list[Any], shares: list[int], path: tuple[str, ...], parents: list[str]
    ) -> list[str]:
        found = []
        for number, (cell, width) in enumerate(zip(cells, shares, strict=True)):
            here = (*path, str(number))
            if isinstance(cell, Pile):
                id = element_id("COLUMN", self.slug, *here)
                inner = self._cells(cell.pile, [width] * len(cell.pile), here, [*parents, id])
                meta = {"background": "BACKGROUND_TRANSPARENT", "width": width}
                found += [self._add(id, "COLUMN", parents, meta, inner)] if inner else []
            elif isinstance(cell, Text):
                id = element_id("MARKDOWN", self.slug, *here)
                code = self.edition.word(cell.text)
                meta = {"code": code, "width": width, "height": cell.height}
                found.append(self._add(id, "MARKDOWN", parents, meta, []))
            else:
                found += self._chart(cell, width, here, parents)
        return found

    def _chart(
        self, cell: Chart | Use, width: int, path: tuple[str, ...], parents: list[str]
    ) -> list[str]:
        slug, chart, height = self.slug, cell, cell.height
        if isinstance(cell, Use):
            slug, _, key = cell.use.partition("/")
            chart = self.edition.catalogue.chart(slug, key) or cell
        if not isinstance(chart, Chart) or not self.edition.has(slug, chart):
            return []
        uuid = self.edition.chart_uuid(slug, chart)
        number = self.numbers.setdefault(uuid, len(self.numbers) + 1)
        meta = {
            "chartId": number,
            "uuid": uuid,
            "width": width,
            "height": height or chart.height,
            "sliceName": self.edition.word(chart.title),
        }
        return [self._add(element_id("CHART", self.slug, *path), "CHART", parents, meta, [])]


def help_tab_id(slug: str) -> str:
    """Id of the tab with explanations."""
    return element_id("TAB", slug, "help")


def read_back(
    slug: str, position: dict[str, Any], cell_of: Callable[[Element], dict[str, Any]]
) -> dict[str, Any]:
    """`rows`, `tabs` and `help` of a dashboard from what Superset stores.

    `cell_of` makes a cell from the `meta` of a chart.
    """
    reader = _Reader(slug, position, cell_of)
    grid = position.get("GRID_ID") or position["ROOT_ID"]
    found: dict[str, Any] = {"help": help_tab_id(slug) in position}
    rows, tabs = reader.content(grid)
    return found | ({"rows": rows} if rows else {}) | ({"tabs": tabs} if tabs else {})


class _Reader:
    def __init__(
        self, slug: str, position: dict[str, Any], cell_of: Callable[[Element], dict[str, Any]]
    ) -> None:
        self.slug = slug
        self.position = position
        self.cell_of = cell_of

    def content(self, element: Element) -> tuple[list[Any], list[Any]]:
        """Rows and tabs in an element."""
        rows: list[Any] = []
        tabs: list[Any] = []
        for child in self._children(element):
            if child["type"] == "ROW":
                rows.append(self._cells(child))
            elif child["type"] == "TABS":
                tabs += [
                    self._tab(tab)
                    for tab in self._children(child)
                    if tab["id"] != help_tab_id(self.slug)
                ]
        return rows, tabs

    def _tab(self, element: Element) -> dict[str, Any]:
        rows, tabs = self.content(element)
        found: dict[str, Any] = {"tab": element["meta"]["text"]}
        return found | ({"rows": rows} if rows else {}) | ({"tabs": tabs} if tabs else {})

    def _children(self, element: Element) -> Iterator[Element]:
        for id in element.get("children") or []:
            if id in self.position:
                yield self.position[id]

    def _cells(self, element: Element) -> list[dict[str, Any]]:
        found = []
        for child in self._children(element):
            meta = child.get("meta") or {}
            if child["type"] == "CHART":
                found.append(self.cell_of(meta))
            elif child["type"] == "MARKDOWN":
                keys = ("width", "height")
                found.append({"text": meta["code"], **{key: meta[key] for key in keys}})
            elif child["type"] == "COLUMN":
                found.append({"pile": self._cells(child), "width": meta["width"]})
        return found
