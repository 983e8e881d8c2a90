"""The door: what is stored was admitted here, with personal identifiers replaced by keyed hashes."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any, TypeVar

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline.privacy.forgotten import Forgotten
from hearthline.privacy.frames import UNREADABLE, Told, frame_of, told_in
from hearthline.privacy.mask import mask, mask_broken, mask_text
from hearthline.privacy.pseudonym import pseudonymise_hint, pseudonymise_identifier
from hearthline.privacy.ring import Keys, Ring, ring_of
from hearthline.schema.arrow import (
    EVENTS,
    IDENTITIES,
    Gathering,
    Named,
    Names,
    events_table,
    identities_table,
    identity_key,
)
from hearthline.schema.columns import Columns, columns_of, events_of, opened, selected, whole
from hearthline.schema.event import Event, Hint, Identifier, Intent, Raw
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
_UNTOLD = Raw()
_UNFIT = (pa.ArrowException, ValueError, OverflowError)
_HASHED: Mapping[str, Callable[[Any, bytes], Any]] = {
    "identifiers": pseudonymise_identifier,
    "household_hints": pseudonymise_hint,
}


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
    """Return a payload masked; `value` is what its body says in compact JSON, or `_UNREAD`."""
    body = payload.body
    told = msgspec.json.decode(body) if value is _UNREAD else value
    masked = mask(told, key, known=known, addressed=b"@" in body or b"%40" in body)
    if masked is value:
        return payload
    return RawPayload(sha256=payload.sha256, media_type=payload.media_type, body=msgspec.json.encode(masked))


def _admit_names(columns: Columns, key: bytes) -> tuple[Columns, list[list[str]]]:
    """Return columns without who is personal in them, and of each event those values in clear."""
    values = dict(columns.values)
    clear: list[list[str]] = []
    for field, hashed in _HASHED.items():
        told = values.get(field, ())
        theirs = [[i.value for i in some if i.personal] for some in told]
        if any(theirs):
            values[field] = [
                tuple([hashed(i, key) for i in some]) if personal else some
                for some, personal in zip(told, theirs, strict=True)
            ]
        if len(told) == columns.rows:
            clear = [a + b for a, b in zip(clear, theirs, strict=True)] if clear else theirs
        elif told:
            clear = [[*before, *theirs[0]] for before in clear or [[]] * columns.rows]
    if "intent" in values:
        values["intent"] = [_silent(i, key) for i in values["intent"]]
    return columns._replace(values=values), clear


def _silent(intent: Intent, key: bytes) -> Intent:
    if not intent.utterance:
        return intent
    return msgspec.structs.replace(intent, utterance=mask_text(intent.utterance, key))


def _known(columns: Columns, clear: Sequence[Sequence[str]]) -> dict[str | None, set[str]]:
    """Return the personal values of each payload's events, by the payload's hash."""
    known: dict[str | None, set[str]] = {}
    raws = columns.values.get("raw", (_UNTOLD,))
    if len(raws) == 1:
        known[raws[0].sha256] = set(chain.from_iterable(clear))
        return known
    for raw, values in zip(whole(columns, "raw"), clear, strict=False):
        if values:
            known.setdefault(raw.sha256, set()).update(values)
    return known


def _admit_told(told: Told, keys: Keys, values: Mapping[str, object] = _NO_VALUES) -> Told:
    """Return what was told with nobody in it; `values` are what payloads say, by their hash, where known."""
    ring = ring_of(keys)
    key = ring.current
    columns, clear = _admit_names(told.columns, key)
    known = _known(columns, clear)
    return Told(
        columns,
        [_admit_payload(p, values.get(p.sha256, _UNREAD), known.get(p.sha256, ()), key) for p in told.raw],
        [_admit_reject(r, key) for r in told.rejects],
        told.metrics,
        _aliases(ring, _names_in(told.columns), _names_in(columns)) if ring.earlier else [],
    )


def _names_in(columns: Columns) -> list[Names]:
    return [Names(*pair) for pair in zip(*(whole(columns, field) for field in _HASHED), strict=True)]


def _aliases(ring: Ring, named: Iterable[Named], admitted: Iterable[Named]) -> list[Alias]:
    """Return each pair of hashes of one value once; none where only one key is valid."""
    if not ring.earlier:
        return []
    both = zip(named, admitted, strict=True)
    pairs = dict.fromkeys(pair for one, hashed in both for pair in ring.aliases(one, hashed))
    return [Alias(later=later, earlier=earlier) for later, earlier in pairs]


def _admitted(gathering: Gathering, beside: Told) -> Admitted:
    return Admitted(
        *gathering.tables(),
        tuple(beside.raw),
        tuple(beside.rejects),
        tuple(beside.metrics),
        tuple(beside.aliases),
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
    told = _admit_told(Told(columns_of(events), raw, rejects, metrics), key)
    gathering = Gathering()
    gathering.add(told.columns)
    return _admitted(gathering, told)


def admitted_frame(  # noqa: PLR0913 # all that one request became, and what was decoded of it
    events: Sequence[Event],
    raw: Sequence[RawPayload],
    rejects: Sequence[Reject],
    key: Keys,
    received: datetime | None = None,
    *,
    metrics: Sequence[Metric] = (),
    values: Mapping[str, object] = _NO_VALUES,
    instead: Mapping[str, Sequence[Any]] | None = None,
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
        values: what payloads say, decoded, by their hash; the bodies of those are compact JSON, and are not
            decoded again.
        instead: fields of the events that the door knows better, one value an event.

    >>> reject = Reject(source="demo", reason="not-json", place="-", wrong="?", cure="", raw=b"a@example.com")
    >>> frame = admitted_frame([], [], [reject], b"key")
    >>> b"example" in frame, admitted_of([frame]).rejects[0].reason
    (False, 'not-json')
    """
    when = received or datetime.now(UTC)
    columns = columns_of(events, instead)
    stamps = columns.values.get("time_received", (None,))
    if None in stamps and events:
        columns.values["time_received"] = [stamp or when for stamp in stamps]
    told = Told(
        columns,
        raw,
        [r if r.received else msgspec.structs.replace(r, received=when) for r in rejects],
        [m if m.received else msgspec.structs.replace(m, received=when) for m in metrics],
    )
    return frame_of(_admit_told(told, key, values))


