"""Lines over time as SVG: a few panels, one below the other, with the same time axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, PANEL, GAP, LEFT, RIGHT = 860, 170, 56, 70, 16
COLOURS = ("#00796b", "#ef6c00", "#5c6bc0", "#8e24aa")


@dataclass(frozen=True)
class Line:
    """One line; its points are (minutes, value)."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Panel:
    """Lines with one scale, which begins at 0."""

    title: str
    lines: Sequence[Line]


def svg(panels: Sequence[Panel], minutes: float) -> str:
    """The drawing as text."""
    height = len(panels) * (PANEL + GAP) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="12" fill="#444">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
    ]
    for number, panel in enumerate(panels):
        parts += _panel(panel, 28 + number * (PANEL + GAP), minutes)
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel, top: int, minutes: float) -> Iterator[str]:
    most = max((value for line in panel.lines for _, value in line.points), default=0.0)
    step = _step(most)
    scale = max(step, -(-most // step) * step)
    wide = WIDTH - LEFT - RIGHT
    yield f'<text x="{LEFT}" y="{top - 12}" font-weight="bold">{escape(panel.title)}</text>'
    for number in range(int(scale / step) + 1):
        y = top + PANEL - number * step / scale * PANEL
        yield f'<path d="M{LEFT} {y:.1f}h{wide}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{number * step:,g}</text>'
    pace = _step(minutes)
    for number in range(int(minutes / pace) + 1):
        x = LEFT + number * pace / minutes * wide
        yield f'<text x="{x:.1f}" y="{top + PANEL + 16}" text-anchor="middle">'
        yield f"{number * pace:g} min</text>"
    for number, line in enumerate(panel.lines):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(
            f"{LEFT + at / minutes * wide:.1f},{top + PANEL - value / scale * PANEL:.1f}"
            for at, value in line.points
        )
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        x = WIDTH - RIGHT - 150 * (len(panel.lines) - number)
        yield f'<text x="{x}" y="{top - 12}" fill="{colour}">{escape(line.name)}</text>'


def _step(most: float) -> float:
    """A round number of which about five make `most`."""
    step = 10.0**-3
    while True:
        for factor in (1, 2, 5):
            if step * factor * 6 > most:
                return step * factor
        step *= 10
