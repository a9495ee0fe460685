"""`aspects load` and the `do load-events` job: what users type and what they read."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import click
import jinja2
import pytest
from click.testing import CliRunner, Result

from tests.events import store as stores
from tests.events.store import Store
from tutoraspects.cli.do import (
    COMMANDS,
    SCHEMA_COMMANDS,
    aspects_schema,
    load_events,
    reparse_events,
)
from tutoraspects.cli.load import load
from tutoraspects.cli.schema import schema
from tutoraspects.errors import AspectsError
from tutoraspects.events.stream import Generator

SMALL = ["--courses", "3", "--learners", "40", "--start", "2026-03-02"]

Run = Callable[..., Result]


@pytest.fixture
def store() -> Iterator[Store]:
    with stores.running() as running:
        yield running


@pytest.fixture
def run(store: Store) -> Run:
    def invoke(*arguments: str, **environment: str) -> Result:
        known = {
            "ASPECTS_LRS_URL": store.url,
            "ASPECTS_LRS_USERNAME": stores.USERNAME,
            "ASPECTS_LRS_PASSWORD": stores.PASSWORD,
        }
        return CliRunner().invoke(load, [*arguments, *SMALL], env={**known, **environment})

    return invoke


def test_sends_and_tells(run: Run, store: Store) -> None:
    result = run("--count", "250", "--batch-size", "50")
    assert result.exit_code == 0
    assert len(store.statements) == 250
    assert result.stdout.startswith("sent 250, acknowledged 250 (0 of them stored before)")
    assert "latency of a batch: p50" in result.stdout
    assert result.stderr.rstrip().endswith("done")
    assert "250 of 250 events (100 %)" in result.stderr


def test_json(run: Run, store: Store) -> None:
    result = run("--count", "20", "--json")
    summary = json.loads(result.stdout)
    assert (summary["sent"], summary["acknowledged"], summary["refused"]) == (20, 20, 0)


def test_the_password_may_be_in_a_file(run: Run, store: Store, tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text(stores.PASSWORD + "\n", encoding="utf8")
    result = run(
        "--count", "5", ASPECTS_LRS_PASSWORD="", ASPECTS_LRS_PASSWORD_FILE=str(path)
    )  # fmt: skip
    assert result.exit_code == 0
    assert len(store.statements) == 5


def test_writes_a_file(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "load.ndjson"
    result = run("--count", "30", "--to", str(target))
    assert result.exit_code == 0
    generator = Generator(count=30, courses=3, learners=40)
    assert target.read_bytes().splitlines() == list(generator.lines())
    assert f"to {target}" in result.stdout
    assert list(tmp_path.iterdir()) == [target]


def test_writes_to_standard_output(run: Run) -> None:
    result = run("--count", "3", "--to", "-")
    assert [json.loads(line)["version"] for line in result.stdout.splitlines()] == ["1.0.3"] * 3


def test_an_interrupted_write_leaves_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "load.ndjson"
    target.write_text("what was there", encoding="utf8")

    def interrupted(self: Generator) -> Iterator[bytes]:
        yield b"{}"
        raise KeyboardInterrupt

    monkeypatch.setattr(Generator, "lines", interrupted)
    result = run("--count", "30", "--to", str(target))
    assert result.exit_code != 0
    assert [path.read_text(encoding="utf8") for path in tmp_path.iterdir()] == ["what was there"]


def test_a_dry_run_sends_nothing(run: Run, store: Store) -> None:
    result = run("--count", "1000", "--dry-run")
    assert "1,000 statements of 1 days from 2026-03-02T00:00:00+00:00 in 10" in result.stdout
    assert '"version": "1.0.3"' in result.stdout
    assert store.requests == 0
    plan = json.loads(run("--count", "1000", "--dry-run", "--json").stdout)
    assert (plan["count"], plan["requests"]) == (1000, 10)


def test_a_dry_run_needs_no_credentials(run: Run) -> None:
    assert run("--dry-run", ASPECTS_LRS_USERNAME="", ASPECTS_LRS_PASSWORD="").exit_code == 0


def test_the_window_ends_at_the_last_midnight_by_default() -> None:
    result = CliRunner().invoke(load, ["--dry-run", "--json", "--days", "2", "--learners", "5"])
    start = datetime.fromisoformat(json.loads(result.stdout)["start"])
    age = datetime.now(timezone.utc) - start
    assert timedelta(days=2) <= age < timedelta(days=3)


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        ([], {"ASPECTS_LRS_PASSWORD": "wrong"}, "does not take the credentials of 'lms'"),
        ([], {"ASPECTS_LRS_PASSWORD": ""}, "set ASPECTS_LRS_USERNAME and ASPECTS_LRS_PASSWORD"),
        (
            [],
            {"ASPECTS_LRS_PASSWORD": "", "ASPECTS_LRS_PASSWORD_FILE": "/nowhere/secret"},
            r"from /nowhere/secret \(No such file or directory\)",
        ),
        ([], {"ASPECTS_LRS_URL": "ralph"}, "'ralph' is not the address"),
        (["--to", "/nowhere/load.ndjson"], {}, r"to /nowhere/load.ndjson \(No such file"),
        (["--count", "0"], {}, "larger --count"),
        (["--batch-size", "0"], {}, "mend --batch-size"),
        (["--home-page", "notaurl"], {}, "'notaurl' is not the address of an LMS"),
        (["--home-page", "https://"], {}, "give --home-page one such as"),
        (["--home-page", "https://a b"], {}, "give --home-page one such as"),
        (["--home-page", "https://[a"], {}, "give --home-page one such as"),
    ],
)
def test_one_sentence_for_what_the_user_can_mend(
    run: Run, arguments: list[str], environment: dict[str, str], told: str
) -> None:
    result = run("--count", "10", *arguments, **environment)
    assert isinstance(result.exception, AspectsError)
    message = str(result.exception)
    assert result.exit_code == 1
    with pytest.raises(AspectsError, match=told):
        raise result.exception
    assert "\n" not in message
    assert "wrong" not in message


def test_a_start_that_is_no_moment(run: Run) -> None:
    result = CliRunner().invoke(load, ["--start", "yesterday", "--dry-run"])
    assert isinstance(result.exception, AspectsError)
    assert "2026-03-02T00:00" in str(result.exception)


def test_a_refusal_ends_in_failed_and_still_tells_the_counts(run: Run, store: Store) -> None:
    def refuse_one(handler: stores.Handler, number: int) -> bool:
        if number == 0:
            handler.answer(400, {"detail": "no"})
        return number == 0

    store.before = refuse_one
    result = run("--count", "1", "--json")
    assert isinstance(result.exception, AspectsError)
    assert "refused 1 of 1 statements, the first with: 400 no" in str(result.exception)
    assert json.loads(result.stdout)["refused"] == 1
    assert result.stderr.rstrip().endswith("FAILED")


def render(command: click.Command, *arguments: str) -> str:
    """The job's script as Tutor would run it: each script is a Jinja template."""
    context = command.make_context("load-events", list(arguments))
    ((service, script),) = command.invoke(context)
    assert service == "aspects"
    return jinja2.Template(script, undefined=jinja2.StrictUndefined).render()


