"""A help text goes from config.yml through the job's environment into the dashboard."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers import project
from tests.manifests import kustomize
from tests.validation import load_all
from tutoraspects.dashboards.help_texts import VARIABLE, read
from tutoraspects.errors import AspectsError

SLUGS = {"course-dashboard", "operator-dashboard"}
AWKWARD = '# Ask *us*\n\nIt\'s "free" <b>now</b>, $5 ${later} #1, \\n é\tok'


def test_a_text_of_the_settings_arrives_unchanged(tmp_path: Path) -> None:
    made = project(tmp_path, ASPECTS_COURSE_OVERVIEW_HELP_MARKDOWN=AWKWARD)
    made.save()
    file = (made.env / "plugins/aspects/apps/aspects/job.env").read_text(encoding="utf8")
    [line] = [one for one in file.splitlines() if one.startswith(VARIABLE)]
    value = line.partition("=")[2]
    # Docker Compose replaces $ and cuts at #.
    assert not set("$#") & set(value)
    assert read(value, SLUGS) == {"course-dashboard": AWKWARD}
    config = next(
        found
        for found in load_all(kustomize(made.env))
        if found["kind"] == "ConfigMap" and found["metadata"]["name"].startswith("aspects-job-env")
    )
    assert config["data"][VARIABLE] == value


def test_no_text_no_variable(tmp_path: Path) -> None:
    made = project(tmp_path)
    made.save()
    file = (made.env / "plugins/aspects/apps/aspects/job.env").read_text(encoding="utf8")
    assert VARIABLE not in file
    assert read("", SLUGS) == {}


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("# Ask us", "is not a JSON object of Markdown by slug"),
        ('["# Ask us"]', "is not a JSON object of Markdown by slug"),
        ('{"course-dashboard": 1}', "is not a JSON object of Markdown by slug"),
        ('{"course": "x"}', "a text for course; those with a help tab are course-dashboard, op"),
    ],
)
def test_a_wrong_value_is_one_sentence(value: str, sentence: str) -> None:
    with pytest.raises(AspectsError, match=sentence) as raised:
        read(value, SLUGS)
    assert "\n" not in str(raised.value)
