"""`tutor aspects preflight`: is the cluster ready?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from tutor import config as tutor_config
from tutor import env as tutor_env
from tutor.commands.context import Context

from tutoraspects import topology
from tutoraspects.cli.plan import total
from tutoraspects.errors import AspectsError
from tutoraspects.gitops import argocd, components, external_secrets, manifests
from tutoraspects.gitops import preflight as checks
from tutoraspects.gitops.finding import Finding
from tutoraspects.gitops.kubectl import Kubectl
from tutoraspects.gitops.preflight import Size
from tutoraspects.topology import Plan

_MOST_ZONES = 3


@click.command(short_help="Ask the cluster for what the manifests need")
@click.option("--context", "cluster", default="", metavar="NAME", help="Context of kubectl.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a machine to read.")
@click.pass_obj
def preflight(context: Context, cluster: str, as_json: bool) -> None:
    """Ask the Kubernetes cluster, through kubectl, for what the rendered manifests need.

    To be run before `tutor k8s start`, or before the first sync of Argo CD. Changes nothing. Names
    everything that is missing with the command that installs it, and exits with 1.
    """
    config = tutor_config.load(context.root)
    documents = _documents(Path(tutor_env.pathjoin(context.root)), config)
    size = size_of(topology.plan(config))
    found = checks.findings(documents, config, size, Kubectl(cluster))
    missing = [finding for finding in found if not finding.met]
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in found], indent=2))
        raise SystemExit(1 if missing else 0)
    for finding in found:
        _tell(finding)
    if missing:
        raise AspectsError(
            f"{len(missing)} of {len(found)} needs are not met: run the commands above."
        )
    click.secho(f"done: {len(found)} of {len(found)} needs are met.", fg="green")


def _documents(env_root: Path, config: Mapping[str, Any]) -> list[dict[str, Any]]:
    documents = manifests.load(env_root)
    if not checks.is_argocd(config):
        return documents
    references = external_secrets.external_secrets(documents, config)
    kept = [document for document in documents if document["kind"] != "Secret"]
    charts = [components.APPLICATION_CHART]
    if topology.plan(config).own_clickhouse:
        charts.insert(0, components.CLICKHOUSE_CHART)
    read = [document for _, document in argocd.applications(charts, config)]
    return checks.applied([*kept, *references], read)


def size_of(plan: Plan) -> Size:
    """What a plan asks of a cluster's machines."""
    reserved = total(plan)
    apart = max(plan.replicas if plan.own_clickhouse else 1, plan.keepers, 1)
    parts = [plan.ralph] if plan.ralph_replicas else []
    if plan.own_clickhouse:
        parts.append(plan.clickhouse)
    return Size(
        cpu=reserved["cpu_request"],
        memory_mib=reserved["memory_mib"],
        zones=min(apart, _MOST_ZONES),
        machines=apart,
        largest_cpu=max((part.cpu_request for part in parts), default=0),
        largest_memory_mib=max((part.memory_mib for part in parts), default=0),
    )


def _tell(finding: Finding) -> None:
    found = f" (found: {finding.found})" if finding.found else ""
    if finding.met:
        click.echo(f"ok       {finding.need}{found}")
        return
    click.secho(f"MISSING  {finding.need}{found}", fg="red")
    if finding.command:
        # Not indented where it has several lines: a shell looks for the end of a document (`<<END`)
        # at the begin of a line.
        several = "\n" in finding.command
        click.echo(finding.command if several else f"         {finding.command}")
