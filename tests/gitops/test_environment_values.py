"""Values of several environments that a chart would refuse are refused at the export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.gitops import helm
from tests.gitops.conftest import Exported, exported
from tests.helpers import sentences
from tutoraspects.errors import AspectsError
from tutoraspects.gitops import export

REPOSITORY = {"ASPECTS_GITOPS_REPOSITORY_URL": "https://git.example.org/team/platform.git"}
DIGEST = "sha256:" + "0" * 64


def settings(exported: Exported, chart: str, values: Any) -> dict[str, Any]:
    """Those of an export, with an environment of these values."""
    environments = {"production": {}, "staging": {"namespace": "s", "values": {chart: values}}}
    return {
        **exported.settings,
        **REPOSITORY,
        "ASPECTS_GITOPS_ENVIRONMENTS": environments,
    }


WRONG: list[tuple[str, Any, str]] = [
    ("aspects", {"ralph": {"replica": 1}}, "ralph has replica, which is no name of the chart"),
    ("aspects", {"ralf": {}}, "the top has ralf, which is no name of the chart"),
    ("aspects", {"ralph": {"enabled": "yes"}}, "ralph.enabled must be of type boolean"),
    ("aspects", {"ralph": {"image": {"tag": "a b"}}}, "ralph.image.tag does not match"),
    ("aspects", {"ralph": {"image": {"tag": None}}}, "ralph.image lacks 'tag'"),
    ("aspects", {"ralph": {"image": {"tag": ""}}}, "ralph.image"),
    (
        "aspects",
        {"ralph": {"autoscaling": {"maxReplicas": 1001}}},
        "ralph.autoscaling.maxReplicas must be ",
    ),
    (
        "aspects",
        {"ralph": {"autoscaling": {"minReplicas": 9, "maxReplicas": 8}}},
        "ralph.autoscaling.minReplicas is above maxReplicas",
    ),
    (
        "aspects",
        {"ralph": {"extraEnv": [{"name": "PYTHONDONTWRITEBYTECODE", "value": "hunter2"}]}},
        "ralph.extraEnv.0.name is set by the chart itself",
    ),
    ("aspects-clickhouse", {"keeper": {"replicas": 2}}, "keeper.replicas must be one of 1, 3, 5"),
    ("aspects-clickhouse", {"keeper": {"enabled": False}}, "keeper.enabled must be true"),
    ("aspects-clickhouse", {"keeper": {"storage": {"size": "0Gi"}}}, "keeper.storage.size does"),
]


@pytest.mark.parametrize(("chart", "values", "fault"), WRONG, ids=[fault for *_, fault in WRONG])
def test_a_wrong_value_is_named_with_environment_chart_and_path(
    production: Exported, chart: str, values: Any, fault: str
) -> None:
    with pytest.raises(AspectsError) as error:
        export.render(production.project.env, settings(production, chart, values))
    message = str(error.value)
    assert f"environment staging, chart {chart}, {fault}" in message
    assert "\n" not in message and "hunter2" not in message
    # And Helm is of the same mind.
    with pytest.raises(helm.Refused):
        helm.template(production.charts[chart], values)


@pytest.mark.parametrize(
    ("chart", "values"),
    [
        ("aspects", {}),
        ("aspects", None),
        ("aspects", {"ralph": {"image": {"tag": "", "digest": DIGEST}}}),
        ("aspects", {"ralph": {"resources": {"requests": {"cpu": "250m"}}}}),
        ("aspects-clickhouse", {"keeper": {"replicas": 1}, "secrets": {"remoteKey": "a/b"}}),
    ],
)
def test_right_values_pass(production: Exported, chart: str, values: Any) -> None:
    tree = export.render(production.project.env, settings(production, chart, values))
    assert f"environments/staging/{chart}.yaml" in tree
    assert helm.template(production.charts[chart], values)


def test_values_of_a_chart_that_is_not_there_are_refused(all_exports: dict[str, Exported]) -> None:
    made = all_exports["external-clickhouse"]
    with pytest.raises(AspectsError, match=r"environment staging, chart aspects-clickhouse, and"):
        export.render(made.project.env, settings(made, "aspects-clickhouse", {"keeper": {}}))


def test_a_save_with_a_wrong_value_leaves_the_output(tmp_path: Path) -> None:
    found = exported(tmp_path, "minimal", **REPOSITORY)
    before = found.project.snapshot(f"env/{export.FOLDER}")
    wrong = "{staging: {values: {aspects: {ralph: {imag: {tag: x}}}}}}"
    done = found.project.save("--set", f"ASPECTS_GITOPS_ENVIRONMENTS={wrong}", check=False)
    assert done.returncode == 1
    said = sentences(done)
    assert "environment staging, chart aspects, ralph has imag" in " ".join(said.split())
    assert "Traceback" not in said
    assert found.project.snapshot(f"env/{export.FOLDER}") == before
