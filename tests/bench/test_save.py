"""What `bench/save` makes of its measurements; the measurement itself is `make bench-save`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.save import __main__ as save


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """CPU seconds of a save, by the name of the project's folder, without any save."""
    seconds = {"a": 3.0, "b": 2.0}

    def measured(plugin: save.Plugin) -> None:
        plugin.cpu.append(seconds[plugin.root.name])
        plugin.wall.append(2 * seconds[plugin.root.name])

    monkeypatch.setattr(save.Plugin, "save", measured)
    monkeypatch.setattr(save, "_prepare", lambda *_: None)
    monkeypatch.setattr(save, "_upstream", lambda: Path("python"))
    return seconds


def test_the_results_are_written(quick: dict[str, float], tmp_path: Path) -> None:
    done = CliRunner().invoke(save.main, ["--runs", "3", "--output", str(tmp_path / "new")])
    assert done.exit_code == 0, done.output
    kept = json.loads((tmp_path / "new" / "save.json").read_text())
    assert kept["ratio_of_cpu_times"] == 1.5
    assert [len(plugin["cpu_seconds"]) for plugin in kept["plugins"].values()] == [3, 3]
    text = (tmp_path / "new" / "save.md").read_text()
    assert text in done.output
    assert "| tutor-contrib-aspects 6.1.0 | 2.00 | 4.00 |" in text
    assert "| times upstream, at most 2 is wanted | 1.50 |  |" in text
    assert "| aspects | " in text and "| cpu | " in text


def test_more_than_twice_the_time_is_a_failure(quick: dict[str, float], tmp_path: Path) -> None:
    quick["a"] = 4.1
    done = CliRunner().invoke(save.main, ["--runs", "1", "--output", str(tmp_path)])
    assert done.exit_code == 1
    assert "2.05" in (tmp_path / "save.md").read_text(), "the figure is kept all the same"
