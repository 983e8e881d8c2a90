"""Parts: what could ever influence what. A day's news touches some parts; all others stay as they are.

A part is a connected component of everything that was named together, slept on one network or was
spoken of in one statement, before any policy: who is who inside it follows from it alone.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline.identity.evidence import Bools, Ints
from hearthline.identity.resolution import Observed, Resolution

__all__ = ["SEEN", "Known", "News", "changed", "news", "seen_now", "together_again"]

SEEN = pa.schema(
    [
        ("identity", pa.int64()),
        ("first_us", pa.int64()),
        ("last_us", pa.int64()),
        ("events", pa.int64()),
        ("granted", pa.int64()),
        ("device_kind", pa.string()),
        ("nights", pa.int64()),
    ]
)
"""What a run saw of each identity; `nights` is null for those that name no network."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the run before knew.

    Attributes:
        found: its resolution, under keys made from content.
        seen: schema `SEEN`, sorted by identity.
        statements: ids of the statements that it had read.
    """

    found: Resolution
    seen: pa.Table
    statements: pa.Array


@dataclass(frozen=True, slots=True)
class News:
    """What must be looked at again: the identities, and the parts that they are of; all others stay."""

    identities: Ints
    parts: Ints


def seen_now(observed: Observed) -> pa.Table:
    """Return what was seen of each identity, sorted (schema `SEEN`)."""
    rows = observed.observations.sort_by("identity")
    nights = pa.nulls(rows.num_rows, pa.int64())
    if observed.nights is not None and observed.nights.num_rows:
        at = pc.index_in(rows["identity"], value_set=observed.nights["identity"].combine_chunks())
        nights = observed.nights["nights"].take(at)
    columns = {name: rows[name] for name in SEEN.names if name in rows.column_names} | {"nights": nights}
    return pa.table({f.name: columns.get(f.name, pa.nulls(rows.num_rows, f.type)) for f in SEEN}).cast(SEEN)


def changed(known: Known, seen: pa.Table) -> pa.Array | None:
    """Return the identities that are new or were seen again; None where one is no longer there."""
    before, now = known.seen["identity"].to_numpy(), seen["identity"].to_numpy()
    at = np.searchsorted(now, before)
    if (at >= len(now)).any() or not np.array_equal(now[at], before):
        return None
    off = np.ones(len(now), bool)
    off[at] = _differs(known.seen, seen.take(pa.array(at)))
    return pa.array(now[off])


def news(known: Known, seen: pa.Table, fresh: Observed) -> News | None:
    """Return what must be looked at again; None: everything, because something is no longer there.

    Args:
        known: what the run before knew.
        seen: what was seen, all of it.
        fresh: `identities` of at least all that are new, and every statement.
    """
    new = changed(known, seen)
    if new is None:
        return None
    identities = new.to_numpy()
    parts = _parts_of_members(known, identities)
    ids = _named(fresh.identities, identities)
    if fresh.statements is not None:
        every = fresh.statements
        speaks = pc.or_(*(pc.is_in(every[end], value_set=ids) for end in ("left", "right")))
        told = every.filter(pc.or_(speaks, pc.invert(pc.is_in(every["id"], value_set=known.statements))))
        ids = pa.chunked_array([ids, *told["left"].chunks, *told["right"].chunks], pa.string())
    whose = known.found.identifiers
    parts = np.union1d(parts, _ints(whose["part"].filter(pc.is_in(whose["id"], value_set=_flat(ids)))))
    held = np.isin(_ints(known.found.parts["part"]), parts)
    again = _ints(known.found.parts["identity"])[held]
    return News(np.union1d(again, identities), parts)


def _flat(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts


def _ints(column: pa.ChunkedArray) -> Ints:
    whole: Ints = column.to_numpy().astype(np.int64)
    return whole


def _differs(before: pa.Table, now: pa.Table) -> Bools:
    """Return which identities were seen otherwise in one table than in the other; nights follow from that."""
    off = np.zeros(before.num_rows, bool)
    for field in (f for f in SEEN if f.name != "nights"):
        empty = pa.scalar("" if pa.types.is_string(field.type) else -1, field.type)
        one, other = (pc.fill_null(t[field.name], empty) for t in (before, now))
        off |= pc.not_equal(_flat(one), _flat(other)).to_numpy(zero_copy_only=False)
    return off


def _parts_of_members(known: Known, identities: Ints) -> Ints:
    """Return the parts of those identities that were known before."""
    place = np.isin(_ints(known.found.parts["identity"]), identities)
    return np.unique(_ints(known.found.parts["part"])[place])


def _named(identities: pa.Table, wanted: Ints) -> pa.Array:
    """Return all identifiers that some identities name."""
    some = identities.filter(pc.is_in(identities["identity"], value_set=pa.array(wanted)))
    found: list[pa.Array] = []
    for column, name, prefix in (("identifiers", "namespace", ""), ("household_hints", "kind", "hint.")):
        flat = pc.list_flatten(some[column].combine_chunks())
        space = pc.binary_join_element_wise(pa.scalar(prefix), pc.struct_field(flat, name), "")
        space = pc.replace_substring(space, ":", "%3A")
        found.append(pc.binary_join_element_wise(space, pc.struct_field(flat, "value"), ":"))
    return pc.unique(pa.concat_arrays(found))


def together_again(known: Known, touched: News, again: Resolution) -> Resolution:
    """Return the whole resolution: what stayed as it was, and what was looked at again."""
    gone = pa.array(touched.parts)

    def both(name: str) -> pa.Table:
        old, new = getattr(known.found, name), getattr(again, name)
        stays = old.filter(pc.invert(pc.is_in(old["part"], value_set=gone)))
        if name == "identifiers":
            stays = stays.filter(pc.invert(pc.is_in(stays["id"], value_set=_flat(new["id"]))))
            new = _placed(known, touched, _counted_on(known, new, again))
        return pa.concat_tables([stays, new.select(stays.column_names)])

    names = ("members", "links", "homes", "devices", "identifiers", "parts")
    crowded = pc.unique(pa.concat_arrays([known.found.crowded, again.crowded]))
    whole = {name: both(name) for name in names}
    return replace(again, **whole | {"crowded": crowded})


def _counted_on(known: Known, new: pa.Table, again: Resolution) -> pa.Table:
    """Return the identifiers with the events of networks counted on: others of other parts use them, too."""
    network = pc.equal(new["names"], "network")
    old = known.found.identifiers
    if not pc.any(network).as_py():
        return new
    at = pc.index_in(new["id"], value_set=_flat(old["id"]))
    rows = np.flatnonzero(pc.and_(network, pc.is_valid(at)).to_numpy(zero_copy_only=False))
    place = pa.array(at.to_numpy(zero_copy_only=False)[rows].astype(np.int64))
    counted = {name: _ints(new[name]).copy() for name in ("first_us", "last_us", "events")}
    was = {name: _ints(old[name].take(place)) for name in counted}
    counted["first_us"][rows] = np.minimum(counted["first_us"][rows], was["first_us"])
    counted["last_us"][rows] = np.maximum(counted["last_us"][rows], was["last_us"])
    counted["events"][rows] += was["events"] - _before(known, again, new["id"].take(pa.array(rows)))
    for name, values in counted.items():
        new = new.set_column(new.schema.get_field_index(name), name, pa.array(values))
    return new


def _placed(known: Known, touched: News, new: pa.Table) -> pa.Table:
    """Return the identifiers with networks in the part of those who sleep there, whoever else was there.

    Somebody who is looked at again may have been a guest on the network of a part that is not: who sleeps
    there was not looked at, and the network stays with them.
    """
    old = known.found.identifiers
    at = pc.index_in(new["id"], value_set=_flat(old["id"]))
    part = pc.fill_null(old["part"].take(_flat(at)), -1).to_numpy().astype(np.int64)
    guest = pc.equal(new["names"], "network").to_numpy() & (part >= 0) & ~np.isin(part, touched.parts)
    kept = np.where(guest, part, _ints(new["part"]))
    return new.set_column(new.schema.get_field_index("part"), "part", pa.array(kept))


def _before(known: Known, again: Resolution, networks: pa.ChunkedArray) -> Ints:
    """Return how many of each network's events were of those who are looked at again, in the run before."""
    told = again.on_networks
    place = pc.index_in(told["id"], value_set=_flat(networks))
    identity = _ints(told["identity"])
    held = known.seen["identity"].to_numpy()
    at = np.minimum(np.searchsorted(held, identity), max(len(held) - 1, 0))
    were = held[at] == identity
    events = np.where(were, _ints(known.seen["events"])[at], 0)
    here = pc.is_valid(place).to_numpy(zero_copy_only=False)
    code = pc.fill_null(place, 0).to_numpy(zero_copy_only=False).astype(np.int64)
    summed: Ints = np.bincount(code[here], weights=events[here], minlength=len(networks)).astype(np.int64)
    return summed
