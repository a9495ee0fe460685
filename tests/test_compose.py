"""The services of Docker Compose without an engine: schema, and everything they refer to."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from tests.helpers import TutorProject, configuration, dummy_secrets, project

OURS = re.compile(r"(clickhouse.*|ralph|aspects.*)")
Services = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TutorProject]:
    made = {}
    for name in ("minimal", "compose-cluster", "external-clickhouse"):
        made[name] = project(tmp_path_factory.mktemp("project"), **configuration(name))
        made[name].save()
    return made


@pytest.fixture(params=["minimal", "compose-cluster", "external-clickhouse"])
def case(projects: dict[str, TutorProject], request: pytest.FixtureRequest) -> TutorProject:
    return projects[request.param]


@pytest.fixture
def cluster(projects: dict[str, TutorProject]) -> TutorProject:
    return projects["compose-cluster"]


def services(case: TutorProject, *files: str) -> Services:
    """Our services in these files together; a later file adds to an earlier one."""
    found: Services = {}
    for file in files or ("local/docker-compose.yml", "local/docker-compose.jobs.yml"):
        loaded = yaml.safe_load((case.env / file).read_text(encoding="utf8"))
        for name, service in loaded["services"].items():
            if OURS.fullmatch(name):
                found.setdefault(name, {}).update(service)
    return found


def nodes(case: TutorProject) -> Services:
    return {n: s for n, s in services(case).items() if "clickhouse-server" in s["image"]}


def keepers(case: TutorProject) -> Services:
    return {n: s for n, s in services(case).items() if "clickhouse-keeper" in s["image"]}


def environment(case: TutorProject, service: dict[str, Any]) -> dict[str, str]:
    """What the container gets, read as Compose reads env files."""
    found: dict[str, str] = {}
    for file in service.get("env_file", ()):
        for line in (case.env / "local" / file).read_text(encoding="utf8").splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.partition("=")
                quoted = value.startswith("'")
                assert quoted or not re.search(r"[$#'\"]", value), line
                found[name] = value[1:-1].replace("\\'", "'") if quoted else value
    return {**found, **service.get("environment", {})}


def config(case: TutorProject, name: str) -> ET.Element:
    return ET.parse(case.env / f"plugins/aspects/apps/clickhouse/{name}").getroot()


def test_services_obey_the_compose_specification(case: TutorProject) -> None:
    for files in (
        ("local/docker-compose.yml", "local/docker-compose.jobs.yml"),
        ("local/docker-compose.yml", "dev/docker-compose.yml", "local/docker-compose.jobs.yml"),
    ):
        found = services(case, *files)
        assert "ralph" in found and "aspects-job" in found
        known = {"permissions": {"image": "x:1"}, **found}
        # The network that Compose makes by itself.
        document = {"services": known, "networks": {"default": {}}}
        compose = PyCompose.from_yaml(yaml.safe_dump(document))
        compose.validate()


def test_which_services_there_are(projects: dict[str, TutorProject]) -> None:
    assert set(nodes(projects["minimal"])) == {"clickhouse"}
    assert not keepers(projects["minimal"])
    assert set(services(projects["external-clickhouse"])) == {"ralph", "aspects-job"}
    plan = projects["compose-cluster"].run("aspects", "plan", "--json")
    shape = json.loads(plan.stdout)["clickhouse"]
    found = nodes(projects["compose-cluster"])
    assert len(found) == shape["shards"] * shape["replicas"] > 1
    assert len(keepers(projects["compose-cluster"])) == 3


def test_files_that_services_mount_or_read_are_rendered(case: TutorProject) -> None:
    for name, service in services(case).items():
        mounted = [volume.split(":")[0] for volume in service.get("volumes", ())]
        for path in [*mounted, *service.get("env_file", ())]:
            if not path.startswith("../../data/"):
                assert (case.env / "local" / path).is_file(), f"{name}: {path}"


def test_dependencies_exist(case: TutorProject) -> None:
    known = {*services(case), "permissions"}
    for name, service in services(case).items():
        assert set(service.get("depends_on", ())) <= known, name


def test_no_secret_is_in_a_compose_file(case: TutorProject) -> None:
    tutors_own = {"MYSQL_ROOT_PASSWORD", "MEILISEARCH_MASTER_KEY"}
    text = "".join(
        (case.env / folder / file).read_text(encoding="utf8")
        for folder in ("local", "dev")
        for file in ("docker-compose.yml", "docker-compose.jobs.yml")
    )
    for name, secret in dummy_secrets().items():
        assert name in tutors_own or secret not in text, name


def test_servers_get_every_variable_that_their_configuration_takes(case: TutorProject) -> None:
    for found, files in (
        (nodes(case), ("server.xml", "users.xml")),
        (keepers(case), ("keeper.xml",)),
    ):
        for name, service in found.items():
            given = environment(case, service)
            for file in files:
                for element in config(case, file).iter():
                    variable = element.get("from_env")
                    assert variable is None or given.get(variable), f"{name}: {file}: {variable}"


def test_the_cluster_of_the_configuration_is_the_one_of_the_services(
    cluster: TutorProject,
) -> None:
    server, found = config(cluster, "server.xml"), nodes(cluster)
    shards = server.findall("./remote_servers/*/shard")
    named = [[host.text for host in shard.findall("./replica/host")] for shard in shards]
    assert sorted(str(host) for shard in named for host in shard) == sorted(found)
    for shard in named:
        macros = {found[str(host)]["environment"]["CLICKHOUSE_SHARD"] for host in shard}
        assert len(macros) == 1
    replicas = [service["environment"]["CLICKHOUSE_REPLICA"] for service in found.values()]
    assert len(set(replicas)) == len(replicas)
    assert all(shard.findtext("internal_replication") == "true" for shard in shards)
    addresses = [host.text for host in server.findall("./zookeeper/node/host")]
    assert addresses == list(keepers(cluster))


def test_keepers_know_each_other(cluster: TutorProject) -> None:
    raft = config(cluster, "keeper.xml").findall("./keeper_server/raft_configuration/server")
    known = {server.findtext("hostname"): server.findtext("id") for server in raft}
    assert known == {
        name: service["environment"]["KEEPER_SERVER_ID"]
        for name, service in keepers(cluster).items()
    }
    client_port = config(cluster, "keeper.xml").findtext("./keeper_server/tcp_port")
    for port in config(cluster, "server.xml").findall("./zookeeper/node/port"):
        assert port.text == client_port


def test_every_node_answers_to_the_host_of_the_settings(
    projects: dict[str, TutorProject], tmp_path: Path
) -> None:
    for service in nodes(projects["compose-cluster"]).values():
        assert service["networks"]["default"]["aliases"] == ["clickhouse"]
    renamed = project(tmp_path, CLICKHOUSE_HOST="analytics-db")
    renamed.save()
    assert nodes(renamed)["clickhouse"]["networks"]["default"]["aliases"] == ["analytics-db"]


def test_each_server_has_a_folder_of_its_own_that_belongs_to_it(case: TutorProject) -> None:
    compose = yaml.safe_load((case.env / "local/docker-compose.yml").read_text(encoding="utf8"))
    mounts = compose["services"]["permissions"]["volumes"]
    owners = (case.env / "apps/permissions/setowners.sh").read_text(encoding="utf8")
    seen = set()
    for name, service in {**nodes(case), **keepers(case)}.items():
        (data,) = [volume for volume in service["volumes"] if "/data/" in volume.split(":")[0]]
        folder = data.split(":")[0]
        assert folder not in seen
        seen.add(folder)
        inside = f"/mounts/{Path(folder).name}"
        assert f"{folder}:{inside}:z" in mounts, name
        assert f"setowner 101 {inside}\n" in owners, name
        assert service["user"] == "101:101"


def test_ports_are_open_for_development_only_and_on_the_machine_only(case: TutorProject) -> None:
    for name, service in services(case).items():
        assert not service.get("ports"), name
    published = services(case, "dev/docker-compose.yml")
    assert "ralph" in published
    for service in published.values():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_ralph_logs_in_as_its_own_user(case: TutorProject) -> None:
    given = environment(case, services(case)["ralph"])
    prefix = "RALPH_BACKENDS__LRS__CLICKHOUSE__"
    assert given[f"{prefix}USERNAME"] == "ch_lrs"
    assert given[f"{prefix}PASSWORD"] == case.config["ASPECTS_CLICKHOUSE_LRS_PASSWORD"]
    mounts = dict(volume.split(":")[1::-1] for volume in services(case)["ralph"]["volumes"])
    accounts = json.loads((case.env / "local" / mounts[given["RALPH_AUTH_FILE"]]).read_text())
    assert [account["scopes"] for account in accounts] == [
        ["all"],
        ["statements/write", "statements/read"],
    ]
    assert all(account["hash"].startswith("$2") for account in accounts)


def test_the_job_gets_what_the_command_needs(case: TutorProject) -> None:
    given = environment(case, services(case)["aspects-job"])
    assert given["ASPECTS_CLICKHOUSE_USER"] == case.config["CLICKHOUSE_ADMIN_USER"]
    assert given["ASPECTS_CLICKHOUSE_PASSWORD"] == case.config["CLICKHOUSE_ADMIN_PASSWORD"]
    assert given["ASPECTS_LRS_PASSWORD"] == case.config["RALPH_LMS_PASSWORD"]


def test_any_password_reaches_the_container(tmp_path: Path) -> None:
    odd = 'it\'s $HOME #1 \\ "x"'
    extra = {"A": '{"b": 1}'}
    made = project(tmp_path, CLICKHOUSE_ADMIN_PASSWORD=odd, RALPH_EXTRA_SETTINGS=extra)
    made.save()
    job = environment(made, services(made)["aspects-job"])
    assert job["ASPECTS_CLICKHOUSE_PASSWORD"] == odd
    assert json.loads(environment(made, services(made)["ralph"])["A"]) == {"b": 1}


def test_patches_of_other_plugins_reach_the_servers(tmp_path: Path) -> None:
    made = project(tmp_path)
    (made.root / "plugins").mkdir()
    (made.root / "plugins/other.yml").write_text(
        "name: other\nversion: 1.0.0\npatches:\n"
        "  clickhouse-server-config: <max_connections>7</max_connections>\n"
        "  clickhouse-user-config: <profiles><default><max_threads>3</max_threads></default>"
        "</profiles>\n",
        encoding="utf8",
    )
    made.run("plugins", "enable", "other")
    made.save()
    assert config(made, "server-patch.xml").findtext("max_connections") == "7"
    assert config(made, "users-patch.xml").findtext("./profiles/default/max_threads") == "3"
