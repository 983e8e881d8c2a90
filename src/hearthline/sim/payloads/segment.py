"""Segment: pages and ad exposures of every screen, sign-ins that link accounts, and shipping mails."""

from collections.abc import Iterator
from typing import Any, Final

from hearthline.sim.happenings import What
from hearthline.sim.labels import (
    alexa_person,
    alexa_user,
    customer_id,
    device_id,
    directed_customer,
    email,
    home_id,
    location_id,
    order_id,
)
from hearthline.sim.payloads.row import Row, iso, uuid

__all__ = ["told"]

_BY_VOICE: Final = "voice-search"
_SHOP: Final = "https://shop.example.com"
_AT_HOME: Final = ("tv", "display", "appliance", "phone")


def told(row: Row) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what Segment would send about this happening."""
    if row.of is What.TOUCH and row.met.name == "search-ads":
        yield _call(row, "page", _arrival(row), name="Product")
    elif row.of is What.TOUCH and row.met.name != _BY_VOICE:
        name = "Alert Shown" if row.met.name == "sensor-alert" else "Ad Exposure"
        yield _call(row, "track", {"properties": _exposure(row)}, event=name)
    elif row.of is What.LINK:
        yield _call(row, "identify", {}, **_who(row))
    elif row.of is What.OPENED:
        yield _call(row, "track", _on_phone(row), event="Application Opened")
    elif row.of is What.TICKET:
        yield _call(row, "track", _on_phone(row), event="Support Ticket Created", **_user(row))
    elif row.of is What.SHIPPED:
        yield _call(row, "track", {"properties": _mailed(row)}, event="Email Delivered", **_user(row))


def _call(row: Row, kind: str, own: dict[str, Any], **more: Any) -> tuple[str, dict[str, Any]]:
    context: dict[str, Any] = {"library": {"name": "brand-server", "version": "1"}}
    context["timezone"] = "Etc/GMT-1"
    context["consent"] = {"categoryPreferences": {"Analytics": True, "Advertising": True}}
    context |= more.pop("context", {}) | own.pop("context", {})
    call: dict[str, Any] = {
        "type": kind,
        "messageId": uuid(row),
        "timestamp": iso(row.time),
        "sentAt": iso(row.received),
        "receivedAt": iso(row.received),
        "context": context,
    }
    if row.device >= 0 and row.device_kind not in ("speaker", "sensor"):
        call["anonymousId"] = row.on
        context["device"] = {"id": row.on, "type": row.device_kind}
    call |= more | own
    return "segment.ndjson", call


def _exposure(row: Row) -> dict[str, Any]:
    channel = row.met
    out: dict[str, Any] = {
        "channel": channel.name,
        "campaign": row.campaign if channel.cost_cents else None,
        "stage": channel.stage,
        "modality": channel.modality,
        "device_kind": row.device_kind,
        "device": row.device_kind,
        "ad_id": f"{row.campaign}-{row.id % 3}",
        "seconds": 5 + row.id % 26,
    }
    if row.hinted and row.device_kind in _AT_HOME:
        out["household"] = home_id(row.home)
    return out


def _arrival(row: Row) -> dict[str, Any]:
    campaign = {"name": row.campaign, "source": "google", "medium": "cpc"}
    query = f"utm_source=google&utm_medium=cpc&utm_campaign={row.campaign}"
    path = f"/products/{row.home % 5}"
    page = {"url": f"{_SHOP}{path}?{query}", "path": path, "referrer": "https://www.google.com/"}
    return {"properties": page, "context": {"campaign": campaign, "page": page}}


def _who(row: Row) -> dict[str, Any]:
    """Return the user, the traits, and the accounts elsewhere that the brand's app knows."""
    traits: dict[str, Any] = {"email": email(row.home, row.member), "segment": row.segment}
    if row.hinted and row.device_kind in _AT_HOME:
        traits["household"] = home_id(row.home)
    accounts = list(_accounts(row)) if row.device_kind in ("phone", "speaker") else []
    context = {
        "externalIds": [
            {"id": value, "type": kind, "collection": "users", "encoding": "none"} for kind, value in accounts
        ]
    }
    return _user(row) | {"traits": traits, "context": context if accounts else {}}


def _user(row: Row) -> dict[str, Any]:
    return {"userId": customer_id(row.home, row.member)}


def _accounts(row: Row) -> Iterator[tuple[str, str]]:
    if "speaker" in row.owns:
        yield "alexa.user", alexa_user(row.home)
        if row.member == 0:
            yield "alexa.person", alexa_person(row.home)
    if row.owns & {"appliance", "sensor"}:
        yield "smartthings.location", location_id(row.home)
    if "appliance" in row.owns:
        yield "amazon.directed_customer", directed_customer(row.home)
        yield "alexa.endpoint", device_id(3, row.home)


def _on_phone(row: Row) -> dict[str, Any]:
    """Return what the brand's own app says of itself."""
    own = {"library": {"name": "analytics-android", "version": "4"}}
    return {"properties": {"from_background": row.id % 2 == 0}, "context": own}


def _mailed(row: Row) -> dict[str, Any]:
    return {
        "channel": "shipment-email",
        "stage": "post_purchase",
        "order_id": order_id(row.order),
        "email_subject": "Your order is on its way",
    }
