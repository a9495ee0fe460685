"""`python -m tests.lab`: the laboratory as a command."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import click
import yaml

from .inspection import endpoints as endpoints_of
from .lab import Lab
from .processes import LabError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def lab() -> None:
    """Real ClickHouse nodes, Ralph, ZooKeeper and S3 on this machine, without containers."""


@lab.command()
@click.option("--shards", type=click.IntRange(1), help="Shards; one node each.  [default: 2]")
@click.option("--replicas", type=click.IntRange(1), help="Replicas per shard.  [default: 1]")
@click.option("--ralph-workers", type=click.IntRange(0), default=0, help="Start Ralph with these.")
@click.option("--schema", is_flag=True, help="Make the schema (Ralph's start does).")
@click.option("--zookeeper", is_flag=True, help="A process per replica; tables take no rows.")
@click.option("--s3", is_flag=True, help="Start moto.")
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML file of Tutor settings; its topology, unless --shards or --replicas say otherwise.",
)
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A Tutor root with a saved configuration, to be started as it is.",
)
@click.option(
    "--endpoints",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write addresses and passwords.  [default: in the laboratory's directory]",
)
def up(
    shards: int | None,
    replicas: int | None,
    ralph_workers: int,
    schema: bool,
    zookeeper: bool,
    s3: bool,
    config: Path | None,
    root: Path | None,
    endpoints: Path | None,
) -> None:
    """Start a laboratory and keep it up until Ctrl-C."""
    if config is None:
        shards, replicas = shards or 2, replicas or 1
    settings = yaml.safe_load(config.read_text(encoding="utf8")) if config else {}
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = time.monotonic()
    try:
        with Lab(
            shards,
            replicas,
            settings=settings,
            root=root,
            zookeeper=zookeeper,
            schema=schema,
            ralph_workers=ralph_workers,
            s3=s3,
        ) as running:
            file = endpoints or running.directory / "endpoints.json"
            _write_private(file, endpoints_of(running))
            _show(running, time.monotonic() - started)
            click.echo(f"Addresses and passwords: {file}\nCtrl-C ends it.")
            _until_interrupted()
    except LabError as error:
        raise click.ClickException(str(error)) from None


def _until_interrupted() -> None:
    try:
        signal.pause()
    except KeyboardInterrupt:
        click.echo("\nStopping.")


def _write_private(file: Path, content: dict[str, Any]) -> None:
    file.touch(mode=0o600)
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf8")


def _show(running: Lab, seconds: float) -> None:
    click.echo(f"Up after {seconds:.1f} s; logs in {running.directory}")
    form = "{:<18} {:>6} {:>6} {:>13} {:>15}"
    click.echo(form.format("node", "http", "native", "gateway http", "gateway native"))
    for node in running.nodes:
        ports = (node.http_port, node.native_port, node.gateway_http_port, node.gateway_native_port)
        click.echo(form.format(node.name, *ports))
    for ralph in running.ralphs:
        click.echo(f"Ralph ({ralph.workers} workers): {ralph.url}")
    if running.s3:
        click.echo(f"S3: {running.s3.url}")


if __name__ == "__main__":
    lab(prog_name="python -m tests.lab")
