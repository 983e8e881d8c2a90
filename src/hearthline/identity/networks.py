"""Who spends the nights on one private network: things that sleep in one home.

An address on the internet names nobody: a network of a cafe, an office or a carrier is used by
strangers, and a home's own is given to somebody else after a while. What counts is who was there at
night, on several nights, in the same weeks, on a network with few others.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline.identity.evidence import Evidence, Ints, Pairs
from hearthline.identity.policies import RANK, Policies

__all__ = ["NIGHTS", "networked", "sleepers", "together"]

NIGHTS = 3
"""On so many different nights something must have been on a network to sleep there."""
_OVERLAP_US = 86_400_000_000


def networked(identities: pa.Table, policies: Policies) -> pa.Array:
    """Return the identities that name a network; most data has none."""
    namespaces = [
        (column, part, prefix)
        for column, part, prefix in (("identifiers", "namespace", ""), ("household_hints", "kind", "hint."))
    ]
    found = np.zeros(identities.num_rows, bool)
    for column, part, prefix in namespaces:
        lists = identities[column].combine_chunks()
        flat = pc.struct_field(pc.list_flatten(lists), part).dictionary_encode()
        names = [policies.of(prefix + n).names == "network" for n in flat.dictionary.to_pylist()]
        if any(names):
            hit = np.array(names)[flat.indices.to_numpy()]
            found[pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)[hit]] = True
    return identities["identity"].filter(pa.array(found)).combine_chunks()


def sleepers(
    evidence: Evidence, nights: pa.Table | None, crowded: pa.Array | None = None
) -> tuple[Pairs, pa.Array]:
    """Return who sleeps on which private network: (anchor or device, network), and networks of too many.

    `events` of the pairs counts nights.

    Args:
        evidence: what was seen together.
        nights: `identity`, `nights`: on how many nights each identity was seen.
        crowded: networks that are known to have too many.
    """
    none = np.zeros(0, np.int64)
    known = pa.array([], pa.string()) if crowded is None else crowded
    if nights is None or not nights.num_rows:
        return Pairs(none, none, none, none, none, np.zeros(0, bool)), known
    order = np.argsort(nights["identity"].to_numpy())
    there, counted = nights["identity"].to_numpy()[order], nights["nights"].to_numpy()[order]
    at = np.minimum(np.searchsorted(there, evidence.identity), len(there) - 1)
    slept = np.where(there[at] == evidence.identity, counted[at], 0)
    who = np.where(evidence.anchor >= 0, evidence.anchor, evidence.device)
    rows = np.flatnonzero((evidence.network >= 0) & (who >= 0) & (slept > 0))
    found = Pairs(
        *(who[rows], evidence.network[rows], evidence.first_us[rows], evidence.last_us[rows]),
        *(slept[rows].astype(np.int64), evidence.granted[rows] > 0),
    ).between(who[rows], evidence.network[rows])
    found = found.take(found.events >= NIGHTS)
    over = np.bincount(found.right, minlength=evidence.count) > evidence.max_degree
    over |= pc.is_in(evidence.ids, value_set=known).to_numpy(zero_copy_only=False)
    names = evidence.ids.take(pa.array(np.flatnonzero(over & (evidence.names == RANK["network"]))))
    return found.take(~over[found.right]), names


def together(evidence: Evidence, asleep: Pairs) -> tuple[Pairs, Pairs]:
    """Return who sleeps in one home: pairs of anchors, and stays (device, anchor).

    Two follow each other in time on their network, and overlap; so a network that was given to
    somebody else joins nobody.
    """
    device = evidence.names[asleep.left] == RANK["device"]
    anchors, devices = asleep.take(~device), asleep.take(device)
    order = np.lexsort((anchors.left, anchors.first_us, anchors.right))
    anchors = anchors.take(order)
    chained = _overlapping(anchors, np.arange(len(anchors) - 1), anchors, np.arange(1, len(anchors)))
    # a device goes to the first anchor of its network that it overlaps with
    begin = np.searchsorted(anchors.right, devices.right)
    inside = begin < len(anchors)
    row = np.flatnonzero(inside)
    held = _overlapping(anchors, begin[row], devices, row)
    return chained, Pairs(held.right, held.left, *(getattr(held, n) for n in Pairs.__slots__[2:]))


def _overlapping(one: Pairs, at: Ints, other: Pairs, there: Ints) -> Pairs:
    """Return the pairs (one's left, other's left) on the same network whose times overlap by a day."""
    first = np.maximum(one.first_us[at], other.first_us[there])
    last = np.minimum(one.last_us[at], other.last_us[there])
    kept = (one.right[at] == other.right[there]) & (last - first >= _OVERLAP_US)
    at, there = at[kept], there[kept]
    return Pairs(
        *(one.left[at], other.left[there], first[kept], last[kept]),
        np.minimum(one.events[at], other.events[there]),
        one.consented[at] & other.consented[there],
    )
