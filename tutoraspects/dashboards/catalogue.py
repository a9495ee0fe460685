"""All specifications together: datasets and dashboards by name, read from folders of YAML files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from tutoraspects.dashboards import identity
from tutoraspects.dashboards.base import Part
from tutoraspects.dashboards.charts import Chart
from tutoraspects.dashboards.datasets import Column, Dataset, Metric
from tutoraspects.dashboards.model import Dashboard, Use
from tutoraspects.dashboards.problems import Problem, Source, Wrong
from tutoraspects.errors import AspectsError

SHIPPED = Path(__file__).resolve().parent / "specs"
_Model = TypeVar("_Model", bound=Part)


@dataclass
class Catalogue:
    """Datasets and dashboards by name, and where each was read."""

    datasets: dict[str, Dataset] = field(default_factory=dict)
    dashboards: dict[str, Dashboard] = field(default_factory=dict)
    sources: dict[int, Source] = field(default_factory=dict)

    def source(self, model: Part) -> Source:
        """The file of a dataset or dashboard."""
        return self.sources[id(model)]

    def root(self, name: str) -> Dataset:
        """The dataset whose columns and metrics this one has: itself, or what it extends."""
        dataset = self.datasets[name]
        while dataset.extends:
            dataset = self.datasets[dataset.extends]
        return dataset

    def columns(self, name: str) -> dict[str, Column]:
        """Columns of a dataset."""
        return self.root(name).columns

    def metrics(self, name: str) -> dict[str, Metric]:
        """Metrics of a dataset."""
        return self.root(name).metrics

    def time(self, name: str) -> str | None:
        """The column of a dataset to which time filters refer."""
        return self.root(name).time

    def dataset_uuid(self, name: str) -> str:
        """Id of a dataset."""
        return self.datasets[name].uuid or identity.dataset_uuid(name)

    def dashboard_uuid(self, slug: str) -> str:
        """Id of a dashboard."""
        return self.dashboards[slug].uuid or identity.dashboard_uuid(slug)

    def chart_uuid(self, slug: str, chart: Chart) -> str:
        """Id of a chart of a dashboard."""
        return chart.uuid or identity.chart_uuid(slug, chart.chart)

    def chart(self, slug: str, key: str) -> Chart | None:
        """A chart by the names of dashboard and chart."""
        dashboard = self.dashboards.get(slug)
        charts = dashboard.charts() if dashboard else ()
        return next((chart for chart in charts if chart.chart == key), None)

    def shown(self, dashboard: Dashboard) -> Iterator[tuple[str, Chart]]:
        """Charts on a dashboard, its own and others', each with the dashboard that declares it."""
        for _, cell in dashboard.cells():
            if isinstance(cell, Chart):
                yield dashboard.dashboard, cell
            elif isinstance(cell, Use):
                slug, _, key = cell.use.partition("/")
                chart = self.chart(slug, key)
                if chart:
                    yield slug, chart


def read(folders: Iterable[Path]) -> tuple[Catalogue, list[Problem]]:
    """Read specifications; what a later folder says replaces the same name of an earlier one."""
    catalogue = Catalogue()
    problems: list[Problem] = []
    for folder in folders:
        if not folder.is_dir():
            raise AspectsError(f"There is no folder {folder} with specifications: correct --specs.")
        seen: dict[str, str] = {}
        for path in sorted(folder.glob("datasets/*.y*ml")):
            dataset = _parsed(path, folder, Dataset, catalogue, problems)
            if dataset and _is_first(dataset.dataset, "dataset", path, seen, problems):
                catalogue.datasets[dataset.dataset] = dataset
        for path in sorted(folder.glob("dashboards/*.y*ml")):
            dashboard = _parsed(path, folder, Dashboard, catalogue, problems)
            if dashboard and _is_first(dashboard.dashboard, "dashboard", path, seen, problems):
                catalogue.dashboards[dashboard.dashboard] = dashboard
    return catalogue, problems


def _parsed(
    path: Path,
    folder: Path,
    model: type[_Model],
    catalogue: Catalogue,
    problems: list[Problem],
) -> _Model | None:
    file = path.relative_to(folder).as_posix()
    try:
        source = Source(file, path.read_text(encoding="utf8"))
        found = model.model_validate(source.data)
    except Wrong as error:
        problems.append(error.problem)
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(file, "", f"it cannot be read: {error}"))
    except ValidationError as error:
        problems.extend(source.problems(error, model))
    else:
        catalogue.sources[id(found)] = source
        return found
    return None


def _is_first(
    name: str, kind: str, path: Path, seen: dict[str, str], problems: list[Problem]
) -> bool:
    file = f"{path.parent.name}/{path.name}"
    before = seen.setdefault(f"{kind} {name}", file)
    if before != file:
        problems.append(Problem(file, kind, f"{before} has a {kind} '{name}' already"))
    return before == file
