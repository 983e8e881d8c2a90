"""Hearthline's own event as JSON, read for the members that take it: `canonical` and `cloudevents`.

It is a CloudEvents 1.0 object: `specversion` marks it, and the groups may lie beside the envelope or in
`data`, as other CloudEvents senders put them. Money is text, times are ISO 8601 with a zone.
"""

import base64
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, get_args
from urllib.parse import unquote

import msgspec

from hearthline.schema.errors import BadPayload
from hearthline.schema.event import Commerce, Event, Layer, Raw
from hearthline.sources._door import Sent, json_payloads
from hearthline.sources._reading import Payload, money, text, unreadable

__all__ = ["LAYERS", "OWN_TYPE", "flat_event", "own_event", "own_line", "sent_events"]

LAYERS = frozenset(get_args(Layer))
OWN_TYPE = re.compile(r"(device|platform|commerce|media|derived)\.\w+(\.\w+)+")
"""What a type of ours looks like: `<layer>.<object>.<action>`."""

_FIELDS = frozenset(f.name for f in msgspec.structs.fields(Event))
_MONEY = ("total", "revenue", "tax", "shipping", "discount")


def own_event(platform: str, body: dict[str, Any], received: datetime) -> Event:
    """Return the event that a flat object is (see `flat_event`).

    Raises:
        BadPayload: a field is missing or of another type (the message names its path, never its value),
            or a time has no zone.
    """
    if "type" not in body or "source" not in body:
        raise unreadable(platform, "no 'type' or 'source'", body, "send id, source, type, time and layer")
    kind = text(body.get("type")) or ""
    if "layer" not in body and kind.split(".")[0] in LAYERS:
        body = body | {"layer": kind.split(".")[0]}
    try:
        event = msgspec.convert(_tidy(body), Event, strict=False)
    except (msgspec.ValidationError, ValueError, OverflowError) as problem:
        raise _misfit(platform, str(problem)) from None
    if not OWN_TYPE.fullmatch(event.type) or event.type.split(".")[0] != event.layer:
        wrong, cure = "not <layer>.<object>.<action> of its layer", "name it as in commerce.order.placed"
        raise BadPayload(f"{platform}.type", wrong, cure, "wrong-type")
    if not event.id.strip() or not event.source.strip():
        raise BadPayload(f"{platform}.id", "a blank id or source", "send both", "missing-field")
    return _checked(platform, event, received)


_DECODER = msgspec.json.Decoder(Event)
_ABSENT = {f.name: f.default for f in msgspec.structs.fields(Event)}
_NO_COMMERCE, _UNKEPT = _ABSENT["commerce"], _ABSENT["raw"]


def own_line(platform: str, line: bytes, received: datetime) -> Event | None:
    """Return the event of a line that is as we write it; None where it has to be read the usual way.

    Whatever it gives is what `own_event` gives; it only makes no dictionary on the way.
    """
    # An envelope, a recorded request, or text that may be none: these take the usual way.
    if b'"data' in line or b'"headers"' in line or b"\\u" in line:
        return None
    try:
        event = _DECODER.decode(line)
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError):
        return None
    if not _is_plain(platform, event):
        return None
    # Nobody else has seen the event yet, so it may still be completed.
    if event.time_received is None:
        msgspec.structs.force_setattr(event, "time_received", received)
    if event.raw is _UNKEPT or event.raw == _UNKEPT:
        msgspec.structs.force_setattr(event, "raw", _kept_by(platform))
    return event


@cache
def _kept_by(platform: str) -> Raw:
    return Raw(adapter=platform, adapter_version=1)


def _is_plain(platform: str, event: Event) -> bool:
    """Return whether nothing in the event would be changed or refused by the usual way."""
    sent, received, kept = event.time_sent, event.time_received, event.commerce
    if any(time is not None and time.tzinfo is not UTC for time in (event.time, sent, received)):
        return False
    if not _is_own(event.type, event.layer) or not event.id.strip() or not event.source.strip():
        return False
    wide, offset, cycle = event.time_uncertainty_ms, event.tz_offset_min, event.automation.cycle
    for number in (wide, offset, cycle, event.raw.adapter_version):
        if number is not None and not -_WIDEST <= number < _WIDEST:
            return False
    if kept is _NO_COMMERCE:
        return True
    try:
        return _kept(platform, kept) == kept
    except BadPayload:
        return False


