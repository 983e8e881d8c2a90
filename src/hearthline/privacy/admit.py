"""The door: what is stored was admitted here, with personal identifiers replaced by keyed hashes."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline.privacy.forgotten import Forgotten
from hearthline.privacy.mask import mask, mask_broken, mask_text
from hearthline.privacy.pseudonym import pseudonymise_hint, pseudonymise_identifier
from hearthline.privacy.ring import Keys, Ring, ring_of
from hearthline.schema.arrow import (
    EVENTS,
    IDENTITIES,
    Named,
    Names,
    event_tables,
    events_table,
    identities_table,
    identity_key,
)
from hearthline.schema.event import Event, Hint, Identifier
from hearthline.schema.records import Alias, Metric, RawPayload, Reject

__all__ = [
    "Admitted",
    "admit_events",
    "admit_tables",
    "admitted_frame",
    "admitted_of",
    "cleaned_frame",
    "without",
]

_MAKER, _UNREAD = object(), object()
_NO_VALUES: Mapping[str, object] = {}


T = TypeVar("T")


def _structs(rows: list[dict[str, Any]] | None, struct: type[T]) -> Iterator[T]:
    return (msgspec.convert(row, struct) for row in rows or ())


@dataclass(frozen=True, slots=True)
class Admitted:
    """What may be stored: events, identities, raw payloads, rejects, metrics; no personal identifier.

    `aliases` are hashes of one value under two keys, where a key was rotated. Only the functions of this
    module can make one.
    """

    events: pa.Table
    identities: pa.Table
    raw: tuple[RawPayload, ...]
    rejects: tuple[Reject, ...]
    metrics: tuple[Metric, ...]
    aliases: tuple[Alias, ...]
    made_by: object

    def __post_init__(self) -> None:
        if self.made_by is not _MAKER:
            raise TypeError("privacy: only admit_events and admit_tables make Admitted; call one of them")


def _admit_reject(reject: Reject, key: bytes) -> Reject:
    try:
        raw = msgspec.json.encode(mask(msgspec.json.decode(reject.raw), key))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raw = mask_broken(reject.raw.decode("utf-8", "backslashreplace"), key).encode()
    wrong, place = mask_text(reject.wrong, key), mask_text(reject.place, key)
    return msgspec.structs.replace(reject, raw=raw[:65_536], wrong=wrong, place=place)


def _admit_payload(payload: RawPayload, value: object, known: Collection[str], key: bytes) -> RawPayload:
    """Return a payload masked; `value` is what its body says, or `_UNREAD`."""
    body = payload.body
    value = msgspec.json.decode(body) if value is _UNREAD else value
    masked = mask(value, key, known=known, addressed=b"@" in body or b"%40" in body)
    return RawPayload(sha256=payload.sha256, media_type=payload.media_type, body=msgspec.json.encode(masked))


def _admit_event(event: Event, key: bytes) -> tuple[Event, list[str]]:
    """Return an event without who is personal in it, and their values in clear."""
    changed: dict[str, Any] = {}
    clear = [i.value for i in event.identifiers if i.personal]
    if clear:
        changed["identifiers"] = tuple([pseudonymise_identifier(i, key) for i in event.identifiers])
    hinted = [h.value for h in event.household_hints if h.personal]
    if hinted:
        changed["household_hints"] = tuple([pseudonymise_hint(h, key) for h in event.household_hints])
        clear += hinted
    utterance = event.intent.utterance
    if utterance:
        changed["intent"] = msgspec.structs.replace(event.intent, utterance=mask_text(utterance, key))
    return (msgspec.structs.replace(event, **changed) if changed else event), clear


class _Framed(msgspec.Struct, frozen=True, array_like=True):
    """What was admitted together, as structs: the body of a frame of the log."""

    events: list[Event]
    raw: list[RawPayload]
    rejects: list[Reject]
    metrics: list[Metric] = []
    aliases: list[Alias] = []


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Framed).decode


def _admit_structs(told: _Framed, keys: Keys, values: Mapping[str, object] = _NO_VALUES) -> _Framed:
    """Return what was told with nobody in it; `values` are what payloads say, by their hash, where known."""
    ring = ring_of(keys)
    key = ring.current
    known: dict[str | None, set[str]] = {}
    events = []
    for event in told.events:
        admitted, clear = _admit_event(event, key)
        events.append(admitted)
        if clear:
            known.setdefault(event.raw.sha256, set()).update(clear)
    return _Framed(
        events,
        [_admit_payload(p, values.get(p.sha256, _UNREAD), known.get(p.sha256, ()), key) for p in told.raw],
        [_admit_reject(r, key) for r in told.rejects],
        told.metrics,
        _aliases(ring, told.events, events),
    )


def _aliases(ring: Ring, named: Iterable[Named], admitted: Iterable[Named]) -> list[Alias]:
    """Return each pair of hashes of one value once; none where only one key is valid."""
    if not ring.earlier:
        return []
    both = zip(named, admitted, strict=True)
    pairs = dict.fromkeys(pair for one, hashed in both for pair in ring.aliases(one, hashed))
    return [Alias(later=later, earlier=earlier) for later, earlier in pairs]


def _admitted(structs: _Framed) -> Admitted:
    return Admitted(
        *event_tables(structs.events),
        tuple(structs.raw),
        tuple(structs.rejects),
        tuple(structs.metrics),
        tuple(structs.aliases),
        _MAKER,
    )


def admit_events(
    events: Sequence[Event],
    raw: Sequence[RawPayload],
    rejects: Sequence[Reject],
    key: Keys,
    *,
    metrics: Sequence[Metric] = (),
) -> Admitted:
    """Return events from a source as they may be stored.

    Args:
        events: what a source read, personal identifiers still in clear.
        raw: the payloads they came from, JSON bodies; found from an event by `raw.sha256`.
        rejects: what could not become an event.
        key: the home's key, or its ring of keys.
        metrics: aggregates; they are of nobody.
    """
    return _admitted(_admit_structs(_Framed([*events], [*raw], [*rejects], [*metrics]), key))


def admitted_frame(  # noqa: PLR0913 # all that one request became, and what was decoded of it
    events: Sequence[Event],
    raw: Sequence[RawPayload],
    rejects: Sequence[Reject],
    key: Keys,
    received: datetime | None = None,
    *,
    metrics: Sequence[Metric] = (),
    values: Mapping[str, object] = _NO_VALUES,
) -> bytes:
    """Return events from a source as they may stand in the log, until `admitted_of` reads them.

    Nothing personal in clear is in the bytes: what `admit_events` hashes and masks is hashed and masked.

    Args:
        events: what a source read, personal identifiers still in clear.
        raw: the payloads they came from, JSON bodies; found from an event by `raw.sha256`.
        rejects: what could not become an event.
        key: the home's key, or its ring of keys.
        received: when they came (UTC; default: now), for those that do not say it.
        metrics: aggregates; they are of nobody.
        values: what payloads say, decoded, by their hash: for those, the body is not decoded again.

    >>> reject = Reject(source="demo", reason="not-json", place="-", wrong="?", cure="", raw=b"a@example.com")
    >>> frame = admitted_frame([], [], [reject], b"key")
    >>> b"example" in frame, admitted_of([frame]).rejects[0].reason
    (False, 'not-json')
    """
    when = received or datetime.now(UTC)
    told = _Framed(
        [e if e.time_received else msgspec.structs.replace(e, time_received=when) for e in events],
        raw if isinstance(raw, list) else [*raw],
        [r if r.received else msgspec.structs.replace(r, received=when) for r in rejects],
        [m if m.received else msgspec.structs.replace(m, received=when) for m in metrics],
    )
    return _encode(_admit_structs(told, key, values))


def admitted_of(bodies: Iterable[bytes]) -> Admitted:
    """Return what stands in frames of the log; a frame that cannot be read becomes a reject."""
    together = _Framed([], [], [], [], [])
    for body in bodies:
        try:
            framed = _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            together.rejects.append(_unreadable(body))
            continue
        together.events.extend(framed.events)
        together.raw.extend(framed.raw)
        together.rejects.extend(framed.rejects)
        together.metrics.extend(framed.metrics)
        together.aliases.extend(framed.aliases)
    return _storable(together)


def _storable(structs: _Framed) -> Admitted:
    """Return the events that the columns can hold; the others become rejects."""
    try:
        return _admitted(structs)
    except (pa.ArrowException, ValueError, OverflowError):
        odd = _odd(structs.events)
        fitting = [e for e in structs.events if e not in odd]
        rejects = [*structs.rejects, *map(_unfit, odd)]
        return _admitted(_Framed(fitting, structs.raw, rejects, structs.metrics, structs.aliases))


def _odd(events: Sequence[Event]) -> list[Event]:
    """Return the events that the columns cannot hold, by halving."""
    try:
        events_table(events)
    except (pa.ArrowException, ValueError, OverflowError):
        half = len(events) // 2
        return [*_odd(events[:half]), *_odd(events[half:])] if half else list(events)
    return []


def _unfit(event: Event) -> Reject:
    return Reject(
        source=event.source,
        reason="does-not-fit",
        place=f"event of {event.type}",
        wrong="a number or time is larger than the lake's columns can hold",
        cure="send a possible value; the original is in `raw`",
        raw=msgspec.json.encode(event)[:65_536],
        received=event.time_received,
    )


def _unreadable(body: bytes) -> Reject:
    return Reject(
        source="log",
        reason="damaged-frame",
        place="log",
        wrong=f"not a frame of admitted events; got {len(body)} bytes",
        cure="send the events of this moment again; look after the disk",
        raw=body[:65_536],
    )


def cleaned_frame(body: bytes, forgotten: Forgotten) -> bytes | None:
    """Return a frame of the log without what is of the forgotten; None where nothing of it is."""
    try:
        framed = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None if not forgotten.told_in(body) else _encode(_Framed([], [], []))
    forgotten = forgotten.also(framed.aliases)
    theirs = [_theirs(e, forgotten) for e in framed.events]
    payloads = {e.raw.sha256 for e, gone in zip(framed.events, theirs, strict=True) if gone and e.raw.sha256}
    left = _Framed(
        [e for e, gone in zip(framed.events, theirs, strict=True) if not gone],
        [p for p in framed.raw if p.sha256 not in payloads and not forgotten.told_in(p.body)],
        [r for r in framed.rejects if not forgotten.told_in(r.raw)],
        framed.metrics,
        [a for a in framed.aliases if not forgotten.named(a.later)],
    )
    return _encode(left) if left != framed else None


def _theirs(event: Event, forgotten: Forgotten) -> bool:
    until = forgotten.until(identity_key(event.identifiers, event.household_hints))
    return (until is not None and event.time <= until) or forgotten.among(event)


def without(admitted: Admitted, forgotten: Forgotten) -> Admitted:
    """Return what was admitted without what is of the forgotten: events, identities, payloads, rejects."""
    if not forgotten:
        return admitted
    forgotten = forgotten.also(admitted.aliases)
    named = [
        (row["identity"], Names(*_names(row)))
        for row in admitted.identities.select(["identity", "identifiers", "household_hints"]).to_pylist()
    ]
    ever = datetime.max.replace(tzinfo=UTC)
    ends = {key: ever if forgotten.among(names) else forgotten.until(key) for key, names in named}
    theirs = {key: end for key, end in ends.items() if end is not None}
    position = pc.index_in(admitted.events["identity"], value_set=pa.array(theirs, pa.int64()))
    end = pa.array(theirs.values(), EVENTS.field("time").type).take(position.combine_chunks())
    gone = pc.fill_null(pc.less_equal(admitted.events["time"], end), fill_value=False)
    payloads = set(admitted.events.filter(gone)["raw_sha256"].to_pylist()) - {None}
    events = admitted.events.filter(pc.invert(gone))
    kept = pc.or_(
        pc.is_in(admitted.identities["identity"], value_set=events["identity"].combine_chunks()),
        pc.invert(pc.is_in(admitted.identities["identity"], value_set=pa.array(theirs, pa.int64()))),
    )
    return Admitted(
        events,
        admitted.identities.filter(kept),
        tuple(p for p in admitted.raw if p.sha256 not in payloads and not forgotten.told_in(p.body)),
        tuple(r for r in admitted.rejects if not forgotten.told_in(r.raw)),
        admitted.metrics,
        tuple(a for a in admitted.aliases if not forgotten.named(a.later)),
        _MAKER,
    )


def _names(row: dict[str, Any]) -> tuple[tuple[Identifier, ...], tuple[Hint, ...]]:
    return tuple(_structs(row["identifiers"], Identifier)), tuple(_structs(row["household_hints"], Hint))


def admit_tables(events: pa.Table, identities: pa.Table, rejects: Sequence[Reject], key: Keys) -> Admitted:
    """Return events from a file as they may be stored: columnar, each distinct identity hashed once.

    Args:
        events: schema `EVENTS`.
        identities: schema `IDENTITIES`, personal identifiers still in clear.
        rejects: rows that could not become events.
        key: the home's key, or its ring of keys.
    """
    ring = ring_of(key)
    told = [Names(*_names(row)) for row in identities.to_pylist()]
    admitted = [
        Names(
            tuple(pseudonymise_identifier(i, ring.current) for i in names.identifiers),
            tuple(pseudonymise_hint(h, ring.current) for h in names.household_hints),
        )
        for names in told
    ]
    table = identities_table(admitted)
    old = identities["identity"].to_numpy()
    new = np.array([identity_key(p.identifiers, p.household_hints) for p in admitted], dtype=np.int64)
    position = pc.index_in(events["identity"], value_set=pa.array(old, pa.int64()))
    keys = np.append(new, 0)[position.fill_null(len(new)).to_numpy()]
    at = EVENTS.get_field_index("identity")
    events = events.set_column(at, EVENTS.field(at), pa.array(keys, pa.int64()))
    return Admitted(
        events.cast(EVENTS),
        table.cast(IDENTITIES),
        (),
        tuple(_admit_reject(r, ring.current) for r in rejects),
        (),
        tuple(_aliases(ring, told, admitted)),
        _MAKER,
    )
