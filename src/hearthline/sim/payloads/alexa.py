"""Alexa: what people ask a skill and buy there, and the daily level reports of an appliance's shelf."""

from collections.abc import Iterator
from typing import Any, Final

from hearthline.sim.beside import word_of
from hearthline.sim.happenings import What
from hearthline.sim.labels import alexa_person, alexa_user, device_id
from hearthline.sim.payloads.row import Row, iso, uuid

__all__ = ["told"]

_INTENTS: Final = ("SearchProductIntent", "CompareProductsIntent", "CheckCompatibilityIntent")
_PRODUCTS: Final = ("coffee capsules", "dishwasher tabs", "detergent")
_SKILL: Final = "amzn1.ask.skill.00000000-0000-4000-8000-000000000001"


def told(row: Row) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what Alexa would send about this happening."""
    if row.of is What.LEVEL:
        yield "alexa_smart_home.ndjson", _level(row)
    elif row.of is What.TOUCH and row.met.name == "voice-search":
        yield "alexa_skill.ndjson", _asked(row)
    elif row.of is What.MISHEARD:
        session = row if row.about < 0 else row._replace(id=row.about)  # that in which it is asked anew
        yield "alexa_skill.ndjson", _said(row, {"name": "AMAZON.FallbackIntent"}, session)
    elif row.of is What.QUESTION:
        query = {"name": "query", "value": word_of(int(row.number))[2], "confirmationStatus": "NONE"}
        intent = {"name": "ProductSupportIntent", "slots": {"query": query}}
        yield "alexa_skill.ndjson", _said(row, intent, row)
    elif row.by_voice:
        yield "alexa_skill.ndjson", _bought(row)


def _system(row: Row, device: str) -> dict[str, Any]:
    """Return who spoke to what; the account holder's voice is recognised every third time."""
    system: dict[str, Any] = {
        "application": {"applicationId": _SKILL},
        "user": {"userId": alexa_user(row.home)},
        "device": {"deviceId": f"amzn1.ask.device.{device}", "supportedInterfaces": {"AudioPlayer": {}}},
    }
    if row.member == 0 and row.id % 3 == 0:
        system["person"] = {"personId": alexa_person(row.home)}
    return system


def _bought(row: Row) -> dict[str, Any]:
    system = _system(row, device_id(0, row.home))
    product = f"amzn1.adg.product.{row.home % 3}"
    return {
        "version": "1.0",
        "session": {
            "new": False,
            "sessionId": f"amzn1.echo-api.session.{uuid(row, 1)}",
            "application": {"applicationId": _SKILL},
            "attributes": {},
            "user": system["user"],
        },
        "context": {"System": system},
        "request": {
            "type": "Connections.Response",
            "requestId": f"amzn1.echo-api.request.{uuid(row)}",
            "timestamp": iso(row.time)[:-5] + "Z",
            "locale": "en-GB",
            "name": "Buy",
            "status": {"code": "200", "message": "OK"},
            "payload": {"purchaseResult": "ACCEPTED", "productId": product},
            "token": uuid(row, 2),
        },
    }


def _asked(row: Row) -> dict[str, Any]:
    product = {"name": "product", "value": _PRODUCTS[row.home % 3], "confirmationStatus": "NONE"}
    intent = {"name": _INTENTS[row.id % 7 % 3], "slots": {"product": product}}
    return _said(row, intent, row, {"channel": row.met.name})


def _said(
    row: Row, intent: dict[str, Any], session: Row, planted: dict[str, str] | None = None
) -> dict[str, Any]:
    """Return a spoken request; `session` is the row that names the session which it belongs to."""
    system, slots = _system(row, row.on), intent.get("slots", {})
    return {
        "version": "1.0",
        "session": {
            "new": True,
            "sessionId": f"amzn1.echo-api.session.{uuid(session, 1)}",
            "application": {"applicationId": _SKILL},
            "attributes": planted or {},
            "user": system["user"],
        },
        "context": {"System": system},
        "request": {
            "type": "IntentRequest",
            "requestId": f"amzn1.echo-api.request.{uuid(row)}",
            "timestamp": iso(row.time)[:-5] + "Z",
            "locale": "en-GB",
            "dialogState": "COMPLETED",
            "intent": {"name": intent["name"], "confirmationStatus": "NONE", "slots": slots},
        },
    }


def _level(row: Row) -> dict[str, Any]:
    reading = {
        "namespace": "Alexa.InventoryLevelSensor",
        "instance": "InventoryLevelSensor-1",
        "name": "level",
        "value": {"@type": "Percentage", "value": row.number},
        "timeOfSample": iso(row.time),
        "uncertaintyInMilliseconds": 500,
    }
    return {
        "event": {
            "header": {
                "namespace": "Alexa",
                "name": "ChangeReport",
                "payloadVersion": "3",
                "messageId": uuid(row),
            },
            "endpoint": {
                "scope": {"type": "BearerToken", "token": "cut-at-the-door"},
                "endpointId": row.on,
            },
            "payload": {"change": {"cause": {"type": "PERIODIC_POLL"}, "properties": [reading]}},
        },
        "context": {},
    }
