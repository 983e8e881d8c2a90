"""Persons: identifiers of people merged under the policies, the strongest and newest evidence first."""

from dataclasses import dataclass

import numpy as np

from hearthline.identity.evidence import Bools, Evidence, Ints, Pairs
from hearthline.identity.links import USED, Ledger, Note
from hearthline.identity.merging import Limit, merged
from hearthline.identity.moving import visits
from hearthline.identity.policies import RANK
from hearthline.identity.statements import Said

__all__ = ["Persons", "persons_in"]

_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Persons:
    """Who is one person.

    Attributes:
        label: (identifiers,) the first identifier of each one's person; -1 for what names no person.
        owner: (identifiers,) whose a browser or personal device is, as such a label; -1: nobody's alone.
        contested: pairs (browser, person) of the browsers that more than one person used.
        overruled: (statements,) which of a model's are, so that they join no household either.
    """

    label: Ints
    owner: Ints
    contested: Pairs
    overruled: Bools


def persons_in(evidence: Evidence, said: Said, ledger: Ledger) -> Persons:
    """Return the persons, and enter the links that make them."""
    person = evidence.names == RANK["person"]
    merged_label, kept = _merged(evidence, said, ledger)
    label = np.where(person, merged_label, -1)
    return Persons(label, *_carriers(evidence, label), ~kept & ~said.by_hand)


def _merged(evidence: Evidence, said: Said, ledger: Ledger) -> tuple[Ints, Bools]:
    tied = evidence.persons_together()
    notes = np.zeros(len(tied), np.int8)
    degree = np.bincount(np.append(tied.left, tied.right), minlength=evidence.count)
    over = degree > evidence.max_degree
    notes[over[tied.left] | over[tied.right]] = Note.CROWDED
    notes[said.took_back(tied.left, tied.right, evidence.count)] = Note.BACK
    open_ties = np.flatnonzero(notes == USED)
    names = evidence.names == RANK["person"]
    told = np.flatnonzero(said.same & said.person & names[said.left] & names[said.right])
    ends = tuple(
        np.append(getattr(tied, side)[open_ties], getattr(said, side)[told]) for side in ("left", "right")
    )
    last = np.append(tied.last_us[open_ties], said.made_us[told])
    apart = said.pairs(person=True)
    seen = np.zeros(evidence.count, np.int64)
    np.maximum.at(seen, evidence.code, evidence.last_us[evidence.row])
    turn = np.append(np.full(len(open_ties), _SEEN), np.where(said.by_hand[told], _BY_HAND, _BY_MODEL))
    sure = np.append(np.zeros(len(open_ties)), np.where(said.by_hand[told], 0.0, said.weight[told]))
    rank = _replay_order(evidence, (ends[0], ends[1]), last, (turn, sure))
    speaks = _speaks(evidence, said, told)
    label, used = merged((ends[0], ends[1]), rank, seen, _limits(evidence, speaks), apart)
    held = used[: len(open_ties)]
    notes[open_ties[~held]] = Note.LIMIT
    ledger.add("same_person", "named in one event", tied, notes)
    kept = np.ones(len(said.left), bool)
    kept[told] = used[len(open_ties) :]
    ledger.say(said, kept, _against(evidence, said, told))
    return label, kept


def _speaks(evidence: Evidence, said: Said, told: Ints) -> Bools:
    """Return which identifiers count for a limit: of those that people said are one person, one a namespace.

    Who says that two logins are one person knows better than the rule that a login is one person's.
    """
    hand = told[said.by_hand[told]]
    every = np.ones(evidence.count, bool)
    if not len(hand):
        return every
    ends = said.left[hand], said.right[hand]
    newest = np.lexsort((ends[1], ends[0], -said.made_us[hand]))
    rank = np.empty(len(hand), np.int64)
    rank[newest] = np.arange(len(hand))
    none = np.zeros(evidence.count, np.int64)
    group, _ = merged(ends, rank, none, (), said.pairs(person=True))
    held = np.unique(np.concatenate(ends))
    _, first = np.unique(np.stack([group[held], evidence.space[held]], axis=1), axis=0, return_index=True)
    every[held] = False
    every[held[first]] = True
    return every


def _against(evidence: Evidence, said: Said, told: Ints) -> Bools:
    """Return (statements,) which of people's say that two logins of one namespace are one person."""
    login = evidence.of_policy([int(p.limit == 1) for p in evidence.policies]) > 0
    against = np.zeros(len(said.left), bool)
    left, right = said.left[told], said.right[told]
    alike = evidence.space[left] == evidence.space[right]
    against[told] = said.by_hand[told] & login[left] & alike
    return against


_BY_HAND, _SEEN, _BY_MODEL = range(3)


def _replay_order(
    evidence: Evidence, ends: tuple[Ints, Ints], last_us: Ints, said: tuple[Ints, np.ndarray]
) -> Ints:
    """Return the place of each link: by hand, then seen (strong namespaces, the newest), then by a model.

    What a model says goes last, the surest first: it joins only what nothing else keeps apart.
    """
    turn, sure = said
    priority = evidence.of_policy([p.priority for p in evidence.policies])
    weakest = np.maximum(priority[ends[0]], priority[ends[1]])
    order = np.lexsort((ends[1], ends[0], -last_us, weakest, -sure, turn))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return place


def _limits(evidence: Evidence, speaks: Bools) -> list[Limit]:
    return [
        Limit((evidence.space == number) & speaks, p.limit, int(p.window_days * _DAY_US))
        for number, p in enumerate(evidence.policies)
        if p.limit and p.may_merge_persons
    ]


def _carriers(evidence: Evidence, label: Ints) -> tuple[Ints, Pairs]:
    """Return whose each carrier is, and the browsers that several people used."""
    held = evidence.carried()
    stays = held.between(held.left, label[held.right])
    few = np.bincount(stays.left, minlength=evidence.count)[stays.left] <= evidence.max_degree[stays.left]
    stays = stays.take(few)
    stays_used = stays.take(~visits(stays))
    many = np.bincount(stays_used.left, minlength=evidence.count)
    owner = np.full(evidence.count, -1, np.int64)
    alone = many[stays_used.left] == 1
    owner[stays_used.left[alone]] = stays_used.right[alone]
    browser = evidence.names[stays_used.left] == RANK["browser"]
    return owner, stays_used.take(browser & ~alone)
