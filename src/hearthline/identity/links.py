"""Links as they are kept: every piece of evidence, used or not, with why it is not."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hearthline.identity.evidence import Bools, Evidence, Ints, Pairs
from hearthline.identity.keys import text_keys
from hearthline.identity.statements import Said

__all__ = ["LINKS", "USED", "Ledger", "Note", "link_table"]

USED = 0


class Note:
    """Why a link is not used; places in `_WORDS`."""

    CROWDED, VISIT, LIMIT, APART, BACK, DEVICES, PARCEL, FOLLOWED = range(1, 9)


_WORDS = (
    None,
    "joins too many others to be one household's",
    "a visit inside another household's stay",
    "would make one person of two logins",
    "said not to be the same",
    "taken back by hand",
    "more devices than a household has",
    "a parcel or an office: another address is home",
    "another home followed: it holds until then",
)
_STATE = ("used", *("demoted",) * 4, "taken back", "demoted", "demoted", "used")
_WEIGHT = {"seen_with": 0.0, "same_person": 0.0, "lives_with": 0.0, "night_network": -1.0}

LINKS = pa.schema(
    [
        ("link", pa.string()),
        ("left_id", pa.string()),
        ("right_id", pa.string()),
        ("kind", pa.string()),
        ("first_us", pa.int64()),
        ("last_us", pa.int64()),
        ("weight", pa.float64()),
        ("rule", pa.string()),
        ("evidence", pa.int64()),
        ("consent", pa.string()),
        ("state", pa.string()),
        ("note", pa.string()),
    ]
)


@dataclass(slots=True)
class Ledger:
    """Collects the links of one resolution; each part is one kind of evidence."""

    evidence: Evidence
    parts: list[pa.Table] = field(default_factory=list)

    def add(self, kind: str, rule: str, pairs: Pairs, notes: NDArray[np.int8]) -> None:
        """Enter pairs of one kind with their notes."""
        many = len(pairs)
        state, word = pa.array(_STATE), pa.array(_WORDS, pa.string())
        consent = pa.array(["unknown", "granted"]).take(pa.array(pairs.consented.astype(np.int8)))
        self.parts.append(
            self._table(
                (pairs.left, pairs.right),
                {
                    "kind": pa.repeat(pa.scalar(kind), many),
                    "first_us": pairs.first_us,
                    "last_us": pairs.last_us,
                    "weight": np.round(np.log1p(pairs.events) + _WEIGHT[kind], 3),
                    "rule": pa.repeat(pa.scalar(rule), many),
                    "evidence": pairs.events,
                    "consent": consent,
                    "state": state.take(pa.array(notes)),
                    "note": word.take(pa.array(notes)),
                },
            )
        )

    def say(self, said: Said, used: Bools, against: Bools) -> None:
        """Enter what was said by hand or by a model; a statement that is overruled is demoted.

        Args:
            said: the statements in force.
            used: (statements,) which are not overruled.
            against: (statements,) which say that two logins of one namespace are one person.
        """
        told = np.flatnonzero(said.same | said.apart)
        rows = pa.array(told)
        state = np.where(used[told], "used", "demoted")
        overruled = pa.scalar("overruled by a stronger or newer link", pa.string())
        self.parts.append(
            self._table(
                (said.left[told], said.right[told]),
                {
                    "kind": np.where(said.apart[told], "not_same", "said_same"),
                    "first_us": said.made_us[told],
                    "last_us": said.made_us[told],
                    "weight": np.round(said.weight[told].astype(np.float64), 3),
                    "rule": said.rule.take(rows),
                    "evidence": np.ones(len(told), np.int64),
                    "consent": pc.fill_null(said.consent.take(rows), "not named"),
                    "state": pa.array(state, pa.string()),
                    "note": pc.if_else(pa.array(used[told]), _reasons(said, told, against), overruled),
                },
            )
        )

    def _table(self, ends: tuple[Ints, Ints], columns: dict[str, object]) -> pa.Table:
        ids = self.evidence.ids
        left, right = (ids.take(pa.array(end)) for end in ends)
        named = {"left_id": left, "right_id": right, **columns}
        return pa.table({f.name: named.get(f.name, pa.nulls(len(left), f.type)) for f in LINKS}, LINKS)

    def table(self) -> pa.Table:
        """Return all links (schema `LINKS`)."""
        return _keyed(pa.concat_tables(self.parts)) if self.parts else LINKS.empty_table()


_TWO_LOGINS = (
    "two logins of one namespace: said to be one person, against the rule that a login is one person's"
)


def _reasons(said: Said, told: Ints, against: Bools) -> pa.Array:
    """Return what people said why, and against what rule they said it."""
    reason = said.reason.take(pa.array(told))
    whole = pc.binary_join_element_wise(reason, pa.scalar(_TWO_LOGINS), "; ")
    told_against = pc.coalesce(whole, pa.scalar(_TWO_LOGINS))
    return pc.if_else(pa.array(against[told]), told_against, reason)


def link_table(left: pa.ChunkedArray, right: pa.ChunkedArray, columns: Mapping[str, object]) -> pa.Table:
    """Return links between identifiers (schema `LINKS`); columns that are not given are null."""
    named = {"left_id": left, "right_id": right, **columns}
    return _keyed(pa.table({f.name: named.get(f.name, pa.nulls(len(left), f.type)) for f in LINKS}, LINKS))


def _keyed(links: pa.Table) -> pa.Table:
    """Return links with their ids, made from the kind and both ends."""
    whole = links.combine_chunks()
    text = pc.binary_join_element_wise(whole["kind"], whole["left_id"], whole["right_id"], "\x1f")
    keys = text_keys(text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text)
    return whole.set_column(0, LINKS.field(0), _hexadecimal(keys))


def _hexadecimal(keys: Ints) -> pa.Array:
    """Return the keys as 12 hexadecimal digits, without a loop in Python."""
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)
    places = np.arange(44, -4, -4)
    letters = digits[(keys[:, None] >> places) & 15]
    ends = np.arange(0, 12 * len(keys) + 1, 12, dtype=np.int64)
    return pa.Array.from_buffers(
        pa.large_string(), len(keys), [None, pa.py_buffer(ends), pa.py_buffer(np.ascontiguousarray(letters))]
    ).cast(pa.string())
