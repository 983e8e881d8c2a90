"""One value, one name: hashes of a value under several keys, told to be one, become the earliest in use.

Where a key was rotated, what comes is named by a later hash of the same value. The pairs of hashes that
were written down join them, under the rule `RULE`; who is who then follows as if no key had changed.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline.identity.evidence import Bools, Ints
from hearthline.identity.keys import text_keys
from hearthline.identity.links import link_table
from hearthline.identity.merging import components
from hearthline.schema.arrow import IDENTITIES

__all__ = ["KIND", "NAMES", "RULE", "Renamed", "one_name"]

RULE = "one value under two keys"
"""The rule that joins two hashes of one value."""
KIND = "one_value"
NAMES = pa.schema([("id", pa.string()), ("canonical", pa.string()), ("received_us", pa.int64())])
_MOVED = pa.schema([("identity", pa.int64()), ("canonical", pa.int64())])
_DIGITS = 32
_SURE = 36.0
_COLUMNS = (("identifiers", "namespace", ""), ("household_hints", "kind", "hint."))


@dataclass(frozen=True, slots=True)
class Renamed:
    """What goes by another name.

    Attributes:
        names: schema `NAMES`: identifiers whose value has an earlier name in use.
        moved: `identity`, `canonical`: identities that name one of them, and the one that they are.
        rows: schema `IDENTITIES`: the canonical ones that no event was stored with.
    """

    names: pa.Table
    moved: pa.Table
    rows: pa.Table

    def links(self) -> pa.Table:
        """Return what joins the names (schema `LINKS`): as sure as two hashes can be."""
        many = self.names.num_rows
        since = self.names["received_us"]
        return link_table(
            self.names["canonical"],
            self.names["id"],
            {
                "kind": pa.repeat(pa.scalar(KIND), many),
                "first_us": since,
                "last_us": since,
                "weight": pa.repeat(pa.scalar(_SURE), many),
                "rule": pa.repeat(pa.scalar(RULE), many),
                "evidence": pa.repeat(pa.scalar(1), many),
                "consent": pa.repeat(pa.scalar("not needed"), many),
                "state": pa.repeat(pa.scalar("used"), many),
            },
        )

    def of(self, texts: pa.ChunkedArray | pa.Array) -> pa.Array:
        """Return identifiers under their names in use."""
        flat = _flat(texts)
        at = pc.index_in(flat, value_set=_flat(self.names["id"]))
        return pc.coalesce(_flat(self.names["canonical"]).take(at), flat)


def one_name(identities: pa.Table, aliases: pa.Table) -> Renamed:
    """Return what goes by another name.

    Args:
        identities: schema `IDENTITIES`, as stored; rows may repeat.
        aliases: `later`, `earlier`, `received_us`: pairs of hashes of one value; rows may repeat.
    """
    _, first = np.unique(identities["identity"].to_numpy(), return_index=True)
    stored = identities.take(pa.array(first)).combine_chunks()
    row, text = _mentions(stored)
    names = _names(aliases, text)
    renamed = Renamed(names, _MOVED.empty_table(), IDENTITIES.empty_table())
    if not names.num_rows:
        return renamed
    wearing = pc.is_in(text, value_set=_flat(names["id"])).to_numpy(zero_copy_only=False)
    affected = np.zeros(stored.num_rows, bool)
    affected[row[wearing]] = True
    moved, new = _moved(stored["identity"].to_numpy(), affected, row, renamed.of(text))
    return Renamed(names, moved, _rewritten(stored.take(pa.array(new[:, 0])), new[:, 1], renamed))


def _mentions(identities: pa.Table) -> tuple[Ints, pa.Array]:
    """Return the row and the text of everything that identities name."""
    rows, texts = [], []
    for column, name, prefix in _COLUMNS:
        lists = _flat(identities[column])
        flat = pc.list_flatten(lists)
        rows.append(pc.list_parent_indices(lists).to_numpy(zero_copy_only=False).astype(np.int64))
        space = pc.binary_join_element_wise(pa.scalar(prefix), pc.struct_field(flat, name), "")
        texts.append(pc.binary_join_element_wise(space, pc.struct_field(flat, "value"), ":"))
    return np.concatenate(rows), pa.concat_arrays(texts)


def _names(aliases: pa.Table, named: pa.Array) -> pa.Table:
    """Return the names that are to be replaced (schema `NAMES`): by the earliest of one value in use."""
    both = pa.concat_arrays([_flat(aliases[c]).cast(pa.string()) for c in ("later", "earlier")])
    ids = pc.unique(both)
    code = pc.index_in(both, value_set=ids).to_numpy(zero_copy_only=False).astype(np.int64)
    later, earlier = np.split(code, 2)
    label = components(len(ids), later, earlier)
    depth = _depth(len(ids), later, earlier)
    used = np.flatnonzero(pc.is_in(ids, value_set=pc.unique(named)).to_numpy(zero_copy_only=False))
    order = used[np.lexsort((-depth[used], label[used]))]
    value, first = np.unique(label[order], return_index=True)
    canonical = np.full(len(ids), -1, np.int64)
    canonical[value] = order[first]
    now = canonical[label]
    other = np.flatnonzero((now >= 0) & (now != np.arange(len(ids))))
    told = np.full(len(ids), np.iinfo(np.int64).max)
    np.minimum.at(told, later, aliases["received_us"].to_numpy())
    np.minimum.at(told, earlier, aliases["received_us"].to_numpy())
    return pa.table([ids.take(pa.array(other)), ids.take(pa.array(now[other])), told[other]], schema=NAMES)


def _depth(count: int, later: Ints, earlier: Ints) -> Ints:
    """Return how many keys came after each name's: at most as many rounds as there were keys."""
    depth = np.zeros(count, np.int64)
    while True:
        before = depth.copy()
        np.maximum.at(depth, earlier, depth[later] + 1)
        if np.array_equal(before, depth) or depth.max(initial=0) > count:
            return depth


