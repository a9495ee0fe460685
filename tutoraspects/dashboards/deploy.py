"""An import into Superset, and the proof that it did what it should."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping

from tutoraspects.dashboards import bundle
from tutoraspects.dashboards.bundle import Asset, kind_of
from tutoraspects.dashboards.catalogue import Catalogue
from tutoraspects.dashboards.compare import differences
from tutoraspects.dashboards.edition import Edition
from tutoraspects.dashboards.model import Dashboard
from tutoraspects.dashboards.superset import Client
from tutoraspects.errors import AspectsError

# Roles of Open edX: Superset's, as SUPERSET_ROLES_MAPPING has them when nobody changed it.
ROLES = {"instructor": "Instructor", "operator": "Operator", "admin": "Admin"}
# Objects in one request; Superset takes some hundredths of a second for each.
AT_ONCE = 100
# What refers to others comes after them.
ORDER = ("databases", "datasets", "charts", "dashboards")


def role_names(environment: Mapping[str, str]) -> dict[str, str]:
    """Superset's roles, from `instructor=Teacher,operator=Ops` in ASPECTS_SUPERSET_ROLES."""
    found = dict(ROLES)
    for part in (environment.get("ASPECTS_SUPERSET_ROLES") or "").split(","):
        role, _, name = part.strip().partition("=")
        if role and name:
            found[role] = name
    return found


def deploy(
    client: Client,
    assets: Mapping[str, Asset],
    passwords: Mapping[str, str],
    editions: list[Edition],
    environment: Mapping[str, str],
) -> Iterator[str]:
    """Import what differs, then check and give roles; yields a line for each step.

    What Superset has already stays untouched. Databases, whose passwords nobody can compare, are
    imported every time. Raises AspectsError when a dashboard is not there afterwards or lacks
    charts: Superset stops linking charts at the first that it does not find, and says nothing.
    """
    roles = _roles(client, editions, role_names(environment))
    owners, strangers = _owners(client, environment)
    for name in strangers:
        yield f"owner {name}: not in Superset until the first login; import again afterwards"
    for name in client.move_datasets(
        {
            str(one["uuid"]): str(one["database_uuid"])
            for path, one in assets.items()
            if kind_of(path) == "datasets"
        }
    ):
        yield f"dataset {name}: reads through another connection now"
    there = bundle.unpack(client.export_assets(), "Superset's export")
    yield from _import(client, _changed(assets, there), len(assets), passwords)
    for edition in editions:
        for dashboard in edition.dashboards():
            mine = roles[edition.slug(dashboard.dashboard)]
            yield _finished(client, edition, dashboard, mine, owners)
    yield from _left_over(client, assets)


def _roles(
    client: Client, editions: list[Edition], names: Mapping[str, str]
) -> dict[str, dict[str, int]]:
    """Names and ids of each dashboard's roles, by its slug. Raises AspectsError without one."""
    known = client.roles()
    found: dict[str, dict[str, int]] = {}
    for edition in editions:
        for dashboard in edition.dashboards():
            slug = edition.slug(dashboard.dashboard)
            mine = edition.roles(dashboard, names)
            missing = [name for name in mine if name not in known]
            if missing:
                raise AspectsError(
                    f"Superset has no role '{missing[0]}' for the dashboard '{slug}': run the init "
                    "task with SUPERSET_DASHBOARD_LOCALES as it is here, which makes the roles, or "
                    "correct ASPECTS_SUPERSET_ROLES."
                )
            found[slug] = {name: known[name] for name in mine}
    return found


def _owners(client: Client, environment: Mapping[str, str]) -> tuple[set[int], list[str]]:
    """Ids of those in SUPERSET_OWNERS, and the names of whom Superset does not know."""
    told = (environment.get("SUPERSET_OWNERS") or "").split(",")
    names = [name.strip() for name in told if name.strip()]
    known = client.people() if names else {}
    return {known[one] for one in names if one in known}, [x for x in names if x not in known]


def _changed(assets: Mapping[str, Asset], there: Mapping[str, Asset]) -> dict[str, Asset]:
    """Databases, and what is missing in Superset or differs from it, what others refer to first."""
    differ = {(f"{one.kind}s", one.uuid) for one in differences(assets, there)}
    chosen = [
        path
        for path, asset in assets.items()
        if kind_of(path) == "databases" or (kind_of(path), str(asset["uuid"])) in differ
    ]
    chosen.sort(key=lambda path: ORDER.index(kind_of(path)))
    return {path: assets[path] for path in chosen}


