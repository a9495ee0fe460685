"""Helm charts from manifests: which object goes into which chart, and the files of a chart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from tutoraspects import __version__
from tutoraspects.gitops import charttext, fields, manifests, waves, yamltext
from tutoraspects.gitops.components import (
    APPLICATION_CHART,
    CLICKHOUSE_CHART,
    Component,
    component_of,
)
from tutoraspects.gitops.lift import Lifted, Lifter, data_name, scopes
from tutoraspects.gitops.manifests import COMPONENT_LABEL, Document
from tutoraspects.gitops.values import Values, values_yaml
from tutoraspects.gitops.values_schema import values_schema
from tutoraspects.gitops.yamltext import Block, Expression, Extended

_DESCRIPTIONS = {
    APPLICATION_CHART: "Learning analytics for Open edX: everything but the database",
    CLICKHOUSE_CHART: "Learning analytics for Open edX: ClickHouse, and its Keepers in a cluster",
}


@dataclass
class Chart:
    """The objects of one chart, and what has been lifted from them."""

    name: str
    namespace: str
    components: dict[Component, list[Document]] = field(default_factory=dict)
    values: Values = field(default_factory=Values)

    def files(self) -> dict[str, str]:
        """Path below the chart's folder -> text."""
        templates = dict(self._templates())
        self._sort_values()
        description = _DESCRIPTIONS[self.name]
        return {
            "Chart.yaml": charttext.chart_yaml(self.name, description, __version__),
            "README.md": charttext.readme(
                self.name, description, self.namespace, self.components, self.values
            ),
            "values.yaml": values_yaml(self.name, self.values),
            "values.schema.json": values_schema(self.name, self.values),
            "templates/_helpers.tpl": charttext.helpers(self.name),
            "templates/NOTES.txt": charttext.notes(self.name, self.components),
            **templates,
        }

    def _templates(self) -> Iterator[tuple[str, str]]:
        config_maps = {
            document["metadata"]["name"]: frozenset(document.get("data") or {})
            for documents in self.components.values()
            for document in documents
            if document["kind"] == "ConfigMap"
        }
        for component, documents in self.components.items():
            self.values.heading(component.key, component.meaning)
            keys = scopes(component, documents)
            lifter = Lifter(self.name, component, self.values, config_maps)
            for document in documents:
                kind, name = document["kind"].lower(), document["metadata"]["name"]
                lifted = lifter.lift(document, keys[manifests.title(document)])
                text = self._template(document, lifted, component)
                yield f"templates/{component.key}/{kind}-{name}.yaml", text

    def _template(self, document: Document, lifted: Lifted, component: Component) -> str:
        """The text of a template file: named parts first, then the object if it is enabled."""
        name, made = document["metadata"]["name"], lifted.document
        metadata = made["metadata"]
        labels = {COMPONENT_LABEL: component.role, **(metadata.get("labels") or {})}
        metadata["labels"] = Extended(labels, always=[f'include "{self.name}.labels" .'])
        _annotate(metadata, waves.annotations_of(document))
        parts = guard = ""
        if document["kind"] == "ConfigMap":
            part = data_name(self.name, name)
            parts = _define(part, yamltext.template(made["data"]))
            made["data"] = Block(f'include "{part}" .', optional=False)
        elif document["kind"] == "Job":
            # A Job cannot be changed: another content makes another name.
            part = f"{self.name}.job.{name}"
            parts = _define(part, yamltext.template(made["spec"]))
            made["spec"] = Block(f'include "{part}" .', optional=False)
            metadata["name"] = Expression(
                f'printf "{name}-%s" (include "{part}" . | sha256sum | trunc 8)'
            )
        elif document["kind"] == "HorizontalPodAutoscaler":
            guard = _bounds(made)
        condition = " ".join(lifted.conditions)
        if len(lifted.conditions) > 1:
            condition = f"and {condition}"
        return f"{parts}{{{{- if {condition} }}}}\n{guard}{yamltext.template(made)}{{{{- end }}}}\n"

    def _sort_values(self) -> None:
        keys = [component.key for component in self.components]
        ordered = sorted(
            self.values.values.values(),
            key=lambda value: (
                keys.index(value.path.split(".")[0]),
                fields.position(value.path),
            ),
        )
        self.values.values = {value.path: value for value in ordered}


def charts(documents: Iterable[Document], namespace: str) -> dict[str, Chart]:
    """The objects by chart. Without ClickHouse there is one chart only.

    `namespace` is where they go, for the instructions alone.

    The objects that bring the passwords go into the chart that is deployed first, because nothing
    starts without them.
    """
    documents = list(documents)
    names = {component_of(manifests.component_name(d)).chart for d in documents}
    first = CLICKHOUSE_CHART if CLICKHOUSE_CHART in names else APPLICATION_CHART
    found: dict[str, Chart] = {}
    for document in documents:
        component = component_of(manifests.component_name(document))
        name = first if component.key == "secrets" else component.chart
        chart = found.setdefault(name, Chart(name, namespace))
        chart.components.setdefault(component, []).append(document)
    for chart in found.values():
        chart.components = dict(sorted(chart.components.items(), key=lambda item: item[0].key))
    return dict(sorted(found.items(), reverse=True))  # aspects-clickhouse comes first


def _annotate(metadata: Document, more: dict[str, str]) -> None:
    """Add annotations of our own to those that a manifest or a value brings."""
    present = metadata.get("annotations") or {}
    if not more:
        return
    if isinstance(present, Block):
        metadata["annotations"] = Extended(more, optional=[present.code])
    elif isinstance(present, Extended):
        metadata["annotations"] = replace(present, own={**present.own, **more})
    else:
        metadata["annotations"] = {**present, **more}


def _define(name: str, body: str) -> str:
    return f'{{{{- define "{name}" -}}}}\n{body}{{{{- end }}}}\n'


def _bounds(lifted: Document) -> str:
    """Refuses an autoscaler whose bounds contradict each other."""
    low, high = (lifted["spec"][bound].code for bound in ("minReplicas", "maxReplicas"))
    path = low.removeprefix("int .Values.").removesuffix(".minReplicas")
    message = f"{path}: minReplicas is above maxReplicas"
    return f'{{{{- if gt ({low}) ({high}) }}}}{{{{ fail "{message}" }}}}{{{{- end }}}}\n'
