"""What types of charts share beyond `charts.Chart`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tutoraspects.dashboards.base import Name
from tutoraspects.dashboards.charts import Chart

Names = Annotated[tuple[Name, ...], Field(strict=False)]
SomeNames = Annotated[tuple[Name, ...], Field(strict=False, min_length=1)]


class OneMetric(Chart):
    """One metric over groups."""

    metric: Name
    format: str = "SMART_NUMBER"

    def dimensions(self) -> list[str]:
        return list(getattr(self, "by", ()))

    def measures(self) -> list[str]:
        return [self.metric]
