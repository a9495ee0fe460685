"""What templates may call."""

from __future__ import annotations

import hashlib
from typing import Any

import jinja2
import pytest
import yaml

from tutoraspects import templating
from tutoraspects.errors import AspectsError

CLUSTER = {"ASPECTS_EVENTS_PER_DAY": 3_000_000}


def render(text: str, **settings: Any) -> str:
    """Render as Tutor does: strict, filters and globals of the plugin, settings as context."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    environment.filters.update(dict(templating.FILTERS))
    environment.globals.update(dict(templating.VARIABLES))
    return environment.from_string(text).render(**settings)


def test_the_plan_follows_the_settings() -> None:
    text = "{{ aspects_plan().shards }} {{ aspects_plan().is_cluster }}"
    assert render(text, ASPECTS_CLICKHOUSE_SHARDS=3) == "3 True"
    assert render(text) == "1 False"


def test_the_cluster_has_a_name_only_when_there_is_one() -> None:
    text = "{{ aspects_cluster_name() }}"
    assert render(text) == ""
    assert render(text, **CLUSTER) == "aspects"
    assert render(text, CLICKHOUSE_CLUSTER_NAME="theirs") == "theirs"


def test_data_folders_are_those_of_the_services() -> None:
    text = "{{ aspects_data_folders()|join(' ') }}"
    assert render(text) == "clickhouse"
    assert render(text, ASPECTS_CLICKHOUSE_SHARDS=2, ASPECTS_KEEPER_REPLICAS=1) == (
        "clickhouse-keeper-1 clickhouse-01-1 clickhouse-02-1"
    )
    assert render(text, RUN_CLICKHOUSE=False) == ""


def test_access_follows_the_settings() -> None:
    text = "{{ aspects_access_xml() }}"
    small = render(
        text, ASPECTS_CLICKHOUSE_REPORT_USER="reader", ASPECTS_CLICKHOUSE_MEMORY_MIB=4096
    )
    assert "<reader>" in small and "event_sink.user_profile" not in small
    assert "<max_memory_usage>1073741824</max_memory_usage>" in small
    assert "<insert_quorum>0</insert_quorum>" in small
    assert "GRANT SELECT ON event_sink.*" in render(text, ASPECTS_ENABLE_PII=True)
    assert "INTERVAL 7 DAY" in small
    assert "INTERVAL 90 MINUTE" in small
    patient = render(text, ASPECTS_RALPH_LOOKBACK_DAYS=0, ASPECTS_DELIVERY_RETRY_MINUTES=100)
    assert "DAY" not in patient.split("<ch_lrs>")[1] and "INTERVAL 150 MINUTE" in patient
    assert "<insert_quorum>2</insert_quorum>" in render(text, ASPECTS_CLICKHOUSE_REPLICAS=3)


def test_the_operators_settings_are_yaml() -> None:
    loaded = yaml.safe_load(render("{{ aspects_operator_access() }}", **CLUSTER))
    assert set(loaded) == {"users", "profiles", "quotas"}
    assert loaded["users"]["ch_lrs/password_sha256_hex"]["valueFrom"]["secretKeyRef"] == {
        "name": templating.SECRET_NAME,
        "key": "CH_LRS_PASSWORD_SHA256",
    }


def test_password_hashes_are_what_clickhouse_compares() -> None:
    assert render("{{ 'x'|aspects_password_hash }}") == hashlib.sha256(b"x").hexdigest()


@pytest.mark.parametrize(
    ("value", "written"),
    [("a$b #c", "'a$b #c'"), ("it's", "'it\\'s'"), ("", "''"), (5, "'5'"), ("a\\b", "'a\\b'")],
)
def test_values_of_env_files_are_quoted(value: object, written: str) -> None:
    assert render("{{ value|aspects_env_value }}", value=value) == written


def test_a_line_break_in_an_env_file_is_refused() -> None:
    with pytest.raises(AspectsError, match="line break"):
        render("{{ value|aspects_env_value }}", value="a\nb")


def test_the_secrets_checksum_changes_with_every_password_and_with_the_key() -> None:
    names = [f"{name}_PASSWORD" for name in templating.ACCOUNTS.values()]
    settings: dict[str, object] = dict.fromkeys(names, "old")
    settings["ASPECTS_CLICKHOUSE_CLUSTER_SECRET"] = "key"
    text = "{{ aspects_secrets_checksum() }}"
    sums = {render(text, **settings)}
    for name in settings:
        sums.add(render(text, **{**settings, name: "new"}))
    assert len(sums) == len(settings) + 1


def test_the_secrets_checksum_does_not_mind_the_order_of_two_passwords() -> None:
    settings: dict[str, object] = {f"{name}_PASSWORD": "x" for name in templating.ACCOUNTS.values()}
    settings["ASPECTS_CLICKHOUSE_CLUSTER_SECRET"] = "key"

    def checksum(first: str, **second: str) -> str:
        changed = {
            "ASPECTS_CLICKHOUSE_LRS_PASSWORD": first,
            "ASPECTS_CLICKHOUSE_SECOND_PASSWORDS": second,
        }
        return render("{{ aspects_secrets_checksum() }}", **settings | changed)

    assert checksum("old", LRS="new") == checksum("new", LRS="old")
    assert len({checksum("old"), checksum("new"), checksum("old", LRS="new")}) == 3


def test_no_log_table_is_both_kept_and_dropped() -> None:
    logs = templating.aspects_system_logs()
    kept = {name for name, _ in logs.kept}
    assert not kept & set(logs.dropped)
    assert all(days > 0 for _, days in logs.kept)
