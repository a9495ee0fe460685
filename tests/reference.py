"""Those parts of docs/ that follow from the code: tables, users, profiles, examples of plans.

A page holds them between `<!-- generated: name -->` and `<!-- /generated -->`.
`python -m tests.reference` writes them anew; tests/test_docs.py fails when one is stale.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tests import dbt_project, reference_dashboards
from tutoraspects import topology
from tutoraspects.access import Names as AccessNames
from tutoraspects.access import declare
from tutoraspects.gitops import operators, waves
from tutoraspects.gitops.components import COMPONENTS
from tutoraspects.gitops.fields import COMMENTS
from tutoraspects.schema import scripts
from tutoraspects.schema.ddl import Layout, data_engine, data_ref, has_front
from tutoraspects.schema.model import Column, Placement, Table
from tutoraspects.schema.names import Names

DOCS = Path(__file__).resolve().parent.parent / "docs"
RESULTS = DOCS.parent / "bench" / "results"
_BLOCK = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- /generated -->)", re.DOTALL)
_CLUSTER = Layout(cluster="aspects")
_PLACEMENTS = {
    Placement.SHARDED: "sharded",
    Placement.EVERYWHERE: "every row on every node",
    Placement.LOCAL: "local, stores nothing",
}
# A node whose limits are easy to read: they are shares of its memory.
_MEMORY_MIB = 16_384


def fresh(text: str) -> str:
    """The page with every generated part as the code has it now."""
    return _BLOCK.sub(lambda block: block[1] + PARTS[block[2]]() + block[3], text)


def pages() -> Iterable[Path]:
    """Pages that hold a generated part."""
    return (page for page in sorted(DOCS.rglob("*.md")) if _BLOCK.search(page.read_text("utf8")))


def _grid(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines
    )


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def databases() -> str:
    """Every table in a line."""
    tables = scripts.load(Names()).schema.tables.values()
    return _grid(
        ("Table", "On a cluster", "Rows are", "Meaning"),
        (
            (
                _code(str(table.ref)),
                f"{_code(data_ref(table, _CLUSTER).name)} and a Distributed front"
                if has_front(table, _CLUSTER)
                else _code(table.ref.name),
                _PLACEMENTS[table.placement],
                table.comment,
            )
            for table in tables
        ),
    )


def tables() -> str:
    """A section for each table: engine, keys, columns."""
    return "\n".join(_table(table) for table in scripts.load(Names()).schema.tables.values())


def _table(table: Table) -> str:
    facts = [
        ("Engine", data_engine(table, Layout())),
        ("On a cluster", data_engine(table, _CLUSTER) if table.holds_data else ""),
        ("Sharding key", table.sharding_key),
        ("Sorting key", ", ".join(table.order_by)),
        ("Primary key", ", ".join(table.primary_key)),
        ("Partition", table.partition_by),
        ("TTL", table.ttl),
        ("Index", ", ".join(f"{index.expression} {index.type}" for index in table.indexes)),
    ]
    listed = "".join(f"- {name}: {_code(value)}\n" for name, value in facts if value)
    if table.holds_data:
        listed += "\n" + _columns(table.columns)
    introduction = f"{table.comment}.\n\n" if table.comment else ""
    return f"### {table.ref}\n\n{introduction}{listed}"


def _columns(columns: Sequence[Column]) -> str:
    rows = [(_code(column.name), _code(column.type), _meaning(column)) for column in columns]
    if any(meaning for *_, meaning in rows):
        return _grid(("Column", "Type", "Meaning"), rows)
    return _grid(("Column", "Type"), [row[:2] for row in rows])


def _meaning(column: Column) -> str:
    computed = f"{column.kind} {column.expression}".strip()
    return ". ".join(part for part in (column.comment, _code(computed)) if part)


def marts() -> str:
    """A section for each folder of dbt models, in it one for each model: meaning, columns."""
    titles = {
        "learners": "Learners: enrollment, grades, status",
        "problems": "Problems",
        "pages": "Pages",
        "videos": "Videos",
        "activity": "Completion and forum",
        "courses": "Courses",
        "events": "Statements by subject",
        "instance": "The instance",
        "staging": "Latest rows of event_sink",
        "intermediate": "Behind the marts",
    }
    sections = []
    for folder, title in titles.items():
        sections.append(f"### {title}\n")
        for model in dbt_project.models():
            if model.folder == folder:
                rows = ((_code(c.name), _code(c.type), c.description) for c in model.columns)
                table = _grid(("Column", "Type", "Meaning"), rows)
                sections.append(f"#### {model.full_name}\n\n{model.description}\n\n{table}")
    return "\n".join(sections)


def users() -> str:
    """Who there is and what for."""
    return _grid(
        ("User", "For", "Profile"),
        (
            (_code(user.name), user.why.rstrip("."), _code(user.profile))
            for user in declare(AccessNames()).users
        ),
    )


def grants() -> str:
    """The matrix, one line for each grant."""
    rows: list[tuple[str, str, str]] = []
    for user in declare(AccessNames()).users:
        if user.everything:
            rows.append((_code(user.name), "everything, with grant option", "`*.*`"))
        rows += [
            (_code(user.name), _code(grant.privileges), _code(grant.target))
            for grant in user.grants
        ]
    return _grid(("User", "May", "On"), rows)


def profiles() -> str:
    """A section for each settings profile."""
    limits = {"": "", "max": "may be lowered", "most": "may be lowered, or 0", "const": "fixed"}
    sections = []
    for profile in declare(AccessNames(), memory_mib=_MEMORY_MIB).profiles:
        rows = (
            (_code(s.name), _code(str(s.value)), limits[s.limit], s.why) for s in profile.settings
        )
        table = _grid(("Setting", "Value", "By the user", "Why"), rows)
        sections.append(f"### {profile.name}\n\n{profile.why}\n\n{table}")
    return "\n".join(sections)


def quotas() -> str:
    """Limits by the hour."""
    return _grid(
        ("Quota", "Queries", "Errors", "Seconds of execution", "Why"),
        (
            (
                _code(quota.name),
                *(
                    f"{n:,}" if n else "no limit"
                    for n in (quota.queries, quota.errors, quota.execution_time)
                ),
                quota.why,
            )
            for quota in declare(AccessNames()).quotas
        ),
    )


def formula() -> str:
    """The sizing formula in sentences, with the constants that it uses."""
    t = topology
    keep = f"{t.BYTES_PER_EVENT:.0f} bytes per event and replica (text, typed columns, index)"
    room = f"{t.FREE_SPACE_SHARE:.0%} free for merges, plus {t.BASE_VOLUME_GIB:g} GiB"
    lines = (
        f"**Stored events** = events a day × (days + {t.PARTITION_DAYS}): a month leaves as a "
        f"whole. **Peak rate** = mean rate × {t.PEAK_FACTOR:g}.",
        f"**One node**, no replica, no Keeper: up to {t.SINGLE_NODE_EVENTS_PER_DAY:,} events a "
        f"day *and* {t.SINGLE_NODE_ROWS:,} stored.",
        f"**Above that** {t.REPLICAS_IN_CLUSTER} replicas of every shard, and "
        f"{t.KEEPERS_IN_CLUSTER} Keepers.",
        f"**Shards**: no more than {t.ROWS_PER_SHARD:,} events in one, and no more than "
        f"{t.EVENTS_PER_SECOND_PER_SHARD:,.0f} events a second into one.",
        f"**Disk**: {keep}, with {room}.",
        f"**CPU of a node**: half a core for every {t.ROWS_PER_HALF_CORE:,} events in its shard, "
        f"and {t.INSERT_CORE_SECONDS_PER_EVENT * 1000:g} ms of a core for each event at the "
        f"peak rate. The limit is {t.CPU_BURST:g} times the request.",
        f"**Memory of a node**: {t.MEMORY_MIB_PER_CORE:,} MiB for each core, "
        f"{t.MINIMUM_MEMORY_MIB:,} MiB at least.",
        f"**Ralph**: {t.RALPH_EVENTS_PER_SECOND_PER_WORKER:g} events a second per worker, loaded "
        f"to {t.RALPH_TARGET_LOAD:.0%} at the peak; {t.RALPH_IN_CLUSTER} pods at least in a "
        f"cluster. The autoscaler may go to {t.RALPH_BURST} times that.",
    )
    return "".join(f"- {line}\n" for line in lines)


def plans() -> str:
    """What the formula makes of some numbers of events a day, kept for a year."""
    rows = []
    for events in (10_000, 100_000, 1_000_000, 3_000_000, 10_000_000):
        made = topology.plan({"ASPECTS_EVENTS_PER_DAY": events, "ASPECTS_RETENTION_DAYS": 365})
        node = made.clickhouse
        rows.append(
            (
                f"{events:,}",
                f"{made.shards} × {made.replicas}",
                f"{made.keepers}",
                f"{node.cpu_request:g} cores, {node.memory_mib / 1024:g} GiB",
                f"{node.volume_gib:,} GiB",
                f"{made.ralph_replicas} to {made.ralph_max_replicas}, "
                f"{made.ralph_workers} workers each",
            )
        )
    heading = ("Events a day", "Shards × replicas", "Keepers", "Each node", "Its volume", "Ralphs")
    return _grid(heading, rows)


def chart_components() -> str:
    """The components of the charts and their keys."""
    return _grid(
        ("Key", "Chart", "Objects with `app.kubernetes.io/name`", "Meaning"),
        (
            (
                _code(component.key),
                "the one that is deployed first"
                if component.key == "secrets"
                else _code(component.chart),
                _code(component.name),
                component.meaning,
            )
            for component in COMPONENTS
        ),
    )


def chart_values() -> str:
    """The fields below a component's key."""
    return _grid(
        ("Value", "Meaning"), ((_code(name), comment) for name, comment in COMMENTS.items())
    )


