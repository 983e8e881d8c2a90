"""What people and models say about two identifiers, beside what events show: same, not the same, take back.

A statement is never changed or deleted. A later one about the same two identifiers wins; one that
takes back names the link that it takes back, found or said.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline.identity.evidence import Bools, Ints
from hearthline.schema.arrow import schema_of
from hearthline.schema.records import Statement

__all__ = ["BY_HAND", "STATEMENTS", "Said", "coded"]

STATEMENTS = schema_of(Statement)
BY_HAND = "by hand"
"""The rule of what people say; models give their name and version."""


@dataclass(frozen=True, slots=True)
class Said:
    """Statements in force about identifiers that were observed, as codes; `left` is the lower code.

    `same` and `apart` are statements that two identifiers are one or not; `person` says that of a person
    (else of a household). `back` are pairs whose links are taken back.
    """

    left: Ints
    right: Ints
    same: Bools
    apart: Bools
    back: Bools
    person: Bools
    made_us: Ints
    weight: np.ndarray
    rule: pa.Array
    reason: pa.Array
    consent: pa.Array
    id: pa.Array

    @property
    def by_hand(self) -> Bools:
        """Which were said by people; the others by a model."""
        told: Bools = pc.equal(self.rule, BY_HAND).to_numpy(zero_copy_only=False)
        return told

    def pairs(self, *, person: bool) -> Ints:
        """Return (k, 2) pairs that must stay apart: as persons, or as households."""
        wanted = self.apart if person else self.apart & ~self.person
        return np.stack([self.left[wanted], self.right[wanted]], axis=1)

    def took_back(self, left: Ints, right: Ints, count: int) -> Bools:
        """Return which of the pairs are taken back."""
        gone = self.left[self.back] * count + self.right[self.back]
        return np.isin(np.minimum(left, right) * count + np.maximum(left, right), gone)


def coded(statements: pa.Table | None, ids: pa.StringArray) -> Said:
    """Return the statements in force, latest first won, about identifiers that `ids` (sorted) holds."""
    table = STATEMENTS.empty_table() if statements is None else statements
    table = table.select(STATEMENTS.names).combine_chunks()
    one, other = (_codes(table[side], ids) for side in ("left", "right"))
    known = np.flatnonzero((one >= 0) & (other >= 0) & (one != other))
    left, right = np.minimum(one, other)[known], np.maximum(one, other)[known]
    made = table["made"].cast(pa.int64()).to_numpy()[known]
    order = np.lexsort((table["id"].take(pa.array(known)).to_numpy(zero_copy_only=False), made))[::-1]
    pair = left[order] * max(len(ids), 1) + right[order]
    _, first = np.unique(pair, return_index=True)
    keep = order[np.sort(first)]
    rows = pa.array(known[keep])
    kind = table["kind"].take(rows)

    def is_kind(name: str) -> Bools:
        told: Bools = pc.equal(kind, name).to_numpy(zero_copy_only=False)
        return told

    return Said(
        left=left[keep],
        right=right[keep],
        same=is_kind("same"),
        apart=is_kind("not_same"),
        back=is_kind("take_back"),
        person=pc.equal(table["level"].take(rows), "person").to_numpy(zero_copy_only=False),
        made_us=made[keep],
        weight=table["weight"].take(rows).to_numpy(),
        **{name: table[name].take(rows).combine_chunks() for name in ("rule", "reason", "consent", "id")},
    )


def _codes(texts: pa.ChunkedArray, ids: pa.StringArray) -> Ints:
    """Return the place of each text among the sorted ids, -1 where it is not there."""
    found = pc.index_in(texts, value_set=ids)
    places: Ints = pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return places
