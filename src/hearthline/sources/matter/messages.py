"""What a controller says, whichever of its ways: messages of its WebSocket, dumps, single reports."""

import re
from datetime import datetime
from typing import Any, NamedTuple

from hearthline.sources import instant, mapping, mappings, text, within
from hearthline.sources.matter.nodes import Node, Reading, node_of

__all__ = ["Happened", "Heard", "heard_of"]

_QUIET = {
    "server_shutdown": "the controller stopped",
    "server_info_updated": "about the controller",
    "endpoint_added": "about a bridge's own list",
    "endpoint_removed": "about a bridge's own list",
}
_EPOCH = 1


class Happened(NamedTuple):
    """One event of a cluster."""

    node: str | None
    endpoint: str | None
    cluster: object
    event: object
    data: object
    number: str | None = None
    time: datetime | None = None


class Heard(NamedTuple):
    """What was heard: nodes with their readings, changed readings by node, events; or why it is nothing.

    `life` is what happened to the nodes themselves: `added` or `removed`.
    """

    nodes: tuple[Node, ...] = ()
    changed: tuple[tuple[str | None, Reading], ...] = ()
    happened: tuple[Happened, ...] = ()
    life: str | None = None
    quiet: str | None = None


def heard_of(body: dict[str, Any]) -> Heard | None:
    """Return what a payload says, or None where no Matter controller sends anything like it.

    >>> heard_of({"event": "attribute_updated", "data": [5, "1/6/0", True]}).changed[0][1].value
    True
    """
    if isinstance(body.get("event"), str) and "data" in body:
        return _of_message(body["event"], body["data"])
    if "fabric_id" in body and "sdk_version" in body and "attributes" not in body:
        return Heard(quiet="the controller's greeting")
    nodes = _nodes(body)
    if nodes:
        return Heard(nodes=nodes)
    if text(body.get("message_id")) and ("result" in body or "error_code" in body):
        return Heard(quiet="an answer without nodes")
    return _of_report(_plain(body))


def _nodes(body: dict[str, Any]) -> tuple[Node, ...]:
    """Return the nodes of a dump: one alone, those of an answer, or those of a diagnostics file."""
    places = (
        [body],
        mappings(body.get("result")),
        [mapping(body.get("result"))],
        [mapping(within(body, "data", "node"))],
        mappings(within(body, "data", "nodes")),
        list(mapping(body.get("nodes")).values()) or mappings(body.get("nodes")),
    )
    for place in places:
        found = tuple(node for item in place if (node := node_of(mapping(item))) is not None)
        if found:
            return found
    return ()


def _of_message(event: str, data: object) -> Heard | None:
    if event == "attribute_updated" and isinstance(data, list) and len(data) == 3:
        parts = (text(data[1]) or "").split("/")
        if len(parts) != 3:
            return None
        return Heard(changed=((text(data[0]), Reading(parts[0], parts[1], parts[2], data[2])),))
    if event == "node_event" and isinstance(data, dict):
        return _of_report(_plain(data))
    if event in ("node_added", "node_updated") and isinstance(data, dict):
        node = node_of(data) or (Node(number) if (number := text(data.get("node_id"))) else None)
        return Heard((node,), life="added" if event == "node_added" else None) if node else None
    if event == "node_removed" and text(data) is not None:
        return Heard((Node(text(data)),), life="removed")
    return Heard(quiet=_QUIET[event]) if event in _QUIET else None


def _of_report(told: dict[str, Any]) -> Heard | None:
    """Return a single report: of an attribute that has a value, or of one or several events."""
    node, endpoint, cluster = (told.get(name) for name in ("node", "endpoint", "cluster"))
    if cluster is None or text(endpoint) is None or not isinstance(cluster, str | int):
        return None
    if "attribute" in told and "value" in told:
        reading = Reading(text(endpoint), cluster, told["attribute"], told["value"])
        return Heard(changed=((text(node), reading),))
    if "event" not in told:
        return None
    items = [told | _plain(item) for item in mappings(told.get("events"))] or [told]
    return Heard(happened=tuple(_happened(item) for item in items))


def _happened(told: dict[str, Any]) -> Happened:
    own = told.get("epochtimestamp")
    if own is None and told.get("timestamptype") in (_EPOCH, "epoch"):
        own = told.get("timestamp")
    return Happened(
        node=text(told.get("node")),
        endpoint=text(told.get("endpoint")),
        cluster=told.get("cluster"),
        event=told.get("event"),
        data=told.get("data"),
        number=text(told.get("eventnumber")),
        time=instant(own),
    )


_ALIASES = {
    "nodeid": "node",
    "peernodeid": "node",
    "endpointid": "endpoint",
    "clusterid": "cluster",
    "clustername": "cluster",
    "attributeid": "attribute",
    "attributename": "attribute",
    "eventid": "event",
    "eventname": "event",
}


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    """Return a report under one spelling of its names; what lies in `path` or `header` is lifted out.

    >>> _plain({"path": {"nodeId": 5, "endpointId": 1}, "clusterId": 6})
    {'node': 5, 'endpoint': 1, 'cluster': 6}
    """
    lifted: dict[str, Any] = {}
    for name, value in body.items():
        plain = re.sub(r"[^a-z]", "", name.lower())
        if plain in ("path", "header") and isinstance(value, dict):
            lifted |= _plain(value)
        else:
            lifted.setdefault(_ALIASES.get(plain, plain), value)
    return lifted
