"""Superset in a real browser: Chromium, without a window."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lab.processes import LabError

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request, Response

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
]
# Higher than any dashboard: Superset draws only charts that can be seen.
SIZE = {"width": 1440, "height": 3600}
PATIENCE = 60.0

# What stands in each chart's place, and whether it is still being drawn.
_STATE = """
() => {
  const failed = '.ant-alert-error, [role="alert"], .alert-danger, [data-test="error-message"]';
  const drawn = '.slice_container canvas, .slice_container table, .header-line, .ant-empty';
  const isText = holder => holder.innerText.trim() && !holder.querySelector('.chart-slice');
  return Array.from(document.querySelectorAll('.dashboard-component-chart-holder'))
    .filter(holder => holder.offsetParent !== null && !isText(holder))
    .map(holder => {
      const has = query => holder.querySelector(query) !== null;
      const chart = holder.querySelector('[data-test-chart-id]');
      const title = holder.querySelector('[data-test="editable-title"], .header-title');
      return {
        id: chart ? Number(chart.getAttribute('data-test-chart-id')) : 0,
        title: title ? title.innerText.trim() : '',
        loading: has('[data-test="loading-indicator"], .loading') || !(has(drawn) || has(failed)),
        error: has(failed),
        empty: has('.ant-empty'),
        text: holder.innerText.slice(0, 300),
      };
    });
}
"""


@dataclass
class Shown:
    """A chart as it was found on a page."""

    id: int
    title: str
    error: bool
    empty: bool
    text: str


@dataclass
class Browser:
    """A session of somebody. `console`: errors of pages; `asked`: bodies of the charts' requests,
    by the number of the chart."""

    page: Page
    base: str
    console: list[str] = field(default_factory=list)
    asked: dict[int, dict[str, Any]] = field(default_factory=dict)

    def login(self, name: str) -> None:
        """By clicks: Superset's page for logging in, the LMS' double, and back."""
        self.page.goto(f"{self.base}/login/")
        if "/login" in self.page.url:
            self.page.get_by_role("link", name=re.compile("openedx", re.IGNORECASE)).or_(
                self.page.get_by_role("button", name=re.compile("openedx", re.IGNORECASE))
            ).first.click()
        self.page.get_by_role("link", name=name, exact=True).click()
        self.page.wait_for_url(f"{self.base}/**")

    def open(self, slug: str) -> None:
        """A dashboard, until all charts of its first tab are drawn."""
        self.page.goto(f"{self.base}/superset/dashboard/{slug}/")
        self.page.wait_for_selector('[data-test="dashboard-content-wrapper"], .dashboard')
        self.settle()

    def settle(self) -> list[Shown]:
        """Wait until every visible chart is drawn. Raises LabError when one is not."""
        deadline, quiet = time.monotonic() + PATIENCE, 0
        while True:
            self.page.wait_for_timeout(400)
            found = self.page.evaluate(_STATE)
            drawn = not any(one["loading"] for one in found)
            if drawn and not found:  # a tab with nothing but text
                drawn = self.page.locator(".dashboard-component-chart-holder:visible").count() > 0
            quiet = quiet + 1 if drawn else 0
            if quiet >= 3:
                break
            if time.monotonic() > deadline:
                left = [one["title"] for one in found if one["loading"]]
                raise LabError(f"{self.page.url}: not drawn within {PATIENCE:.0f} s: {left}")
        return [
            Shown(one["id"], one["title"], one["error"], one["empty"], one["text"]) for one in found
        ]

    def tabs(self) -> Iterator[tuple[tuple[str, ...], list[Shown]]]:
        """Every tab with its charts, inner tabs too; the names from the outermost on."""
        yield from self._tabs(())

    def _tabs(self, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[Shown]]]:
        bars = self.page.locator('[data-test="dashboard-component-tabs"]:visible')
        if bars.count() <= len(path):
            yield path, self.settle()
            return
        bar = bars.nth(len(path))
        names = bar.locator(
            "> .ant-tabs > .ant-tabs-nav [role=tab], > * > .ant-tabs > .ant-tabs-nav [role=tab]"
        )
        for number in range(names.count()):
            name = names.nth(number).inner_text().strip()
            names.nth(number).click()
            self.page.wait_for_timeout(300)
            yield from self._tabs((*path, name))

    def picture(self, path: Path, height: int | None = None) -> None:
        """A screenshot of the page, cut after `height` pixels, or after the last chart."""
        path.parent.mkdir(parents=True, exist_ok=True)
        clip = {"x": 0, "y": 0, "width": SIZE["width"], "height": height or self._end()}
        self.page.screenshot(path=str(path), clip=clip)  # type: ignore[arg-type]

    def _end(self) -> int:
        bottoms = self.page.evaluate(
            "() => Array.from(document.querySelectorAll('.dashboard-component-chart-holder'))"
            ".map(one => Math.ceil(one.getBoundingClientRect().bottom))"
        )
        return int(min(max([*bottoms, 400]) + 30, SIZE["height"]))

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            asked = response.request
            self.console.append(f"HTTP {response.status} {asked.method} {response.url}")

    def _heard(self, request: Request) -> None:
        if "/api/v1/chart/data" in request.url and request.post_data:
            body = json.loads(request.post_data)
            number = (body.get("form_data") or {}).get("slice_id")
            if number:
                self.asked[int(number)] = body


@contextmanager
def opened(base: str, locale: str = "en-GB") -> Iterator[Browser]:
    """A new session without cookies."""
    executable = shutil.which("chromium")
    if not executable:
        raise LabError("chromium is missing: run `make lab-superset`")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise LabError("playwright is missing: run `make lab-superset`") from None
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)
        try:
            page = chromium.new_context(
                viewport=SIZE,
                locale=locale,
                timezone_id="UTC",  # type: ignore[arg-type]
            ).new_page()
            browser = Browser(page, base)
            page.on(
                "console",
                lambda said: (
                    browser.console.append(f"{said.text} ({page.url})")
                    if said.type == "error" and not said.text.startswith("Failed to load resource")
                    else None
                ),
            )
            page.on("pageerror", lambda error: browser.console.append(f"{error} ({page.url})"))
            page.on("request", browser._heard)
            page.on("response", browser._answered)
            yield browser
        finally:
            chromium.close()
