"""How often devices find home without a login: known logins are hidden, and who is who is judged again.

A device or browser on which one login was seen is a label. For every third such carrier the people that it
was seen with are taken out of what it told; what is left (accounts, homes, addresses, nights on a network)
may bring it to a household or not. It is right where somebody lives whose household is, with nothing hidden,
that of the login.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline.identity.evidence import Bools, Evidence, Ints, gather
from hearthline.identity.keys import text_keys
from hearthline.identity.policies import RANK, Policies
from hearthline.identity.resolution import Observed, resolve

__all__ = ["FOUND", "found_without_logins"]

FOUND = pa.schema(
    [("kind", pa.string()), *((name, pa.int64()) for name in ("labelled", "hidden", "joined", "right"))]
)
"""By kind of carrier: how many had one login; of how many it was hidden and is still seen elsewhere; how many
came to a household with some login all the same; and how many to the right one."""
_EVERY = 3


@dataclass(frozen=True, slots=True)
class _Labels:
    """Carriers with one login: codes of both, and whether the login is hidden."""

    carrier: Ints
    login: Ints
    hidden: Bools


def found_without_logins(
    observed: Observed, known: pa.Table, policies: Policies, max_devices: int = 300
) -> pa.Table:
    """Return how carriers whose login was hidden found home (schema `FOUND`); no rows where none has one.

    Args:
        observed: of whole parts (see `identity.parts`), or of all.
        known: `id` and `unit` of identifiers with nothing hidden.
        policies: what each namespace may join.
        max_devices: as of the run.
    """
    evidence = gather(observed.observations, observed.identities, policies)
    labels = _labels(evidence)
    if not len(labels.carrier):
        return FOUND.empty_table()
    hide = np.isin(evidence.row, _rows_of(evidence, labels.carrier[labels.hidden]))
    seen = np.zeros(evidence.count, bool)
    seen[evidence.code[~hide]] = True
    asked = labels.hidden & seen[labels.login]
    rows = evidence.identity[np.unique(evidence.row[hide])]
    people = _spaces(observed, policies)
    without = replace(observed, identities=_without_people(observed.identities, rows, people))
    again = resolve(without, policies, max_devices).identifiers
    unit, before = _units(evidence, again), _units(evidence, known)
    logins = np.flatnonzero(_is_login(evidence) & seen)
    here = unit[labels.carrier[asked]]
    joined = np.isin(here, unit[logins]) & (here >= 0)
    lives = _pairs(unit[logins], before[logins])
    right = pc.is_in(_pairs(here, before[labels.login[asked]]), value_set=lives)
    return _counted(evidence, labels, asked, (joined, joined & right.to_numpy(zero_copy_only=False)))


def _units(evidence: Evidence, identifiers: pa.Table) -> Ints:
    """Return the household of each identifier, -1 where it has none."""
    place = pc.index_in(evidence.ids, value_set=identifiers["id"].combine_chunks())
    units: Ints = pc.fill_null(identifiers["unit"].take(place), -1).to_numpy().astype(np.int64)
    return units


def _pairs(one: Ints, other: Ints) -> pa.Array:
    both = (pa.array(column).cast(pa.string()) for column in (one, other))
    return pc.binary_join_element_wise(*both, "-")


def _labels(evidence: Evidence) -> _Labels:
    """Return the carriers that one login was seen on; every third is hidden, chosen by its name."""
    told = np.flatnonzero(_is_login(evidence)[evidence.code])
    carries = np.isin(evidence.names[evidence.code], [RANK["device"], RANK["browser"]])
    on = np.flatnonzero(carries)
    order = np.argsort(evidence.row[told], kind="stable")
    rows = evidence.row[told][order]
    begin = np.searchsorted(rows, evidence.row[on], "left")
    many = np.searchsorted(rows, evidence.row[on], "right") - begin
    once = many == 1
    pairs = np.unique(
        np.stack([evidence.code[on[once]], evidence.code[told][order][begin[once]]], axis=1), axis=0
    )
    carrier, count = np.unique(pairs[:, 0], return_counts=True)
    alone = pairs[np.isin(pairs[:, 0], carrier[count == 1])]
    hashed = text_keys(evidence.ids.take(pa.array(alone[:, 0]))) % _EVERY == 0
    return _Labels(alone[:, 0], alone[:, 1], hashed)


def _is_login(evidence: Evidence) -> Bools:
    """Return (identifiers,) which are logins: of each namespace a person has one."""
    unique = evidence.of_policy([p.limit for p in evidence.policies]) == 1
    logins: Bools = (evidence.names == RANK["person"]) & unique
    return logins


def _rows_of(evidence: Evidence, codes: Ints) -> Ints:
    return np.unique(evidence.row[np.isin(evidence.code, codes)])


def _spaces(observed: Observed, policies: Policies) -> Sequence[str]:
    """Return the namespaces that name a person."""
    flat = pc.list_flatten(observed.identities["identifiers"].combine_chunks())
    names = pc.unique(pc.struct_field(flat, "namespace")).to_pylist()
    return [n for n in names if policies.of(n).names == "person"]


def _without_people(identities: pa.Table, rows: Ints, spaces: Sequence[str]) -> pa.Table:
    """Return the identities, those in `rows` without identifiers that name a person."""
    lists = identities["identifiers"].combine_chunks()
    parent = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
    flat = pc.list_flatten(lists)
    quiet = np.isin(identities["identity"].to_numpy(), rows)[parent]
    space = pc.struct_field(flat, "namespace")
    quiet &= pc.is_in(space, value_set=pa.array(spaces)).to_numpy(zero_copy_only=False)
    lengths = np.bincount(parent[~quiet], minlength=len(lists))
    offsets = np.append(0, np.cumsum(lengths)).astype(np.int32)
    kept = pa.ListArray.from_arrays(offsets, flat.filter(pa.array(~quiet))).cast(lists.type)
    return identities.set_column(identities.schema.get_field_index("identifiers"), "identifiers", kept)


def _counted(evidence: Evidence, labels: _Labels, asked: Bools, came: tuple[Bools, Bools]) -> pa.Table:
    """Return the counts by kind of carrier."""
    names = evidence.device_kind.dictionary
    said = evidence.device_kind.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    kind_of = np.full(evidence.count, -1, np.int64)
    on = np.flatnonzero((evidence.device >= 0) & (said >= 0))
    kind_of[evidence.device[on]] = said[on]
    words = np.append(np.array(names.to_pylist(), dtype=object), "device")
    kinds = words[kind_of[labels.carrier]]
    kinds[evidence.names[labels.carrier] == RANK["browser"]] = "browser"
    every, code = np.unique(kinds.astype(str), return_inverse=True)

    def count(flags: Bools, of: Ints) -> Ints:
        counted: Ints = np.bincount(of[flags], minlength=len(every)).astype(np.int64)
        return counted

    joined, right = came
    return pa.table(
        [
            pa.array(every.tolist(), pa.string()),
            count(np.ones(len(code), bool), code),
            count(asked, code),
            count(joined, code[asked]),
            count(right, code[asked]),
        ],
        schema=FOUND,
    )
