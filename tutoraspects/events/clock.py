"""When things happen: a day's curve of activity and session starts that follow it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from itertools import accumulate, pairwise
from random import Random

MICROSECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

# Share of a day's activity by hours after the quietest hour: a long shoulder through working
# hours and one peak in the evening, as learning sites with one main time zone show.
_SHAPE = (
    0.30, 0.26, 0.25, 0.28, 0.36, 0.50, 0.70, 0.90, 1.05, 1.15, 1.18, 1.12,
    1.10, 1.15, 1.22, 1.30, 1.42, 1.60, 1.85, 2.15, 2.05, 1.65, 1.05, 0.55,
)  # fmt: skip
_PEAK_AT = _SHAPE.index(max(_SHAPE))
# Monday to Sunday.
_WEEK = (1.10, 1.10, 1.06, 1.02, 0.88, 0.82, 1.02)


def hourly_weights(peak_hour: int) -> tuple[float, ...]:
    """Activity in each UTC hour of a day, mean 1, highest at `peak_hour`."""
    mean = sum(_SHAPE) / 24
    return tuple(_SHAPE[(hour - peak_hour + _PEAK_AT) % 24] / mean for hour in range(24))


def peak_factor() -> float:
    """The busiest hour against the mean hour of the same day."""
    return max(_SHAPE) * 24 / sum(_SHAPE)


def to_microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970, without the rounding of `timestamp()`."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def to_datetime(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def starts(
    rng: Random, count: int, start: datetime, duration: timedelta, peak_hour: int
) -> Iterator[int]:
    """Yield `count` moments in ascending order within the window, in microseconds since 1970.

    They are the order statistics of `count` independent draws from the daily curve, made one
    after another, so that a day of three million events needs no list of its sessions.
    """
    edges, masses = _hours(start, duration, peak_hour)
    cumulative = list(accumulate(masses))
    total = cumulative[-1]
    below = 0.0  # share of the curve's mass that lies before the last start
    hour = 0
    for left in range(count, 0, -1):
        below = 1.0 - (1.0 - below) * (1.0 - rng.random()) ** (1.0 / left)
        mass = below * total
        while hour < len(masses) - 1 and cumulative[hour] < mass:
            hour += 1
        before = cumulative[hour] - masses[hour]
        share = min(1.0, max(0.0, (mass - before) / masses[hour]))
        yield edges[hour] + int(share * (edges[hour + 1] - edges[hour] - 1))


def _hours(start: datetime, duration: timedelta, peak_hour: int) -> tuple[list[int], list[float]]:
    """Edges of the window's clock hours, in microseconds, and the curve's mass in each."""
    weights = hourly_weights(peak_hour)
    first, last = to_microseconds(start), to_microseconds(start + duration)
    hour = 3600 * MICROSECOND
    edges = [first]
    while edges[-1] < last:
        edges.append(min(last, (edges[-1] // hour + 1) * hour))
    masses = []
    for begin, end in pairwise(edges):
        moment = to_datetime(begin)
        masses.append(weights[moment.hour] * _WEEK[moment.weekday()] * (end - begin))
    return edges, masses
