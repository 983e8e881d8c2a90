"""Which person and household each identity belonged to, and when: the tables that come out.

Deterministic, and independent of the order in which things arrived.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline.identity.evidence import Bools, Evidence, Ints, gather
from hearthline.identity.households import Households, households_in
from hearthline.identity.keys import text_keys
from hearthline.identity.links import Ledger
from hearthline.identity.moving import ALWAYS_FROM, ALWAYS_TO, Residences
from hearthline.identity.networks import sleepers
from hearthline.identity.partition import partition
from hearthline.identity.persons import Persons, persons_in
from hearthline.identity.policies import RANK, Policies
from hearthline.identity.statements import coded

__all__ = ["Observed", "Resolution", "resolve"]


@dataclass(frozen=True, slots=True)
class Observed:
    """What identity resolution is given.

    Attributes:
        observations: `identity`, `first_us`, `last_us`, `events`; and, where known, `granted` (events with
            granted consent) and `device_kind`.
        identities: schema `IDENTITIES`; rows may repeat.
        nights: `identity`, `nights`: on how many nights those that name a network were seen.
        statements: what was said by hand or by a model (schema `STATEMENTS`).
        crowded: networks on which too many sleep, as far as that is known.
    """

    observations: pa.Table
    identities: pa.Table
    nights: pa.Table | None = None
    statements: pa.Table | None = None
    crowded: pa.Array | None = None


@dataclass(frozen=True, slots=True)
class Resolution:
    """Who is who.

    Attributes:
        members: `identity`, `unit`, `person` (null when unknown), `valid_from_us`, `valid_to_us`; `named`
            (the identity itself names that person), `device` (key of its device's id, or null), `own` (it
            came from a browser or personal device of one person).
        links: schema `LINKS`.
        homes: `unit`, `label`, `identifiers`, `persons`.
        devices: `device`, `kind`, `unit`, `events`, `first_us`, `last_us`, `valid_from_us`, `valid_to_us`.
        identifiers: `id`, `names`, `unit` (where it is now), `person` (null when it names nobody),
            `first_us`, `last_us`, `events`.
        parts: `identity`: every one that was observed. All tables have `part` (see `identity.parts`).
        on_networks: `identity`, `id`: who named which network.
        crowded: networks on which too many sleep to be one home.
    """

    members: pa.Table
    links: pa.Table
    homes: pa.Table
    devices: pa.Table
    identifiers: pa.Table
    parts: pa.Table
    on_networks: pa.Table
    crowded: pa.Array

    def tables(self) -> tuple[pa.Table, ...]:
        """Return the tables that others read, in the order of the attributes."""
        return self.members, self.links, self.homes, self.devices, self.identifiers


def resolve(observed: Observed, policies: Policies, max_devices: int = 300) -> Resolution:
    """Return which person and household each identity belonged to when.

    Args:
        observed: what was seen and said.
        policies: what each namespace may join.
        max_devices: a household with more devices is none; its devices stand alone.
    """
    evidence = gather(observed.observations, observed.identities, policies)
    said, ledger = coded(observed.statements, evidence.ids), Ledger(evidence)
    persons = persons_in(evidence, said, ledger)
    asleep, crowded = sleepers(evidence, observed.nights, observed.crowded)
    homes = households_in(evidence, persons, said, asleep, ledger, max_devices)
    keys = text_keys(evidence.ids)
    label = homes.moving.latest(homes.label)
    of_id, of_row = partition(evidence, asleep, said)
    part = np.append(keys[of_id], evidence.identity)  # who names nothing is a part alone
    on = evidence.names[evidence.code] == RANK["network"]
    members, row = _members(evidence, persons, homes, keys)
    links = ledger.table()
    households, first = _homes(evidence, persons, label, keys)
    devices, device = _devices(evidence, homes.carried, keys)
    identifiers = _identifiers(evidence, persons, label, homes.carried, keys)
    ends = pc.index_in(links["left_id"], value_set=evidence.ids).to_numpy().astype(np.int64)
    return Resolution(
        members.append_column("part", pa.array(part[of_row[row]])),
        links.append_column("part", pa.array(part[ends])),
        households.append_column("part", pa.array(part[first])),
        devices.append_column("part", pa.array(part[device])),
        identifiers.append_column("part", pa.array(keys[of_id])),
        pa.table({"identity": evidence.identity, "part": part[of_row]}),
        pa.table(
            {
                "identity": evidence.identity[evidence.row[on]],
                "id": evidence.ids.take(pa.array(evidence.code[on])),
            }
        ),
        crowded,
    )


def _members(evidence: Evidence, persons: Persons, homes: Households, keys: Ints) -> tuple[pa.Table, Ints]:
    """Return the validity of each identity, by its anchor, or else by where its device lived; and its row."""
    anchored = np.flatnonzero(homes.anchor >= 0)
    group = homes.label[homes.anchor[anchored]]
    carrier = _carrier(evidence, homes)
    lone = np.flatnonzero((homes.anchor < 0) & (carrier >= 0))
    parts = [
        _placed(anchored, group, homes.moving),
        _placed(lone, carrier[lone], homes.carried),
    ]
    row, home, start, end = (np.concatenate(column) for column in zip(*parts, strict=True))
    who, own = _whose(evidence, persons)
    who, own, device = who[row], own[row], evidence.device[row]
    known = who >= 0
    table = pa.table(
        {
            "identity": evidence.identity[row],
            "unit": keys[home] if len(home) else home,
            "person": pa.array(np.where(known, np.append(keys, 0)[who], 0), mask=~known),
            "valid_from_us": start,
            "valid_to_us": end,
            "named": evidence.person[row] >= 0,
            "device": pa.array(np.append(keys, 0)[device], mask=device < 0),
            "own": own,
        }
    )
    return table, row


def _carrier(evidence: Evidence, homes: Households) -> Ints:
    """Return (rows,) what a row without an anchor goes by: its device, else its browser."""
    housed = np.zeros(evidence.count + 1, bool)
    housed[homes.carried.carrier] = True
    by_device = (evidence.device >= 0) & (housed[evidence.device] | (homes.browser < 0))
    return np.where(by_device, evidence.device, np.where(homes.browser >= 0, homes.browser, evidence.device))


def _placed(rows: Ints, label: Ints, lived: Residences) -> tuple[Ints, Ints, Ints, Ints]:
    """Return row, home, from and to: where the row's label lived, or the label itself for ever."""
    row, at = lived.rows_of(label)
    still = np.ones(len(rows), bool)
    still[row] = False
    alone = int(still.sum())
    return (
        np.append(rows[row], rows[still]),
        np.append(lived.home[at], label[still]),
        np.append(lived.start[at], np.full(alone, ALWAYS_FROM)),
        np.append(lived.end[at], np.full(alone, ALWAYS_TO)),
    )