def application_waves() -> str:
    """What the root application makes, in order."""
    versions = {operator.name: operator for operator in operators.ALL}
    rows = []
    for name, wave in waves.APPLICATION_WAVES.items():
        operator = versions.get(name)
        chart = f"{operator.chart} {operator.version}" if operator else f"charts/{name}"
        rows.append((f"{wave}", _code(name), _code(chart), waves.WHY_APPLICATION[name]))
    return _grid(("Wave", "Application", "Chart", "What"), rows)


def object_waves() -> str:
    """What an application applies, in order."""
    rows = [(wave, _code(kind), "Sync", why) for kind, (wave, why) in waves.KIND_WAVES.items()]
    for name, (phase, wave, why) in waves.HOOKS.items():
        rows.append((wave, f"{_code('Job')} {_code(name)}, a hook", phase, why))
    rows.sort(key=lambda row: (row[2] == "PostSync", row[0]))
    return _grid(
        ("Wave", "Object", "Phase", "Why then"), ((f"{wave}", *row) for wave, *row in rows)
    )


def protected_kinds() -> str:
    """What is never removed."""
    return "".join(f"- {_code(kind)}\n" for kind in waves.PROTECTED)


def bench_ingest() -> str:
    """What `make bench` found."""
    return (RESULTS / "ingest.md").read_text("utf8")


