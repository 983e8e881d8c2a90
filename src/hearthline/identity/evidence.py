"""What was seen together, as arrays: the mentions of identifiers by identities, joins and stays."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hearthline.identity.policies import RANK, Policies

__all__ = ["Evidence", "Joins", "Stays", "gather"]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_REPEATED = "|".join(f"{c}{{6,}}" for c in "0123456789abcdefx")
_NO_ID = (
    r"(?i)^(?:[0\-.:x]*|-1|n/?a|nil|null|none|nan|unknown|undefined|anonymous|guest|test|void|default|invalid|"
    + _REPEATED
    + ")$"
)


@dataclass(frozen=True, slots=True)
class Joins:
    """Links between two identifiers that may join households; `used` is False for the demoted."""

    left: Ints
    right: Ints
    first_us: Ints
    last_us: Ints
    events: Ints
    used: Bools


@dataclass(frozen=True, slots=True)
class Stays:
    """A device seen with a component between two times; `used` is False for a guest's."""

    device: Ints
    component: Ints
    first_us: Ints
    last_us: Ints
    events: Ints
    used: Bools


@dataclass(frozen=True, slots=True)
class Evidence:
    """Identities and the identifiers that they mention, coded; codes follow the identifiers' order.

    `anchor`, `device` and `person` are (rows,) codes or -1: which identifier speaks for the row's
    household, which device it happened on, which person it names. `ids` are the identifiers' texts and
    `device_kind` the rows' kinds of device, both in Arrow: Python's own texts would fill the memory.
    """

    ids: pa.StringArray
    names: Ints
    max_degree: Ints
    identity: Ints
    first_us: Ints
    last_us: Ints
    events: Ints
    device_kind: pa.DictionaryArray
    row: Ints
    code: Ints
    anchor: Ints
    device: Ints
    person: Ints

    @property
    def count(self) -> int:
        """Number of distinct identifiers."""
        return len(self.ids)

    def joins(self) -> Joins:
        """Return the distinct links from each row's anchor to what else it names, guarded by degree."""
        anchor = self.anchor[self.row]
        joining = (self.names[self.code] <= RANK["browser"]) & (anchor >= 0) & (anchor != self.code)
        row = self.row[joining]
        left = np.minimum(anchor[joining], self.code[joining])
        right = np.maximum(anchor[joining], self.code[joining])
        left, right, first, last, events = self._grouped(left, right, row)
        degree = np.bincount(np.append(left, right), minlength=self.count)
        fits = degree <= self.max_degree
        return Joins(left, right, first, last, events, fits[left] & fits[right])

    def stays(self, component: Ints) -> Stays:
        """Return with which component each device was seen, and when."""
        rows = np.flatnonzero((self.device >= 0) & (self.anchor >= 0))
        home = component[self.anchor[rows]]
        device, home, first, last, events = self._grouped(self.device[rows], home, rows)
        return Stays(device, home, first, last, events, np.ones(len(device), bool))

    def _grouped(self, left: Ints, right: Ints, row: Ints) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """Return the distinct pairs with the first time, last time and number of events of their rows."""
        pair, inverse = np.unique(left * self.count + right, return_inverse=True)
        first = np.full(len(pair), np.iinfo(np.int64).max)
        last = np.full(len(pair), np.iinfo(np.int64).min)
        events = np.zeros(len(pair), np.int64)
        np.minimum.at(first, inverse, self.first_us[row])
        np.maximum.at(last, inverse, self.last_us[row])
        np.add.at(events, inverse, self.events[row])
        return pair // self.count, pair % self.count, first, last, events


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
        namespaces.append(joined)
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


def gather(observations: pa.Table, identities: pa.Table, policies: Policies) -> Evidence:
    """Return the evidence in the identities that were observed; blocked values are left out."""
    identity, where = np.unique(identities["identity"].to_numpy(), return_index=True)
    observed = observations.sort_by("identity")
    at = observed["identity"].to_numpy()
    known = np.isin(identity, at)
    identity, where = identity[known], where[known]
    seen = np.searchsorted(at, identity)
    first, last, events = (
        observed[c].to_numpy()[seen].astype(np.int64) for c in ("first_us", "last_us", "events")
    )

    row, namespace, value = _mentions(identities.take(where))
    real = ~pc.match_substring_regex(pc.utf8_trim_whitespace(value), _NO_ID).to_numpy(zero_copy_only=False)
    blocked = sorted({*policies.blocked, *(b for p in policies.own.values() for b in p.blocked)})
    if blocked:
        real &= ~pc.is_in(value, value_set=pa.array(blocked)).to_numpy(zero_copy_only=False)
    row, namespace, value = row[real], namespace.filter(pa.array(real)), value.filter(pa.array(real))

    spaces = namespace.dictionary_encode()
    known_as = [policies.of(n) for n in spaces.dictionary.to_pylist()]
    ranks = np.array([RANK[p.names] for p in known_as], np.int64)
    degrees = np.array([p.max_degree for p in known_as], np.int64)
    space = spaces.indices.to_numpy().astype(np.int64)

    ids, code = _coded(pc.binary_join_element_wise(namespace, value, ":"))
    one = np.empty(len(ids), np.int64)
    one[code[::-1]] = np.arange(len(code))[::-1]  # the first row of each, for it is written last
    names, max_degree = ranks[space[one]], degrees[space[one]]

    def best(kinds: tuple[str, ...]) -> Ints:
        wanted = np.isin(names[code], [RANK[k] for k in kinds])
        return _best(row[wanted], code[wanted], names[code[wanted]], len(identity))

    kinds = pa.chunked_array([pa.nulls(len(identity), pa.string())])
    if "device_kind" in observed.column_names:
        kinds = observed["device_kind"].take(seen)
    return Evidence(
        ids=ids,
        names=names,
        max_degree=max_degree,
        identity=identity,
        first_us=first,
        last_us=last,
        events=events,
        device_kind=kinds.combine_chunks().dictionary_encode(),
        row=row,
        code=code,
        anchor=best(("home", "account", "person", "browser")),
        device=best(("device",)),
        person=best(("person",)),
    )
