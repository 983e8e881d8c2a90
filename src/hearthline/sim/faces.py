"""How each happening looks as a canonical event: the fields that depend on its kind alone."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from hearthline.sim.channels import CHANNELS
from hearthline.sim.draws import Whole
from hearthline.sim.happenings import What
from hearthline.sim.life import SUBSCRIPTION

__all__ = ["FACES", "KINDS_OF_AUTOMATION", "Face", "code_of"]

KINDS_OF_AUTOMATION: Final = (None, "replenishment", "subscription")
_PER_WHAT: Final = (len(CHANNELS) + 1) * len(KINDS_OF_AUTOMATION)


@dataclass(frozen=True, slots=True)
class Face:
    """The canonical fields of a kind of happening; names are columns of the lake."""

    type: str
    layer: str
    source: str
    stage: str = "none"
    modality: str = "unknown"
    initiator_kind: str = "unknown"
    touch_channel: str | None = None
    touch_source: str | None = None
    touch_medium: str | None = None
    exposure_event: str | None = None
    intent_name: str | None = None
    commerce_action: str | None = None
    automation_kind: str | None = None
    automation_role: str | None = None
    automation_ref_system: str | None = None
    automation_ref_type: str | None = None
    signal_capability: str | None = None
    signal_attribute: str | None = None
    signal_unit: str | None = None
    signal_value: str | None = None


_MEDIA: Final = "//segment/sim/media"
_SHOP: Final = "//shopify/sim/shop"
_HOME: Final = "//smartthings/sim/app"
_AUTOMATION: Final = {
    1: ("//dash/sim/client", "dash", "slot"),
    2: ("//stripe/sim/account", "stripe", "subscription"),
}


def code_of(what: Whole, channel: Whole, kind: Whole) -> Whole:
    """Return the places of faces in `FACES`."""
    out: Whole = what * _PER_WHAT + (channel + 1) * len(KINDS_OF_AUTOMATION) + kind
    return out


def _place(what: What, channel: int, kind: int) -> int:
    return int(code_of(*(np.array(code) for code in (what, channel, kind))))


def _touch(i: int) -> Face:
    channel = CHANNELS[i]
    spoken, searched = channel.modality == "voice", channel.name == "search-ads"
    sources = {"speaker": "//alexa/sim/skill", "appliance": _HOME}
    return Face(
        type=channel.kind,
        layer=channel.kind.split(".")[0],
        source=sources.get(channel.device, _MEDIA),
        stage=channel.stage,
        modality=channel.modality,
        initiator_kind="human" if spoken or searched else "machine",
        touch_channel=channel.name,
        touch_source="brand",
        touch_medium="voice" if spoken else "cpc" if searched else "display",
        exposure_event="impression" if channel.kind == "media.ad.impression" else None,
        intent_name="SearchProductIntent" if spoken else None,
    )


def _in_line(face: Face, kind: int, role: str) -> Face:
    """Return the face with the standing decision that it belongs to."""
    return replace(
        face,
        automation_kind=KINDS_OF_AUTOMATION[kind],
        automation_role=role,
        automation_ref_system=_AUTOMATION[kind][1],
        automation_ref_type=_AUTOMATION[kind][2],
    )


_ORDERED: Final = Face(
    type="commerce.order.placed",
    layer="commerce",
    source=_SHOP,
    stage="purchase",
    modality="screen",
    initiator_kind="human",
    commerce_action="placed",
)
_MAILED: Final = Face(
    type="platform.email.delivered",
    layer="platform",
    source="//segment/sim/mail",
    stage="post_purchase",
    touch_channel="shipment-email",
    touch_source="brand",
    touch_medium="email",
)


def _automated(kind: int) -> dict[What, Face]:
    by_date = kind == SUBSCRIPTION
    began, ended = ("started", "ended") if by_date else ("registered", "deregistered")
    decision = "commerce.subscription" if by_date else "commerce.replenishment"
    initiator = "scheduled" if by_date else "predicted"
    renewal = replace(_ORDERED, modality="automated", initiator_kind=initiator)
    chosen = Face(
        type=f"{decision}.{began}",
        layer="commerce",
        source=_AUTOMATION[kind][0],
        stage="purchase",
        modality="screen",
        initiator_kind="human",
    )
    stopped = replace(chosen, type=f"{decision}.{ended}", stage="post_purchase")
    return {
        What.MACHINE: _in_line(renewal, kind, "act"),
        What.ENROL: _in_line(chosen, kind, "enrol"),
        What.END: _in_line(stopped, kind, "end"),
        What.SHIPPED: _MAILED,
    }


def _plain() -> dict[What, Face]:
    reading = ("device", _HOME, "none", "ambient", "machine")
    return {
        What.ORDER: _ORDERED,
        What.LINK: Face("platform.account.linked", "platform", "//segment/sim/accounts"),
        What.LEVEL: Face(
            *("device.inventory.level_reported", *reading),
            signal_capability="inventory",
            signal_attribute="level",
            signal_unit="percent",
        ),
        What.TEMPERATURE: Face(
            *("device.temperature.reported", *reading),
            signal_capability="temperatureMeasurement",
            signal_attribute="temperature",
            signal_unit="C",
        ),
        What.HEARTBEAT: Face(
            *("device.health.reported", *reading),
            signal_capability="healthCheck",
            signal_attribute="status",
            signal_value="online",
        ),
        What.PRESENCE: Face(
            *("device.presence.reported", *reading),
            signal_capability="presenceSensor",
            signal_attribute="presence",
            signal_value="present",
        ),
    }


def _all_faces() -> tuple[Face | None, ...]:
    out: list[Face | None] = [None] * (len(What) * _PER_WHAT)
    for i in range(len(CHANNELS)):
        out[_place(What.TOUCH, i, 0)] = _touch(i)
    for what, face in _plain().items():
        out[_place(what, -1, 0)] = face
    for kind in (0, 1, 2):
        for what, action in ((What.REFUND, "refunded"), (What.CANCEL, "cancelled")):
            out[_place(what, -1, kind)] = Face(
                *(f"commerce.order.{action}", "commerce", _SHOP, "post_purchase"),
                commerce_action=action,
            )
        for what, face in _automated(kind).items() if kind else ():
            out[_place(what, -1, kind)] = face
    return tuple(out)


FACES: Final = _all_faces()
