"""Hearthline's own event as JSON: one object a line, groups nested as in `schema.event`; also the export.

It is a CloudEvents 1.0 object: `specversion` marks it, and the groups may lie beside the envelope or in
`data`, as other CloudEvents senders put them. Money is text, times are ISO 8601 with a zone.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, get_args

import msgspec

from hearthline.schema.errors import BadPayload
from hearthline.schema.event import Commerce, Event, Layer, Raw
from hearthline.sources import Payload, money, opened, text, unreadable

__all__ = ["line_of", "read", "recognises"]

PLATFORM = "canonical"
TITLE = "Hearthline's own event"
LAYER: Literal["platform"] = "platform"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("webhook", "stream", "file")
PROOF = "the sender's key at the write door"
STATE = "live"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Literal["yes", "no", "sometimes"]] = {
    "person": "yes",
    "household": "yes",
    "initiator": "yes",
    "price": "yes",
}
DOCS = "https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md"

_LAYERS = frozenset(get_args(Layer))
_TYPE = re.compile(r"(device|platform|commerce|media|derived)\.\w+(\.\w+)+")
_FIELDS = frozenset(f.name for f in msgspec.structs.fields(Event))
_MONEY = ("total", "revenue", "tax", "shipping", "discount")


def recognises(payload: Payload) -> bool:
    """Return whether this is one canonical event: envelope, a type of ours, and its layer.

    >>> recognises({"id": "1", "source": "//demo/shop", "type": "commerce.order.placed",
    ...             "layer": "commerce", "time": "2026-03-01T10:00:00Z"})
    True
    """
    body = _flat(opened(payload)[0])
    kind, source = text(body.get("type")), text(body.get("source"))
    if kind is None or source is None or "id" not in body or not _TYPE.fullmatch(kind):
        return False
    return text(body.get("layer")) in _LAYERS or ("specversion" in body and source.startswith("//"))


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield the event.

    Raises:
        BadPayload: a field is missing or of another type (the message names its path, never its value),
            or a time has no zone.
    """
    body = _flat(opened(payload)[0])
    if "type" not in body or "source" not in body:
        raise unreadable(PLATFORM, "no 'type' or 'source'", body, "send id, source, type, time and layer")
    kind = text(body.get("type")) or ""
    if "layer" not in body and kind.split(".")[0] in _LAYERS:
        body["layer"] = kind.split(".")[0]
    try:
        event = msgspec.convert(_tidy(body), Event, strict=False)
    except (msgspec.ValidationError, ValueError, OverflowError) as problem:
        raise _misfit(str(problem)) from None
    if not _TYPE.fullmatch(event.type) or event.type.split(".")[0] != event.layer:
        wrong, cure = "not <layer>.<object>.<action> of its layer", "name it as in commerce.order.placed"
        raise BadPayload(f"{PLATFORM}.type", wrong, cure, "wrong-type")
    if not event.id.strip() or not event.source.strip():
        raise BadPayload(f"{PLATFORM}.id", "a blank id or source", "send both", "missing-field")
    yield _checked(event, received)


def _flat(body: dict[str, Any]) -> dict[str, Any]:
    """Return our fields, those in `data` (where CloudEvents puts them) beside the envelope."""
    data = body.get("data")
    groups = data if isinstance(data, dict) and "specversion" in body else {}
    kept = {name: value for name, value in body.items() if name in _FIELDS or name == "specversion"}
    return {name: value for name, value in groups.items() if name in _FIELDS} | kept


def _tidy(value: Any, depth: int = 0) -> Any:
    """Return the value without members that are null, and with texts and numbers that a lake can hold.

    Raises:
        ValueError: a whole number of more than 64 bits.
    """
    if depth > 8:
        return None
    if isinstance(value, dict):
        return {_writable(k): _tidy(v, depth + 1) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_tidy(v, depth + 1) for v in value if v is not None]
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        raise ValueError("a whole number of more than 64 bits")
    return _writable(value) if isinstance(value, str) else value


def _writable(value: str) -> str:
    """Return the text with lone surrogates replaced: JSON can spell them, UTF-8 cannot."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def _misfit(problem: str) -> BadPayload:
    """Return the refusal of a field of another type: its path and the expected type, never its value."""
    path = re.search(r"`(\$[\w.\[\]…]*)`", problem)
    place = f"{PLATFORM}{path.group(1)[1:]}" if path else PLATFORM
    found = re.match(r"Expected `([\w| ]+)`, got `(\w+)`", problem)
    missing = re.match(r"Object missing required field `(\w+)`", problem)
    if missing:
        return BadPayload(place, f"no {missing.group(1)!r}", "send it", "missing-field")
    wrong = f"got {found.group(2)}" if found else "a value that its field cannot hold"
    wanted = f"send {found.group(1)}" if found else "see docs/sources/canonical.md"
    return BadPayload(place, wrong, wanted, "wrong-type")


def _checked(event: Event, received: datetime) -> Event:
    """Return the event with UTC times, money as the lake keeps it, and our receipt."""
    times: dict[str, datetime] = {}
    for name in ("time", "time_sent", "time_received"):
        value: datetime | None = getattr(event, name)
        if value is None:
            continue
        if value.tzinfo is None:
            cure = "write times with a zone, as in 2026-03-01T10:00:00Z"
            raise BadPayload(f"{PLATFORM}.{name}", "a time without a zone", cure, "no-zone")
        try:
            times[name] = value.astimezone(UTC)
        except OverflowError:
            raise BadPayload(f"{PLATFORM}.{name}", "a year out of range", "correct it", "bad-time") from None
    times.setdefault("time_received", received)
    raw = event.raw if event.raw != Raw() else Raw(adapter=PLATFORM, adapter_version=1)
    return msgspec.structs.replace(event, **times, commerce=_kept(event.commerce), raw=raw)


def _kept(commerce: Commerce) -> Commerce:
    """Return the group with amounts that the lake can hold; an impossible amount is refused."""
    amounts: dict[str, Any] = {}
    for name in _MONEY:
        value: Decimal | None = getattr(commerce, name)
        if value is not None:
            amounts[name] = _amount(f"commerce.{name}", value)
    if commerce.products:
        amounts["products"] = [
            msgspec.structs.replace(
                line,
                price=None if line.price is None else _amount("commerce.products", line.price),
                quantity=None if line.quantity is None else _amount("commerce.products", line.quantity),
            )
            for line in commerce.products
        ]
    return msgspec.structs.replace(commerce, **amounts) if amounts else commerce


def _amount(place: str, value: Decimal) -> Decimal:
    amount = money(value)
    if amount is None:
        raise BadPayload(f"{PLATFORM}.{place}", "no finite amount", "send a decimal number", "bad-money")
    return amount


def line_of(event: Event) -> bytes:
    """Return the event as one line of JSON without its line break; `read` gives the same event back.

    >>> from datetime import UTC
    >>> event = Event(id="1", source="//demo/shop", type="commerce.order.placed", layer="commerce",
    ...               time=datetime(2026, 3, 1, tzinfo=UTC))
    >>> line_of(event).startswith(b'{"specversion":"1.0","id":"1"')
    True
    """
    return b'{"specversion":"1.0",' + msgspec.json.encode(event)[1:]
