"""One language of the dashboards of an installation: what the parts of the compiler share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tutoraspects.dashboards import identity
from tutoraspects.dashboards.catalogue import Catalogue
from tutoraspects.dashboards.charts import Chart
from tutoraspects.dashboards.model import Dashboard
from tutoraspects.dashboards.target import Target


@dataclass(frozen=True)
class Edition:
    """Specifications, an installation and a language; '' for the dashboards themselves."""

    catalogue: Catalogue
    target: Target
    locale: str = ""
    words: Mapping[str, str] = field(default_factory=dict)

    def word(self, text: str) -> str:
        """A text in this language."""
        return self.words.get(text) or text

    def uuid(self, base: str) -> str:
        """The id of this language's copy."""
        return identity.localized(base, self.locale) if self.locale else base

    def slug(self, slug: str) -> str:
        """The slug of this language's copy."""
        return f"{slug}-{identity.normal(self.locale)}" if self.locale else slug

    def dataset_uuid(self, name: str) -> str:
        """The id of this language's dataset."""
        return self.uuid(self.catalogue.dataset_uuid(name))

    def chart_uuid(self, slug: str, chart: Chart) -> str:
        """The id of this language's chart."""
        return self.uuid(self.catalogue.chart_uuid(slug, chart))

    def table_name(self, name: str) -> str:
        """What this language's dataset is called."""
        return f"{name}_{self.locale}" if self.locale else name

    def dashboards(self) -> Iterator[Dashboard]:
        """Those that this installation has."""
        for dashboard in self.catalogue.dashboards.values():
            if self.target.personal_data or not dashboard.personal_data:
                yield dashboard

    def has(self, slug: str, chart: Chart) -> bool:
        """Whether this installation has the chart."""
        if self.target.personal_data:
            return True
        base = self.catalogue.chart_uuid(slug, chart)
        return not chart.personal_data and base not in self.target.hidden_charts

    def roles(self, dashboard: Dashboard, names: Mapping[str, str]) -> list[str]:
        """Superset's roles that see the dashboard.

        Copies are for `Instructor - es` and so on, which people get with their language. The
        dashboard itself is for administrators where there are copies.
        """
        if self.locale:
            return [f"{names[role]} - {self.locale}" for role in dashboard.roles]
        if self.target.locales:
            return [names["admin"]]
        return [names[role] for role in dashboard.roles]
