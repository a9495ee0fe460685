"""The stream: the same bytes from the same seed, Zipf populations, sessions, a daily curve."""

from __future__ import annotations

import builtins
import hashlib
import importlib
import json
import math
import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tutoraspects.errors import AspectsError
from tutoraspects.events import clock, stream
from tutoraspects.events.learners import IDENTIFIERS
from tutoraspects.events.stream import DEFAULT_START, Generator


@pytest.fixture(scope="module")
def day() -> list[dict[str, Any]]:
    return list(Generator(count=40_000, courses=50, learners=2000))


def digest(generator: Generator) -> str:
    return hashlib.sha256(b"\n".join(generator.lines())).hexdigest()


# Bytes that a seed means. They change only with a change of what is generated: then stored
# loads stop being repeatable, which the changelog has to say.
KNOWN = {
    "external_id": "c478db14804100817650f407e61d9f8c29af2875e2e66d8848d381d02098f468",
    "mbox": "ec3f33a14d3a4ca5e38b1439a714db387d838fc60969f2f20b512d03f2c4ff76",
    "mbox_sha1sum": "416b123789b1c17c118990ac0874e7b0a2b5b84dfc024f248d69c8c2611a15cd",
    "mixed": "67be2ea07e13148347037c895af0e75fca8fe094723d10f76e51e32de2f2f01c",
}


@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_a_seed_means_these_bytes(identifier: str) -> None:
    assert digest(Generator(count=2000, identifier=identifier)) == KNOWN[identifier]


