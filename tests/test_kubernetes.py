"""The Kubernetes manifests of the four named configurations, as `kubectl kustomize` builds them."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from tutor.utils import rsa_private_key

from tests.helpers import CONFIGURATION_NAMES, dummy_secrets
from tests.manifests import KUBECTL, LAB, Rendered, render
from tests.validation import Document, load_all, problems
from tests.validation.security import careless, unrestricted
from tutoraspects.settings import CATALOGUE

VERSIONS = ("1.30", "1.31", "1.32", "1.33")
SECRET = "aspects-secrets"
# An operator's own key, which must stay in the Secret like a generated one.
EXTRA = {"RALPH_SENTRY_DSN": "https://secret-sentry-key@sentry.example.org/1"}


@pytest.fixture(scope="module", params=CONFIGURATION_NAMES)
def rendered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    name = str(request.param)
    return render(tmp_path_factory.mktemp(name), name, RALPH_EXTRA_SETTINGS=EXTRA)


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    return render(tmp_path_factory.mktemp("production"), "production")


def ralph_container(found: Rendered) -> dict[str, Any]:
    container = found.get("Deployment", "ralph")["spec"]["template"]["spec"]["containers"][0]
    assert isinstance(container, dict)
    return container


# -- all manifests -----------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_manifests_are_valid(rendered: Rendered, version: str) -> None:
    assert problems(rendered.documents, version) == []


def test_pods_are_restricted(rendered: Rendered) -> None:
    """The standard's checks for every pod of ours; the operator adds nothing to its templates."""
    assert [fault for pods in rendered.own_pods for fault in unrestricted(pods)] == []
    assert rendered.own_pods


def test_pods_are_careful(rendered: Rendered) -> None:
    # The operator's pods keep their image writable: its own scripts write into it.
    ours = [pods for pods in rendered.own_pods if "Installation/" not in pods.owner]
    assert [fault for pods in ours for fault in careless(pods)] == []


def test_superset_starts_anew_with_another_key_of_the_lms(
    production: Rendered, tmp_path: Path
) -> None:
    """Superset reads the public half of the LMS's key once, when it starts."""
    key = rsa_private_key(2048)
    assert key != production.project.config["JWT_RSA_PRIVATE_KEY"]
    other = render(tmp_path, "production", JWT_RSA_PRIVATE_KEY=key)
    for name in ("superset", "superset-worker", "superset-worker-beat"):
        sums = [
            found.get("Deployment", name)["spec"]["template"]["metadata"]["annotations"]
            for found in (production, other)
        ]
        assert sums[0]["checksum/secrets"] != sums[1]["checksum/secrets"], name


def test_whoever_serves_is_probed(rendered: Rendered) -> None:
    """Jobs serve nobody, see docs/decisions/2026-11-23-production-review.md."""
    serving = [pods for pods in rendered.own_pods if not pods.owner.startswith("Job/")]
    for pods in serving:
        for container in pods.spec["containers"]:
            probes = {name for name in container if name.endswith("Probe")}
            assert probes == {"startupProbe", "livenessProbe", "readinessProbe"}, pods.owner
    jobs = [pods for pods in rendered.own_pods if pods.owner.startswith("Job/")]
    assert serving and jobs
    for pods in jobs:
        assert pods.spec["restartPolicy"] == "Never"
        assert not [name for name in pods.spec["containers"][0] if name.endswith("Probe")]


def test_nothing_but_the_deployed_parts_is_there(rendered: Rendered) -> None:
    kinds = {document["kind"] for document in rendered.documents}
    assert ("ClickHouseInstallation" in kinds) == rendered.plan.is_cluster
    assert ("ClickHouseKeeperInstallation" in kinds) == rendered.plan.is_cluster
    assert rendered.has("StatefulSet", "clickhouse") == (
        rendered.plan.own_clickhouse and not rendered.plan.is_cluster
    )
    assert rendered.has("PodDisruptionBudget", "ralph") == (rendered.plan.ralph_max_replicas > 1)


def test_switched_off_parts_leave_nothing(tmp_path: Path) -> None:
    off = {
        "RUN_RALPH": False,
        "RUN_VECTOR": True,
        "ASPECTS_XAPI_SOURCE": "vector",
        "ASPECTS_NETWORK_POLICIES": False,
    }
    found = render(tmp_path, "external-clickhouse", **off)
    names = {(document["kind"], document["metadata"]["name"]) for document in found.documents}
    assert not {name for name in names if "ralph" in name[1]}
    assert not {name for name in names if name[0] == "NetworkPolicy"}
    assert problems(found.documents, VERSIONS[-1]) == []


