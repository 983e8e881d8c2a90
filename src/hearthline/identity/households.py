"""Households: who shares a home, an address, an account or the nights, and since when.

Three layers. People, accounts and browsers that were seen together are a group. A group lives at the
homes and addresses that it was seen with: at one, or at one after the other. Devices join nobody;
they belong to whoever used them, from the first day that they did.
"""

from dataclasses import dataclass

import numpy as np

from hearthline.identity.evidence import ANCHORS, Bools, Evidence, Ints, Pairs, best_code
from hearthline.identity.links import USED, Ledger, Note
from hearthline.identity.merging import components, merged
from hearthline.identity.moving import (
    MOST_STAYS,
    Residences,
    composed,
    crowded,
    residences,
    side_by_side,
    visits,
)
from hearthline.identity.networks import together
from hearthline.identity.persons import Persons
from hearthline.identity.policies import RANK
from hearthline.identity.statements import Said

__all__ = ["Households", "households_in"]

_PLACES = (RANK["home"], RANK["address"])


@dataclass(frozen=True, slots=True)
class Households:
    """Who lives where.

    Attributes:
        label: (identifiers,) the first identifier of each one's household; of a group that moves, the
            group's own.
        moving: where groups that moved were, by label.
        carried: where devices, and browsers of several people, were.
        browser: (rows,) the browser of several people of each row, or -1.
        anchor: (rows,) which identifier speaks for the row's household; never such a browser.
    """

    label: Ints
    moving: Residences
    carried: Residences
    browser: Ints
    anchor: Ints


def households_in(
    evidence: Evidence, persons: Persons, said: Said, asleep: Pairs, ledger: Ledger, max_devices: int
) -> Households:
    """Return the households, and enter the links that make them."""
    contested, browser = _contested(evidence, persons)
    anchor, joins, notes = _joined(evidence, contested, said)
    nights, sleeping = together(evidence, asleep)
    back = said.took_back(nights.left, nights.right, evidence.count)
    graph = _Graph(evidence, joins, notes, nights.take(~back), said, persons.overruled)
    anchor = _re_anchored(evidence, anchor, joins.take(np.isin(notes, (Note.APART, Note.BACK))))
    stays = _stays(evidence, (anchor, browser), graph.label, sleeping)
    shared = side_by_side(stays.take(~crowded(stays, evidence.max_degree)))
    if len(shared):
        graph.join(shared)
        stays = _stays(evidence, (anchor, browser), graph.label, sleeping)
    stay_notes = _judged(stays, evidence, max_devices)
    stay_notes[said.took_back(stays.left, stays.right, evidence.count)] = Note.BACK
    ledger.add("seen_with", "together in one event", joins, notes)
    night_notes = np.where(back, Note.BACK, USED).astype(np.int8)
    ledger.add("night_network", "nights on one private network", nights, night_notes)
    ledger.add("lives_with", "device used by", stays, stay_notes)
    moving = residences(graph.away())
    carried = composed(residences(stays.take(stay_notes == USED)), moving)
    return Households(graph.label, moving, carried, browser, anchor)


class _Graph:
    """The links between people, accounts and places, and the components that they make.

    Writes into `notes` which joins are set aside, and why.
    """

    def __init__(
        self, evidence: Evidence, joins: Pairs, notes: np.ndarray, nights: Pairs, said: Said, overruled: Bools
    ) -> None:
        self.evidence = evidence
        told = np.flatnonzero(said.same & ~overruled)
        by_hand = np.stack([said.left[told], said.right[told]], axis=1)
        group = _judged_together(evidence, joins, notes, by_hand, said.person[told])
        gone, beside, cut = _lived(evidence, joins, notes, group)
        notes[gone.rows] = gone.notes
        held = np.flatnonzero((notes == USED) & ~cut)
        firm = np.concatenate([by_hand, np.stack([nights.left, nights.right], axis=1), beside])
        self.ends = (np.append(joins.left[held], firm[:, 0]), np.append(joins.right[held], firm[:, 1]))
        self.last_us = joins.last_us[held]
        self.apart = said.pairs(person=False)
        self.label, used = self._components()
        notes[held[~used[: len(held)]]] = Note.APART
        moved = cut & (notes == USED)
        notes[moved] = Note.FOLLOWED
        self.moved = joins.take(moved)

    def join(self, pairs: Ints) -> None:
        """Join further pairs, as far as nothing was said against it."""
        self.ends = (np.append(self.ends[0], pairs[:, 0]), np.append(self.ends[1], pairs[:, 1]))
        self.label, _ = self._components()

    def away(self) -> Pairs:
        """Return with which homes the groups that moved were seen: (group's label, home's label)."""
        place = np.isin(self.evidence.names, _PLACES)
        left = place[self.moved.left]
        where = self.label[np.where(left, self.moved.left, self.moved.right)]
        who = self.label[np.where(left, self.moved.right, self.moved.left)]
        apart = who != where
        return self.moved.take(apart).between(who[apart], where[apart])

    def _components(self) -> tuple[Ints, Bools]:
        """Return components in which nothing is together that was said to be apart; firm links go first."""
        newest = np.full(len(self.ends[0]), np.iinfo(np.int64).max)
        newest[: len(self.last_us)] = self.last_us
        rank = np.zeros(len(newest), np.int64)
        if len(self.apart):
            rank[np.lexsort((self.ends[1], self.ends[0], -newest))] = np.arange(len(rank))
        return merged(self.ends, rank, np.zeros(self.evidence.count, np.int64), (), self.apart)


