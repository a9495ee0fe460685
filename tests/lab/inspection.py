"""What a running laboratory can tell about itself."""

from __future__ import annotations

from typing import Any

from .lab import Lab


def endpoints(lab: Lab) -> dict[str, Any]:
    """Addresses and passwords of everything, for a file that only its owner reads."""
    rendering = lab.rendering
    return {
        "directory": str(lab.directory),
        "cluster": lab.cluster,
        "nodes": [
            {
                "name": node.name,
                "host": node.host,
                "http_port": node.http_port,
                "native_port": node.native_port,
                "gateway_http_port": node.gateway_http_port,
                "gateway_native_port": node.gateway_native_port,
            }
            for node in lab.nodes
        ],
        "users": {rendering.users[role]: word for role, word in rendering.passwords.items()},
        "ralph": [
            {"url": ralph.url, "username": ralph.username, "password": ralph.password}
            for ralph in lab.ralphs
        ],
        "s3": lab.s3.url if lab.s3 else None,
        "environment": lab.job_environment(),
    }


def summary(lab: Lab) -> str:
    """Which servers run, and the last lines of what they and their error logs say."""
    servers = [lab.gateway, *(ralph.process for ralph in lab.ralphs)]
    servers += [node.process for node in lab.nodes]
    parts = [f"{s.name}: {'up' if s.alive else 'down'}; {s.log}\n{s.tail(6)}" for s in servers]
    for node in lab.nodes:
        log = node.directory / "server.err.log"
        if log.exists():
            lines = log.read_text(errors="replace").splitlines()
            errors = [line[:400] for line in lines if "<Error>" in line or "<Fatal>" in line]
            parts.append("\n".join([str(log), *errors[-5:]]))
    return "\n\n".join(parts)
