"""Arrow schemas derived from the typed nouns: one definition, two forms.

A group's fields become columns with the group's name in front (`touch.channel` is `touch_channel`).
Identifiers and hints are kept once per distinct combination in the table `identities`; an event
points there by `identity`, a 64-bit key of the combination (0 = the event names nobody).
"""

import types
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from itertools import chain
from operator import attrgetter
from typing import Any, Literal, NamedTuple, Protocol, Union, get_args, get_origin

import msgspec
import numpy as np
import pyarrow as pa

from hearthline.schema.event import Event, Group, Hint, Identifier

__all__ = [
    "EVENTS",
    "IDENTITIES",
    "MONEY",
    "Named",
    "Names",
    "event_tables",
    "events_table",
    "identities_table",
    "identity_key",
    "schema_of",
]

MONEY = pa.decimal128(18, 4)
_SCALARS: dict[Any, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    bytes: pa.binary(),
    date: pa.date32(),
    datetime: pa.timestamp("us", tz="UTC"),
    Decimal: MONEY,
}
_SPLIT_OFF = ("identifiers", "household_hints")


class Named(Protocol):
    """Whatever names somebody: an event, or `Names` alone."""

    @property
    def identifiers(self) -> Sequence[Identifier]:
        """Identifiers of persons, devices and accounts."""

    @property
    def household_hints(self) -> Sequence[Hint]:
        """Hints of the household."""


class Names(NamedTuple):
    """A combination of identifiers and hints, without an event."""

    identifiers: tuple[Identifier, ...]
    household_hints: tuple[Hint, ...]


def _bare(annotation: Any) -> Any:
    """Return the annotation without `| None`."""
    if get_origin(annotation) in (Union, types.UnionType):
        (inner,) = (a for a in get_args(annotation) if a is not type(None))
        return inner
    return annotation


def _arrow_type(annotation: Any) -> pa.DataType:
    annotation = _bare(annotation)
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return pa.string()
    if origin in (list, tuple):
        return pa.list_(_arrow_type(args[0]))
    if origin is dict:
        return pa.map_(pa.string(), _arrow_type(args[1]))
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return pa.struct(_fields(annotation))
    raise TypeError(f"schema: no Arrow type for {annotation!r}")


def _fields(struct: type[msgspec.Struct]) -> list[pa.Field]:
    fields: list[pa.Field] = []
    for field in msgspec.structs.fields(struct):
        inner = _bare(field.type)
        if isinstance(inner, type) and issubclass(inner, Group):
            fields += [f.with_name(f"{field.name}_{f.name}") for f in _fields(inner)]
        else:
            fields.append(pa.field(field.name, _arrow_type(field.type), nullable=not field.required))
    return fields


def schema_of(struct: type[msgspec.Struct]) -> pa.Schema:
    """Return the Arrow schema of a typed noun, groups flattened.

    >>> schema_of(Event).field("touch_channel").type
    DataType(string)
    """
    return pa.schema(_fields(struct))


EVENTS = pa.schema(
    [*(f for f in schema_of(Event) if f.name not in _SPLIT_OFF), pa.field("identity", pa.int64())]
)
IDENTITIES = pa.schema(
    [
        pa.field("identity", pa.int64(), nullable=False),
        pa.field("identifiers", pa.list_(pa.struct(_fields(Identifier)))),
        pa.field("household_hints", pa.list_(pa.struct(_fields(Hint)))),
    ]
)


def identity_key(identifiers: Sequence[Identifier], hints: Sequence[Hint]) -> int:
    """Return a signed 64-bit key of a combination of identifiers and hints; 0 when there are none.

    Order does not matter. Two combinations collide with a probability of about n^2 / 2^65.

    >>> a, b = Identifier(namespace="device", value="1"), Identifier(namespace="user", value="2")
    >>> identity_key([a, b], []) == identity_key([b, a], [])
    True
    >>> identity_key([], [])
    0
    """
    if not identifiers and not hints:
        return 0
    parts = sorted([f"i\x1f{i.namespace}\x1f{i.value}" for i in identifiers])
    parts += sorted([f"h\x1f{h.kind}\x1f{h.value}" for h in hints])
    digest = sha256("\x1e".join(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _arrays(structs: Sequence[Any], struct: type[msgspec.Struct]) -> list[pa.Array]:
    """Return the values column by column, in the order of `_fields`."""
    arrays: list[pa.Array] = []
    for field in msgspec.structs.fields(struct):
        if struct is Event and field.name in _SPLIT_OFF:
            continue
        values = list(map(attrgetter(field.name), structs))
        inner = _bare(field.type)
        if not (isinstance(inner, type) and issubclass(inner, Group)):
            arrays.append(_array(values, _arrow_type(field.type)))
        elif values and values.count(field.default) == len(values):  # nobody filled this group
            arrays += [_repeated(one, len(values)) for one in _arrays([field.default], inner)]
        else:
            arrays += _arrays(values, inner)
    return arrays


def _repeated(one: pa.Array, count: int) -> pa.Array:
    return pa.nulls(count, one.type) if one.null_count else pa.repeat(one[0], count)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return values as an array; lists and structs column by column, because there are many of them."""
    if pa.types.is_struct(kind):
        return pa.StructArray.from_arrays(
            [_array(list(map(attrgetter(f.name), values)), f.type) for f in kind], fields=list(kind)
        )
    if pa.types.is_map(kind):
        return pa.array([None if v is None else list(v.items()) for v in values], kind)
    if pa.types.is_list(kind):
        if all(v is None for v in values):
            return pa.nulls(len(values), kind)
        ends = np.cumsum([0, *(len(v) if v else 0 for v in values)], dtype=np.int32)
        child = _array(list(chain.from_iterable(v for v in values if v)), kind.value_type)
        missing = pa.array([v is None for v in values], pa.bool_())
        return pa.ListArray.from_arrays(pa.array(ends), child, type=kind, mask=missing)
    return pa.array(values, kind)


def event_tables(events: Sequence[Event]) -> tuple[pa.Table, pa.Table]:
    """Return `events_table` and `identities_table` of the same events, each identity looked at once."""
    keys = [identity_key(e.identifiers, e.household_hints) for e in events]
    arrays = [*_arrays(events, Event), pa.array(keys, pa.int64())]
    return pa.Table.from_arrays(arrays, schema=EVENTS), _identities(keys, events)


def events_table(events: Sequence[Event]) -> pa.Table:
    """Return the events as a table with the schema `EVENTS`, one row an event, in their order."""
    return event_tables(events)[0]


def identities_table(events: Iterable[Named]) -> pa.Table:
    """Return each distinct combination of identifiers and hints once (schema `IDENTITIES`)."""
    named = list(events)
    return _identities([identity_key(n.identifiers, n.household_hints) for n in named], named)


def _identities(keys: Sequence[int], named: Sequence[Named]) -> pa.Table:
    seen: dict[int, Named] = dict(zip(reversed(keys), reversed(named), strict=True))  # the first one stays
    ordered = [(k, seen[k]) for k in dict.fromkeys(keys) if k]
    return pa.Table.from_arrays(
        [
            pa.array([k for k, _ in ordered], pa.int64()),
            _array([n.identifiers for _, n in ordered], IDENTITIES.field("identifiers").type),
            _array([n.household_hints for _, n in ordered], IDENTITIES.field("household_hints").type),
        ],
        schema=IDENTITIES,
    )
