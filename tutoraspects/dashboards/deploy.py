"""An import into Superset, and the proof that it did what it should."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tutoraspects.dashboards import bundle
from tutoraspects.dashboards.bundle import Asset, kind_of
from tutoraspects.dashboards.catalogue import Catalogue
from tutoraspects.dashboards.edition import Edition
from tutoraspects.dashboards.superset import Client
from tutoraspects.errors import AspectsError

# Roles of Open edX: Superset's, as SUPERSET_ROLES_MAPPING has them when nobody changed it.
ROLES = {"instructor": "Instructor", "operator": "Operator", "admin": "Admin"}


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
    """Import, then check and give roles; yields a line for each step.

    Raises AspectsError when a dashboard is not there afterwards or lacks charts: Superset stops
    linking charts at the first that it does not find, and says nothing.
    """
    has_databases = any(kind_of(path) == "databases" for path in assets)
    client.import_assets(bundle.pack(assets), passwords, has_databases=has_databases)
    yield f"imported {len(assets)} objects"
    roles = client.roles()
    names = role_names(environment)
    for edition in editions:
        for dashboard in edition.dashboards():
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
            mine = edition.roles(dashboard, names)
            missing = [name for name in mine if name not in roles]
            if missing:
                raise AspectsError(
                    f"Superset has no role '{missing[0]}' for the dashboard '{slug}': make the "
                    "roles first, or correct ASPECTS_SUPERSET_ROLES."
                )
            client.set_roles(client.dashboard(uuid)["id"], [roles[name] for name in mine])
            yield f"{slug}: {len(wanted)} charts, for {', '.join(mine)}"


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
