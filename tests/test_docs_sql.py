"""Every query in the documentation runs as it stands, on a cluster and as the user it is for."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.lab.lab import Lab
from tests.test_docs import DOCS, text_of

_SQL = re.compile(r"^```sql\n(.*?)^```", re.DOTALL | re.MULTILINE)
# What reports may run: nothing else of the documentation is for them.
_FOR_REPORTS = ("SELECT toDate(received_at)", "SELECT toStartOfWeek")


def queries() -> Iterator[tuple[str, str]]:
    """(page, query) of every block of SQL; each SELECT at the begin of a line is a query."""
    for page in sorted(DOCS.rglob("*.md")):
        for block in _SQL.findall(text_of(page)):
            for query in re.split(r"^(?=SELECT\b)", block, flags=re.MULTILINE)[1:]:
                yield page.relative_to(DOCS).as_posix(), query.strip()


QUERIES = list(queries())


def test_there_are_queries() -> None:
    assert len(QUERIES) >= 8


@pytest.mark.parametrize(("page", "query"), QUERIES, ids=[page for page, _ in QUERIES])
def test_query_runs(cluster: Lab, page: str, query: str) -> None:
    user = "report" if query.startswith(_FOR_REPORTS) else "admin"
    answer = cluster.http(query, user=user)
    assert answer.status == 200, f"{page}:\n{query}\n{answer}"