# -- secrets -----------------------------------------------------------------------------------


def disguises(secret: str) -> set[str]:
    """The forms in which a secret could leak: as it is, hashed, and in base64."""
    return {
        secret,
        hashlib.sha256(secret.encode()).hexdigest(),
        base64.b64encode(secret.encode()).decode(),
        json.dumps(secret)[1:-1],
    }


def test_secrets_are_in_the_secret_and_nowhere_else(rendered: Rendered) -> None:
    secret = rendered.get("Secret", SECRET)
    held = json.dumps(secret)
    elsewhere = [document for document in rendered.documents if document is not secret]
    text = yaml.safe_dump_all(elsewhere, width=10**6)
    files = {
        path: content.decode()
        for path, content in rendered.project.snapshot("env/plugins/aspects/k8s").items()
        if path != "secrets.yml"
    }
    assert len(dummy_secrets()) >= 12
    for name, value in {**dummy_secrets(), **EXTRA}.items():
        needed = name in EXTRA or CATALOGUE[name].read
        if needed and not name.endswith("_DEV"):  # for `tutor dev`
            assert value in held or json.dumps(value)[1:-1] in held, f"{name} is not in the Secret"
        for disguise in disguises(value):
            assert disguise not in text, f"{name} is in what kustomize builds"
            for path, content in files.items():
                assert disguise not in content, f"{name} is in {path}"


def test_secret_holds_the_hashes_that_clickhouse_compares(rendered: Rendered) -> None:
    data = rendered.get("Secret", SECRET)["stringData"]
    for account in ("ADMIN", "LRS", "VECTOR", "CMS", "REPORT", "HEALTH", "MONITOR", "BACKUP"):
        prefix = "CLICKHOUSE" if account == "ADMIN" else "ASPECTS_CLICKHOUSE"
        password = data[f"{prefix}_{account}_PASSWORD"]
        expected = hashlib.sha256(password.encode()).hexdigest()
        assert data[f"CH_{account}_PASSWORD_SHA256"] == expected


def test_awkward_passwords_survive(tmp_path: Path) -> None:
    awkward = "a\"b'c\\d: #e{f}$g%h<i>&é"
    found = render(
        tmp_path,
        "minimal",
        ASPECTS_CLICKHOUSE_LRS_PASSWORD=awkward,
        RALPH_EXTRA_SETTINGS={
            "RALPH_NOTE": awkward,
            "RALPH_XAPI_FORWARDINGS": '[{"is_active": true}]',
        },
    )
    data = found.get("Secret", SECRET)["stringData"]
    assert data["ASPECTS_CLICKHOUSE_LRS_PASSWORD"] == awkward
    assert data["ralph-extra.RALPH_NOTE"] == awkward
    assert json.loads(data["ralph-extra.RALPH_XAPI_FORWARDINGS"]) == [{"is_active": True}]


def test_a_new_password_starts_new_pods(tmp_path: Path) -> None:
    def checksums(found: Rendered) -> dict[str, dict[str, str]]:
        return {
            pods.owner: {
                key: value
                for key, value in pods.document["spec"]["template"]["metadata"]
                .get("annotations", {})
                .items()
                if key.startswith("checksum/")
            }
            for pods in found.pods
            if pods.document["kind"] == "Deployment"
        }

    before = checksums(render(tmp_path / "before", "external-clickhouse"))
    ralph = {"ASPECTS_CLICKHOUSE_LRS_PASSWORD": "another"}
    after = checksums(render(tmp_path / "ralph", "external-clickhouse", **ralph))
    assert {owner for owner in before if before[owner] != after[owner]} == {"Deployment/ralph"}
    cms = {"ASPECTS_CLICKHOUSE_CMS_PASSWORD": "another"}
    after = checksums(render(tmp_path / "cms", "external-clickhouse", **cms))
    assert {owner for owner in before if before[owner] != after[owner]} == {
        f"Deployment/{name}" for name in ("lms", "lms-worker", "cms", "cms-worker")
    }


# -- Ralph -------------------------------------------------------------------------------------


def test_ralph_is_sized_by_the_plan(rendered: Rendered) -> None:
    size = rendered.plan
    container = ralph_container(rendered)
    assert f"--workers={size.ralph_workers}" in container["command"]
    assert container["resources"]["requests"]["memory"] == f"{size.ralph.memory_mib}Mi"
    assert container["resources"]["requests"]["cpu"] == f"{round(size.ralph.cpu_request * 1000)}m"
    autoscaler = rendered.get("HorizontalPodAutoscaler", "ralph")["spec"]
    assert autoscaler["minReplicas"] == size.ralph_replicas
    assert autoscaler["maxReplicas"] == size.ralph_max_replicas


