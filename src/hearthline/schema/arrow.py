"""Arrow schemas derived from the typed nouns: one definition, two forms.

A group's fields become columns with the group's name in front (`touch.channel` is `touch_channel`).
Identifiers and hints are kept once per distinct combination in the table `identities`; an event
points there by `identity`, a 64-bit key of the combination (0 = the event names nobody).
"""

import types
from array import array
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from itertools import chain, repeat
from typing import Any, Literal, NamedTuple, Protocol, Union, get_args, get_origin

import msgspec
import numpy as np
import pyarrow as pa

from hearthline.schema.columns import FIELDS, GROUPS, Columns, columns_of, places
from hearthline.schema.event import Event, Group, Hint, Identifier

__all__ = [
    "EVENTS",
    "IDENTITIES",
    "MONEY",
    "Gathering",
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
_HALVES = sha256().digest_size // 8
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
    return int(_identity_keys([identifiers], [hints])[0])


def _identity_keys(
    identifiers: Iterable[Sequence[Identifier]], hints: Iterable[Sequence[Hint]]
) -> np.ndarray:
    """Return the key of each combination."""
    texts = [_identity_text(i, h).encode() for i, h in zip(identifiers, hints, strict=True)]
    found = np.frombuffer(b"".join([sha256(text).digest() for text in texts]), dtype=">i8")[::_HALVES]
    return np.where(np.fromiter(map(bool, texts), dtype=bool, count=len(texts)), found, 0).astype(np.int64)


def _identity_text(identifiers: Sequence[Identifier], hints: Sequence[Hint]) -> str:
    """Return what is hashed; nothing where nobody is named."""
    parts = [f"i\x1f{i.namespace}\x1f{i.value}" for i in identifiers]
    if len(parts) > 1:
        parts.sort()
    if hints:
        parts += sorted([f"h\x1f{h.kind}\x1f{h.value}" for h in hints])
    return "\x1e".join(parts)


def _arrays(structs: Sequence[Any], struct: type[msgspec.Struct]) -> list[pa.Array]:
    """Return the values of a group column by column, in the order of `_fields`."""
    kinds = [_arrow_type(field.type) for field in msgspec.structs.fields(struct)]
    return [_array(column, kind) for column, kind in zip(_columns(structs, len(kinds)), kinds, strict=True)]


def _columns(structs: Sequence[Any], width: int) -> Iterable[Sequence[Any]]:
    """Return the fields of structs, each as one column."""
    return zip(*map(msgspec.structs.astuple, structs), strict=True) if structs else [()] * width


def _repeated(one: pa.Array, count: int) -> pa.Array:
    return pa.nulls(count, one.type) if one.null_count else pa.repeat(one[0], count)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return values as an array; lists and structs column by column, because there are many of them."""
    if pa.types.is_struct(kind):
        columns = zip(_columns(values, kind.num_fields), kind, strict=True)
        return pa.StructArray.from_arrays([_array(c, f.type) for c, f in columns], fields=list(kind))
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


class Gathering:
    """Events of many parts, column by column, until they become tables; equal groups of parts are one.

    >>> now = datetime(2026, 3, 1)
    >>> one = columns_of([Event(id="1", source="//a", type="a.b.c", time=now, layer="media")])
    >>> many = Gathering()
    >>> many.add(one)
    >>> many.add(one)
    >>> many.tables()[0]["id"].to_pylist()
    ['1', '1']
    """

    def __init__(self) -> None:
        self.count = 0
        self._runs = {name: _Runs(usual) for name, usual in FIELDS.items() if name not in GROUPS}
        self._shared = {name: _Shared(kind, FIELDS[name]) for name, kind in GROUPS.items()}

    def add(self, part: Columns) -> None:
        """Add the events of a part; its groups may stand there as structs or as their bytes.

        Raises:
            ValueError: it contradicts itself; nothing of it was added.
        """
        groups, plain = [], []
        for name, values in part.values.items():
            if name in GROUPS:
                groups.append((self._shared[name], self._shared[name].places(part, name)))
            elif len(values) in (1, part.rows):
                plain.append((self._runs[name], values))
            else:
                raise ValueError(f"columns: {len(values)} values of {name} for {part.rows} events")
        for runs, values in plain:
            runs.add(self.count, values, part.rows)
        for shared, found in groups:
            shared.add(self.count, found)
        self.count += part.rows

    def tables(self) -> tuple[pa.Table, pa.Table]:
        """Return the events in their order (schema `EVENTS`) and their distinct identities (`IDENTITIES`)."""
        arrays: list[pa.Array] = []
        for field in msgspec.structs.fields(Event):
            if field.name in GROUPS:
                arrays += self._shared[field.name].arrays(self.count)
            elif field.name not in _SPLIT_OFF:
                arrays.append(self._runs[field.name].array(self.count, _arrow_type(field.type)))
        identifiers, hints = (self._runs[name].all(self.count) for name in _SPLIT_OFF)
        keys = _identity_keys(identifiers, hints)
        arrays.append(pa.array(keys))
        return pa.Table.from_arrays(arrays, schema=EVENTS), _identities(keys, identifiers, hints)


class _Runs:
    """A column of plain values; a value that many events in a row have stands there once."""

    def __init__(self, usual: Any) -> None:
        self._usual = usual
        self._values: list[Any] = []
        self._lengths: list[int] = []
        self._rows = 0

    def add(self, before: int, values: Sequence[Any], count: int) -> None:
        """Add the values of `count` events, which `before` others precede."""
        self._fill(before)
        self._values += values
        self._lengths += [count] if len(values) == 1 else [1] * count
        self._rows += count

    def _fill(self, rows: int) -> None:
        if self._rows < rows:
            self._values.append(self._usual)
            self._lengths.append(rows - self._rows)
            self._rows = rows

    def array(self, count: int, kind: pa.DataType) -> pa.Array:
        """Return one value an event."""
        self._fill(count)
        found = _array(self._values, kind)
        return (
            found if len(found) == count else _spread(found, np.repeat(np.arange(len(found)), self._lengths))
        )

    def all(self, count: int) -> list[Any]:
        """Return one value an event."""
        self._fill(count)
        if len(self._values) == count:
            return self._values
        return list(chain.from_iterable(map(repeat, self._values, self._lengths)))


class _Shared:
    """A column of groups; each distinct one stands there once, the one of which nothing is told first."""

    def __init__(self, kind: type[Group], usual: Any) -> None:
        self._kind = kind
        self._decode = msgspec.msgpack.Decoder(kind).decode
        self._found = [usual]
        self._known: dict[bytes, int] = {}
        self._at = array("I")

    def places(self, part: Columns, name: str) -> "array[int]":
        """Return where the group of each event of a part stands; what is new is kept."""
        here = array("I", map(self._place, part.values[name]))
        if len(here) == 1:
            return here * part.rows
        at = places(part, name)
        return here if isinstance(at, range) else array("I", map(here.__getitem__, at))

    def _place(self, group: Any) -> int:
        if type(group) is not msgspec.Raw:
            self._found.append(group)
            return len(self._found) - 1
        spelled = bytes(group)
        place = self._known.get(spelled)
        if place is None:
            self._found.append(self._decode(spelled))
            place = self._known[spelled] = len(self._found) - 1
        return place

    def add(self, before: int, found: "array[int]") -> None:
        """Add places that `places` returned, which the groups of `before` events precede."""
        self._fill(before)
        self._at += found

    def _fill(self, rows: int) -> None:
        if len(self._at) < rows:
            self._at += array("I", [0]) * (rows - len(self._at))

    def arrays(self, count: int) -> list[pa.Array]:
        """Return the columns of the group, one value an event."""
        if not self._at:
            return [_repeated(one, count) for one in _arrays(self._found, self._kind)]
        self._fill(count)
        at = np.frombuffer(self._at, dtype=np.uint32)
        columns = _arrays(self._found, self._kind)
        if (at == at[0]).all():
            return [_repeated(found.slice(int(at[0]), 1), count) for found in columns]
        return [_spread(found, at) for found in columns]


def _spread(values: pa.Array, at: np.ndarray) -> pa.Array:
    """Return the values at those places."""
    return pa.nulls(len(at), values.type) if values.null_count == len(values) else values.take(pa.array(at))


def event_tables(events: Sequence[Event]) -> tuple[pa.Table, pa.Table]:
    """Return `events_table` and `identities_table` of the same events, each identity looked at once."""
    gathering = Gathering()
    gathering.add(columns_of(events))
    return gathering.tables()


def events_table(events: Sequence[Event]) -> pa.Table:
    """Return the events as a table with the schema `EVENTS`, one row an event, in their order."""
    return event_tables(events)[0]


def identities_table(events: Iterable[Named]) -> pa.Table:
    """Return each distinct combination of identifiers and hints once (schema `IDENTITIES`)."""
    named = list(events)
    identifiers, hints = [n.identifiers for n in named], [n.household_hints for n in named]
    return _identities(_identity_keys(identifiers, hints), identifiers, hints)


def _identities(
    keys: np.ndarray, identifiers: Sequence[Sequence[Identifier]], hints: Sequence[Sequence[Hint]]
) -> pa.Table:
    _, first = np.unique(keys, return_index=True)
    seen = [row for row in np.sort(first).tolist() if keys[row]]
    return pa.Table.from_arrays(
        [
            pa.array(keys[seen]),
            _array([identifiers[row] for row in seen], IDENTITIES.field("identifiers").type),
            _array([hints[row] for row in seen], IDENTITIES.field("household_hints").type),
        ],
        schema=IDENTITIES,
    )
