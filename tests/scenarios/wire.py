"""The exact HTTP requests of platform-plugin-aspects 1.1 to 2.1 to ClickHouse.

Written from its `sinks/base_sink.py`, `sinks/user_retire_sink.py` and serializers, with the
library it uses. It never reads what comes back but the status, so neither does this.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import requests

#: EVENT_SINK_CLICKHOUSE_PII_MODELS by default.
PII_MODELS = ("user_profile", "external_id", "auth_user")


@dataclass(frozen=True)
class Lms:
    """An LMS with EVENT_SINK_CLICKHOUSE_BACKEND_CONFIG set to these values."""

    url: str
    username: str
    password: str = field(repr=False)
    database: str = "event_sink"
    timeout_secs: int = 5

    def dump(self, table: str, rows: Iterable[Mapping[str, Any]]) -> requests.Response:
        """Send rows as one dump does: one POST, a CSV without column names."""
        output = io.StringIO()
        writer = csv.writer(output, quoting=csv.QUOTE_NONNUMERIC)
        for row in rows:
            writer.writerow(row.values())
        return self._send(
            requests.Request(
                "POST",
                self.url,
                data=output.getvalue().encode("utf-8"),
                params={
                    "input_format_allow_errors_num": 1,
                    "input_format_allow_errors_ratio": 0.1,
                    "query": f"INSERT INTO {self.database}.{table} FORMAT CSV",
                },
                auth=(self.username, self.password),
            )
        )

    def last_dumped(self, table: str, key: str, value: str) -> str | None:
        """When a course was dumped, as the check before a dump asks; None means never."""
        response = self._send(
            requests.Request(
                "GET",
                self.url,
                params={
                    "query": "SELECT max(time_last_dumped) as time_last_dumped "
                    f"FROM {self.database}.{table} WHERE {key} = '{value}'"
                },
                auth=(self.username, self.password),
            )
        )
        response.raise_for_status()
        if response.text.strip():
            return str(datetime.fromisoformat(response.text.strip()))
        return None

    def retire(
        self, user_ids: Iterable[int], models: Iterable[str] = PII_MODELS
    ) -> list[requests.Response]:
        """Retire users: one ALTER for every model that holds personal data."""
        users = ",".join(sorted(str(user) for user in user_ids))
        return [
            self._send(
                requests.Request(
                    "POST",
                    self.url,
                    params={
                        "query": f"ALTER TABLE {self.database}.{model} "
                        f"DELETE WHERE user_id in ({users})"
                    },
                    auth=(self.username, self.password),
                )
            )
            for model in models
        ]

    def _send(self, request: requests.Request) -> requests.Response:
        with requests.Session() as session:
            return session.send(request.prepare(), timeout=self.timeout_secs)