def test_the_job_runs_the_command_with_its_options() -> None:
    assert load_events in COMMANDS
    words = shlex.split(render(load_events, "--count", "77", "--start", "2026-03-02"))
    assert words[:2] == ["aspects", "load"]
    result = CliRunner().invoke(load, [*words[2:], "--dry-run", "--json"])
    plan = json.loads(result.stdout)
    assert (plan["count"], plan["start"]) == (77, "2026-03-02T00:00:00+00:00")


@pytest.mark.parametrize("page", ["';rm${IFS}-rf", "{{7*7}}", "{%raw%}", "{#", "$(id)"])
def test_the_job_quotes_what_users_type(page: str) -> None:
    address = f"https://lms.example.org/{page}"
    words = shlex.split(render(load_events, "--home-page", address))
    assert words[words.index("--home-page") + 1] == address
    words = shlex.split(render(aspects_schema, "check", "--json", page))
    assert words == ["aspects", "schema", "check", "--json", page]


@pytest.mark.parametrize(
    "arguments",
    [("--count", "0"), ("--home-page", "notaurl"), ("--start", "yesterday"), ("--rate", "-1")],
)
def test_the_job_refuses_before_a_container_starts(arguments: tuple[str, str]) -> None:
    with pytest.raises(AspectsError, match=arguments[0].removeprefix("--")):
        render(load_events, *arguments)


def test_jobs_refuse_words_that_the_command_would_refuse() -> None:
    assert tuple(schema.commands) == SCHEMA_COMMANDS
    for command, words in ((aspects_schema, ["repair"]), (reparse_events, ["--days", "-1"])):
        with pytest.raises(click.BadParameter):
            render(command, *words)
    assert shlex.split(render(reparse_events))[1:] == ["reparse", "--days", "7"]
    assert shlex.split(render(reparse_events, "--days", "0.5", "--dry-run"))[-1] == "--dry-run"


def test_an_interrupted_run_tells_how_to_go_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = Generator.lines

    def interrupted(self: Generator) -> Iterator[bytes]:
        yield from list(lines(self))[:20]
        time.sleep(1)
        raise KeyboardInterrupt

    monkeypatch.setattr(Generator, "lines", interrupted)
    result = run("--count", "30", "--batch-size", "10", "--connections", "1")
    assert isinstance(result.exception, AspectsError)
    assert "20 of 30 statements were acknowledged" in str(result.exception)
    assert "--start 2026-03-02T00:00:00+00:00" in str(result.exception)
    assert "acknowledged 20 " in result.stdout