@lru_cache(maxsize=4096)
def _is_own(kind: str, layer: str) -> bool:
    return OWN_TYPE.fullmatch(kind) is not None and kind.startswith(f"{layer}.")


_WIDEST = 1 << 63
_UNKEPT = Raw()


def flat_event(body: dict[str, Any]) -> dict[str, Any]:
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


def _misfit(platform: str, problem: str) -> BadPayload:
    """Return the refusal of a field of another type: its path and the expected type, never its value."""
    path = re.search(r"`(\$[\w.\[\]…]*)`", problem)
    place = f"{platform}{path.group(1)[1:]}" if path else platform
    found = re.match(r"Expected `([\w| ]+)`, got `(\w+)`", problem)
    missing = re.match(r"Object missing required field `(\w+)`", problem)
    if missing:
        return BadPayload(place, f"no {missing.group(1)!r}", "send it", "missing-field")
    wrong = f"got {found.group(2)}" if found else "a value that its field cannot hold"
    wanted = f"send {found.group(1)}" if found else "see docs/sources/canonical.md"
    return BadPayload(place, wrong, wanted, "wrong-type")


def _checked(platform: str, event: Event, received: datetime) -> Event:
    """Return the event with UTC times, money as the lake keeps it, and our receipt."""
    times: dict[str, datetime] = {}
    for name in ("time", "time_sent", "time_received"):
        value: datetime | None = getattr(event, name)
        if value is None:
            continue
        if value.tzinfo is None:
            cure = "write times with a zone, as in 2026-03-01T10:00:00Z"
            raise BadPayload(f"{platform}.{name}", "a time without a zone", cure, "no-zone")
        try:
            times[name] = value.astimezone(UTC)
        except OverflowError:
            raise BadPayload(f"{platform}.{name}", "a year out of range", "correct it", "bad-time") from None
    times.setdefault("time_received", received)
    raw = event.raw if event.raw != Raw() else Raw(adapter=platform, adapter_version=1)
    return msgspec.structs.replace(event, **times, commerce=_kept(platform, event.commerce), raw=raw)


def _kept(platform: str, commerce: Commerce) -> Commerce:
    """Return the group with amounts that the lake can hold; an impossible amount is refused."""
    amounts: dict[str, Any] = {}
    for name in _MONEY:
        value: Decimal | None = getattr(commerce, name)
        if value is not None:
            amounts[name] = _amount(platform, f"commerce.{name}", value)
    if commerce.products:
        amounts["products"] = [
            msgspec.structs.replace(
                line,
                price=None if line.price is None else _amount(platform, "commerce.products", line.price),
                quantity=None
                if line.quantity is None
                else _amount(platform, "commerce.products", line.quantity),
            )
            for line in commerce.products
        ]
    return msgspec.structs.replace(commerce, **amounts) if amounts else commerce


def _amount(platform: str, place: str, value: Decimal) -> Decimal:
    amount = money(value)
    if amount is None:
        raise BadPayload(f"{platform}.{place}", "no finite amount", "send a decimal number", "bad-money")
    return amount


def sent_events(sent: Sent, place: str) -> Iterator[Payload]:
    """Yield the CloudEvents of a request: structured, a batch, or binary (attributes in `ce-` headers).

    Raises:
        BadPayload: the body is not JSON, or an item is no object; objects before it were yielded.
    """
    if "ce-type" not in sent.headers or "cloudevents" in sent.headers.get("content-type", ""):
        yield from json_payloads(sent, place)
        return
    attributes: dict[str, Any] = {
        name.removeprefix("ce-"): unquote(value)
        for name, value in sent.headers.items()
        if name.startswith("ce-")
    }
    try:
        attributes["data"] = msgspec.json.decode(sent.body) if sent.body else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        attributes["data_base64"] = base64.b64encode(sent.body).decode()
    yield attributes
