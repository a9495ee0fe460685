"""The documentation says what is there, all of it, and its links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests import reference
from tutoraspects.cli import do, job, plugin
from tutoraspects.schema import scripts
from tutoraspects.settings import CATALOGUE
from tutoraspects.settings.validation import REMOVED

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
OUTSIDE_DOCS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
_CODE = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf8")


def sections(page: str) -> dict[str, str]:
    """Heading -> text up to the next heading."""
    parts = re.split(r"^#+ (.+)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command below one, with the words that call it."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from commands(child, f"{path} {name}")
    else:
        yield path, command


ALL_COMMANDS = dict(
    [
        *commands(job.aspects, "aspects"),
        *commands(plugin.aspects, "tutor aspects"),
        *((f"tutor local do {command.name}", command) for command in do.COMMANDS),
    ]
)


@pytest.mark.parametrize("path", ALL_COMMANDS)
def test_every_command_and_option_is_in_the_reference(path: str) -> None:
    page = sections(text_of(DOCS / "reference" / "cli.md"))
    section = page.get(path)
    assert section is not None, f"docs/reference/cli.md has no section '{path}'"
    for parameter in ALL_COMMANDS[path].params:
        if isinstance(parameter, click.Argument):
            assert parameter.name and parameter.name.upper() in section, f"{path}: {parameter.name}"
        for option in parameter.opts if isinstance(parameter, click.Option) else ():
            if option != "-h":
                pattern = rf"`{re.escape(option)}[ `]"
                assert re.search(pattern, section), f"{path} {option} is not in the reference"


def test_the_reference_knows_no_command_that_is_not_there() -> None:
    headings = sections(text_of(DOCS / "reference" / "cli.md"))
    called = {name for name in headings if re.match(r"(tutor|aspects) ", name)}
    assert called == set(ALL_COMMANDS)


def test_the_reference_knows_no_option_that_is_not_there() -> None:
    for path, section in sections(text_of(DOCS / "reference" / "cli.md")).items():
        if path not in ALL_COMMANDS:
            continue
        known = {option for parameter in ALL_COMMANDS[path].params for option in parameter.opts}
        listed = re.findall(r"^\| `(--[a-z-]+)", section, flags=re.MULTILINE)
        assert set(listed) <= known, f"{path}: {sorted(set(listed) - known)}"


def test_every_setting_is_in_the_reference() -> None:
    page = text_of(DOCS / "reference" / "settings.md")
    missing = [name for name in CATALOGUE if f"`{name}`" not in page]
    assert not missing


def test_settings_that_the_documentation_names_exist() -> None:
    """A setting that was renamed must not live on in a guide."""
    variables = text_of(DOCS / "reference" / "environment.md")
    others = set(re.findall(r"`(ASPECTS_[A-Z0-9_]+)`", variables))
    for page in [*DOCS.rglob("*.md"), *OUTSIDE_DOCS]:
        for name in re.findall(r"\b(ASPECTS_[A-Z0-9_]*[A-Z0-9])\b(?!_?…)", text_of(page)):
            known = name in CATALOGUE or name in REMOVED or name in others
            assert known, f"{page.relative_to(ROOT)}: {name}"


@pytest.mark.parametrize("page", list(reference.pages()), ids=lambda page: page.name)
def test_generated_parts_are_fresh(page: Path) -> None:
    assert text_of(page) == reference.fresh(text_of(page)), "run `python -m tests.reference`"


def test_every_variable_of_the_job_image_is_in_the_reference() -> None:
    page = text_of(DOCS / "reference" / "environment.md")
    template = ROOT / "templates" / "aspects" / "apps" / "aspects" / "job.env"
    names = re.findall(r"^([A-Z_]+)=", text_of(template), flags=re.MULTILINE)
    assert names
    assert not [name for name in names if f"`{name}`" not in page]


def test_every_reason_of_the_quarantine_is_explained() -> None:
    page = text_of(DOCS / "how-to" / "quarantine.md")
    version = scripts.directory().get_revision("0002")
    assert version is not None
    told = " ".join(reason for _, reason in version.module.PROBLEMS)
    reasons = set(re.findall(r"'((?:no|not|id|larger|timestamp) [^']+)'", told))
    assert len(reasons) >= 8
    assert not [reason for reason in sorted(reasons) if f"`{reason}`" not in page]
    assert "wrong type: " in told and "`wrong type: …`" in page


@pytest.mark.parametrize("command", ["make demo", "make test"])
def test_the_readme_begins_with_the_commands(command: str) -> None:
    target = command.removeprefix("make ")
    assert f"\n{command}\n" in text_of(ROOT / "README.md")
    assert re.search(rf"^{target}:", text_of(ROOT / "Makefile"), flags=re.MULTILINE)


def test_make_targets_that_the_documentation_names_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), flags=re.MULTILINE))
    for page in [*DOCS.rglob("*.md"), *OUTSIDE_DOCS]:
        for target in re.findall(r"(?:^|`)make ([a-z-]+)", text_of(page), flags=re.MULTILINE):
            assert target in targets, f"{page.relative_to(ROOT)}: make {target}"


@pytest.mark.parametrize("page", OUTSIDE_DOCS, ids=lambda page: page.name)
def test_links_outside_docs_lead_to_files(page: Path) -> None:
    for link in _LINK.findall(_CODE.sub("", text_of(page))):
        if "://" not in link and not link.startswith("#"):
            assert (page.parent / link.split("#")[0]).exists(), f"{page.name}: {link}"


def test_paths_that_contributing_names_exist() -> None:
    page = text_of(ROOT / "CONTRIBUTING.md")
    folders = r"`((?:tutoraspects|templates|patches|tests|docs|bench)/[\w./-]+)`"
    for path in re.findall(folders, _CODE.sub("", page)):
        assert (ROOT / path).exists(), path


def test_the_site_builds_strictly(tmp_path: Path) -> None:
    """Dead links, dead anchors and pages outside the navigation are errors, see mkdocs.yml."""
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for html in tmp_path.rglob("*.html"):
        foreign = re.findall(r'<(?:script|link)[^>]+(?:src|href)="(https?://[^"]+)', text_of(html))
        assert not foreign, f"{html.name} loads {foreign[0]}"