def _judged(stays: Pairs, evidence: Evidence, max_devices: int) -> np.ndarray:
    """Return notes of stays: of a device that too many used, of a visit, of a home with too many devices."""
    notes = np.where(crowded(stays, evidence.max_degree), Note.CROWDED, USED).astype(np.int8)
    few = np.flatnonzero(notes == USED)
    notes[few[visits(stays.take(few))]] = Note.VISIT
    many = np.bincount(stays.right[notes == USED], minlength=evidence.count) > max_devices
    notes[many[stays.right] & (notes == USED)] = Note.DEVICES
    return notes


def _contested(evidence: Evidence, persons: Persons) -> tuple[Bools, Ints]:
    """Return (identifiers,) which are browsers of several people, and (rows,) such a browser or -1."""
    contested = np.zeros(evidence.count, bool)
    contested[persons.contested.left] = True
    named = np.flatnonzero(contested[evidence.code])
    browser = np.full(len(evidence.identity), -1, np.int64)
    browser[evidence.row[named]] = evidence.code[named]
    return contested, browser


def _joined(evidence: Evidence, contested: Bools, said: Said) -> tuple[Ints, Pairs, np.ndarray]:
    """Return the rows' anchors, the joins and their notes: an id with too many partners joins nothing.

    Such an id speaks for nobody either: what it was named with is joined without it.
    """
    anchor = best_code(evidence, ANCHORS, contested) if contested.any() else evidence.anchor
    joins = evidence.joins(anchor, contested)
    over = _crowd(joins, evidence)
    notes = np.where(over[joins.left] | over[joins.right], Note.CROWDED, USED).astype(np.int8)
    if over.any():
        out = contested | over
        better = best_code(evidence, ANCHORS, out)
        anchor = np.where(better >= 0, better, anchor)
        again = evidence.joins(anchor, out)
        still = over | _crowd(again, evidence)
        late = np.where(still[again.left] | still[again.right], Note.CROWDED, USED).astype(np.int8)
        set_aside = joins.take(notes == Note.CROWDED)
        joins = Pairs(*(np.append(getattr(again, n), getattr(set_aside, n)) for n in Pairs.__slots__))
        notes = np.append(late, np.full(len(set_aside), Note.CROWDED, np.int8))
        pair = joins.left * evidence.count + joins.right
        _, first = np.unique(pair, return_index=True)
        joins, notes = joins.take(first), notes[first]
    notes[said.took_back(joins.left, joins.right, evidence.count)] = Note.BACK
    return anchor, joins, notes


def _crowd(joins: Pairs, evidence: Evidence) -> Bools:
    """Return (identifiers,) which have more partners than they may."""
    degree = np.bincount(np.append(joins.left, joins.right), minlength=evidence.count)
    crowd: Bools = degree > evidence.max_degree
    return crowd


def _re_anchored(evidence: Evidence, anchor: Ints, parted: Pairs) -> Ints:
    """Return the rows' anchors, that of a row whose person was parted from it being the person."""
    if not len(parted):
        return anchor
    size = evidence.count
    pair = np.minimum(anchor, evidence.person) * size + np.maximum(anchor, evidence.person)
    gone = (evidence.person >= 0) & (anchor >= 0) & np.isin(pair, parted.left * size + parted.right)
    return np.where(gone, evidence.person, anchor)


def _judged_together(
    evidence: Evidence, joins: Pairs, notes: np.ndarray, by_hand: Ints, person: Bools
) -> Ints:
    """Return (identifiers,) who is judged as one where several homes were seen.

    Two who are said to be one person are; two who are said to be one household have one home by that, and
    neither is the other's guest, unless one of them moved: then both did.
    """
    if person.all():
        return _groups(evidence, joins, notes == USED, by_hand)
    apart = _groups(evidence, joins, notes == USED, by_hand[person])
    _, _, cut = _lived(evidence, joins, notes, apart)
    movers = np.unique(apart[np.concatenate([joins.left[cut], joins.right[cut]])])
    moved = np.isin(apart[by_hand], movers).any(axis=1)
    return _groups(evidence, joins, notes == USED, by_hand[person | moved])


