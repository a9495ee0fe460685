"""Ralph's own models accept every kind of statement that is generated."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.events import samples
from tutoraspects.events.stream import Generator

RALPH = samples.REPOSITORY / ".lab/ralph/bin/python"

# Judges every statement as `POST /xAPI/statements` does, and by the full model of the
# specification; prints one reason a line for those that the full model does not like.
JUDGE = """
import json, sys
from ralph.api.partial_success import validate_strict_statements
from ralph.models.xapi.base.statements import BaseXapiStatement
from pydantic import ValidationError
for line in sys.stdin:
    statement = json.loads(line)
    validate_strict_statements([statement])
    try:
        BaseXapiStatement.model_validate(statement)
    except ValidationError as error:
        print(" ".join(sorted({str(one["loc"][:3]) for one in error.errors()})))
print("accepted")
"""


def judge(lines: list[bytes], folder: Path) -> list[str]:
    if not RALPH.exists():
        pytest.fail(f"no Ralph in {RALPH.parent.parent}: run `make lab`")
    result = subprocess.run(
        [RALPH, "-c", JUDGE],
        input=b"\n".join(lines) + b"\n",
        env={**os.environ, "RALPH_APP_DIR": str(folder)},
        capture_output=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr.decode()[-3000:]
    *dislikes, last = result.stdout.decode().splitlines()
    assert last == "accepted"
    return dislikes


@pytest.fixture(scope="module")
def disliked_of_the_real_ones(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What the full model dislikes in what real LMSs send: groups, exams, empty extensions."""
    lines = [json.dumps(statement).encode() for _, statement in samples.real()]
    return set(judge(lines, tmp_path_factory.mktemp("ralph")))


@pytest.mark.parametrize("identifier", ["external_id", "mixed"])
def test_every_statement_is_accepted(identifier: str, tmp_path: Path) -> None:
    lines = list(Generator(count=3000, courses=40, learners=500, identifier=identifier).lines())
    judge(lines, tmp_path)


@pytest.mark.parametrize("identifier", ["external_id", "mixed"])
def test_the_full_model_dislikes_nothing_new(
    identifier: str, tmp_path: Path, disliked_of_the_real_ones: set[str]
) -> None:
    lines = list(Generator(count=3000, courses=40, learners=500, identifier=identifier).lines())
    assert set(judge(lines, tmp_path)) <= disliked_of_the_real_ones


def test_our_own_statements_are_accepted(tmp_path: Path) -> None:
    judge([json.dumps(statement).encode() for statement in samples.own()], tmp_path)
