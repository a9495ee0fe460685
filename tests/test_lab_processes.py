"""The laboratory's processes: ports, kills, restarts, and that nothing is left behind."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from clickhouse_driver import Client, errors

from tests.conftest import StartLab
from tests.lab.lab import Lab
from tests.lab.ports import Ports, accepts
from tests.test_lab_gateway import SHARDED, everywhere


def test_killed_nodes_and_gateways_come_back(start_lab: StartLab) -> None:
    lab = start_lab(shards=2)
    lab.client(gateway=True).execute(f"CREATE DATABASE d ON CLUSTER {lab.cluster}")
    everywhere(lab, "d.t")
    lab.client(gateway=True).execute("INSERT INTO d.t VALUES", [(1, "kept")])

    lab.kill_node(1)
    for port in (lab.nodes[1].native_port, lab.nodes[1].http_port):
        assert not accepts(port)
    with pytest.raises(errors.NetworkError):
        lab.client(1, gateway=True).execute("SELECT 1")
    with pytest.raises(OSError):
        lab.http("SELECT 1", node=1, gateway=True)
    with pytest.raises(errors.ServerException) as ddl:
        lab.client(gateway=True).execute(f"CREATE DATABASE e ON CLUSTER {lab.cluster}")
    assert ddl.value.code == 159
    with pytest.raises(errors.ServerException) as insert:
        lab.client(gateway=True).execute("INSERT INTO d.t VALUES", [(2, "refused")])
    assert insert.value.code == 210
    assert lab.client(gateway=True).execute("SELECT 1") == [(1,)]

    lab.start_node(1)
    assert lab.client(1, gateway=True).execute("SELECT s FROM d.t") == [("kept",)]

    lab.restart_gateway()
    lab.http("INSERT INTO d.t FORMAT CSV", "3,after", gateway=True)
    assert lab.on_nodes("SELECT count() FROM d.t WHERE a = 3") == [[(1,)], [(1,)]]

    lab.erase_node(0)
    lab.start_node(0)
    assert lab.client(0).execute("SHOW DATABASES LIKE 'd'") == []


def test_a_node_survives_bad_connections(start_lab: StartLab) -> None:
    lab = start_lab(shards=1)
    node = lab.nodes[0]
    with pytest.raises(errors.ServerException) as raised:
        Client(node.host, port=node.native_port, user="ch_lrs", password="wrong").execute("SELECT")
    assert raised.value.code == 516
    for garbage in (b"\x00garbage\xff\xff\xff\xff", b"GET / HTTP/1.1\r\n\r\n"):
        with socket.create_connection((node.host, node.native_port)) as stranger:
            stranger.sendall(garbage)
            time.sleep(0.1)
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    time.sleep(1)
    assert node.alive
    assert lab.client().execute("SELECT 1") == [(1,)]


def test_ports_are_held_and_usable() -> None:
    ports = Ports()
    taken = {ports.take() for _ in range(50)}
    assert len(taken) == 50
    port = taken.pop()
    with socket.socket() as stranger, pytest.raises(OSError):
        stranger.bind(("127.0.0.1", port))
    with socket.create_server(("127.0.0.1", port)):  # sets SO_REUSEADDR, as servers do
        assert accepts(port)
    ports.close()


def test_nothing_is_left_when_the_owner_is_killed() -> None:
    script = (
        "from tests.lab.lab import Lab; import time; lab = Lab(shards=1).start(); "
        "print(lab.nodes[0].process.pid, lab.gateway.pid, lab.directory, flush=True); "
        "time.sleep(60)"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    assert owner.stdout is not None
    *pids, directory = owner.stdout.readline().split()
    assert all(running(int(pid)) for pid in pids)
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    deadline = time.monotonic() + 10
    while any(running(int(pid)) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(running(int(pid)) for pid in pids)
    assert Path(directory).exists()
    with Lab(shards=1):  # the next laboratory sweeps
        assert not Path(directory).exists()


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_ralph_and_its_workers_die_together(start_lab: StartLab) -> None:
    lab = start_lab(shards=1, ralph_workers=2)
    assert len(lab.ralph.process.members()) >= 3
    assert lab.ralph.cpu_seconds() > 0
    lab.kill_ralph()
    assert lab.ralph.process.members() == []
    lab.start_ralph()
    assert lab.ralph.healthy()


def test_replicas_register_in_zookeeper(start_lab: StartLab) -> None:
    lab = start_lab(2, 2, zookeeper=True)
    lab.client(gateway=True).execute(f"CREATE DATABASE d ON CLUSTER {lab.cluster}")
    everywhere(lab, "d.everywhere")
    everywhere(lab, "d.sharded", SHARDED)
    query = "SELECT table, zookeeper_path, total_replicas FROM system.replicas ORDER BY table"
    for node, rows in zip(lab.nodes, lab.on_nodes(query), strict=True):
        prefix = f"/clickhouse/tables/{lab.cluster}"
        assert rows == [
            ("everywhere", f"{prefix}/all/d/everywhere", 4),
            ("sharded", f"{prefix}/{node.shard:02d}/d/sharded", 2),
        ]


@pytest.mark.slow
def test_s3_is_there(start_lab: StartLab) -> None:
    lab = start_lab(shards=1, s3=True)
    assert lab.s3 is not None
    request = urllib.request.Request(f"{lab.s3.url}/bucket", method="PUT")
    assert urllib.request.urlopen(request).status == 200
    s3 = lab.s3
    place = f"'{s3.url}/bucket/numbers.csv', '{s3.ACCESS_KEY}', '{s3.SECRET_KEY}', 'CSV'"
    client = lab.client()
    client.execute(f"INSERT INTO FUNCTION s3({place}, 'n UInt8') SELECT number FROM numbers(3)")
    assert client.execute(f"SELECT sum(n) FROM s3({place}, 'n UInt8')") == [(3,)]
