"""`python -m bench.save`: how long `tutor config save` takes, beside upstream's plugin.

Both plugins render a project of default settings, in turns, each with a Tutor that it can be
installed with; ours also writes charts and Argo CD applications. Wall time depends on what else the
machine does, CPU time much less so: the ratio of CPU times is what counts. Upstream's plugin is
installed from PyPI into .lab/, once.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
import yaml

from bench import machine
from bench.grid import grid
from tests.helpers import configuration
from tutoraspects import __version__

ROOT = Path(__file__).resolve().parents[2]
# Upstream's plugin wants an older click than Tutor 22.0.3 does.
UPSTREAM = {"tutor": "22.0.2", "tutor-contrib-aspects": "6.1.0"}
LIMIT = 2.0
_TUTOR = "from tutor.commands.cli import main; main()"


@dataclass
class Plugin:
    """One way to save: an interpreter with Tutor and a plugin, and a project."""

    name: str
    python: Path
    root: Path
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def tutor(self, *arguments: str) -> None:
        done = subprocess.run(
            [self.python, "-c", _TUTOR, *arguments],
            env={
                **{name: value for name, value in os.environ.items() if name[:6] != "TUTOR_"},
                "TUTOR_ROOT": str(self.root),
                "TUTOR_PLUGINS_ROOT": str(self.root / "plugins"),
            },
            cwd=self.root,  # Python would find the checkout in it, whatever is installed
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise click.ClickException(f"{self.name}: tutor {' '.join(arguments)}:\n{done.stderr}")

    def save(self) -> None:
        """Save once and take the time, of the process and its children."""
        before, start = _children_cpu(), time.perf_counter()
        self.tutor("config", "save")
        self.wall.append(time.perf_counter() - start)
        self.cpu.append(_children_cpu() - before)


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@click.command()
@click.option("--runs", default=7, show_default=True, help="Saves of each plugin.")
@click.option(
    "--configuration",
    "name",
    default="production",
    show_default=True,
    help="Settings of ours: minimal, compose-cluster, production or external-clickhouse.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for save.json and save.md.",
)
def main(runs: int, name: str, as_json: bool, output: Path | None) -> None:
    """Compare the time of a save with upstream's; exits with 1 above twice the CPU time."""
    facts = machine.facts()
    with tempfile.TemporaryDirectory() as folder:
        ours = Plugin(
            f"Aspects for clusters {__version__}", Path(sys.executable), Path(folder, "a")
        )
        label = f"tutor-contrib-aspects {UPSTREAM['tutor-contrib-aspects']}"
        theirs = Plugin(label, _upstream(), Path(folder, "b"))
        _prepare(ours, {**configuration(name), **_GITOPS})
        _prepare(theirs, {"LMS_HOST": "lms.example.org", "CMS_HOST": "studio.example.org"})
        for _ in range(runs):
            ours.save()
            theirs.save()
    ratio = statistics.median(ours.cpu) / statistics.median(theirs.cpu)
    both = (theirs, ours)
    figures = {p.name: {"wall_seconds": p.wall, "cpu_seconds": p.cpu} for p in both}
    result = {
        "machine": facts,
        "configuration": name,
        "plugins": figures,
        "ratio_of_cpu_times": ratio,
    }
    text = markdown(both, ratio, facts)
    click.echo(json.dumps(result, indent=2) if as_json else text)
    if output:
        output.mkdir(parents=True, exist_ok=True)
        (output / "save.json").write_text(json.dumps(result) + "\n")
        (output / "save.md").write_text(text)
    sys.exit(1 if ratio > LIMIT else 0)


def markdown(plugins: Sequence[Plugin], ratio: float, facts: Mapping[str, str]) -> str:
    """Medians of each plugin, the ratio of their CPU times, and where they were taken."""
    rows = [
        (
            plugin.name,
            f"{statistics.median(plugin.cpu):.2f}",
            f"{statistics.median(plugin.wall):.2f}",
        )
        for plugin in plugins
    ]
    rows.append((f"times upstream, at most {LIMIT:g} is wanted", f"{ratio:.2f}", ""))
    heading = (f"`tutor config save`, medians of {len(plugins[0].cpu)}", "CPU s", "wall s")
    return grid(heading, rows) + "\n" + grid(("Measured on", ""), facts.items())


# Everything that the export can write.
_GITOPS = {"ASPECTS_GITOPS_REPOSITORY_URL": "https://git.example.org/platform.git"}


def _prepare(plugin: Plugin, settings: Mapping[str, object]) -> None:
    """Enable the plugin, and save twice: secrets are made by the first save alone."""
    plugin.root.mkdir()
    text = yaml.safe_dump({**settings, "PLUGIN_INDEXES": []})
    (plugin.root / "config.yml").write_text(text, encoding="utf8")
    plugin.tutor("plugins", "enable", "aspects")
    plugin.tutor("config", "save")
    plugin.tutor("config", "save")


def _upstream() -> Path:
    """The interpreter of an environment with upstream's plugin, made if it is missing."""
    folder = ROOT / ".lab" / f"upstream-{UPSTREAM['tutor-contrib-aspects']}"
    python = folder / "bin" / "python"
    done = folder / ".done"
    if not done.exists():
        click.echo(f"installing upstream's plugin into {folder}", err=True)
        venv.create(folder, with_pip=True, clear=True)
        wanted = [f"{name}=={version}" for name, version in UPSTREAM.items()]
        pip = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", *wanted],
            capture_output=True,
            text=True,
            check=False,
        )
        if pip.returncode != 0:
            raise click.ClickException(f"upstream's plugin cannot be installed:\n{pip.stderr}")
        done.touch()
    return python


if __name__ == "__main__":
    main()
