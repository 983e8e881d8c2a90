"""Events column by column: what many of them share stands once.

So frames of the log hold events, and on this way events become a table. A column is a list: empty where all
events have the field's default, of one where all have the same, else of one value an event. Of a group (a
block of fields, as `touch`) the distinct values may stand there alone; `at` then says which one is whose.
"""

import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from hearthline.schema.event import Event, Group

__all__ = [
    "FIELDS",
    "GROUPS",
    "REQUIRED",
    "Columns",
    "Values",
    "columns_of",
    "events_of",
    "opened",
    "places",
    "selected",
    "whole",
]


def _groups() -> dict[str, type[Group]]:
    kinds = ((f.name, f.type) for f in msgspec.structs.fields(Event))
    return {name: kind for name, kind in kinds if isinstance(kind, type) and issubclass(kind, Group)}


GROUPS = _groups()
"""The fields of an event that are groups of fields."""
REQUIRED = frozenset(f.name for f in msgspec.structs.fields(Event) if f.required)
"""The fields that every event has."""
FIELDS = {f.name: None if f.required else f.default for f in msgspec.structs.fields(Event)}
"""All fields of an event, with what each is where nothing is told."""
_PLACE = array("I").itemsize
_SWAPPED = sys.byteorder == "big"

Values: Any = msgspec.defstruct(
    "Values",
    [
        (f.name, list[msgspec.Raw if f.name in GROUPS else f.type] | None, None)  # type: ignore[misc]
        for f in msgspec.structs.fields(Event)
    ],
    gc=False,
)
"""What `Columns.values` are decoded as: groups stay as their bytes, which tell equal ones."""


class Columns(NamedTuple):
    """Events, column by column.

    Attributes:
        rows: how many events there are.
        values: the columns by the field's name.
        at: the places in `values` of groups that stand there once, 32-bit little-endian numbers.
    """

    rows: int
    values: dict[str, Sequence[Any]]
    at: dict[str, bytes]


def columns_of(events: Sequence[Event], instead: Mapping[str, Sequence[Any]] | None = None) -> Columns:
    """Return the columns of events; of `instead` those that take the place of their own.

    >>> from datetime import UTC, datetime
    >>> now = datetime(2026, 3, 1, tzinfo=UTC)
    >>> some = [Event(id=i, source="//a", type="a.b.c", time=now, layer="media") for i in "xyz"]
    >>> columns_of(some).values["id"], columns_of(some).values["layer"], columns_of(some).values.get("stage")
    (('x', 'y', 'z'), ('media',), None)
    """
    count = len(events)
    values: dict[str, Sequence[Any]] = {}
    at: dict[str, bytes] = {}
    for name, column in zip(FIELDS, zip(*map(msgspec.structs.astuple, events), strict=True), strict=False):
        told = column if instead is None else instead.get(name, column)
        first, usual = told[0], FIELDS[name]
        if first is usual and count == 1:
            continue
        if told.count(first) == count:
            if first != usual:
                values[name] = (first,)
            continue
        values[name] = told
        if name in GROUPS:
            distinct = dict(zip(map(id, told), told, strict=True))
            if len(distinct) < count:
                place = dict(zip(distinct, range(count), strict=False)).__getitem__
                at[name] = _placed(map(place, map(id, told)))
                values[name] = (*distinct.values(),)
    return Columns(count, values, at)


def _placed(numbers: Iterable[int]) -> bytes:
    found = array("I", numbers)
    if _SWAPPED:
        found.byteswap()
    return found.tobytes()


def places(columns: Columns, name: str) -> Sequence[int]:
    """Return, for each event, the place of its value in `values[name]`.

    Raises:
        ValueError: the columns contradict each other.
    """
    count, values = columns.rows, len(columns.values[name])
    said = columns.at.get(name)
    if said is None:
        if values == count:
            return range(count)
        if values != 1:
            raise ValueError(f"columns: {values} values of {name} for {count} events")
        return [0] * count
    if len(said) != count * _PLACE:
        raise ValueError(f"columns: {len(said)} bytes of places in {name} for {count} events")
    found = array("I")
    found.frombytes(said)
    if _SWAPPED:
        found.byteswap()
    if count and max(found) >= values:
        raise ValueError(f"columns: a place beyond the {values} values of {name}")
    return found


def whole(columns: Columns, name: str) -> Sequence[Any]:
    """Return one value an event."""
    values = columns.values.get(name)
    if values is None:
        return [FIELDS[name]] * columns.rows
    if len(values) == columns.rows and name not in columns.at:
        return values
    return [values[place] for place in places(columns, name)]


def events_of(columns: Columns) -> list[Event]:
    """Return the events again.

    >>> from datetime import UTC, datetime
    >>> now = datetime(2026, 3, 1, tzinfo=UTC)
    >>> some = [Event(id=i, source="//a", type="a.b.c", time=now, layer="media") for i in "xyz"]
    >>> events_of(columns_of(some)) == some
    True
    """
    found = opened(columns)
    rows = zip(*(whole(found, name) for name in FIELDS), strict=True)
    return [Event(**dict(zip(FIELDS, row, strict=True))) for row in rows]


def opened(columns: Columns) -> Columns:
    """Return the same columns with groups as structs, none as bytes.

    Raises:
        DecodeError: the bytes are no such group.
    """
    values = {
        name: [msgspec.msgpack.decode(v, type=GROUPS[name]) if type(v) is msgspec.Raw else v for v in told]
        for name, told in columns.values.items()
        if name in GROUPS
    }
    return columns._replace(values={**columns.values, **values})


def selected(columns: Columns, kept: Sequence[bool]) -> Columns:
    """Return only the events that are to be kept, and of groups only what those have."""
    values: dict[str, Sequence[Any]] = {}
    at: dict[str, bytes] = {}
    count = sum(kept)
    for name, column in columns.values.items() if count else ():
        left = [place for place, stays in zip(places(columns, name), kept, strict=True) if stays]
        if name in columns.at:
            used = {place: nth for nth, place in enumerate(dict.fromkeys(left))}
            values[name] = [column[place] for place in used]
            at[name] = _placed(used[place] for place in left)
        else:
            values[name] = column if len(column) == 1 else [column[place] for place in left]
    return Columns(count, values, at)