def test_ralph_of_a_fixed_number_has_no_autoscaler(tmp_path: Path) -> None:
    fixed = {"ASPECTS_RALPH_REPLICAS": 2, "ASPECTS_RALPH_MAX_REPLICAS": 2}
    found = render(tmp_path, "external-clickhouse", **fixed)
    assert not found.has("HorizontalPodAutoscaler", "ralph")
    assert found.get("Deployment", "ralph")["spec"]["replicas"] == 2


def test_ralph_is_replaced_without_loss(production: Rendered) -> None:
    spec = production.get("Deployment", "ralph")["spec"]
    assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    pod = spec["template"]["spec"]
    container = pod["containers"][0]
    pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    graceful = next(
        int(argument.partition("=")[2])
        for argument in container["command"]
        if argument.startswith("--timeout-graceful-shutdown=")
    )
    # The pod leaves the Service, then finishes its requests, then is killed.
    readiness = container["readinessProbe"]
    assert pause >= readiness["periodSeconds"] * readiness["failureThreshold"]
    assert pause + graceful < pod["terminationGracePeriodSeconds"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/__lbheartbeat__"
    assert readiness["httpGet"]["path"] == "/__heartbeat__"
    budget = production.get("PodDisruptionBudget", "ralph")["spec"]
    assert budget["maxUnavailable"] == 1
    keys = {constraint["topologyKey"] for constraint in pod["topologySpreadConstraints"]}
    assert keys == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}


def test_ralph_is_not_the_administrator(rendered: Rendered) -> None:
    text = json.dumps(rendered.get("Deployment", "ralph"))
    assert "CLICKHOUSE_ADMIN_PASSWORD" not in text
    env = (rendered.project.env / "plugins/aspects/apps/ralph/ralph.env").read_text(encoding="utf8")
    assert "RALPH_BACKENDS__LRS__CLICKHOUSE__USERNAME=ch_lrs" in env.splitlines()


RALPH_PYTHON = LAB / "ralph" / "bin" / "python"
_READ_SETTINGS = """
import json, logging.config
from pathlib import Path
from ralph.backends.lrs.clickhouse import ClickHouseLRSBackendSettings
from ralph.api.auth.basic import get_stored_credentials
from ralph.conf import settings
import sys
logging.config.dictConfig(json.loads(Path(sys.argv[1]).read_text()))
clickhouse = ClickHouseLRSBackendSettings()
print(json.dumps({
    "backend": settings.RUNSERVER_BACKEND,
    "host": clickhouse.HOST, "port": clickhouse.PORT, "database": clickhouse.DATABASE,
    "table": clickhouse.EVENT_TABLE_NAME, "user": clickhouse.USERNAME,
    "scopes": {u.username: sorted(u.scopes.root) for u in get_stored_credentials(sys.argv[2])},
    "level": logging.getLogger("ralph").level,
}))
"""


