"""What was seen together, as arrays: who is named by which identity, and how often, from when to when."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hearthline.identity.policies import RANK, Policies, Policy

__all__ = ["ANCHORS", "PERSONAL_KINDS", "Bools", "Evidence", "Ints", "Pairs", "best_code", "gather"]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

PERSONAL_KINDS = ("phone", "wearable", "watch", "earbuds", "mobile", "smartphone")
"""Kinds of device that one person carries; all others stand in a home for whoever is there."""

_REPEATED = "|".join(f"{c}{{6,}}" for c in "0123456789abcdefx")
_NO_ID = (
    r"(?i)^(?:[0\-.:x]*|-1|n/?a|nil|null|none|nan|unknown|undefined|anonymous|guest|test|void|default|invalid|"
    + _REPEATED
    + ")$"
)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Distinct pairs of codes with the time span and number of the events that showed them.

    `consented` says whether any of those events came with granted consent.
    """

    left: Ints
    right: Ints
    first_us: Ints
    last_us: Ints
    events: Ints
    consented: Bools

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.left)

    def take(self, rows: Ints | Bools) -> "Pairs":
        """Return the pairs at these places or flags."""
        return Pairs(*(getattr(self, name)[rows] for name in self.__slots__))

    def between(self, left: Ints, right: Ints) -> "Pairs":
        """Return the pairs with other ends, those that have become the same added up, ascending."""
        size = int(max(left.max(initial=0), right.max(initial=0))) + 1
        pair, inverse = np.unique(left * size + right, return_inverse=True)
        first = np.full(len(pair), np.iinfo(np.int64).max)
        last = np.full(len(pair), np.iinfo(np.int64).min)
        events, consented = np.zeros(len(pair), np.int64), np.zeros(len(pair), bool)
        np.minimum.at(first, inverse, self.first_us)
        np.maximum.at(last, inverse, self.last_us)
        np.add.at(events, inverse, self.events)
        np.logical_or.at(consented, inverse, self.consented)
        return Pairs(pair // size, pair % size, first, last, events, consented)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Identities and the identifiers that they mention, coded; codes follow the identifiers' order.

    `anchor`, `device`, `person` and `network` are (rows,) codes or -1: which identifier speaks for the
    row's household, which device it happened on, which person it names, on which network it was. `ids`
    are the identifiers' texts and `device_kind` the rows' kinds of device, both in Arrow: Python's own
    texts would fill the memory. `space` is each identifier's row in `policies`.
    """

    ids: pa.StringArray
    space: Ints
    policies: tuple[Policy, ...]
    identity: Ints
    first_us: Ints
    last_us: Ints
    events: Ints
    granted: Ints
    device_kind: pa.DictionaryArray
    row: Ints
    code: Ints
    anchor: Ints
    device: Ints
    person: Ints
    network: Ints

    @property
    def count(self) -> int:
        """Number of distinct identifiers."""
        return len(self.ids)

    @property
    def names(self) -> Ints:
        """What each identifier names, as a rank of `RANK`."""
        return self.of_policy([RANK[p.names] for p in self.policies])

    @property
    def max_degree(self) -> Ints:
        """How many partners each identifier may have."""
        return self.of_policy([p.max_degree for p in self.policies])

    def of_policy(self, values: Sequence[int]) -> Ints:
        """Return a value of each policy spread over the identifiers."""
        return np.array(values, np.int64)[self.space] if self.policies else np.zeros(0, np.int64)

    def pairs(self, left: Ints, right: Ints, row: Ints) -> Pairs:
        """Return the distinct pairs that some rows show."""
        return Pairs(
            *(left, right, self.first_us[row], self.last_us[row], self.events[row], self.granted[row] > 0)
        ).between(left, right)

    def joins(self, anchors: Ints, left_out: Bools) -> Pairs:
        """Return the distinct links from each row's anchor to what else it names, lower code first.

        Args:
            anchors: (rows,) who speaks for the row's household, or -1.
            left_out: (identifiers,) which are not looked at.
        """
        anchor = anchors[self.row]
        joining = (self.names[self.code] <= RANK["address"]) & (anchor >= 0) & (anchor != self.code)
        joining &= ~left_out[self.code]
        ours, theirs = anchor[joining], self.code[joining]
        return self.pairs(np.minimum(ours, theirs), np.maximum(ours, theirs), self.row[joining])

    def persons_together(self) -> Pairs:
        """Return the distinct pairs of each row's person and what else names a person there."""
        person = self.person[self.row]
        merges = self.of_policy([int(p.may_merge_persons) for p in self.policies]) > 0
        tied = (person >= 0) & (person != self.code) & merges[self.code]
        tied[tied] = merges[person[tied]]
        ours, theirs = person[tied], self.code[tied]
        return self.pairs(np.minimum(ours, theirs), np.maximum(ours, theirs), self.row[tied])

    def carried(self) -> Pairs:
        """Return with which person each browser or personal device was seen: (carrier, person)."""
        rows = np.flatnonzero(self.person >= 0)
        carrier = self.carrier[rows]
        held = carrier >= 0
        return self.pairs(carrier[held], self.person[rows[held]], rows[held])

    @property
    def carrier(self) -> Ints:
        """(rows,) the browser or personal device of each row, or -1."""
        browser = best_code(self, ("browser",))
        kinds = pc.is_in(self.device_kind.dictionary, value_set=pa.array(PERSONAL_KINDS))
        personal = np.append(kinds.to_numpy(zero_copy_only=False).astype(bool), False)
        said = self.device_kind.indices.fill_null(len(personal) - 1).to_numpy(zero_copy_only=False)
        on_own = (self.device >= 0) & personal[said]
        return np.where(on_own, self.device, browser)


ANCHORS = ("home", "account", "person", "browser", "address")
"""What can speak for a row's household, the first one first."""


def best_code(evidence: Evidence, classes: Sequence[str], left_out: Bools | None = None) -> Ints:
    """Return (rows,) the code of each row that names one of these classes, the first class first; or -1."""
    wanted = np.isin(evidence.names[evidence.code], [RANK[c] for c in classes])
    if left_out is not None:
        wanted &= ~left_out[evidence.code]
    code = evidence.code[wanted]
    return _best(evidence.row[wanted], code, evidence.names[code], len(evidence.identity))


def _mentions(identities: pa.Table) -> tuple[Ints, pa.Array, pa.Array]:
    """Return the row, namespace and value of every identifier and hint; hints get `hint.` in front."""
    rows: list[Ints] = []
    namespaces: list[pa.Array] = []
    values: list[pa.Array] = []
    for column, name, prefix in (("identifiers", "namespace", ""), ("household_hints", "kind", "hint.")):
        lists = identities[column].combine_chunks()
        rows.append(pc.list_parent_indices(lists).to_numpy(zero_copy_only=False).astype(np.int64))
        flat = pc.list_flatten(lists)
        joined = pc.binary_join_element_wise(pa.scalar(prefix), pc.struct_field(flat, name), "")
        namespaces.append(pc.replace_substring(joined, ":", "%3A"))  # or `a:b` + `c` could be `a` + `b:c`
        values.append(pc.struct_field(flat, "value"))
    return np.concatenate(rows), pa.concat_arrays(namespaces), pa.concat_arrays(values)


def _coded(texts: pa.StringArray) -> tuple[pa.StringArray, Ints]:
    """Return the distinct texts in ascending order, and the place of each text among them."""
    found = texts.dictionary_encode()
    order = pc.sort_indices(found.dictionary)
    place = np.empty(len(order), np.int64)
    place[order.to_numpy()] = np.arange(len(order))
    return found.dictionary.take(order), place[found.indices.to_numpy()]


def _best(row: Ints, code: Ints, rank: Ints, rows: int) -> Ints:
    """Return (rows,) the code with the lowest rank (then the lowest code) of each row, or -1."""
    order = np.lexsort((code, rank, row))
    row, code = row[order], code[order]
    first = np.ones(len(row), bool)
    first[1:] = row[1:] != row[:-1]
    best = np.full(rows, -1, np.int64)
    best[row[first]] = code[first]
    return best


def _real(
    namespace: pa.DictionaryArray, value: pa.Array, known: Sequence[Policy], policies: Policies
) -> Bools:
    """Return which values can be ids: not empty, not a placeholder, not blocked by the settings."""
    real = ~pc.match_substring_regex(pc.utf8_trim_whitespace(value), _NO_ID).to_numpy(zero_copy_only=False)
    blocked = sorted({*policies.blocked, *(b for p in known for b in p.blocked)})
    if blocked:
        real &= ~pc.is_in(value, value_set=pa.array(blocked)).to_numpy(zero_copy_only=False)
    space = namespace.indices.to_numpy()
    for number, policy in enumerate(known):
        if policy.blocked_patterns:
            at = np.flatnonzero(space == number)
            pattern = "|".join(f"(?:{p})" for p in policy.blocked_patterns)
            bad = pc.match_substring_regex(value.take(pa.array(at)), pattern)
            real[at] &= ~bad.to_numpy(zero_copy_only=False)
    kept: Bools = real
    return kept


def _observed(observations: pa.Table, identity: Ints) -> tuple[Bools, dict[str, Ints], pa.DictionaryArray]:
    """Return which identities were observed, and for those the times, counts and kinds of device."""
    observed = observations.sort_by("identity")
    at = observed["identity"].to_numpy()
    known = np.isin(identity, at)
    seen = np.searchsorted(at, identity[known])
    counts = {c: observed[c].to_numpy()[seen].astype(np.int64) for c in ("first_us", "last_us", "events")}
    granted = "granted" if "granted" in observed.column_names else "events"
    counts["granted"] = observed[granted].to_numpy()[seen].astype(np.int64)
    kinds = pa.chunked_array([pa.nulls(len(seen), pa.string())])
    if "device_kind" in observed.column_names:
        kinds = observed["device_kind"].take(seen)
    return known, counts, kinds.combine_chunks().dictionary_encode()


def gather(observations: pa.Table, identities: pa.Table, policies: Policies) -> Evidence:
    """Return the evidence in the identities that were observed; blocked values are left out."""
    identity, where = np.unique(identities["identity"].to_numpy(), return_index=True)
    known, counts, kinds = _observed(observations, identity)
    identity, where = identity[known], where[known]

    row, namespace, value = _mentions(identities.take(where))
    spaces = namespace.dictionary_encode()
    found = tuple(policies.of(n) for n in spaces.dictionary.to_pylist())
    real = pa.array(_real(spaces, value, found, policies))
    row, space = (
        row[real.to_numpy(zero_copy_only=False)],
        spaces.indices.filter(real).to_numpy().astype(np.int64),
    )
    ids, code = _coded(pc.binary_join_element_wise(namespace.filter(real), value.filter(real), ":"))
    of_id = np.empty(len(ids), np.int64)
    of_id[code] = space
    names = np.array([RANK[p.names] for p in found], np.int64)[space] if found else space
    priority = np.array([p.priority for p in found], np.int64)[space] if found else space

    def best(classes: Sequence[str], rank: Ints = names) -> Ints:
        wanted = np.isin(names, [RANK[c] for c in classes])
        return _best(row[wanted], code[wanted], rank[wanted], len(identity))

    return Evidence(
        ids=ids,
        space=of_id,
        policies=found,
        identity=identity,
        **counts,
        device_kind=kinds,
        row=row,
        code=code,
        anchor=best(ANCHORS),
        device=best(("device",)),
        person=best(("person",), priority),
        network=best(("network",)),
    )
