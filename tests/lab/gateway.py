"""The gateway process: in front of every node a listener for HTTP and one for the native protocol.

python -m tests.lab.gateway SETTINGS.json

SETTINGS.json: {"cluster": "aspects", "catalogue": FILE, "plain_tables": null, "nodes":
[{"name", "http_port", "native_port", "gateway_http_port", "gateway_native_port"}, ...]}
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

from .catalogue import Catalogue
from .fanout import Backend, Cluster
from .gateway_http import HttpGateway
from .gateway_native import NativeGateway


def main(settings_file: str) -> None:
    """Listen in front of every node until killed."""
    settings = json.loads(Path(settings_file).read_text())
    nodes = [Backend(**node) for node in settings["nodes"]]
    cluster = Cluster(
        settings["cluster"],
        nodes,
        Catalogue(Path(settings["catalogue"])),
        settings.get("plain_tables"),
    )
    for node in nodes:
        for gateway in (HttpGateway(cluster, node), NativeGateway(cluster, node)):
            threading.Thread(target=gateway.serve_forever, daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1])
