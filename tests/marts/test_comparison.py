"""What the comparison reports: nothing when rows are the same, else what and where."""

from __future__ import annotations

from typing import Any

import pytest

from tests.marts.comparison import Difference, match
from tests.marts.reference import Mart

MART = Mart("reporting.one", ("learner",), lambda _: ())
ADA, BOB = {"learner": "ada", "grade": 0.5}, {"learner": "bob", "grade": None}


def found(expected: list[dict[str, Any]], got: list[dict[str, Any]]) -> list[str]:
    difference = Difference(MART.name)
    match(MART, expected, got, difference)
    return difference.found


@pytest.mark.parametrize(
    "got",
    [[ADA, BOB], [BOB, ADA], [{**ADA, "grade": 0.5 + 1e-9}, BOB], [{**ADA, "more": 1}, BOB]],
)
def test_order_and_other_columns_do_not_matter(got: list[dict[str, Any]]) -> None:
    assert found([ADA, BOB], got) == []


def test_a_value_that_differs_is_named() -> None:
    (message,) = found([ADA], [{**ADA, "grade": 0.6}])
    assert message == "learner='ada': grade: expected 0.5, got 0.6"


def test_none_is_not_zero() -> None:
    assert found([BOB], [{**BOB, "grade": 0}])


def test_a_row_too_many_or_too_few_is_found() -> None:
    assert found([ADA], [ADA, ADA]) == ["unexpected learner='ada': got " + str(ADA)]
    assert found([ADA, BOB], [ADA]) == ["missing learner='bob': expected " + str(BOB)]
    assert found([], [ADA])


def test_a_column_that_is_missing_is_found() -> None:
    assert found([ADA], [{"learner": "ada"}]) == ["has no column grade"]


def test_a_report_names_the_streams() -> None:
    difference = Difference(MART.name)
    row = {"learner": "u7_1", "course_key": "course-v1:Stream7+C0+r.1"}
    match(MART, [row], [], difference)
    assert difference.seeds == {7}
    assert "seeds [7]" in str(difference)