def test_the_same_in_another_process() -> None:
    program = (
        "import hashlib; from tutoraspects.events.stream import Generator; "
        "print(hashlib.sha256(b'\\n'.join(Generator(seed=7, count=500).lines())).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "12345", "TZ": "Asia/Kathmandu"}
    result = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == digest(Generator(seed=7, count=500))


def test_iterating_again_starts_anew() -> None:
    generator = Generator(count=500)
    assert digest(generator) == digest(generator)
    assert [json.loads(line) for line in generator.lines()] == list(generator)


def test_another_seed_means_other_bytes() -> None:
    assert digest(Generator(seed=1, count=100)) != digest(Generator(seed=2, count=100))


def test_the_same_bytes_without_orjson(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = digest(Generator(count=3000))
    original = builtins.__import__

    def refuse(name: str, *args: Any, **more: Any) -> Any:
        if name == "orjson":
            raise ImportError(name)
        return original(name, *args, **more)

    try:
        with monkeypatch.context() as patched:
            patched.setattr(builtins, "__import__", refuse)
            importlib.reload(stream)
            assert digest(stream.Generator(count=3000)) == expected
            assert stream._dumps.__module__ == stream.__name__
    finally:
        importlib.reload(stream)


@pytest.mark.parametrize("count", [1, 2, 99, 1234])
def test_exactly_as_many_as_asked(count: int) -> None:
    assert sum(1 for _ in Generator(count=count, courses=3, learners=5)) == count


def test_a_tiny_population_that_leaves_is_enough() -> None:
    # Learners who leave all their courses come back: the stream must not dry up.
    assert sum(1 for _ in Generator(count=30_000, courses=1, learners=1)) == 30_000


def moments(statements: list[dict[str, Any]]) -> list[datetime]:
    return [datetime.fromisoformat(statement["timestamp"]) for statement in statements]


def test_ordered_by_time_within_the_window(day: list[dict[str, Any]]) -> None:
    times = moments(day)
    assert times == sorted(times)
    assert times[0] >= DEFAULT_START
    # Sessions begin within the window and may end after it.
    assert times[-1] < DEFAULT_START + timedelta(days=1, hours=3)
    assert times[-1] - times[0] > timedelta(hours=20)


def test_the_window_can_be_anywhere() -> None:
    start = datetime(2024, 2, 28, 23, 30, tzinfo=timezone.utc)
    times = moments(list(Generator(count=3000, start=start, days=0.1)))
    assert start <= times[0] < start + timedelta(hours=1)
    assert times[-1] < start + timedelta(hours=6)


@pytest.mark.parametrize("peak", [4, 19])
def test_the_busiest_hour_is_the_peak_hour(peak: int) -> None:
    statements = list(Generator(count=10_000, courses=5, learners=2000, peak_hour=peak))
    hours = Counter(moment.hour for moment in moments(statements))
    busiest, most = hours.most_common(1)[0]
    # Sessions last some dozens of minutes, so their statements trail the curve of their starts.
    assert (busiest - peak) % 24 in (0, 1)
    assert 1.6 < most / (10_000 / 24) < 1.4 * clock.peak_factor()
    assert min(hours.values()) < 0.5 * 10_000 / 24


def test_hourly_weights_have_mean_one() -> None:
    for peak in range(24):
        weights = clock.hourly_weights(peak)
        assert sum(weights) == pytest.approx(24)
        assert max(weights) == weights[peak] == pytest.approx(clock.peak_factor())


def course_of(statement: dict[str, Any]) -> str:
    activities = statement["context"].get("contextActivities", {})
    for activity in activities.get("grouping", []) + activities.get("parent", []):
        if "/course/" in activity["id"]:
            return str(activity["id"])
    return str(statement["object"]["id"])


def slope(counts: list[int]) -> float:
    """Exponent of the power law through the counts of the first and the tenth rank."""
    return math.log(counts[0] / counts[9]) / math.log(10)


def test_a_few_courses_have_most_of_the_events(day: list[dict[str, Any]]) -> None:
    counts = sorted(Counter(map(course_of, day)).values(), reverse=True)
    assert len(counts) > 40
    assert 0.5 < slope(counts) < 1.2
    assert sum(counts[:10]) > 0.45 * len(day)
    assert counts[0] < 0.4 * len(day)


def test_a_few_learners_have_many_events() -> None:
    statements = Generator(count=40_000, courses=50, learners=300)
    names = Counter(statement["actor"]["account"]["name"] for statement in statements)
    counts = sorted(names.values(), reverse=True)
    assert len(counts) > 200
    # A tenth of the learners would have two tenths of the events if all were equally active.
    assert 0.3 < sum(counts[: len(counts) // 10]) / 40_000 < 0.7
    assert counts[0] < 0.1 * 40_000


def test_size_of_a_statement() -> None:
    sizes = [len(line) for line in Generator(count=10_000).lines()]
    assert 1100 < sum(sizes) / len(sizes) < 1300
    assert min(sizes) > 500
    assert max(sizes) < 10_000


def test_identifiers_name_one_learner_each() -> None:
    kinds: dict[str, set[str]] = defaultdict(set)
    for statement in Generator(count=5000, learners=300, identifier="mixed"):
        actor = statement["actor"]
        (key,) = actor.keys() - {"objectType"}
        kinds[key].add(json.dumps(actor[key]))
    assert set(kinds) == {"account", "mbox", "mbox_sha1sum"}
    assert sum(map(len, kinds.values())) <= 300
    assert all(value.startswith('"mailto:') for value in kinds["mbox"])


def test_sessions_tell_a_story(day: list[dict[str, Any]]) -> None:
    """What must come first does: loaded before played, attempted before evaluated."""
    needs = {"played": "initialized", "completed": "played", "evaluated": "attempted"}
    done: set[tuple[str, str, str]] = set()
    sessions: Counter[str] = Counter()
    for statement in day:
        session = statement["context"]["extensions"][
            "https://w3id.org/xapi/openedx/extensions/session-id"
        ]
        sessions[session] += 1
        verb, thing = statement["verb"]["display"]["en"], statement["object"]["id"]
        done.add((session, verb, thing))
        if verb in needs and "statement" not in statement["context"]:
            assert (session, needs[verb], thing) in done
    assert 10 < sum(sessions.values()) / len(sessions) < 60


def test_a_video_is_never_played_past_its_end(day: list[dict[str, Any]]) -> None:
    time = "https://w3id.org/xapi/video/extensions/time"
    length = "https://w3id.org/xapi/video/extensions/length"
    videos = [one for one in day if time in one.get("result", {}).get("extensions", {})]
    assert videos
    for statement in videos:
        end = statement["context"]["extensions"][length]
        assert 0 <= statement["result"]["extensions"][time] <= end


def test_a_grade_is_between_nothing_and_all(day: list[dict[str, Any]]) -> None:
    scores = [one["result"]["score"] for one in day if "score" in one.get("result", {})]
    assert scores
    assert all(score["min"] <= score["raw"] <= score["max"] for score in scores)
    assert all(0 <= score["scaled"] <= 1 for score in scores)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"count": 0}, "count above 0"),
        ({"days": -1.0}, "days above 0"),
        ({"identifier": "openid"}, "external_id, mbox"),
        ({"start": datetime(2026, 1, 1)}, "time zone"),
    ],
)
def test_impossible_arguments(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(AspectsError, match=told):
        Generator(**wrong)