def admitted_of(bodies: Iterable[bytes]) -> Admitted:
    """Return what stands in frames of the log; a frame that cannot be read becomes a reject."""
    gathering = Gathering()
    parts: list[Told] = []
    unread: list[Reject] = []
    for body in bodies:
        try:
            told = told_in(body)
            gathering.add(told.columns)
        except UNREADABLE:
            unread.append(_unreadable(body))
        else:
            parts.append(told)
    together = Told(
        Columns(0, {}, {}),
        [p for told in parts for p in told.raw],
        unread + [r for told in parts for r in told.rejects],
        [m for told in parts for m in told.metrics],
        [a for told in parts for a in told.aliases],
    )
    try:
        return _admitted(gathering, together)
    except _UNFIT:
        events = [e for told in parts for e in events_of(told.columns)]
        return _storable(events, together)


def _storable(events: Sequence[Event], beside: Told) -> Admitted:
    """Return the events that the columns can hold; the others become rejects."""
    odd = _odd(events)
    fitting = Gathering()
    fitting.add(columns_of([e for e in events if e not in odd]))
    return _admitted(fitting, beside._replace(rejects=[*beside.rejects, *map(_unfit, odd)]))


def _odd(events: Sequence[Event]) -> list[Event]:
    """Return the events that the columns cannot hold, by halving."""
    try:
        events_table(events)
    except _UNFIT:
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
        told = told_in(body)
        columns = opened(told.columns)
        named, times, raws = _names_in(columns), whole(columns, "time"), whole(columns, "raw")
    except UNREADABLE:
        return None if not forgotten.told_in(body) else frame_of(Told(Columns(0, {}, {})), len(body))
    forgotten = forgotten.also(told.aliases)
    theirs = [_theirs(names, time, forgotten) for names, time in zip(named, times, strict=True)]
    payloads = {raw.sha256 for raw, gone in zip(raws, theirs, strict=True) if gone and raw.sha256}
    left = Told(
        selected(columns, [not gone for gone in theirs]),
        [p for p in told.raw if p.sha256 not in payloads and not forgotten.told_in(p.body)],
        [r for r in told.rejects if not forgotten.told_in(r.raw)],
        told.metrics,
        [a for a in told.aliases if not forgotten.named(a.later)],
    )
    gone = any(theirs) or any(len(old) != len(new) for old, new in zip(told[1:], left[1:], strict=True))
    return frame_of(left, len(body)) if gone else None


def _theirs(names: Names, time: datetime, forgotten: Forgotten) -> bool:
    until = forgotten.until(identity_key(names.identifiers, names.household_hints))
    return (until is not None and time <= until) or forgotten.among(names)


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
