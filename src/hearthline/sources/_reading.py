"""Readers of untyped JSON that sources share: each returns `None` for what is absent or of the wrong type.

Members import these from `hearthline.sources`.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeVar, cast

import msgspec

from hearthline.schema.errors import BadPayload
from hearthline.schema.event import Automation, Event, Hint, Identifier, derived_id

Payload = Mapping[str, Any]


_Item = TypeVar("_Item")


def each(items: Iterable[_Item], read_one: Callable[[_Item], Iterable[Event]]) -> Iterator[Event]:
    """Yield the events of every item that can be read, then raise the first refusal, if any."""
    refused: BadPayload | None = None
    for item in items:
        try:
            yield from read_one(item)
        except BadPayload as refusal:
            refused = refused or refusal
    if refused is not None:
        raise refused


# Opening a payload -----------------------------------------------------------


def mapping(value: object) -> dict[str, Any]:
    """Return the value where it is a JSON object, else an empty one.

    >>> mapping({"a": 1}), mapping("a")
    ({'a': 1}, {})
    """
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[dict[str, Any]]:
    """Return the JSON objects of a JSON list, in their order; anything else is left out.

    >>> mappings([{"a": 1}, None, 3]), mappings({"a": 1})
    ([{'a': 1}], [])
    """
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def within(value: object, *path: str) -> Any:
    """Return what lies at the path inside nested objects, or None.

    >>> within({"a": {"b": 7}}, "a", "b"), within({"a": []}, "a", "b")
    (7, None)
    """
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def opened(payload: object) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the body and the headers (lower case) of a payload or a recorded request.

    >>> opened({"headers": {"Date": "x"}, "body": '{"a": 1}'})
    ({'a': 1}, {'date': 'x'})
    >>> opened({"a": 1})
    ({'a': 1}, {})
    """
    body = mapping(payload)
    if "response" in body and "body" in mapping(body.get("request")):
        body = body["request"]
    if "body" not in body or not isinstance(body.get("headers"), dict):
        return body, {}
    headers = {k.lower(): v for k, v in body["headers"].items() if isinstance(v, str)}
    return embedded(body["body"]), headers


def embedded(value: object) -> dict[str, Any]:
    """Return the JSON object that is the value, or is written in it as text; else an empty one.

    >>> embedded('{"a": 1}'), embedded("not JSON")
    ({'a': 1}, {})
    """
    if not isinstance(value, str):
        return mapping(value)
    try:
        return mapping(msgspec.json.decode(value))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}


