"""`tutor aspects gitops …`: the Helm charts and Argo CD applications of this configuration."""

from __future__ import annotations

from pathlib import Path

import click
from tutor import config as tutor_config
from tutor import env as tutor_env
from tutor.commands.context import Context

from tutoraspects.errors import AspectsError
from tutoraspects.gitops import export as gitops_export


@click.group(short_help="Helm charts and Argo CD applications")
def gitops() -> None:
    """Helm charts and Argo CD applications, made from the rendered Kubernetes manifests."""


@gitops.command(short_help="Write the charts and applications into a folder")
@click.option(
    "--to",
    "destination",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write to, such as one of a Git working tree.",
)
@click.option(
    "--check", is_flag=True, help="Write nothing; exit with 1 when the folder differs, for CI."
)
@click.pass_obj
def export(context: Context, destination: Path, check: bool) -> None:
    """Write what `tutor config save` puts into env/plugins/aspects/gitops into another folder.

    Files that an earlier export wrote there and that are no longer rendered are deleted; no
    other file is touched. The environment must be up to date: run `tutor config save` first.

    \b
    Examples:
      tutor aspects gitops export --to ~/platform/analytics
      tutor aspects gitops export --to ~/platform/analytics --check
    """
    settings = tutor_config.load(context.root)
    environment = Path(tutor_env.pathjoin(context.root))
    tree = gitops_export.render(environment, settings)
    if gitops_export.compare(tree, environment / gitops_export.FOLDER):
        raise AspectsError(
            f"{environment} was rendered from other settings than those of now: run "
            "`tutor config save` and export again."
        )
    if not check:
        click.echo(gitops_export.write(tree, destination).summary())
        return
    difference = gitops_export.compare(tree, destination)
    click.echo(difference.summary())
    if difference:
        raise AspectsError(
            f"{destination} is not what this configuration renders: run `tutor aspects gitops "
            f"export --to {destination}` and commit the result."
        )
