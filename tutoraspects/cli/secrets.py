"""`tutor aspects secrets …`: the values behind the export's references."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
from tutor import config as tutor_config
from tutor import env as tutor_env
from tutor.commands.context import Context
from tutor.types import Config

from tutoraspects.errors import AspectsError
from tutoraspects.gitops import manifests, secrets_store
from tutoraspects.gitops.external_secrets import remote_name
from tutoraspects.gitops.secrets_store import Comparison, Push, Store, Values

_TEMPLATE = "aspects/k8s/secrets.yml"


@click.group(short_help="Put secrets into AWS Secrets Manager")
def secrets() -> None:
    """Put the secrets of this configuration into AWS Secrets Manager, and compare them.

    The GitOps export refers to them there; see ASPECTS_SECRETS_PREFIX and ASPECTS_SECRETS_REGION.
    No value is ever printed.
    """


@secrets.command(short_help="Write what is missing")
@click.option("--dry-run", is_flag=True, help="Tell what would be written; write nothing.")
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="KEY",
    help="Replace this key where it differs, and the hashes of its value; may be repeated.",
)
@click.option("--force", is_flag=True, help="Replace every key that differs.")
@click.pass_obj
def push(context: Context, dry_run: bool, keys: Sequence[str], force: bool) -> None:
    """Write the secrets of this configuration to AWS Secrets Manager.

    Keys that are missing there are added. A key that differs may be newer there than here: it
    stays, and nothing is written, unless --key or --force says that it is to be replaced.
    """
    config = tutor_config.load(context.root)
    store = Store(str(config["ASPECTS_SECRETS_REGION"]))
    pushes = [
        secrets_store.plan(values, store.read(name), keys, force)
        for name, values in _wanted(context, config).items()
    ]
    for planned in pushes:
        _tell(planned)
        if planned.needed and not dry_run:
            store.write(planned.remote, planned.values)
    written = sum(len(planned.added) + len(planned.replaced) for planned in pushes)
    if dry_run:
        click.echo(f"Would write {written} keys.")
    else:
        click.secho(f"done: {written} keys written.", fg="green")


@secrets.command(short_help="Tell what is missing or differs")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a machine to read.")
@click.pass_obj
def check(context: Context, as_json: bool) -> None:
    """Compare AWS Secrets Manager with this configuration; exits with 1 when they differ."""
    config = tutor_config.load(context.root)
    store = Store(str(config["ASPECTS_SECRETS_REGION"]))
    compared = [
        secrets_store.compare(values, store.read(name))
        for name, values in _wanted(context, config).items()
    ]
    if as_json:
        click.echo(json.dumps([asdict(comparison) for comparison in compared], indent=2))
    else:
        for comparison in compared:
            _list(comparison)
    faulty = [key for c in compared for key in (*c.missing, *c.different)]
    if faulty and as_json:
        raise SystemExit(1)
    if faulty:
        raise AspectsError(
            f"{len(faulty)} keys in {store.region} are missing or differ: run "
            "`tutor aspects secrets push`."
        )
    if not as_json:
        equal = sum(len(comparison.equal) for comparison in compared)
        click.secho(f"done: {equal} of {equal} keys are the same.", fg="green")


def _wanted(context: Context, config: Config) -> dict[str, Values]:
    """Remote name -> keys and values, as they are rendered.

    Raises AspectsError when config.yml has been edited since: values that are generated when the
    configuration is loaded and saved nowhere must not end in AWS.
    """
    root = Path(tutor_env.pathjoin(context.root))
    fresh = manifests.parse(str(tutor_env.Renderer(config).render_template(_TEMPLATE)))
    saved = [d for d in manifests.load(root) if d["kind"] == "Secret"]
    if secrets_store.wanted(fresh) != secrets_store.wanted(saved):
        raise AspectsError(
            f"The Secret in {root} is not the one of config.yml: run `tutor config save`."
        )
    return {
        remote_name(name, config): values for name, values in secrets_store.wanted(saved).items()
    }


def _tell(push: Push) -> None:
    click.echo(f"{push.remote.name}: {'exists' if push.remote.version else 'new'}")
    for sign, found in (("+", push.added), ("~", push.replaced)):
        for key in found:
            click.echo(f"  {sign} {key}")
    for key in push.comparison.different:
        if key not in push.replaced:
            click.secho(f"  ! {key} differs and stays as it is in AWS", fg="yellow")


def _list(comparison: Comparison) -> None:
    click.echo(f"{comparison.name}:")
    for word, found in (
        ("missing", comparison.missing),
        ("differs", comparison.different),
        ("not of this configuration", comparison.unknown),
    ):
        for key in found:
            click.echo(f"  {key}: {word}")
