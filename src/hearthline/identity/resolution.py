"""Which household each identity belonged to, and when: deterministic, independent of arrival order.

Three steps. Identifiers of persons, accounts, homes and browsers that were seen together are joined
(connected components of the allowed links). A device joins nobody: it belongs to whoever it was seen
with, from the first day it was. Where two households used one device side by side for a week or
more they are one household; where one follows the other, the device moved; a short visit inside
another's stay is a guest's.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from hearthline.identity.evidence import Evidence, Joins, Stays, gather
from hearthline.identity.policies import RANK, Policies

__all__ = ["Resolution", "components", "resolve"]

Ints = NDArray[np.int64]
ALWAYS_FROM, ALWAYS_TO = -(2**61), 2**61
_WEEK_US = 7 * 86_400_000_000
_SUSTAINED = 3
_BLOCK = 200_000


@dataclass(frozen=True, slots=True)
class Resolution:
    """Who is who.

    Attributes:
        members: `identity`, `unit`, `person` (null when unknown), `valid_from_us`, `valid_to_us`.
        links: `left_id`, `right_id`, `kind`, `first_us`, `last_us`, `rule`, `evidence`, `state`, `note`.
        homes: `unit`, `label`, `identifiers`, `persons`.
        devices: `device`, `kind`, `unit`, `events`, `first_us`, `last_us`, `valid_from_us`, `valid_to_us`.
    """

    members: pa.Table
    links: pa.Table
    homes: pa.Table
    devices: pa.Table


def resolve(observations: pa.Table, identities: pa.Table, policies: Policies) -> Resolution:
    """Return which unit each identity belonged to when.

    Args:
        observations: `identity`, `first_us`, `last_us`, `events`.
        identities: schema `IDENTITIES`; rows may repeat.
        policies: what each namespace may join.
    """
    evidence = gather(observations, identities, policies)
    joins = evidence.joins()
    left, right = joins.left[joins.used], joins.right[joins.used]
    component = components(evidence.count, left, right)
    shared = _side_by_side(evidence.stays(component), evidence.max_degree)
    if len(shared):
        left, right = np.append(left, shared[:, 0]), np.append(right, shared[:, 1])
        component = components(evidence.count, left, right)
    stays = _without_guests(evidence.stays(component))
    residences = _residences(stays)
    keys = text_keys(evidence.ids)
    person = _persons(evidence, joins)
    return Resolution(
        _members(evidence, component, person, residences, keys),
        _links(evidence, joins, stays),
        _homes(evidence, component, person, keys),
        _devices(evidence, residences, keys),
    )


def components(count: int, left: Ints, right: Ints) -> Ints:
    """Return (count,) the smallest node of each node's connected component.

    >>> components(4, np.array([1, 3]), np.array([3, 1])).tolist()
    [0, 1, 2, 1]
    """
    if not count:
        return np.zeros(0, np.int64)
    graph = sparse.coo_array((np.ones(len(left), np.int8), (left, right)), shape=(count, count))
    _, label = connected_components(graph, directed=False)
    smallest = np.full(label.max() + 1, count, np.int64)
    np.minimum.at(smallest, label, np.arange(count))
    return smallest[label]


def text_keys(texts: pa.StringArray) -> Ints:
    """Return a stable 62-bit key of each text (FNV-1a over its bytes), never negative.

    >>> keys = text_keys(pa.array(["a", "b", "a"]))
    >>> bool(keys[0] > 0), bool(keys[0] == keys[2]), bool(keys[0] == keys[1])
    (True, True, False)
    """
    keys = np.zeros(len(texts), np.int64)
    for start in range(0, len(texts), _BLOCK):
        block = texts.slice(start, _BLOCK)
        begin, length = _spans(block)
        letters = np.frombuffer(block.buffers()[2] or b"", np.uint8)
        hashed = np.full(len(block), 0xCBF29CE484222325, np.uint64)
        with np.errstate(over="ignore"):
            for place in range(int(length.max(initial=0))):
                long = np.flatnonzero(length > place)
                hashed[long] = (hashed[long] ^ letters[begin[long] + place]) * np.uint64(0x100000001B3)
            hashed ^= hashed >> np.uint64(29)
            hashed *= np.uint64(0x9E3779B97F4A7C15)
        keys[start : start + len(block)] = (hashed >> np.uint64(2)).astype(np.int64)
    return keys


def _spans(texts: pa.StringArray) -> tuple[Ints, Ints]:
    """Return where each text's bytes begin in the array's buffer, and how many they are."""
    ends = np.frombuffer(texts.buffers()[1], np.int32, len(texts) + 1, texts.offset * 4).astype(np.int64)
    return ends[:-1], np.diff(ends)


def _side_by_side(stays: Stays, max_degree: Ints) -> Ints:
    """Return pairs of components that used one device in the same weeks, each more than in passing."""
    order = np.lexsort((stays.first_us, stays.device))
    device, home = stays.device[order], stays.component[order]
    first, last, events = stays.first_us[order], stays.last_us[order], stays.events[order]
    same = device[1:] == device[:-1]
    overlap = np.minimum(last[1:], last[:-1]) - np.maximum(first[1:], first[:-1])
    lasting = (events[1:] >= _SUSTAINED) & (events[:-1] >= _SUSTAINED) & (overlap >= _WEEK_US)
    private = np.bincount(device, minlength=len(max_degree))[device[1:]] <= max_degree[device[1:]]
    found = same & lasting & private
    return np.stack([home[:-1][found], home[1:][found]], axis=1)


def _without_guests(stays: Stays) -> Stays:
    """Return the stays with guests marked: a stay inside a longer one with more events is a visit."""
    used = stays.used.copy()
    count = np.bincount(stays.device, minlength=1)
    contested = np.flatnonzero(count[stays.device] > 1)
    order = contested[np.lexsort((-stays.events[contested], stays.device[contested]))]
    for device in np.split(order, np.flatnonzero(np.diff(stays.device[order])) + 1):
        for guest in device[1:]:
            hosts = device[used[device] & (stays.events[device] > stays.events[guest])]
            inside = (stays.first_us[hosts] <= stays.first_us[guest]) & (
                stays.last_us[hosts] >= stays.last_us[guest]
            )
            used[guest] = not inside.any()
    return replace(stays, used=used)


def _residences(stays: Stays) -> tuple[Ints, Ints, Ints, Ints]:
    """Return device, component, from and to (microseconds) of each residence, without gaps or overlaps."""
    rows = np.flatnonzero(stays.used)
    rows = rows[np.lexsort((stays.component[rows], stays.first_us[rows], stays.device[rows]))]
    device, start = stays.device[rows], stays.first_us[rows].copy()
    opens = np.ones(len(rows), bool)
    opens[1:] = device[1:] != device[:-1]
    start[opens] = ALWAYS_FROM
    closes = np.append(opens[1:], True) if len(rows) else opens
    end = np.append(start[1:], ALWAYS_TO) if len(rows) else start
    end[closes] = ALWAYS_TO
    return device, stays.component[rows], start, end


def _persons(evidence: Evidence, joins: Joins) -> Ints:
    """Return (count,) the first identifier of each person; -1 for what names no person."""
    person = evidence.names == RANK["person"]
    both = joins.used & person[joins.left] & person[joins.right]
    same = components(evidence.count, joins.left[both], joins.right[both])
    return np.where(person, same, -1)


def _members(
    evidence: Evidence,
    component: Ints,
    person: Ints,
    residences: tuple[Ints, Ints, Ints, Ints],
    keys: Ints,
) -> pa.Table:
    """Return the validity of each identity: by its anchor for ever, else by where its device lived."""
    anchored = np.flatnonzero(evidence.anchor >= 0)
    lone = np.flatnonzero((evidence.anchor < 0) & (evidence.device >= 0))
    device, home, start, end = residences
    begin = np.searchsorted(device, evidence.device[lone], "left")
    until = np.searchsorted(device, evidence.device[lone], "right")
    stay = np.repeat(begin, until - begin) + _counting(until - begin)
    housed, homeless = np.repeat(lone, until - begin), lone[until == begin]
    rows = np.concatenate([anchored, housed, homeless])
    names = evidence.person[rows]
    known = np.flatnonzero(names >= 0)
    who = np.zeros(len(rows), np.int64)
    who[known] = keys[person[names[known]]]
    fill = len(rows) - len(anchored) - len(housed)
    return pa.table(
        {
            "identity": evidence.identity[rows],
            "unit": np.concatenate(
                [
                    keys[component[evidence.anchor[anchored]]],
                    keys[home[stay]],
                    keys[evidence.device[homeless]],
                ]
            ),
            "person": pa.array(who, mask=names < 0),
            "valid_from_us": np.concatenate(
                [np.full(len(anchored), ALWAYS_FROM), start[stay], np.full(fill, ALWAYS_FROM)]
            ),
            "valid_to_us": np.concatenate(
                [np.full(len(anchored), ALWAYS_TO), end[stay], np.full(fill, ALWAYS_TO)]
            ),
        }
    )


def _counting(lengths: Ints) -> Ints:
    """Return 0, 1, ... for each length, one after the other."""
    return np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def _links(evidence: Evidence, joins: Joins, stays: Stays) -> pa.Table:
    """Return all evidence as links: used ones, and demoted ones with the reason."""
    ids, no_note = evidence.ids, pa.scalar(None, pa.string())
    used = pa.array(np.append(joins.used, stays.used))
    seen, lives = len(joins.left), len(stays.device)
    demoted = _either(
        seen, "joins too many others to be one household's", lives, "a visit inside another household's stay"
    )
    return pa.table(
        {
            "left_id": ids.take(pa.array(np.append(joins.left, stays.device))),
            "right_id": ids.take(pa.array(np.append(joins.right, stays.component))),
            "kind": _either(seen, "seen_with", lives, "lives_with"),
            "first_us": np.append(joins.first_us, stays.first_us),
            "last_us": np.append(joins.last_us, stays.last_us),
            "rule": _either(seen, "together in one event", lives, "device used by"),
            "evidence": np.append(joins.events, stays.events),
            "state": pc.if_else(used, "used", "demoted"),
            "note": pc.if_else(used, no_note, demoted),
        }
    )


def _either(count: int, text: str, others: int, other: str) -> pa.StringArray:
    """Return the one text `count` times, then the other `others` times."""
    return pa.concat_arrays([pa.repeat(pa.scalar(text), count), pa.repeat(pa.scalar(other), others)])


def _homes(evidence: Evidence, component: Ints, person: Ints, keys: Ints) -> pa.Table:
    """Return one row a household: its key, a label, how many identifiers and persons it has."""
    fixed = evidence.names != RANK["device"]
    fixed &= evidence.names != RANK["network"]
    roots, first, count = np.unique(component[fixed], return_index=True, return_counts=True)
    people = np.unique(component[person >= 0] * evidence.count + person[person >= 0])
    persons = np.bincount(people // max(evidence.count, 1), minlength=evidence.count)[roots]
    return pa.table(
        {
            "unit": keys[roots],
            "label": evidence.ids.take(pa.array(np.flatnonzero(fixed)[first])),
            "identifiers": count.astype(np.int64),
            "persons": persons.astype(np.int64),
        }
    )


def _devices(evidence: Evidence, residences: tuple[Ints, Ints, Ints, Ints], keys: Ints) -> pa.Table:
    """Return where each device lived: with a household from/to, or on its own; and how much it said."""
    device, home, start, end = residences
    own = np.setdiff1d(np.flatnonzero(evidence.names == RANK["device"]), device)
    code = np.append(device, own)
    on = np.flatnonzero(evidence.device >= 0)
    events = np.zeros(evidence.count, np.int64)
    first = np.full(evidence.count, ALWAYS_TO)
    last = np.full(evidence.count, ALWAYS_FROM)
    kind = np.full(evidence.count, -1)
    said_kind = evidence.device_kind.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    np.add.at(events, evidence.device[on], evidence.events[on])
    np.minimum.at(first, evidence.device[on], evidence.first_us[on])
    np.maximum.at(last, evidence.device[on], evidence.last_us[on])
    said = on[said_kind[on] >= 0]
    kind[evidence.device[said]] = said_kind[said]
    return pa.table(
        {
            "device": evidence.ids.take(pa.array(code)),
            "kind": evidence.device_kind.dictionary.take(pa.array(kind[code], mask=kind[code] < 0)),
            "unit": np.append(keys[home], keys[own]),
            "events": events[code],
            "first_us": first[code],
            "last_us": last[code],
            "valid_from_us": np.append(start, np.full(len(own), ALWAYS_FROM)),
            "valid_to_us": np.append(end, np.full(len(own), ALWAYS_TO)),
        }
    )