def _moved(identity: Ints, affected: Bools, row: Ints, text: pa.Array) -> tuple[pa.Table, Ints]:
    """Return what each affected identity is, and (k, 2) rows to be written anew with their identity.

    Two are one that name the same; what was stored under the name in use goes first.
    """
    content = np.zeros(len(identity), np.uint64)
    with np.errstate(over="ignore"):
        np.add.at(content, row, text_keys(text).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    wanted = np.isin(content, content[affected])
    some = np.flatnonzero(wanted)
    order = some[np.lexsort((identity[some], affected[some], content[some]))]
    value, first = np.unique(content[order], return_index=True)
    chosen = order[first]
    mine = np.flatnonzero(affected)
    now = chosen[np.searchsorted(value, content[mine])]
    moved = pa.table([identity[mine], identity[now]], schema=_MOVED)
    new = np.unique(now[affected[now]])
    return moved, np.stack([new, identity[new]], axis=1)


def _rewritten(rows: pa.Table, identity: Ints, renamed: Renamed) -> pa.Table:
    """Return identities under the names in use."""
    columns = [pa.array(identity, pa.int64())]
    for column, name, prefix in _COLUMNS:
        lists = _flat(rows[column])
        flat = pc.list_flatten(lists)
        space = pc.binary_join_element_wise(pa.scalar(prefix), pc.struct_field(flat, name), "")
        text = pc.binary_join_element_wise(space, pc.struct_field(flat, "value"), ":")
        now = renamed.of(text)
        hashed = pc.utf8_slice_codeunits(now, -_DIGITS)
        value = pc.if_else(pc.equal(now, text), pc.struct_field(flat, "value"), hashed)
        fields = [pc.struct_field(flat, f.name) if f.name != "value" else value for f in flat.type]
        child = pa.StructArray.from_arrays(fields, fields=list(flat.type))
        ends = np.cumsum([0, *pc.fill_null(pc.list_value_length(lists), 0).to_pylist()]).astype(np.int32)
        columns.append(pa.ListArray.from_arrays(pa.array(ends), child, type=lists.type))
    return pa.table(columns, schema=IDENTITIES)


def _flat(texts: pa.ChunkedArray | pa.Array) -> pa.Array:
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
