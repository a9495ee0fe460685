"""Promise: the same events give the same answers.

Random streams, delivered in any order, any number of times, in blocks of any size, before, while
and after the marts are built, to one, two and three shards: every mart holds exactly what plain
Python makes of the distinct events.
"""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from tests.lab.lab import Lab
from tests.marts.comparison import compare, report
from tests.marts.laboratory import REAL_SHARDS, SHARDS, Streams, delivered
from tests.marts.reference import MARTS
from tutoraspects.dbt_runner import Project

MANY = 210


@pytest.mark.parametrize("few", SHARDS, indirect=True)
def test_every_mart_equals_the_reference(few: tuple[Lab, Streams]) -> None:
    lab, streams = few
    wrong = compare(lab, streams.world())
    assert not wrong, report(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("shards", SHARDS)
def test_every_mart_equals_the_reference_for_many_streams(shards: int) -> None:
    for lab, streams in delivered(shards, MANY, first=100):
        wrong = compare(lab, streams.world())
        assert not wrong, report(wrong)


# Mart -> its model, what stands there, and a mistake that one could make instead.
MISTAKES = {
    "reporting.fact_instance_enrollments": (
        "learners/fact_instance_enrollments.sql", "uniqExact(event_id)", "count()",
    ),
    "reporting.fact_problem_hints": (
        "problems/fact_problem_hints.sql", "uniqExact(event_id)", "count()",
    ),
    "reporting.fact_subsection_grades": (
        "learners/fact_subsection_grades.sql", "max((emission_time", "min((emission_time",
    ),
}  # fmt: skip


def broken(project: Project, folder: Path) -> Project:
    """A copy of the project with the mistakes."""
    shutil.copytree(project.folder, folder)
    for name, right, mistaken in MISTAKES.values():
        model = folder / "models/marts" / name
        text = model.read_text(encoding="utf8")
        assert right in text, f"{model.name} is written otherwise now: choose another mistake"
        model.write_text(text.replace(right, mistaken), encoding="utf8")
    return dataclasses.replace(project, folder=folder)


UNTOUCHED = {
    "reporting.fact_enrollments",
    "reporting.fact_learner_problem_attempts",
    "reporting.dim_learner_most_recent_course_grade",
}


def wrong_marts(lab: Lab, streams: Streams) -> set[str]:
    """Those with mistakes and some of their neighbours, as far as they are wrong."""
    chosen = [mart for mart in MARTS if mart.name in MISTAKES.keys() | UNTOUCHED]
    wrong = compare(lab, streams.world(), chosen)
    return {difference.mart.split()[0] for difference in wrong}


@pytest.mark.parametrize("few", [REAL_SHARDS], indirect=True)
def test_a_broken_model_is_caught(few: tuple[Lab, Streams], tmp_path: Path) -> None:
    """Counts of copies, and the first for the latest: these marts are found, and no other."""
    lab, streams = few
    project = Project.from_environment(lab.job_environment(), None)
    models = [Path(name).stem for name, *_ in MISTAKES.values()]
    assert wrong_marts(lab, streams) == set()
    broken(project, tmp_path / "dbt").call("run", "--select", *models)
    assert wrong_marts(lab, streams) == set(MISTAKES)
    project.call("run", "--select", *models)
    assert wrong_marts(lab, streams) == set()
