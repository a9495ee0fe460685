"""`aspects dashboards ...`: check, compile, import and compare the dashboards of Superset."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import yaml

from tutoraspects.dashboards import bundle, help_texts, preview, schemas, strings
from tutoraspects.dashboards.catalogue import SHIPPED, Catalogue
from tutoraspects.dashboards.check import examine, load
from tutoraspects.dashboards.compare import differences
from tutoraspects.dashboards.compile import Asset, compile, editions, password_of
from tutoraspects.dashboards.deploy import deploy, only_ours
from tutoraspects.dashboards.edition import Edition
from tutoraspects.dashboards.identity import DATABASES
from tutoraspects.dashboards.marts import marts
from tutoraspects.dashboards.parse import parse
from tutoraspects.dashboards.superset import Client, Server
from tutoraspects.dashboards.target import LOCALE, Target
from tutoraspects.errors import AspectsError
from tutoraspects.resources import resource_path

Command = Callable[..., Any]


def _specs(command: Command) -> Command:
    return click.option(
        "--specs",
        multiple=True,
        type=click.Path(file_okay=False, path_type=Path),
        help="A folder with datasets/, dashboards/ and strings/ of your own, beside those that "
        "come with the package; the same name replaces. May be repeated.",
    )(command)


def _json(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="JSON instead of lines.")(command)


@click.group()
@click.option(
    "--env-file",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="ASPECTS_ENV_FILE",
    help="job.env of the Tutor project, outside the job image; variables that are set stay.  "
    "[env: ASPECTS_ENV_FILE]",
)
@click.pass_context
def dashboards(context: click.Context, env_file: Path | None) -> None:
    """Superset's dashboards: specifications in, assets out.

    Names of databases, the cluster and languages come from the environment; where Superset is
    from ASPECTS_SUPERSET_URL, _USER, _PASSWORD or _PASSWORD_FILE.
    """
    context.obj = {**(_variables(env_file) if env_file else {}), **os.environ}


@dashboards.command()
@_specs
@_json
def validate(specs: tuple[Path, ...], as_json: bool) -> None:
    """Check every specification; one line for each thing that is wrong."""
    catalogue, problems = examine((SHIPPED, *specs), marts(resource_path("dbt")))
    for folder in specs:
        for path in sorted(folder.glob("strings/*.yaml")):
            strings.read(path)
    if as_json:
        found = [vars(problem) for problem in problems]
        click.echo(json.dumps({"problems": found}, indent=2))
    else:
        for problem in problems:
            click.echo(str(problem))
    if problems:
        count = len(problems)
        raise AspectsError(f"FAILED: {count} thing{'s' if count > 1 else ''} to mend.")
    if not as_json:
        click.secho(
            f"done: {len(catalogue.dashboards)} dashboards, {len(catalogue.datasets)} datasets",
            fg="green",
        )


@dashboards.command("compile")
@_specs
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("dashboards.zip"),
    show_default=True,
    help="The bundle to write.",
)
def compile_command(specs: tuple[Path, ...], to: Path) -> None:
    """Write the bundle that Superset imports. It holds no password."""
    assets = _compiled(_catalogue(specs), specs)
    _write(to, bundle.pack(assets))
    click.secho(f"done: {to}, {len(assets)} objects", fg="green")


@dashboards.command("import")
@_specs
@click.option("--dry-run", is_flag=True, help="Tell what would change; change nothing.")
def import_command(specs: tuple[Path, ...], dry_run: bool) -> None:
    """Import the dashboards into Superset and give them their roles. Can be repeated."""
    _know_installation()
    catalogue = _catalogue(specs)
    assets = _compiled(catalogue, specs)
    client = Client(Server.from_environment(_environment()))
    if dry_run:
        _print_differences(assets, client, as_json=False)
        return
    target = Target.from_environment(_environment())
    passwords = {
        path: password_of(target.uris[kind])
        for kind, path in _database_files(assets).items()
        if password_of(target.uris[kind])
    }
    for line in deploy(
        client, assets, passwords, list(editions(catalogue, target)), _environment()
    ):
        click.echo(line)
    click.secho("done", fg="green")


@dashboards.command("export")
@_specs
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    default=Path("superset-dashboards"),
    show_default=True,
    help="A folder for specifications, or a file that ends in .zip for Superset's bundle.",
)
@click.option("--all", "everything", is_flag=True, help="Also what is as the specifications say.")
def export_command(specs: tuple[Path, ...], to: Path, everything: bool) -> None:
    """Write what was changed in the browser as specifications.

    Whole files, and only of dashboards and datasets that differ: a file replaces the one of its
    name that comes with the package, and with it what a later version changes there.
    """
    _know_installation()
    catalogue = _catalogue(specs)
    client = Client(Server.from_environment(_environment()))
    content = client.export_assets()
    if to.suffix == ".zip":
        _write(to, content)
        click.secho(f"done: {to}", fg="green")
        return
    target = Target.from_environment(_environment())
    assets = only_ours(bundle.unpack(content, "Superset's export"), catalogue)
    found = parse(assets, target, catalogue)
    if not everything:
        found = _differing(found, catalogue, target)
    for folder, models in (("datasets", found.datasets), ("dashboards", found.dashboards)):
        for name, model in models.items():
            path = to / folder / f"{name}.yaml"
            text = yaml.safe_dump(model.plain(), sort_keys=False, allow_unicode=True, width=100)
            _write(path, text.encode("utf8"))
    counts = f"{len(found.dashboards)} dashboards, {len(found.datasets)} datasets"
    click.secho(f"done: {to}, {counts}", fg="green")


@dashboards.command()
@_specs
@_json
def diff(specs: tuple[Path, ...], as_json: bool) -> None:
    """Tell how Superset differs from the specifications; exit with 1 when it does."""
    _know_installation()
    assets = _compiled(_catalogue(specs), specs)
    if _print_differences(assets, Client(Server.from_environment(_environment())), as_json):
        raise click.exceptions.Exit(1)


@dashboards.command("preview")
@_specs
@click.argument("slugs", nargs=-1, metavar="[SLUGS]...")
@click.option("--locale", default="", help="The language, such as es.  [default: English]")
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("dashboards.html"),
    show_default=True,
    help="The page to write.",
)
def preview_command(specs: tuple[Path, ...], slugs: tuple[str, ...], locale: str, to: Path) -> None:
    """Write the layout of all dashboards, or of those with these SLUGS, as one HTML page."""
    catalogue = _catalogue(specs)
    for slug in slugs:
        if slug not in catalogue.dashboards:
            known = ", ".join(catalogue.dashboards)
            raise AspectsError(f"There is no dashboard '{slug}': there is {known}.")
    shown = [one for slug, one in catalogue.dashboards.items() if not slugs or slug in slugs]
    words = strings.load((SHIPPED, *specs), locale) if locale else {}
    page = preview.page(Edition(catalogue, Target(), locale, words), shown)
    _write(to, page.encode("utf8"))
    click.secho(f"done: {to}", fg="green")


@dashboards.command("strings")
@_specs
@click.option("--locale", required=True, help="The language, such as pt or zh.")
@click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder whose strings/ is written.  [default: the last of --specs]",
)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when a text is missing.")
def strings_command(specs: tuple[Path, ...], locale: str, to: Path | None, check: bool) -> None:
    """Merge the texts of all specifications into the catalogue of a language.

    Translations that are there stay, new texts come in empty, and texts that no specification has
    any longer go.
    """
    if not LOCALE.fullmatch(locale):
        raise AspectsError(f"'{locale}' is not a language such as es or pt-br: correct --locale.")
    folder = to or (specs[-1] if specs else None)
    if folder is None and not check:
        raise AspectsError("Nowhere to write the catalogue: name a folder with --to or --specs.")
    wanted = strings.texts(_catalogue(specs))
    known = strings.load((SHIPPED, *specs, *([to] if to else [])), locale)
    merged, gone = strings.merged(wanted, known)
    missing = [text for text in wanted if not merged[text]]
    if folder is not None and not check:
        name = locale.lower().replace("-", "_")
        strings.write(folder / "strings" / f"{name}.yaml", merged)
    click.echo(f"{len(wanted)} texts, {len(missing)} without translation, {len(gone)} gone")
    if check and missing:
        raise AspectsError(
            f"FAILED: '{missing[0]}' and {len(missing) - 1} more have no '{locale}'."
        )


@dashboards.command()
@click.argument("kind", type=click.Choice(list(schemas.MODELS)))
def schema(kind: str) -> None:
    """Print the JSON Schema of a KIND of specification, for editors and programs."""
    click.echo(json.dumps(schemas.schema(kind), indent=2))


def _differing(found: Catalogue, catalogue: Catalogue, target: Target) -> Catalogue:
    """Dashboards and datasets of `found` that are not as `catalogue` says."""
    ours, theirs = (compile(one, replace(target, locales=()), {}) for one in (catalogue, found))
    differ = {one.uuid for one in (*differences(ours, theirs), *differences(theirs, ours))}

    def same(slug: str) -> bool:
        dashboard = catalogue.dashboards[slug]
        charts = {
            catalogue.chart_uuid(owner, chart)
            for owner, chart in catalogue.shown(dashboard)
            if owner == slug
        }
        return differ.isdisjoint(charts | {catalogue.dashboard_uuid(slug)})

    return replace(
        found,
        dashboards={
            slug: one
            for slug, one in found.dashboards.items()
            if slug not in catalogue.dashboards or not same(slug)
        },
        datasets={
            name: one
            for name, one in found.datasets.items()
            if name not in catalogue.datasets or catalogue.dataset_uuid(name) in differ
        },
    )


def _environment() -> dict[str, str]:
    """This process's, and beneath it what --env-file says."""
    found: dict[str, str] = click.get_current_context().obj
    return found


