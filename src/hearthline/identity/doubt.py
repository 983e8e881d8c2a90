"""Links that may not hold: how sure each is, and draws of what is left when some of them do not.

A weight says which link is surer than which. How sure links are as a whole, the data shows: what was seen
with two households contradicts itself, and as often as that happens where things were seen twice, what was
seen once was seen with a stranger. Where nothing was seen twice, weights are taken at their word. A draw
takes back the links that do not hold in it, as people take links back (`statements`), so every guard and
rule applies to what is left.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hearthline.identity.evidence import Bools, Ints
from hearthline.identity.moving import counting
from hearthline.identity.policies import RANK
from hearthline.identity.statements import STATEMENTS

__all__ = ["Doubt", "doubt_in"]

Floats = NDArray[np.float64]
_SURE = 0.99
_LEAST = {"seen_with": np.log1p(1), "same_person": np.log1p(1), "lives_with": np.log1p(1)}
_LEAST["night_network"] = np.log1p(3) - 1.0
_AT_THEIR_WORD = 3.0
"""So many things seen twice weigh as much as the weights' own word, by which one in three is wrong."""
_ALWAYS = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Pairs of identifiers whose links may not hold.

    Attributes:
        left, right: (k,) the two ends.
        sure: (k,) chance that they belong together, by all their links.
        part: (k,) the part that they are of (see `parts`).
        lives: (k,) whether a device lives with the household of `right`, whichever identifier names it.
        ids, unit: all identifiers, and the household of each.
    """

    left: pa.StringArray
    right: pa.StringArray
    sure: Floats
    part: Ints
    lives: Bools
    ids: pa.StringArray = field(repr=False)
    unit: Ints = field(repr=False)

    def held(self, draws: int, seed: int) -> Bools:
        """Return (k, draws) which pairs hold in which draw, each in as many as it is sure, to within one."""
        dice = np.random.default_rng(seed)
        turn = dice.random((len(self.sure), draws)).argsort(axis=1)
        held: Bools = turn + dice.random((len(self.sure), 1)) < draws * self.sure[:, None]
        return held

    def taken_back(self, held: Bools) -> pa.Table:
        """Return statements (schema `STATEMENTS`) that take back all links of the pairs that do not hold."""
        gone, moving = np.flatnonzero(~held & ~self.lives), np.flatnonzero(~held & self.lives)
        home = self.unit[pc.index_in(self.right.take(pa.array(moving)), value_set=self.ids).to_numpy()]
        order = np.argsort(self.unit, kind="stable")
        begin = np.searchsorted(self.unit[order], home, "left")
        many = np.searchsorted(self.unit[order], home, "right") - begin
        names = order[np.repeat(begin, many) + counting(many)]
        one = self.left.take(pa.array(np.concatenate([gone, np.repeat(moving, many)])))
        other = pa.concat_arrays([self.right.take(pa.array(gone)), self.ids.take(pa.array(names))])
        ends = (
            pa.table({"left": pc.min_element_wise(one, other), "right": pc.max_element_wise(one, other)})
            .group_by(["left", "right"])
            .aggregate([])
        )
        size = ends.num_rows
        said = {
            "id": pc.binary_join_element_wise(ends["left"], ends["right"], "\x1f"),
            "left": ends["left"],
            "right": ends["right"],
            "kind": pa.repeat(pa.scalar("take_back"), size),
            "level": pa.repeat(pa.scalar("household"), size),
            "weight": pa.array(np.zeros(size)),
            "rule": pa.repeat(pa.scalar("drawn"), size),
            "made": pa.repeat(pa.scalar(_ALWAYS, STATEMENTS.field("made").type), size),
        }
        columns = [said.get(f.name, pa.nulls(size, f.type)) for f in STATEMENTS]
        return pa.table(columns, schema=STATEMENTS)


def doubt_in(links: pa.Table, identifiers: pa.Table) -> Doubt:
    """Return the pairs that are less than 99 % sure to belong together.

    Several links of one pair are joint evidence: those found in the same events count once, what nights or a
    model say counts beside them.

    Args:
        links: schema `LINKS`, and `part`.
        identifiers: `id`, `names` and `unit` of all.
    """
    identifiers = identifiers.sort_by("id")  # so that nothing depends on the order in which they came
    ids, unit = _flat(identifiers["id"]), identifiers["unit"].to_numpy().astype(np.int64)
    kind = _flat(links["kind"]).to_numpy(zero_copy_only=False)
    ends = [_places(links[end], ids) for end in ("left_id", "right_id")]
    known = (ends[0] >= 0) & (ends[1] >= 0) & np.isin(kind, [*_LEAST, "said_same"])
    wrong = np.ones(links.num_rows)
    wrong[known] = _wrong(links, identifiers, ends, kind)[known]
    rows = np.flatnonzero(known & pc.equal(links["state"], "used").to_numpy(zero_copy_only=False))
    source = np.select([kind[rows] == "night_network", kind[rows] == "said_same"], [1, 2], 0)
    pair = np.minimum(*ends)[rows] * max(len(ids), 1) + np.maximum(*ends)[rows]
    pairs, first, at = np.unique(pair, return_index=True, return_inverse=True)
    by_source = np.ones((len(pairs), 3))
    np.minimum.at(by_source, (at, source), wrong[rows])
    sure = 1.0 - by_source.prod(axis=1)
    open_ = np.flatnonzero(sure < _SURE)
    row = rows[first[open_]]
    return Doubt(
        left=ids.take(pa.array(ends[0][row])),
        right=ids.take(pa.array(ends[1][row])),
        sure=sure[open_],
        part=links["part"].to_numpy()[row].astype(np.int64),
        lives=kind[row] == "lives_with",
        ids=ids,
        unit=unit,
    )


def _wrong(links: pa.Table, identifiers: pa.Table, ends: list[Ints], kind: NDArray[np.object_]) -> Floats:
    """Return (links,) how likely each is wrong: by its weight, and how often its kind contradicts itself."""
    rank = np.array([RANK[name] for name in identifiers["names"].to_pylist()] + [0], np.int64)
    unit = identifiers["unit"].to_numpy().astype(np.int64)
    weight, events = (links[name].to_numpy().astype(np.float64) for name in ("weight", "evidence"))
    thing = np.where(rank[ends[0]] > rank[ends[1]], *ends)
    home = ends[0] + ends[1] - thing
    odds = weight.copy()
    for name, least in _LEAST.items():
        some = np.flatnonzero((kind == name) & (ends[0] >= 0) & (ends[1] >= 0))
        part = _contradicted(thing[some], unit[home[some]], events[some])
        odds[some] += np.log(1.0 / part - 1.0) - least
    wrong: Floats = 1.0 / (1.0 + np.exp(odds))
    return wrong


def _contradicted(thing: Ints, home: Ints, events: Floats) -> float:
    """Return how often one event names a stranger, by what was seen in several with two households."""
    homes, at = np.unique(home, return_inverse=True)
    pair, place = np.unique(thing * max(len(homes), 1) + at, return_inverse=True)
    seen = np.bincount(place, weights=events, minlength=len(pair))
    _, of = np.unique(pair // max(len(homes), 1), return_inverse=True)
    whole, alike = np.bincount(of, weights=seen), np.bincount(of, weights=seen * (seen - 1.0))
    twice = whole > 1.0
    apart = 1.0 - alike[twice] / (whole[twice] * (whole[twice] - 1.0))
    return float((apart.sum() / 2.0 + _AT_THEIR_WORD / 3.0) / (len(apart) + _AT_THEIR_WORD))


def _places(texts: pa.ChunkedArray, ids: pa.StringArray) -> Ints:
    found = pc.fill_null(pc.index_in(_flat(texts), value_set=ids), -1)
    places: Ints = found.to_numpy(zero_copy_only=False).astype(np.int64)
    return places


def _flat(texts: pa.ChunkedArray) -> pa.Array:
    return texts.combine_chunks()
