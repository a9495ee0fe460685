"""What a set of network policies lets through, between pods of one namespace and others.

https://kubernetes.io/docs/concepts/services-networking/network-policies/ : a pod that no policy of
a direction chooses is open in that direction; otherwise one rule of one of its policies must allow
the connection. Both ends decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.validation.documents import Document
from tests.validation.pods import selects

OUTSIDE = "0.0.0.0/0"


@dataclass(frozen=True)
class End:
    """One end of a connection: a pod by its labels, in the policies' namespace unless named."""

    labels: Mapping[str, str] = field(default_factory=dict)
    namespace: str = ""  # empty: the namespace of the policies
    outside: bool = False  # no pod at all


def allows(policies: list[Document], source: End, target: End, port: int) -> bool:
    """Whether a TCP connection from a source to a port of a target gets through."""
    return _side(policies, "Egress", source, target, port) and _side(
        policies, "Ingress", target, source, port
    )


def _side(policies: list[Document], direction: str, own: End, other: End, port: int) -> bool:
    if own.outside or own.namespace:
        return True  # these policies say nothing about it
    rules: list[dict[str, Any]] = []
    chosen = False
    for policy in policies:
        spec = policy["spec"]
        if direction in spec["policyTypes"] and selects(spec["podSelector"], dict(own.labels)):
            chosen = True
            rules += spec.get(direction.lower()) or []
    side = "to" if direction == "Egress" else "from"
    return not chosen or any(_rule(rule, side, other, port) for rule in rules)


def _rule(rule: dict[str, Any], side: str, other: End, port: int) -> bool:
    ports = rule.get("ports")
    if ports and not any(
        entry.get("protocol", "TCP") == "TCP" and entry.get("port") == port for entry in ports
    ):
        return False
    peers = rule.get(side)
    return not peers or any(_peer(peer, other) for peer in peers)


def _peer(peer: dict[str, Any], other: End) -> bool:
    if other.outside:
        return "ipBlock" in peer
    if "ipBlock" in peer:
        return False
    if "namespaceSelector" in peer:
        labels = {"kubernetes.io/metadata.name": other.namespace or "openedx"}
        if not selects(peer["namespaceSelector"], labels):
            return False
    elif other.namespace:
        return False
    return selects(peer.get("podSelector"), dict(other.labels))