def enveloped(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the messages in what AWS hands on: an SNS notification, the records of a queue, else the body.

    >>> enveloped({"Type": "Notification", "TopicArn": "t", "Message": '{"a": 1}'})
    [{'a': 1}]
    >>> enveloped({"Records": [{"body": '{"a": 1}'}, {"Sns": {"TopicArn": "t", "Message": '{"a": 2}'}}]})
    [{'a': 1}, {'a': 2}]
    """
    records = mappings(body.get("Records"))
    if not records:
        return [embedded(body["Message"]) if "Message" in body and "TopicArn" in body else body]
    inside = [embedded(r.get("body")) or embedded(r.get("Sns")) for r in records]
    return [message for record in inside for message in enveloped(record) if "Records" not in record]


# Typed values ----------------------------------------------------------------


def word(value: object, otherwise: str) -> str:
    """Return a text as one word of an event's type, or `otherwise` where nothing is left of it.

    >>> word("paymentFailed", "changed"), word("past.due", "changed"), word(None, "changed")
    ('payment_failed', 'past_due', 'changed')
    """
    found = value if isinstance(value, str) else ""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", found)
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")[:60] or otherwise


_WIDEST = 1 << 63


def text(value: object) -> str | None:
    """Return a text that is not blank, or a whole number as text.

    >>> text(" a "), text(12), text(""), text(True), text([])
    ('a', '12', None, None, None)
    """
    if isinstance(value, str):
        value = value.strip()
        # JSON can spell a lone surrogate, which no lake column can hold.
        return (value or None) if value.isascii() else value.encode("utf-8", "replace").decode()
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and -_WIDEST < value < _WIDEST:
        return str(value)
    return None


def number(value: object) -> float | None:
    """Return a finite number, also one that is written as text.

    >>> number(2), number("2.5"), number("warm"), number(True)
    (2.0, 2.5, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def whole(value: object) -> int | None:
    """Return a whole number of at most nine digits, also one that is written as text.

    >>> whole("3"), whole(3.5), whole(None)
    (3, None, None)
    """
    result = number(value)
    return int(result) if result is not None and result.is_integer() and abs(result) < 1e9 else None


_LARGEST = Decimal(10) ** 13
_CENT_OF_CENT = Decimal("0.0001")


def money(value: object) -> Decimal | None:
    """Return an amount with at most four decimals (what the lake keeps), or None.

    A JSON number is read by its shortest spelling, so `19.99` is 19.99.

    >>> money("12.50"), money(19.99), money("1,000"), money(float("inf"))
    (Decimal('12.50'), Decimal('19.99'), None, None)
    """
    # Prices repeat; a type that is compared with others (1 == True) must not share their entry.
    return _amount(value) if type(value) in _AMOUNTS else None


_AMOUNTS = frozenset((int, float, str, Decimal))


@lru_cache(maxsize=1 << 14, typed=True)
def _amount(value: int | float | str | Decimal) -> Decimal | None:
    try:
        amount = value if isinstance(value, Decimal) else Decimal(str(value))
        if not amount.is_finite() or abs(amount) >= _LARGEST:
            return None
        rounded = amount.quantize(_CENT_OF_CENT)
    except (InvalidOperation, ValueError):
        return None
    return amount if amount == rounded else rounded


def currency(value: object) -> str | None:
    """Return an ISO 4217 code in upper case.

    >>> currency("usd"), currency("dollars"), currency(None)
    ('USD', None, None)
    """
    if isinstance(value, str) and len(value) == 3 and value.isascii() and value.isalpha():
        return value.upper()
    return None


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNSET_CLOCK = datetime(2000, 1, 1, tzinfo=UTC)


def instant(value: object) -> datetime | None:
    """Return a UTC time from ISO 8601, an HTTP date, or seconds, milliseconds or microseconds since 1970.

    A time without a zone is UTC, as all platforms here document. A time before 2000 comes from a clock
    that was never set and counts as absent.

    >>> instant("2026-03-01T10:00:00+01:00")
    datetime.datetime(2026, 3, 1, 9, 0, tzinfo=datetime.timezone.utc)
    >>> instant(1573002340451)
    datetime.datetime(2019, 11, 6, 1, 5, 40, 451000, tzinfo=datetime.timezone.utc)
    >>> instant("1970-01-01T00:00:00Z"), instant("soon")
    (None, None)
    """
    try:
        # The usual case first: this is the hottest line of all sources.
        usual = datetime.fromisoformat(value)  # type: ignore[arg-type]  # what is no text raises
        if usual.tzinfo is UTC and usual.year >= 2000:
            return usual
    except (ValueError, TypeError):
        pass
    result = _unusual(value)
    return result if result is not None and result >= _UNSET_CLOCK else None


def _unusual(value: object) -> datetime | None:
    try:
        return _parsed(value)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _parsed(value: object) -> datetime | None:
    if isinstance(value, str):
        stripped = value.strip()
        if not stripped[:4].isdigit():
            result = parsedate_to_datetime(stripped)
        elif stripped.isdigit() and len(stripped) >= 9:
            return _parsed(int(stripped))
        else:
            result = datetime.fromisoformat(stripped.removesuffix(" UTC"))  # as BigQuery spells it
        if result.tzinfo is UTC:
            return result
        return result.replace(tzinfo=UTC) if result.tzinfo is None else result.astimezone(UTC)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    micros = value * (1_000_000 if value < 1e11 else 1_000 if value < 1e14 else 1)
    return _EPOCH + timedelta(microseconds=round(micros))


# Ids, identifiers, refusals ---------------------------------------------------


def content_id(platform: str, item: object, index: int = 0) -> str:
    """Return an id made from the content, for an item to which its sender gave none.

    Keys are sorted first, so that the same item in another order is still the same item.

    >>> content_id("dash", {"a": 1, "b": 2}) == content_id("dash", {"b": 2, "a": 1})
    True
    """
    try:
        raw = msgspec.json.encode(item, order="deterministic")
    except (TypeError, ValueError, RecursionError):
        raw = repr(item).encode("utf-8", "replace")
    return derived_id(platform, raw, index)


def part_id(native: str, index: int) -> str:
    """Return the id of one of several events in one message: the message's own for the first.

    >>> part_id("m1", 0), part_id("m1", 2)
    ('m1', 'm1#2')
    """
    return f"{native}#{index}" if index else native


def identified(
    namespace: str, value: object, *, personal: bool = False, authenticated: bool | None = None
) -> tuple[Identifier, ...]:
    """Return the identifier as a tuple of one, or an empty tuple where the value is absent.

    >>> [i.value for i in identified("stripe.customer", "cus_1") + identified("email", None)]
    ['cus_1']
    """
    known = text(value)
    if known is None:
        return ()
    return (Identifier(namespace=namespace, value=known, personal=personal, authenticated=authenticated),)


def address_hint(address: object) -> tuple[Hint, ...]:
    """Return a personal household hint from a postal address (street, code and country), or nothing.

    >>> address_hint({"address1": "1 Main St.", "zip": "0 1", "country_code": "us"})[0].value
    '1 main st|01|us'
    """
    found = mapping(address)
    street = text(found.get("address1")) or text(found.get("line1")) or text(found.get("street"))
    code = text(found.get("zip")) or text(found.get("postal_code")) or text(found.get("postalCode"))
    country = text(found.get("country_code")) or text(found.get("country")) or ""
    if not street or not code:
        return ()
    spelled = " ".join(re.sub(r"[^\w\s]", "", street).lower().split())
    value = f"{spelled}|{code.replace(' ', '').lower()}|{country.lower()}"
    return (Hint(kind="address", value=value, personal=True, strength=0.8),)


def not_an_event(place: str, what: str, cure: str = "leave it out") -> BadPayload:
    """Return the refusal of a payload that is well formed and is no event.

    >>> str(not_an_event("smartthings", "PING is a handshake"))
    'smartthings: PING is a handshake; leave it out'
    """
    return BadPayload(place, what, cure, "not-an-event")


def unreadable(place: str, wrong: str, payload: Payload, cure: str) -> BadPayload:
    """Return the refusal of a payload without what its platform documents; it names the keys we got.

    >>> str(unreadable("stripe", "no 'object'", {"id": 1}, "send a Stripe event"))
    "stripe: no 'object', got keys ['id']; send a Stripe event"
    """
    if isinstance(mapping(payload).get("$schema"), str):
        return not_an_event(place, "a JSON Schema describes payloads and is none")
    keys = sorted(k[:40] for k in mapping(payload) if k.isidentifier())[:8]
    reason = "missing-field" if keys else "empty"
    return BadPayload(place, f"{wrong}, got keys {keys}", cure, reason)


# Ids that a shop plants in a free attribute -----------------------------------

_NAMESPACE = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
_PLANTED = {"anonymous_id": "segment.anonymous_id", "anonymousId": "segment.anonymous_id"}
_AUTOMATIONS: dict[str, Literal["subscription", "replenishment", "routine", "rule", "autopay"]] = {
    "subscription": "subscription",
    "subscription_contract": "subscription",
    "replenishment": "replenishment",
    "slot": "replenishment",
    "device": "replenishment",
    "routine": "routine",
    "rule": "rule",
    "autopay": "autopay",
}


class Planted(NamedTuple):
    """What a shop planted in note attributes or metadata so that an order can be tied to a home."""

    identifiers: tuple[Identifier, ...]
    hints: tuple[Hint, ...]
    automation: Automation | None


def planted(attributes: Payload) -> Planted:
    """Return the ids that a shop planted: `anonymous_id`, `household`, any `<system>.<kind>`, `automation_*`.

    `automation_system`, `automation_type`, `automation_id` and `automation_cycle` name the standing
    decision that placed the order; `automation_role` is `act` unless it says `enrol` or `end`.

    >>> found = planted({"household": "h1", "automation_system": "amazon_dash",
    ...     "automation_type": "device", "automation_id": "SN1", "automation_cycle": "3"})
    >>> found.hints[0].value, found.automation.kind, found.automation.role, found.automation.cycle
    ('h1', 'replenishment', 'act', 3)
    """
    identifiers: tuple[Identifier, ...] = ()
    for name, value in attributes.items():
        if name in _PLANTED or (_NAMESPACE.fullmatch(name) and len(name) <= 60):
            identifiers += identified(_PLANTED.get(name, name), value)
    home = text(attributes.get("household"))
    hints = (Hint(kind="home", value=home),) if home else ()
    return Planted(identifiers, hints, _planted_automation(attributes))


def _planted_automation(attributes: Payload) -> Automation | None:
    reference = text(attributes.get("automation_id"))
    if reference is None:
        return None
    kind = text(attributes.get("automation_type")) or "replenishment"
    role = text(attributes.get("automation_role"))
    return Automation(
        kind=_AUTOMATIONS.get(kind.lower(), "replenishment"),
        role=cast("Literal['enrol', 'end']", role) if role in ("enrol", "end") else "act",
        ref_system=text(attributes.get("automation_system")),
        ref_type=kind,
        ref_id=reference,
        cycle=whole(attributes.get("automation_cycle")),
    )
