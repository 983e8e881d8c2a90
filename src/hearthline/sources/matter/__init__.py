"""Matter: attributes that a controller reports or dumps, and events such as a button's press or a lock's use.

Read are messages of Home Assistant's Matter server (and of its successor on matter.js), its dumps of
nodes, and single reports that name node, endpoint, cluster and attribute. Only clusters that tell something
of a home are read from a dump; certificates, networks and diagnostics are not.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from hearthline.schema.event import Device, Event, Hint, Raw, Signal
from hearthline.sources import (
    Answer,
    Payload,
    content_id,
    identified,
    instant,
    measured,
    not_an_event,
    opened,
    part_id,
    text,
    unreadable,
    within,
)
from hearthline.sources.matter.clusters import attribute_of, cluster_of, code_of, value_of
from hearthline.sources.matter.events import Told, told_of
from hearthline.sources.matter.messages import Heard, heard_of
from hearthline.sources.matter.nodes import Node, Reading

__all__ = ["read", "recognises"]

PLATFORM = "matter"
TITLE = "Matter"
LAYER: Literal["device"] = "device"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("webhook", "stream", "file")
PROOF = "a write key of Hearthline, which your controller's bridge sends; Matter stays inside the home"
STATE = "live"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Answer] = {
    "person": "no",
    "household": "sometimes",
    "initiator": "sometimes",
    "price": "no",
}
DOCS = "https://github.com/home-assistant-libs/python-matter-server"

# Utility clusters: how a node is managed, not what goes on in a home.
_ADMINISTRATION = frozenset((*range(28, 47), *range(48, 59), *range(60, 66), 3, 4, 5, 70))
_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")


def recognises(payload: Payload) -> bool:
    """Return whether this is a message of a Matter controller, a node, or a report of an attribute.

    >>> recognises({"event": "attribute_updated", "data": [5, "1/6/0", True]})
    True
    """
    return heard_of(opened(payload)[0]) is not None


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield one event a reading, one an event of a cluster, one for a node that came or went.

    Raises:
        BadPayload: a greeting, an answer without nodes; nothing that a controller says.
    """
    body, _ = opened(payload)
    heard = heard_of(body)
    if heard is None:
        raise unreadable(PLATFORM, "no node, report or event", body, "send the controller's messages whole")
    if heard.quiet is not None:
        raise not_an_event(PLATFORM, heard.quiet)
    found = list(_told(heard))
    if not found:
        raise not_an_event(PLATFORM, "nothing that tells of a home: certificates, networks or diagnostics")
    around = _Around(body, heard, received)
    yield from (around.event(index, item) for index, item in enumerate(found))


class _Item(NamedTuple):
    """One thing that was heard: of which node and endpoint, what, and when."""

    node: Node
    endpoint: str | None
    told: Told
    kind: str | None = None
    number: str | None = None
    time: datetime | None = None


def _told(heard: Heard) -> Iterator[_Item]:
    for node in heard.nodes:
        if heard.life is not None:
            signal = Signal(capability="registry", attribute="node", value=heard.life, state_change=True)
            yield _Item(node, None, Told(f"device.device.{heard.life}", signal))
        for reading in node.readings:
            yield from _reading(node, reading, change=None)
    for number, reading in heard.changed:
        yield from _reading(Node(number), reading, change=True) or _unknown(Node(number), reading)
    for event in heard.happened:
        told = told_of(event.cluster, event.event, event.data)
        cluster = cluster_of(event.cluster)
        kind = cluster.kind if cluster else None
        yield _Item(Node(event.node), event.endpoint, told, kind, event.number, event.time)


def _reading(node: Node, reading: Reading, *, change: bool | None) -> list[_Item]:
    """Return an attribute's value as a reading, where it tells something of a home."""
    cluster = cluster_of(reading.cluster)
    attribute = attribute_of(cluster, reading.attribute) if cluster else None
    if cluster is None or attribute is None:
        return []
    value, amount = value_of(attribute, reading.value)
    if value is None:
        return []
    signal = Signal(
        capability=cluster.name,
        attribute=attribute.name,
        instance=reading.endpoint,
        value=value,
        number=amount,
        unit=attribute.unit,
        state_change=change,
    )
    told = Told(
        "device.inventory.level_reported" if cluster.is_supply else "device.state.reported",
        signal,
        modality="ambient" if cluster.is_supply or cluster.kind == "sensor" else "unknown",
    )
    return [_Item(node, reading.endpoint, told, node.kinds.get(reading.endpoint) or cluster.kind)]


def _unknown(node: Node, reading: Reading) -> list[_Item]:
    """Return a change of an attribute that we do not know by name, if its value is a plain one."""
    code, raw = code_of(reading.cluster), reading.value
    if (code is not None and code in _ADMINISTRATION) or not isinstance(raw, str | int | float):
        return []
    told = measured(text(reading.cluster), text(reading.attribute) or "-", raw, instance=reading.endpoint)
    return [_Item(node, reading.endpoint, Told("device.state.reported", told))]


class _Around:
    """One message and when we got it."""

    def __init__(self, body: dict[str, Any], heard: Heard, received: datetime) -> None:
        self.body, self.received = body, received
        self.home = text(body.get("household"))
        fabric = text(body.get("compressed_fabric_id")) or text(body.get("fabric_id"))
        self.scope = self.home or fabric
        self.time = instant(body.get("time")) or instant(body.get("timestamp"))
        if heard.life == "added":
            self.time = self.time or instant(within(body, "data", "date_commissioned"))

    def event(self, index: int, item: _Item) -> Event:
        """Return one event of the message."""
        node, told, time = item.node, item.told, item.time or self.time
        # Every fabric has a node 1: without a home or a fabric only the device's own id names it.
        named = f"{self.scope}/{node.number}" if self.scope and node.number else None
        native = f"{self.scope}/{node.number}/{item.number}" if self.scope and item.number else None
        return Event(
            id=part_id(native, 0) if native else content_id(PLATFORM, self.body, index),
            id_origin="native" if native else "derived",
            source="//matter/-/controller",
            type=told.type,
            subject=node.number,
            time=time or self.received,
            time_quality=("device" if item.time else "platform") if time else "received",
            time_received=self.received,
            layer="device",
            modality=told.modality,
            identifiers=identified("matter.device", named) + identified("matter.device", node.unique),
            household_hints=(Hint(kind="home", value=self.home),) if self.home else (),
            initiator=told.initiator,
            sequence=item.number,
            device=Device(id=node.number, kind=item.kind, make=node.make, model=node.model, room=node.room),
            signal=told.signal,
            raw=_RAW,
        )
