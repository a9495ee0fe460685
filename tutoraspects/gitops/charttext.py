"""The files of a chart that are mostly prose: Chart.yaml, README.md, _helpers.tpl, NOTES.txt."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from tutoraspects.gitops import manifests, yamltext
from tutoraspects.gitops.components import APPLICATION_CHART, Component
from tutoraspects.gitops.manifests import Document
from tutoraspects.gitops.values import Values

# The oldest Kubernetes whose API has every field of the manifests.
KUBERNETES = ">=1.30.0-0"

_HELPERS = """\
{{/* Labels of every object beside its name. */}}
{{- define "CHART.labels" -}}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: aspects
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | quote }}
{{- end }}

{{/* Labels of pods: nothing that a new version changes, which would start every pod anew. */}}
{{- define "CHART.podLabels" -}}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/part-of: aspects
{{- end }}

{{/* The name of an image from its parts. */}}
{{- define "CHART.image" -}}
{{ .repository }}{{ with .tag }}:{{ . }}{{ end }}{{ with .digest }}@{{ . }}{{ end }}
{{- end }}
"""


def chart_yaml(name: str, description: str, version: str) -> str:
    return yamltext.plain(
        {
            "apiVersion": "v2",
            "name": name,
            "description": description,
            "type": "application",
            "version": version,
            "appVersion": version,
            "kubeVersion": KUBERNETES,
            "keywords": ["openedx", "tutor", "analytics", "clickhouse", "xapi"],
        }
    )


def helpers(name: str) -> str:
    return _HELPERS.replace("CHART", name)


def notes(name: str, components: Mapping[Component, Iterable[Document]]) -> str:
    """What Helm prints after it has installed or upgraded the chart."""
    lines = [
        "{{ .Chart.Name }} {{ .Chart.AppVersion }} is installed in the namespace "
        "{{ .Release.Namespace }} as {{ .Release.Name }}.",
        "",
        "Components:",
    ]
    for component in components:
        lines.append(
            f'  {component.key}: {{{{ ternary "on" "off" .Values.{component.key}.enabled }}}}'
        )
    lines += [
        "",
        "See its pods:",
        "  kubectl --namespace {{ .Release.Namespace }} get pods "
        "--selector app.kubernetes.io/instance={{ .Release.Name }}",
    ]
    if name == APPLICATION_CHART:
        lines += [
            "",
            "The platform must run in the same namespace, and sends events once Tutor has told it "
            "where:",
            "  tutor k8s do init --limit aspects",
            "",
            "Compare every ClickHouse node with the declared schema:",
            "  helm --namespace {{ .Release.Namespace }} test {{ .Release.Name }}",
        ]
    return "\n".join(lines) + "\n"


def readme(
    name: str,
    description: str,
    namespace: str,
    components: Mapping[Component, Iterable[Document]],
    values: Values,
) -> str:
    """README.md of a chart: what is in it, how to use it, every value."""
    return "\n".join(_readme(name, description, namespace, components, values)) + "\n"


def overview(paths: Iterable[str], namespace: str) -> str:
    """README.md of the whole output, from the paths of its files."""
    paths = sorted(paths)
    charts = sorted({path.split("/")[1] for path in paths if path.startswith("charts/")})
    lines = [
        "# Aspects for Kubernetes, by Git",
        "",
        "Made by `tutor config save` and `tutor aspects gitops export` of the Tutor plugin "
        "Aspects, from the same manifests that `tutor k8s start` applies. Do not edit these "
        "files: change a setting and export again.",
        "",
        "| Folder | Holds |",
        "|---|---|",
        *(f"| `charts/{chart}/` | a Helm chart, see its README.md |" for chart in charts),
    ]
    if any(path.startswith("argocd/") for path in paths):
        lines += [
            "| `argocd/` | the objects of Argo CD: apply `project.yaml` and `root.yaml` once, "
            "everything else follows |",
        ]
    else:
        lines += [
            "",
            "Argo CD applications are made once they know where this folder will be: "
            "`tutor config save --set ASPECTS_GITOPS_REPOSITORY_URL=https://git.example.org/platform.git`.",
        ]
    lines += [
        "",
        "Without Argo CD, install the charts in this order:",
        "",
        "```",
        *(
            f"helm upgrade --install {chart} charts/{chart} --namespace {namespace}"
            for chart in sorted(charts, key=lambda chart: chart == APPLICATION_CHART)
        ),
        "```",
    ]
    return "\n".join(lines) + "\n"


def _readme(
    name: str,
    description: str,
    namespace: str,
    components: Mapping[Component, Iterable[Document]],
    values: Values,
) -> Iterator[str]:
    yield f"# {name}\n"
    yield f"{description}.\n"
    yield (
        "Made by `tutor config save` from the settings of the Tutor plugin Aspects: do not edit "
        "the files here, they are written anew. Change a setting, or set values in a file of "
        "your own:\n"
    )
    command = f"helm upgrade --install {name} . --namespace {namespace} --values my-values.yaml"
    yield f"```\n{command}\n```\n"
    yield (
        "Install it into the namespace of the Open edX platform, once: names such as `clickhouse` "
        "and `ralph` are how the parts find each other. With its default values it renders the "
        "objects that `tutor k8s start` applies.\n"
    )
    yield "## Objects\n"
    yield "| Component | Objects | Meaning |"
    yield "|---|---|---|"
    for component, documents in components.items():
        titles = ", ".join(f"`{manifests.title(document)}`" for document in documents)
        yield f"| `{component.key}` | {titles} | {component.meaning} |"
    yield "\n## Values\n"
    yield "`values.schema.json` holds their types and ranges; Helm refuses any other name.\n"
    yield "| Value | Default | Meaning |"
    yield "|---|---|---|"
    for value in values.values.values():
        default = json.dumps(value.default, ensure_ascii=False)
        cells = (f"`{value.path}`", f"`{default}`", value.comment)
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
