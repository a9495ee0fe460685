"""What is written is read again as it was, by PyYAML as by Kubernetes."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.validation import load_all
from tutoraspects.gitops import yamltext

_TEXTS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("\n\n\t :#-{}[]'\"\\|>&*!%@`~=yn0"),
    max_size=40,
)
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(-1e6, 1e6) | _TEXTS
_OBJECTS = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(_TEXTS, _OBJECTS, max_size=5))
def test_any_object_is_read_as_it_was(value: dict[str, Any]) -> None:
    text = yamltext.plain(value)
    assert yaml.safe_load(text) == value
    assert load_all(text) == ([value] if value else [{}])


@given(_TEXTS)
def test_a_template_differs_in_opening_braces_only(text: str) -> None:
    written = yamltext.template({"key": text}).replace('{{ "{{" }}', "{{")
    assert written == yamltext.plain({"key": text})


def test_what_is_no_yaml_is_an_error() -> None:
    with pytest.raises(TypeError, match="no YAML scalar"):
        yamltext.plain({"key": object()})
