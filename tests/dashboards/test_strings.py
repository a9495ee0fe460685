"""Texts in other languages: complete for Spanish and French, English where one is missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tutoraspects.dashboards import strings
from tutoraspects.dashboards.catalogue import SHIPPED, Catalogue
from tutoraspects.dashboards.compile import compile
from tutoraspects.dashboards.target import Target
from tutoraspects.errors import AspectsError


@pytest.mark.parametrize("locale", ["es", "fr"])
def test_complete(catalogue: Catalogue, locale: str) -> None:
    known = strings.read(SHIPPED / "strings" / f"{locale}.yaml")
    wanted = strings.texts(catalogue)
    assert list(known) == wanted, f"run `aspects dashboards strings --locale {locale}`"
    assert [text for text in wanted if not known[text]] == []


@pytest.mark.parametrize("locale", ["es", "fr"])
def test_numbers_and_ends_of_sentences_stay(locale: str) -> None:
    for text, word in strings.read(SHIPPED / "strings" / f"{locale}.yaml").items():
        assert set(re.findall(r"\d+", text)) <= set(re.findall(r"\d+", word)), text
        assert text.endswith(".") == word.endswith("."), text


def test_what_readers_see_is_collected(catalogue: Catalogue) -> None:
    found = strings.texts(catalogue)
    for text in (
        "Course Dashboard",  # a title
        "Learners who are enrolled now.",  # what a chart means
        "Enrollment",  # a tab
        "Course Run",  # a filter
        "Grade Range",  # a column, an axis
        "Median Course Grade",  # a metric
        "Not passed yet",  # a value
        "Open the run",  # a link
        "Average Score",  # one side of a mixed chart
    ):
        assert text in found
    # Of no interest to readers.
    assert "One row for each learner and course with the latest enrollment." not in found
    assert "course-dashboard" not in found


def test_nothing_of_a_spanish_dashboard_is_english(
    catalogue: Catalogue, spanish: dict[str, dict[str, str]]
) -> None:
    assets = compile(catalogue, Target(locales=("es",)), spanish)
    same = {text for text, word in spanish["es"].items() if text == word}
    for asset in assets.values():
        name = str(asset.get("slug") or asset.get("table_name") or "")
        if name.endswith("_es"):
            labels = [one["verbose_name"] for one in asset["columns"] + asset["metrics"]]
            assert not (set(labels) - same - {None}) & set(spanish["es"])
        elif name.endswith("-es"):
            assert asset["dashboard_title"] in spanish["es"].values()
            names = [one["name"] for one in asset["metadata"]["native_filter_configuration"]]
            assert set(names) <= set(spanish["es"].values())


def test_an_unknown_language_is_english(catalogue: Catalogue) -> None:
    assert strings.load((SHIPPED,), "ko") == {}
    assets = compile(catalogue, Target(locales=("ko",)), {"ko": {}})
    assert assets["dashboards/course-dashboard-ko.yaml"]["dashboard_title"] == "Course Dashboard"


def test_a_dialect_falls_back_to_its_language(tmp_path: Path) -> None:
    strings.write(tmp_path / "strings" / "pt.yaml", {"Help": "Ajuda", "Tag": "Etiqueta"})
    strings.write(tmp_path / "strings" / "pt_br.yaml", {"Help": "Socorro", "Tag": ""})
    assert strings.load((tmp_path,), "pt-BR") == {"Help": "Socorro", "Tag": "Etiqueta"}


def test_merging_keeps_adds_and_drops() -> None:
    merged, gone = strings.merged(["b", "c"], {"a": "1", "b": "2"})
    assert merged == {"b": "2", "c": ""}
    assert gone == ["a"]


def test_what_was_written_reads_back(tmp_path: Path) -> None:
    words = {"A: b": "it's : fine", "x" * 200 + ".": "é “quoted” # no comment", "No": "yes"}
    strings.write(tmp_path / "es.yaml", words)
    assert strings.read(tmp_path / "es.yaml") == words


@pytest.mark.parametrize("text", ["- a list", "a: [1]", "{", "1: one"])
def test_what_is_no_catalogue(tmp_path: Path, text: str) -> None:
    (tmp_path / "es.yaml").write_text(text)
    with pytest.raises(AspectsError, match="is no catalogue of strings"):
        strings.read(tmp_path / "es.yaml")