# Two are enough: what Ralph is told differs by where ClickHouse is, and a start takes seconds.
@pytest.mark.parametrize("rendered", ["minimal", "external-clickhouse"], indirect=True)
def test_ralph_itself_reads_its_configuration(rendered: Rendered) -> None:
    """The true Ralph loads the environment, the accounts and the logging that the pod gets."""
    if not RALPH_PYTHON.exists():
        pytest.fail(f"{RALPH_PYTHON} is missing: run `make lab`")
    deployment = rendered.get("Deployment", "ralph")["spec"]["template"]["spec"]
    config = deployment["containers"][0]["envFrom"][0]["configMapRef"]["name"]
    environment = rendered.get("ConfigMap", config)["data"]
    accounts = rendered.project.root / "auth.json"
    accounts.write_text(rendered.get("Secret", SECRET)["stringData"]["ralph-auth.json"])
    logging = rendered.project.env / "plugins/aspects/apps/ralph/logging.json"
    done = subprocess.run(
        [str(RALPH_PYTHON), "-c", _READ_SETTINGS, str(logging), str(accounts)],
        env=environment,
        cwd=rendered.project.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    external = rendered.name == "external-clickhouse"
    assert json.loads(done.stdout) == {
        "backend": "clickhouse",
        "host": "clickhouse.example.org" if external else "clickhouse",
        "port": 8443 if external else 8123,
        "database": "xapi",
        "table": "xapi_events_all",
        "user": "ch_lrs",
        "scopes": {"ralph": ["all"], "lms": ["statements/read", "statements/write"]},
        "level": 20,
    }


def test_uvicorn_takes_the_arguments() -> None:
    """An option that this uvicorn does not know would stop every pod."""
    if not RALPH_PYTHON.exists():
        pytest.fail(f"{RALPH_PYTHON} is missing: run `make lab`")
    done = subprocess.run(
        [str(RALPH_PYTHON), "-m", "uvicorn", "--help"], capture_output=True, text=True, check=True
    )
    template = Path(__file__).parent.parent / "templates/aspects/k8s/ralph.yml"
    for line in template.read_text(encoding="utf8").splitlines():
        if line.strip().startswith("- --"):
            assert line.strip()[2:].partition("=")[0] in done.stdout


def test_public_url_is_a_route_of_caddy(tmp_path: Path) -> None:
    public = {"RALPH_ENABLE_PUBLIC_URL": True, "RALPH_HOST": "ralph.example.org"}
    found = render(tmp_path, "external-clickhouse", **public)
    caddyfile = (found.project.env / "apps/caddy/Caddyfile").read_text(encoding="utf8")
    assert 'ralph.example.org{$default_site_port} {\n    import proxy "ralph:8100"\n}' in caddyfile


# -- jobs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", ["aspects", "lms", "cms"])
def test_tutor_runs_a_task_in_the_job(
    service: str, production: Rendered, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tutor's own runner, with a Kubernetes that only listens."""
    from tutor.commands import k8s

    applied: list[Document] = []

    def listen(*command: str) -> int:
        assert command[:2] == ("apply", "-f")
        applied.extend(load_all(Path(command[2]).read_text(encoding="utf8")))
        return 0

    done = SimpleNamespace(
        metadata=SimpleNamespace(name="x"), status=SimpleNamespace(active=None, succeeded=1)
    )
    api = SimpleNamespace(list_namespaced_job=lambda *_, **__: SimpleNamespace(items=[done]))
    monkeypatch.setattr(k8s.K8sClients, "_instance", SimpleNamespace(batch_api=api))
    monkeypatch.setattr(k8s.utils, "kubectl", listen)
    monkeypatch.setenv("PATH", str(KUBECTL.parent), prepend=":")
    runner = k8s.K8sTaskRunner(str(production.project.root), {"K8S_NAMESPACE": "openedx"})
    assert runner.run_task(service, "echo 'a script'") == 0

    [job] = applied
    assert job["metadata"]["name"].startswith(f"{service}-job-")
    container = job["spec"]["template"]["spec"]["containers"][0]
    assert container["args"] == ["sh", "-e", "-c", "echo 'a script'"]
    # The policies must still know the pod, though Tutor has renamed the job.
    labels = job["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/name"] == f"{service}-job"
    pattern = production.get("Job", f"{service}-job")
    others = [document for document in production.documents if document is not pattern]
    assert problems([*others, job], VERSIONS[0]) == []


def test_start_leaves_jobs_alone(production: Rendered) -> None:
    """`tutor k8s start` applies what is not labelled component=job."""
    job = production.get("Job", "aspects-job")
    assert job["metadata"]["labels"]["app.kubernetes.io/component"] == "job"


def test_job_knows_everything_but_the_passwords(rendered: Rendered) -> None:
    pod = rendered.get("Job", "aspects-job")["spec"]["template"]["spec"]
    container = pod["containers"][0]
    environment = dict(
        rendered.get("ConfigMap", container["envFrom"][0]["configMapRef"]["name"])["data"]
    )
    external = rendered.name == "external-clickhouse"
    cluster = {"external-clickhouse": "analytics", "minimal": ""}.get(rendered.name, "aspects")
    assert environment == {
        "ASPECTS_CLICKHOUSE_HOST": "clickhouse.example.org" if external else "clickhouse",
        "ASPECTS_CLICKHOUSE_DDL_NODE": "clickhouse-1.example.org" if external else "",
        "ASPECTS_CLICKHOUSE_NATIVE_PORT": "9440" if external else "9000",
        "ASPECTS_CLICKHOUSE_HTTP_PORT": "8443" if external else "8123",
        "ASPECTS_CLICKHOUSE_SECURE": "1" if external else "0",
        "ASPECTS_CLICKHOUSE_USER": "ch_admin",
        "ASPECTS_CLICKHOUSE_CLUSTER": cluster,
        **{
            f"ASPECTS_CLICKHOUSE_{role}_USER": f"ch_{role.lower()}"
            for role in ("LRS", "VECTOR", "CMS", "REPORT", "HEALTH", "MONITOR", "BACKUP")
        },
        "ASPECTS_CLICKHOUSE_MEMORY_MIB": str(rendered.plan.clickhouse.memory_mib),
        "ASPECTS_CLICKHOUSE_INSERT_QUORUM": str(rendered.plan.insert_quorum),
        "ASPECTS_ENABLE_PII": "1" if rendered.name == "production" else "0",
        "ASPECTS_PII_MODELS": "user_profile,external_id,auth_user",
        "ASPECTS_RALPH_LOOKBACK_DAYS": "7",
        "ASPECTS_DELIVERY_RETRY_MINUTES": "60",
        "ASPECTS_RALPH_DATABASE": "xapi",
        "ASPECTS_VECTOR_DATABASE": "openedx",
        "ASPECTS_EVENT_SINK_DATABASE": "event_sink",
        "ASPECTS_REPORTING_DATABASE": "reporting",
        "ASPECTS_MIGRATIONS_DATABASE": "xapi",
        "ASPECTS_RAW_XAPI_TABLE": "xapi_events_all",
        "ASPECTS_VECTOR_RAW_TRACKING_LOGS_TABLE": "_tracking",
        "ASPECTS_DATA_TTL_EXPRESSION": "toDateTime(emission_time) + INTERVAL 365 DAY",
        "ASPECTS_COURSE_STRUCTURE_REFRESH": "EVERY 5 MINUTE",
        "ASPECTS_COURSE_STRUCTURE_REFRESH_RANDOMIZE": "1 MINUTE",
        "ASPECTS_PII_CACHE_LIFETIME": "900",
        "ASPECTS_LRS_URL": "http://ralph:8100/xAPI/",
        "ASPECTS_LRS_USERNAME": "lms",
        "ASPECTS_PII_CHART_UUIDS": "447a194b-dbed-4a82-a899-2df8e01e84b1",
        "ASPECTS_SUPERSET_URL": "http://superset:8088",
        "ASPECTS_SUPERSET_USER": rendered.project.config["SUPERSET_ADMIN_USERNAME"],
        "ASPECTS_SUPERSET_ROLES": "instructor=Instructor,operator=Operator,admin=Admin,"
        "student=Student",
        "SUPERSET_DASHBOARD_LOCALES": "en",
        "SUPERSET_DB_METADATA_NAME": "superset",
    }
    mounted = {item["path"] for item in pod["volumes"][0]["secret"]["items"]}
    # Where ClickHouse is not ours, `aspects schema users` makes six users.
    assert len(container["env"]) == len(mounted) == (10 if external else 3)
    for variable in container["env"]:
        folder, _, name = variable["value"].rpartition("/")
        assert folder == container["volumeMounts"][0]["mountPath"]
        assert name in mounted


@pytest.mark.parametrize("authority", ["", "-----BEGIN CERTIFICATE-----\n"])
def test_superset_workers_follow_the_queue(tmp_path: Path, authority: str) -> None:
    """With KEDA: as many as tasks wait in Celery's list, in the database that is the broker's."""
    found = render(
        tmp_path,
        "production",
        ASPECTS_SUPERSET_WORKER_SCALING="keda",
        ASPECTS_SUPERSET_REDIS_HOST="redis.example.org",
        ASPECTS_SUPERSET_REDIS_PORT=6380,
        ASPECTS_SUPERSET_REDIS_TLS=True,
        ASPECTS_SUPERSET_REDIS_CA=authority,
    )
    assert problems(found.documents, VERSIONS[0]) == []
    assert not found.has("HorizontalPodAutoscaler", "superset-worker")
    spec = found.get("ScaledObject", "superset-worker")["spec"]
    assert spec["scaleTargetRef"]["name"] == "superset-worker"
    assert "replicas" not in found.get("Deployment", "superset-worker")["spec"]
    [trigger] = spec["triggers"]
    assert trigger["type"] == "redis"
    assert trigger["metadata"] == {
        "address": "redis.example.org:6380",
        "databaseIndex": "3",
        "listName": "celery",
        "listLength": "4",
        "enableTLS": "true",
    }
    assert ("authenticationRef" in trigger) == bool(authority)
    if authority:
        [wanted] = found.get("TriggerAuthentication", "superset-worker")["spec"]["env"]
        assert (wanted["parameter"], wanted["containerName"]) == ("ca", "superset-worker")
        worker = found.get("Deployment", "superset-worker")["spec"]["template"]["spec"]
        [variable] = [
            one for one in worker["containers"][0]["env"] if one["name"] == wanted["name"]
        ]
        reference = variable["valueFrom"]["configMapKeyRef"]
        config = found.get("ConfigMap", reference["name"])
        assert authority.strip() in config["data"][reference["key"]]
