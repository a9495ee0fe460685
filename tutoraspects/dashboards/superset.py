"""Superset's REST API, as far as dashboards need it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from tutoraspects.errors import AspectsError
from tutoraspects.schema.target import read_secret

# Seconds: an import of all dashboards in several languages takes a while.
TIMEOUT = 300


@dataclass(frozen=True)
class Server:
    """Where Superset is, and who works on it."""

    url: str
    user: str
    password: str = field(repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Server:
        """Read ASPECTS_SUPERSET_*. Raises AspectsError when user or password is missing."""
        user = environment.get("ASPECTS_SUPERSET_USER", "")
        password = read_secret(environment, "ASPECTS_SUPERSET_PASSWORD")
        if not user or not password:
            raise AspectsError(
                "Nobody to log in to Superset as: set ASPECTS_SUPERSET_USER and "
                "ASPECTS_SUPERSET_PASSWORD or ASPECTS_SUPERSET_PASSWORD_FILE."
            )
        url = environment.get("ASPECTS_SUPERSET_URL") or "http://superset:8088"
        return cls(url.rstrip("/"), user, password)


class Client:
    """A session of a user."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.session = requests.Session()
        # Else Superset answers errors of commands with a page of HTML.
        self.session.headers.update({"Accept": "application/json", "Referer": server.url})
        login = {
            "username": server.user,
            "password": server.password,
            "provider": "db",
            "refresh": False,
        }
        token = self._call("POST", "security/login", "log in", json=login)["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"
        csrf = self._call("GET", "security/csrf_token/", "log in")["result"]
        self.session.headers["X-CSRFToken"] = csrf

    def import_assets(self, bundle: bytes, passwords: Mapping[str, str]) -> None:
        """Import a bundle over what is there.

        `passwords`: of databases, by their path in the bundle. What the bundle refers to and does
        not have must be there.
        """
        self._call(
            "POST",
            "assets/import/",
            "import the dashboards",
            files={"bundle": ("aspects.zip", bundle, "application/zip")},
            data={"passwords": json.dumps(dict(passwords)), "sparse": "true"},
        )

    def export_assets(self) -> bytes:
        """Everything that Superset has, as a bundle."""
        return self._send("GET", "assets/export/", "export the dashboards").content

    def dashboard(self, uuid: str) -> dict[str, Any]:
        """A dashboard. Raises AspectsError when there is none."""
        return dict(self._call("GET", f"dashboard/{uuid}", "find a dashboard")["result"])

    def chart_count(self, uuid: str) -> int:
        """How many charts a dashboard is linked with."""
        found = self._call("GET", f"dashboard/{uuid}/charts", "list the charts of a dashboard")
        return len(found["result"])

    def roles(self) -> dict[str, int]:
        """Ids of roles by name."""
        return {
            row["name"]: row["id"] for row in self._rows("security/roles/", "id,name", "list roles")
        }

    def move_datasets(self, wanted: Mapping[str, str]) -> list[str]:
        """Give datasets the connection that they are to have; returns the names of those moved.

        `wanted`: uuid of the connection by that of the dataset. Superset's import looks for a
        dataset on its new connection only, and then fails on the uuid that is there already.
        """
        connections = {
            row["uuid"]: row["id"] for row in self._rows("database/", "id,uuid", "list databases")
        }
        moved = []
        columns = "id,uuid,table_name,database.id"
        for row in self._rows("dataset/", columns, "list the datasets"):
            to = connections.get(wanted.get(row["uuid"], ""))
            if to is not None and row["database"]["id"] != to:
                body = {"database_id": to}
                self._call("PUT", f"dataset/{row['id']}", "move a dataset", json=body)
                moved.append(str(row["table_name"]))
        return moved

    def unused_charts(self, datasets: Collection[str]) -> list[dict[str, Any]]:
        """Charts that read one of these datasets (uuids) and stand on no dashboard."""
        ids = {
            row["id"]
            for row in self._rows("dataset/", "id,uuid", "list the datasets")
            if row["uuid"] in datasets
        }
        columns = "uuid,slice_name,datasource_id,dashboards.id"
        return [
            row
            for row in self._rows("chart/", columns, "list the charts")
            if row["datasource_id"] in ids and not row["dashboards"]
        ]

    def _rows(self, path: str, columns: str, doing: str) -> Iterator[dict[str, Any]]:
        """All rows of a list with these columns; Superset is slow to compute some of the others."""
        for page in itertools.count():
            query = f"(columns:!({columns}),page:{page},page_size:100)"
            rows = self._call("GET", f"{path}?q={query}", doing)["result"]
            yield from rows
            if len(rows) < 100:
                return

    def people(self) -> dict[str, int]:
        """Ids of those who have logged in, by username."""
        rows = self._rows("security/users/", "id,username", "list the users")
        return {row["username"]: row["id"] for row in rows}

    def set_people(self, dashboard: int, people: Mapping[str, Collection[int]]) -> None:
        """Who sees a dashboard (`roles`), and whose it is (`owners`)."""
        body = {key: sorted(ids) for key, ids in people.items()}
        self._call("PUT", f"dashboard/{dashboard}", "set roles and owners", json=body)

    def _call(self, method: str, path: str, doing: str, **more: Any) -> dict[str, Any]:
        response = self._send(method, path, doing, **more)
        try:
            return dict(response.json())
        except (ValueError, TypeError):
            raise AspectsError(
                f"{self.server.url} is no Superset: it answered '{path}' with something else than "
                "JSON; correct ASPECTS_SUPERSET_URL."
            ) from None

    def _send(self, method: str, path: str, doing: str, **more: Any) -> requests.Response:
        try:
            response = self.session.request(
                method, f"{self.server.url}/api/v1/{path}", timeout=TIMEOUT, **more
            )
        except requests.RequestException as error:
            raise AspectsError(
                f"Superset at {self.server.url} does not answer ({_reason(error)}): start it, or "
                "correct ASPECTS_SUPERSET_URL."
            ) from None
        if response.ok:
            return response
        if response.status_code == 401:
            raise AspectsError(
                f"Superset at {self.server.url} does not know the user '{self.server.user}' or the "
                "password: correct ASPECTS_SUPERSET_USER and ASPECTS_SUPERSET_PASSWORD."
            )
        raise AspectsError(
            f"Superset at {self.server.url} would not {doing} (HTTP {response.status_code}): "
            f"{_message(response)}"
        )


def _reason(error: Exception) -> str:
    return type(error).__name__


def _message(response: requests.Response) -> str:
    """What Superset says went wrong, in one line."""
    try:
        body = response.json()
    except ValueError:
        return "it says no more"
    said: list[str] = []
    for one in body.get("errors") or []:
        said.append(str(one.get("message", one)))
        extra = one.get("extra") or {}
        said += [
            f"{place}: {told}"
            for place, told in extra.items()
            if place not in ("issue_codes",) and told
        ]
    if not said and body.get("message"):
        said.append(str(body["message"]))
    return " ".join("; ".join(said).split()) or "it says no more"
