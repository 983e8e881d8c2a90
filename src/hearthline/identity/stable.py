"""Ids that stay: a household or person keeps its key over runs, whatever joins or leaves it.

Each key goes to where most of its identifiers are now. What split off gets back the key that it had
before it was merged in, or a new one. Merges, splits and moves are written down.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hearthline.identity.resolution import Resolution

__all__ = ["BEFORE", "CHANGES", "steady"]

Ints = NDArray[np.int64]
Level = Literal["unit", "person"]
_NONE = -1

BEFORE = pa.schema(
    [
        ("id", pa.string()),
        ("unit", pa.int64()),
        ("person", pa.int64()),
        ("unit_before", pa.int64()),
        ("person_before", pa.int64()),
    ]
)
"""What must be known of the run before: each identifier's keys, and those that it had before a merge."""
CHANGES = pa.schema(
    [
        ("level", pa.string()),
        ("kind", pa.string()),
        ("key", pa.int64()),
        ("other", pa.int64()),
        ("identifiers", pa.int64()),
    ]
)
"""What became of keys: `merged` (`other` is no more), `split` (`key` left `other`), `moved` between both."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """New keys for found ones (parallel, sorted by found), and what became of the earlier ones."""

    found: Ints
    key: Ints
    changes: pa.Table
    before: Ints


def steady(found: Resolution, before: pa.Table | None) -> tuple[Resolution, pa.Table]:
    """Return the resolution under the keys of the run before, and what changed (schema `CHANGES`).

    Args:
        found: the resolution under keys made from its content.
        before: schema `BEFORE`; None where there was no run.
    """
    ids = found.identifiers
    if before is None or not before.num_rows:
        none = pa.nulls(ids.num_rows, pa.int64())
        whole = ids.append_column("unit_before", none).append_column("person_before", none)
        return replace(found, identifiers=whole), CHANGES.empty_table()
    at = pc.fill_null(pc.index_in(ids["id"], value_set=before["id"].combine_chunks()), _NONE)
    rows = at.to_numpy().astype(np.int64)
    unit = _kept(_ints(ids["unit"]), before, rows, "unit")
    person = _kept(_ints(ids["person"]), before, rows, "person")
    ids = _renamed(_renamed(ids, "unit", unit), "person", person)
    ids = ids.append_column("unit_before", _nullable(unit.before))
    ids = ids.append_column("person_before", _nullable(person.before))
    members = _renamed(_renamed(found.members, "unit", unit), "person", person)
    homes, devices = _renamed(found.homes, "unit", unit), _renamed(found.devices, "unit", unit)
    steady_one = replace(found, members=members, homes=homes, devices=devices, identifiers=ids)
    return steady_one, pa.concat_tables([unit.changes, person.changes])


def _ints(column: pa.ChunkedArray) -> Ints:
    whole: Ints = pc.fill_null(column, _NONE).to_numpy().astype(np.int64)
    return whole


def _nullable(keys: Ints) -> pa.Array:
    return pa.array(keys, mask=keys == _NONE)


def _renamed(table: pa.Table, column: str, kept: _Kept) -> pa.Table:
    """Return the table with the keys of one column replaced."""
    old = _ints(table[column])
    if not len(old) or not len(kept.found):
        return table
    at = np.minimum(np.searchsorted(kept.found, old), len(kept.found) - 1)
    new = np.where(kept.found[at] == old, kept.key[at], old)
    return table.set_column(table.schema.get_field_index(column), column, _nullable(new))


def _kept(now: Ints, before: pa.Table, rows: Ints, level: Level) -> _Kept:
    was = np.append(_ints(before[level]), _NONE)[rows]
    origin = np.append(_ints(before[f"{level}_before"]), _NONE)[rows]
    found = np.unique(now[now != _NONE])
    pairs, count = _counted(now, was)
    key = _claimed(found, pairs, count)
    split = np.flatnonzero(key == _NONE)
    _restore(found, key, split, (now, origin), np.unique(was))
    told = key[np.searchsorted(found, pairs[:, 0])]
    changes = _changes(level, told, pairs[:, 1], count, key)
    named = np.flatnonzero(now != _NONE)
    new = np.full(len(now), _NONE)
    new[named] = key[np.searchsorted(found, now[named])]
    left = (was != _NONE) & (new != was)
    back = left & (origin == new)
    remembered = np.where(left & ~back, was, np.where(back, _NONE, origin))
    changed = key != found
    return _Kept(found[changed], key[changed], changes, remembered)


def _counted(now: Ints, was: Ints) -> tuple[Ints, Ints]:
    """Return the distinct pairs (now, was) of known identifiers, and how many identifiers each has."""
    both = (now != _NONE) & (was != _NONE)
    pairs, count = np.unique(np.stack([now[both], was[both]], axis=1), axis=0, return_counts=True)
    return pairs.reshape(-1, 2), count


def _claimed(found: Ints, pairs: Ints, count: Ints) -> Ints:
    """Return the key of each cluster: the earlier one with which it shares most; -1 where it lost it.

    A cluster of new identifiers keeps the key made from its content.
    """
    key = found.copy()
    if not len(pairs):
        return key
    order = np.lexsort((pairs[:, 1], pairs[:, 0], pairs[:, 0] != pairs[:, 1], -count))
    ranked = pairs[order]
    _, best = np.unique(ranked[:, 1], return_index=True)  # where most of each earlier one went
    won = ranked[np.sort(best)]
    _, first = np.unique(won[:, 0], return_index=True)
    won = won[first]
    key[np.searchsorted(found, np.unique(pairs[:, 0]))] = _NONE
    key[np.searchsorted(found, won[:, 0])] = won[:, 1]
    return key


def _restore(found: Ints, key: Ints, split: Ints, known: tuple[Ints, Ints], earlier: Ints) -> None:
    """Give keys to what split off, and to new clusters whose content's key is taken; changes `key`."""
    now, origin = known
    taken = set(key[key != _NONE].tolist())
    fresh = np.flatnonzero((key == found) & ~np.isin(found, earlier))
    owners, many = np.unique(key[key != _NONE], return_counts=True)
    doubled = fresh[np.isin(key[fresh], owners[many > 1])]
    for place in [*split.tolist(), *doubled.tolist()]:
        had = origin[now == found[place]]
        had = had[had != _NONE]
        values, counts = np.unique(had, return_counts=True)
        wish = int(values[counts.argmax()]) if len(values) else int(found[place])
        for candidate in (wish, int(found[place])):
            if candidate not in taken:
                key[place] = candidate
                break
        else:
            key[place] = _free(int(found[place]), taken)
        taken.add(int(key[place]))


def _free(key: int, taken: set[int]) -> int:
    while key in taken:
        key = (key * 0x9E3779B97F4A7C15 + 1) % 2**62
    return key


def _changes(level: Level, now: Ints, was: Ints, count: Ints, alive: Ints) -> pa.Table:
    moved = np.flatnonzero(now != was)
    lives = np.isin(was[moved], alive)
    new = ~np.isin(now[moved], was)
    kind = np.where(~lives, "merged", np.where(new, "split", "moved"))
    name = "household" if level == "unit" else "person"
    return pa.table(
        {
            "level": pa.repeat(pa.scalar(name), len(moved)),
            "kind": pa.array(kind, pa.string()),
            "key": now[moved],
            "other": was[moved],
            "identifiers": count[moved].astype(np.int64),
        },
        schema=CHANGES,
    )