def bench_day() -> str:
    """What `make bench-day` found."""
    return (RESULTS / "day.md").read_text("utf8")


def bench_marts() -> str:
    """What `make bench-marts` found."""
    return (RESULTS / "marts.md").read_text("utf8")


def bench_save() -> str:
    """What `make bench-save` found."""
    return (RESULTS / "save.md").read_text("utf8")


def bench_dashboards() -> str:
    """What `make bench-dashboards` found."""
    return (RESULTS / "dashboards.md").read_text("utf8")


PARTS: dict[str, Callable[[], str]] = {
    "bench-ingest": bench_ingest,
    "bench-day": bench_day,
    "bench-marts": bench_marts,
    "bench-save": bench_save,
    "bench-dashboards": bench_dashboards,
    "application-waves": application_waves,
    "object-waves": object_waves,
    "protected-kinds": protected_kinds,
    "databases": databases,
    "tables": tables,
    "marts": marts,
    "users": users,
    "grants": grants,
    "profiles": profiles,
    "quotas": quotas,
    "formula": formula,
    "plans": plans,
    "chart-components": chart_components,
    "chart-values": chart_values,
    **reference_dashboards.PARTS,
}


if __name__ == "__main__":
    for stale in pages():
        stale.write_text(fresh(stale.read_text("utf8")), "utf8")
        print(stale.relative_to(DOCS.parent))