def _whose(evidence: Evidence, persons: Persons) -> tuple[Ints, Bools]:
    """Return (rows,) the person of each row, the one named or the carrier's owner; and if the owner's."""
    named = np.where(evidence.person >= 0, np.append(persons.label, -1)[evidence.person], -1)
    carrier = evidence.carrier
    owner = np.append(persons.owner, -1)[carrier]
    owned = (carrier >= 0) & (owner >= 0)
    return np.where(named >= 0, named, np.where(owned, owner, -1)), owned


def _homes(evidence: Evidence, persons: Persons, label: Ints, keys: Ints) -> tuple[pa.Table, Ints]:
    """Return one row a household: its key, a label, how many it has; and its first identifier."""
    fixed = np.flatnonzero(evidence.names < RANK["device"])
    roots, first, count = np.unique(label[fixed], return_index=True, return_counts=True)
    who = np.flatnonzero(persons.label >= 0)
    people = np.unique(label[who] * max(evidence.count, 1) + persons.label[who])
    many = np.bincount(people // max(evidence.count, 1), minlength=evidence.count)[roots]
    table = pa.table(
        {
            "unit": keys[roots],
            "label": evidence.ids.take(pa.array(fixed[first])),
            "identifiers": count.astype(np.int64),
            "persons": many.astype(np.int64),
        }
    )
    return table, fixed[first]


def _devices(evidence: Evidence, lived: Residences, keys: Ints) -> tuple[pa.Table, Ints]:
    """Return where each device lived, from/to, or on its own, and how much it said; and its code."""
    device = evidence.names == RANK["device"]
    housed = device[lived.carrier]
    own = np.setdiff1d(np.flatnonzero(device), lived.carrier)
    code = np.append(lived.carrier[housed], own)
    on = np.flatnonzero(evidence.device >= 0)
    events = np.zeros(evidence.count, np.int64)
    first = np.full(evidence.count, ALWAYS_TO)
    last = np.full(evidence.count, ALWAYS_FROM)
    np.add.at(events, evidence.device[on], evidence.events[on])
    np.minimum.at(first, evidence.device[on], evidence.first_us[on])
    np.maximum.at(last, evidence.device[on], evidence.last_us[on])
    alone = len(own)
    table = pa.table(
        {
            "device": evidence.ids.take(pa.array(code)),
            "kind": _kinds(evidence).take(pa.array(code)),
            "unit": np.append(keys[lived.home[housed]], keys[own]),
            "events": events[code],
            "first_us": first[code],
            "last_us": last[code],
            "valid_from_us": np.append(lived.start[housed], np.full(alone, ALWAYS_FROM)),
            "valid_to_us": np.append(lived.end[housed], np.full(alone, ALWAYS_TO)),
        }
    )
    return table, code


def _kinds(evidence: Evidence) -> pa.Array:
    """Return (identifiers,) the kind of each device, the last one by name where it told several; or null."""
    names = evidence.device_kind.dictionary
    order = pc.sort_indices(names)
    place = np.append(np.argsort(order.to_numpy()), -1)
    said = place[evidence.device_kind.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
    kind = np.full(evidence.count, -1, np.int64)
    on = np.flatnonzero((evidence.device >= 0) & (said >= 0))
    np.maximum.at(kind, evidence.device[on], said[on])
    return names.take(order).take(pa.array(kind, mask=kind < 0))


def _identifiers(
    evidence: Evidence, persons: Persons, label: Ints, lived: Residences, keys: Ints
) -> pa.Table:
    """Return where each identifier is now, and whose it is."""
    where = lived.latest(label) if len(lived) else label
    person = np.where(persons.label >= 0, persons.label, persons.owner)
    classes = pa.array(sorted(RANK, key=lambda name: RANK[name]))
    first, last = np.full(evidence.count, ALWAYS_TO), np.full(evidence.count, ALWAYS_FROM)
    events = np.zeros(evidence.count, np.int64)
    np.minimum.at(first, evidence.code, evidence.first_us[evidence.row])
    np.maximum.at(last, evidence.code, evidence.last_us[evidence.row])
    np.add.at(events, evidence.code, evidence.events[evidence.row])
    return pa.table(
        {
            "id": evidence.ids,
            "names": classes.take(pa.array(evidence.names)),
            "unit": keys[where] if len(where) else where,
            "person": pa.array(np.append(keys, 0)[person], mask=person < 0),
            "first_us": first,
            "last_us": last,
            "events": events,
        }
    )
