"""`aspects reparse` without a server; with one it is in the scenario of killed nodes."""

from __future__ import annotations

import itertools
import shlex
from datetime import datetime, timedelta, timezone

import pytest
from click.testing import CliRunner

from tutoraspects.cli.do import reparse_events
from tutoraspects.cli.job import COMMANDS
from tutoraspects.cli.reparse import reparse
from tutoraspects.errors import AspectsError
from tutoraspects.events.reparse import _windows


@pytest.mark.parametrize("days", [0.1, 1.0, 7.0, 2.5])
def test_the_windows_cover_the_days_without_a_gap(days: float) -> None:
    now = datetime.now(timezone.utc)
    windows = list(_windows(days))
    assert windows[0][0] <= now - timedelta(days=days) + timedelta(seconds=1)
    assert windows[-1][1] > now
    assert all(before[1] == after[0] for before, after in itertools.pairwise(windows))
    assert all(timedelta(0) < end - start <= timedelta(days=1) for start, end in windows)


def test_an_unreachable_server_is_one_sentence() -> None:
    environment = {"ASPECTS_CLICKHOUSE_HOST": "127.0.0.1", "ASPECTS_CLICKHOUSE_NATIVE_PORT": "1"}
    result = CliRunner().invoke(reparse, [], env=environment)
    assert isinstance(result.exception, AspectsError)
    assert "127.0.0.1:1 cannot be reached" in str(result.exception)


@pytest.mark.parametrize("days", ["0", "-1", "soon"])
def test_days_that_are_none_are_refused(days: str) -> None:
    assert CliRunner().invoke(reparse, ["--days", days]).exit_code == 2


def test_the_job_runs_the_command() -> None:
    assert COMMANDS["reparse"].module == "tutoraspects.cli.reparse"
    context = reparse_events.make_context("reparse-events", ["--days", "3", "--dry-run"])
    ((service, script),) = reparse_events.invoke(context)
    assert service == "aspects"
    assert shlex.split(script) == ["aspects", "reparse", "--days", "3", "--dry-run"]