def _import(
    client: Client, chosen: Mapping[str, Asset], known: int, passwords: Mapping[str, str]
) -> Iterator[str]:
    """A request for every AT_ONCE objects, so that none takes longer than servers wait."""
    if not chosen:
        yield f"Superset has all {known} objects as they should be: nothing to import"
        return
    yield f"{len(chosen)} of {known} objects are new or differ"
    paths, start = list(chosen), time.monotonic()
    for first in range(0, len(paths), AT_ONCE):
        part = {path: chosen[path] for path in paths[first : first + AT_ONCE]}
        mine = {path: word for path, word in passwords.items() if path in part}
        client.import_assets(bundle.pack(part), mine)
        done = first + len(part)
        rate = done / max(time.monotonic() - start, 0.001)
        left = f", {(len(paths) - done) / rate:.0f} s to go" if done < len(paths) else ""
        yield f"imported {done} of {len(paths)} objects, {rate:.1f} a second{left}"


def _finished(
    client: Client,
    edition: Edition,
    dashboard: Dashboard,
    roles: Mapping[str, int],
    owners: Collection[int],
) -> str:
    """Look whether a dashboard has its charts, and give it its roles, and its owners if there
    are any to give."""
    uuid = edition.uuid(edition.catalogue.dashboard_uuid(dashboard.dashboard))
    slug = edition.slug(dashboard.dashboard)
    wanted = {
        edition.chart_uuid(owner, chart)
        for owner, chart in edition.catalogue.shown(dashboard)
        if edition.has(owner, chart)
    }
    found = client.chart_count(uuid)
    if found < len(wanted):
        raise AspectsError(
            f"Superset has only {found} of the {len(wanted)} charts of the dashboard "
            f"'{slug}': run `aspects dashboards diff` to see what is missing."
        )
    stored = client.dashboard(uuid)
    people = {"roles": set(roles.values())} | ({"owners": set(owners)} if owners else {})
    if any({one["id"] for one in stored.get(key) or []} != ids for key, ids in people.items()):
        client.set_people(stored["id"], people)
    return f"{slug}: {len(wanted)} charts, for {', '.join(roles)}"


def _left_over(client: Client, assets: Mapping[str, Asset]) -> Iterator[str]:
    """Charts of our datasets that are not ours and that no dashboard shows, as an older version
    or another plugin leaves them. They may also be somebody's own, so nothing is deleted."""
    datasets = {str(one["uuid"]) for path, one in assets.items() if kind_of(path) == "datasets"}
    charts = {str(one["uuid"]) for path, one in assets.items() if kind_of(path) == "charts"}
    for chart in client.unused_charts(datasets):
        if chart["uuid"] not in charts:
            yield (
                f"left over: the chart '{chart['slice_name']}' ({chart['uuid']}) reads a dataset "
                "of these dashboards, and no dashboard shows it: delete it in Superset if it is "
                "nobody's"
            )


def only_ours(assets: Mapping[str, Asset], catalogue: Catalogue) -> dict[str, Asset]:
    """The dashboards that the specifications know, with all charts and datasets of the bundle."""
    known = {catalogue.dashboard_uuid(slug) for slug in catalogue.dashboards}
    shown = {
        path: asset
        for path, asset in assets.items()
        if kind_of(path) == "dashboards" and str(asset["uuid"]) in known
    }
    charts = {
        str(element["meta"]["uuid"])
        for asset in shown.values()
        for element in asset["position"].values()
        if isinstance(element, dict) and element.get("type") == "CHART"
    }
    mine = {
        path: asset
        for path, asset in assets.items()
        if kind_of(path) == "charts" and str(asset["uuid"]) in charts
    }
    datasets = {str(asset["dataset_uuid"]) for asset in mine.values()}
    datasets |= {
        str(target["datasetUuid"])
        for asset in shown.values()
        for one in (asset.get("metadata") or {}).get("native_filter_configuration") or []
        for target in one.get("targets") or []
        if "datasetUuid" in target
    }
    # What a dataset extends is needed to tell its columns.
    names = {catalogue.dataset_uuid(name): name for name in catalogue.datasets}
    for uuid in list(datasets):
        extended = catalogue.datasets[names[uuid]].extends if uuid in names else None
        datasets |= {catalogue.dataset_uuid(extended)} if extended else set()
    return {
        **shown,
        **mine,
        **{
            path: asset
            for path, asset in assets.items()
            if kind_of(path) == "datasets" and str(asset["uuid"]) in datasets
        },
    }