def _groups(evidence: Evidence, joins: Pairs, used: Bools, by_hand: Ints) -> Ints:
    """Return (identifiers,) the group of people, accounts and browsers that each belongs to."""
    place = np.isin(evidence.names, _PLACES)
    mobile = used & ~place[joins.left] & ~place[joins.right]
    firm = by_hand[~place[by_hand].any(axis=1)]
    left = np.append(joins.left[mobile], firm[:, 0])
    return components(evidence.count, left, np.append(joins.right[mobile], firm[:, 1]))


@dataclass(frozen=True, slots=True)
class _Gone:
    """Joins that are set aside, with why."""

    rows: Ints
    notes: np.ndarray


def _lived(evidence: Evidence, joins: Pairs, notes: np.ndarray, group: Ints) -> tuple[_Gone, Ints, Bools]:
    """Return where groups lived: joins set aside, (k, 2) homes that are one, and joins cut by a move.

    A group with one home or address of a kind is left alone. One with several was a visitor at some,
    has two that are one home, or moved from one to the other.
    """
    place = np.isin(evidence.names, _PLACES)
    rows = np.flatnonzero((notes == USED) & (place[joins.left] != place[joins.right]))
    left_is_place = place[joins.left[rows]]
    where = np.where(left_is_place, joins.left[rows], joins.right[rows])
    who = group[np.where(left_is_place, joins.right[rows], joins.left[rows])]
    cut = np.zeros(len(joins), bool)
    nothing = _Gone(np.zeros(0, np.int64), np.zeros(0, np.int8)), np.zeros((0, 2), np.int64), cut
    # several of one kind: distinct (group, kind, place), counted by (group, kind)
    kinds = len(evidence.policies)
    stays = joins.take(rows).between(who, where)
    kind = stays.left * kinds + evidence.space[stays.right]
    _, inverse, count = np.unique(kind, return_inverse=True, return_counts=True)
    several = np.unique(stays.left[count[inverse] > 1])
    if not len(several):
        return nothing
    stays = stays.take(np.isin(stays.left, several))
    crowd = crowded(stays, np.full(evidence.count, MOST_STAYS))
    parcel = evidence.names[stays.right] == RANK["address"]
    told = np.where(crowd, Note.CROWDED, USED).astype(np.int8)
    for some, overlapping, note in ((parcel, True, Note.PARCEL), (~parcel, False, Note.VISIT)):
        at = np.flatnonzero(some & ~crowd)
        visiting = visits(stays.take(at), evidence.space[stays.right[at]], overlapping=overlapping)
        told[at[visiting]] = note
    lived = stays.take(told == USED)
    beside = _one_home(evidence, lived)
    home = components(evidence.count, beside[:, 0], beside[:, 1])
    seen = lived.between(lived.left, home[lived.right])
    moves = np.unique(seen.left[np.bincount(seen.left, minlength=evidence.count)[seen.left] > 1])
    pair, size = who * evidence.count + where, stays.left * evidence.count + stays.right
    at = np.searchsorted(size, pair)
    known = np.flatnonzero(np.isin(pair, size))
    aside = known[told[at[known]] != USED]
    cut[rows[np.isin(who, moves)]] = True
    return _Gone(rows[aside], told[at[aside]]), beside, cut


def _one_home(evidence: Evidence, lived: Pairs) -> Ints:
    """Return (k, 2) places of one group that are one home: used in the same weeks, or of two kinds."""
    order = np.lexsort((lived.right, lived.first_us, lived.left))
    some = lived.take(order)
    kind = evidence.space[some.right]
    overlap = np.minimum(some.last_us[1:], some.last_us[:-1]) - np.maximum(
        some.first_us[1:], some.first_us[:-1]
    )
    two_kinds = (some.left[1:] == some.left[:-1]) & (kind[1:] != kind[:-1]) & (overlap >= 0)
    pairs = np.stack([some.right[:-1][two_kinds], some.right[1:][two_kinds]], axis=1)
    return np.concatenate([side_by_side(lived), pairs])


def _stays(evidence: Evidence, rows: tuple[Ints, Ints], label: Ints, sleeping: Pairs) -> Pairs:
    """Return with which household each device, and each browser of several people, was seen."""
    anchor, browser = rows
    parts = []
    for carrier in (evidence.device, browser):
        at = np.flatnonzero((carrier >= 0) & (anchor >= 0))
        parts.append(evidence.pairs(carrier[at], label[anchor[at]], at))
    parts.append(sleeping.between(sleeping.left, label[sleeping.right]))
    whole = Pairs(*(np.concatenate([getattr(p, n) for p in parts]) for n in Pairs.__slots__))
    return whole.between(whole.left, whole.right)