def _variables(path: Path) -> dict[str, str]:
    """NAME=value lines, taken literally, as Docker Compose and Kubernetes take them."""
    try:
        lines = path.read_text(encoding="utf8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise AspectsError(
            f"{path} cannot be read ({error}): --env-file names "
            "env/plugins/aspects/apps/aspects/job.env of the Tutor project."
        ) from error
    pairs = (line.partition("=") for line in lines if not line.startswith("#"))
    return {name.strip(): value for name, separator, value in pairs if separator}


def _know_installation() -> None:
    """Refuse to compare with, or replace, what Superset has while it is not known what the
    installation is like: charts with personal data, say, would be taken off dashboards."""
    if "ASPECTS_ENABLE_PII" not in _environment():
        raise AspectsError(
            "Nothing tells what this installation is like (ASPECTS_ENABLE_PII and the other "
            "variables of job.env): run this in the job image, or name env/plugins/aspects/apps/"
            "aspects/job.env of the Tutor project with ASPECTS_ENV_FILE."
        )


def _catalogue(specs: tuple[Path, ...]) -> Catalogue:
    """Checked, except for the marts, which only `validate` looks up."""
    return load(specs)


def _compiled(catalogue: Catalogue, specs: tuple[Path, ...]) -> dict[str, Asset]:
    target = Target.from_environment(_environment())
    words = {locale: strings.load((SHIPPED, *specs), locale) for locale in target.locales}
    slugs = {slug for slug, dashboard in catalogue.dashboards.items() if dashboard.help}
    texts = help_texts.read(_environment().get(help_texts.VARIABLE, ""), slugs)
    return compile(catalogue, target, words, texts)


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise AspectsError(f"{path} cannot be written ({error.strerror}): correct --to.") from error


def _database_files(assets: dict[str, Asset]) -> dict[str, str]:
    """Kind of database: its path in the bundle."""
    names = {name: kind for kind, (name, _) in DATABASES.items()}
    return {
        names[asset["database_name"]]: path
        for path, asset in assets.items()
        if bundle.kind_of(path) == "databases"
    }


def _print_differences(assets: dict[str, Asset], client: Client, as_json: bool) -> bool:
    there = bundle.unpack(client.export_assets(), "Superset's export")
    found = differences(assets, there)
    if as_json:
        click.echo(json.dumps({"differences": [vars(one) for one in found]}, indent=2))
    else:
        for one in found:
            click.echo(str(one))
        click.echo(f"{len(found)} differences" if found else "no difference")
    return bool(found)
