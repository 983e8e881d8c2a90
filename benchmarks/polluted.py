"""What the guards are worth: a town of identifiers polluted as real ones are, whose persons are known."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hearthline.identity import Observed, Policies, Resolution, resolve
from hearthline.identity.merging import components
from published import markdown

__all__ = ["report"]

Ints = NDArray[np.int64]
_DAY = 86_400_000_000
_SIZES = (0.28, 0.34, 0.16, 0.13, 0.06, 0.02, 0.01)
"""Homes by number of people, 1 to 7."""


class _Town:
    """Rows of who was named together; `person` is the truth of each row, `home` of each person."""

    def __init__(self, persons: int, seed: int) -> None:
        self.draw = np.random.default_rng(seed)
        self.persons = persons
        sizes = 1 + self.draw.choice(len(_SIZES), persons, p=_SIZES)
        self.home = np.repeat(np.arange(persons), sizes)[:persons]
        self.parts: list[tuple[Ints, str, Ints, NDArray[np.str_], tuple[float, float]]] = []

    def add(
        self, who: Ints, space: str, value: Ints, prefix: str, days: tuple[float, float] = (0, 60)
    ) -> None:
        """Add rows in which persons were seen with identifiers of one namespace."""
        self.parts.append((who, space, value, np.char.add(prefix, value.astype(str)), days))

    def some(self, many: int) -> Ints:
        """Return some persons, each once."""
        return self.draw.permutation(self.persons)[:many]


def _polluted(persons: int, seed: int) -> _Town:
    """Return a town: everybody's own identifiers, the tablet of each home, and what goes wrong."""
    town, share = _Town(persons, seed), persons / 200_000
    everybody = np.arange(persons)
    wrong, others = np.split(town.some(2 * int(2_000 * share)), 2)
    emails = everybody.copy()
    emails[wrong] = others  # a typing error: somebody else's address
    town.add(everybody, "email_hmac", everybody, "e")
    town.add(wrong, "email_hmac", emails[wrong], "e", (20, 40))
    sold = town.some(int(3_000 * share))
    keeps = np.setdiff1d(everybody, sold)
    town.add(keeps, "phone.device", keeps, "f")
    town.add(sold, "phone.device", sold, "f", (0, 25))
    town.add(np.roll(sold, 1), "phone.device", sold, "f", (35, 60))  # the next owner
    idle = town.some(persons // 50)
    town.add(idle, "advertising.device", np.zeros(len(idle), np.int64), "00000000-0000-0000-0000-00000000000")
    town.add(everybody, "cookie", everybody, "c")
    at_kiosks = town.some(int(4_000 * share))
    town.add(at_kiosks, "cookie", np.arange(len(at_kiosks)) % max(int(200 * share), 1), "kiosk", (10, 50))
    town.add(everybody, "tablet.device", town.home, "t")
    town.add(everybody, "ip_hmac", town.home, "i")
    public = town.some(persons // 20)
    town.add(public, "ip_hmac", np.arange(len(public)) % 50, "public", (5, 55))
    return town


def _observed(town: _Town) -> Observed:
    who = np.concatenate([p[0] for p in town.parts])
    many = [len(p[0]) for p in town.parts]
    space = np.repeat([p[1] for p in town.parts], many)
    value = np.concatenate([p[3] for p in town.parts])
    begin, end = (np.repeat([p[4][i] for p in town.parts], many) for i in (0, 1))
    logins = np.char.add("p", who.astype(str))
    n = len(who)
    names = np.stack([np.full(n, "customer", dtype=object), space.astype(object)], axis=1).ravel()
    values = np.stack([logins.astype(object), value.astype(object)], axis=1).ravel()
    pairs = pa.StructArray.from_arrays(
        [pa.array(names, pa.string()), pa.array(values, pa.string())], names=["namespace", "value"]
    )
    hint = pa.struct([("kind", pa.string()), ("value", pa.string())])
    identities = pa.table(
        {
            "identity": np.arange(1, n + 1),
            "identifiers": pa.ListArray.from_arrays(np.arange(0, 2 * n + 1, 2, dtype=np.int32), pairs),
            "household_hints": pa.array([[]] * n, pa.list_(hint)),
        }
    )
    kinds = {"phone.device": "phone", "tablet.device": "tablet"}
    seen = pa.table(
        {
            "identity": np.arange(1, n + 1),
            "first_us": (begin * _DAY).astype(np.int64),
            "last_us": (end * _DAY).astype(np.int64),
            "events": np.full(n, 20),
            "device_kind": pa.array([kinds.get(s) for s in space], pa.string()),
        }
    )
    return Observed(seen, identities)


def report(*, small: bool) -> str:
    """Return the table of wrong merges: every identifier as a link, and with the policies."""
    persons = 4_000 if small else 200_000
    town = _polluted(persons, seed=101)
    found = resolve(_observed(town), Policies({}))
    links = found.links["state"].value_counts().to_pylist()
    counted = {row["values"]: row["counts"] for row in links}
    demoted = counted.get("demoted", 0) / sum(counted.values())
    two, apart, strangers = _ours(town, found)
    naive = _naive(town)
    heads = ["polluted identifiers", "every id a link", "Hearthline", "goal"]
    rows = [
        ["people in one person with somebody else", f"{naive[0]:.2%}", f"{two:.2%}", "0.00%"],
        ["people in one household with strangers", f"{naive[1]:.2%}", f"{strangers:.2%}", ""],
        ["people who live together and are known to", f"{naive[2]:.2%}", f"{apart:.2%}", ""],
        ["links demoted", "0", f"{demoted:.2%}", "1.50%"],
    ]
    said = (
        f"{persons:,} persons, {len(np.unique(town.home)):,} households, "
        f"{sum(len(p[0]) for p in town.parts):,} combinations: 2 % idle advertising ids, "
        "5 % of people on 50 public networks, kiosk cookies, a tablet for each home, resold phones, "
        "and e-mail addresses that are somebody else's."
    )
    return said + "\n\n" + markdown(heads, rows)


def _ours(town: _Town, found: Resolution) -> tuple[float, float, float]:
    """Return the shares of people merged with others, known to live together, and with strangers."""
    logins = found.identifiers.filter(pc.starts_with(found.identifiers["id"], "customer:"))
    code = pc.cast(pc.utf8_slice_codeunits(logins["id"], len("customer:p")), pa.int64()).to_numpy()
    person, unit = (logins[name].to_numpy() for name in ("person", "unit"))
    _, who, many = np.unique(person, return_inverse=True, return_counts=True)
    two = float((many[who] > 1).mean())
    label = np.empty(town.persons, np.int64)
    label[code] = np.unique(unit, return_inverse=True)[1]
    strangers, together = _households(town, label)
    return two, together, strangers


def _naive(town: _Town) -> tuple[float, float, float]:
    """Return the same where every identifier is a link: no policy, no time, no limit."""
    ends: list[Any] = []
    texts = np.concatenate([np.char.add(p[1] + ":", p[3]) for p in town.parts])
    _, code = np.unique(texts, return_inverse=True)
    who = np.concatenate([p[0] for p in town.parts])
    ends = [who, code + town.persons]
    label = components(town.persons + int(code.max()) + 1, ends[0], ends[1])[: town.persons]
    _, label, many = np.unique(label, return_inverse=True, return_counts=True)
    return float((many[label] > 1).mean()), *_households(town, label)


def _households(town: _Town, label: Ints) -> tuple[float, float]:
    """Return the share of people whose cluster has people of another home, and the share of pairs found.

    Pairs are neighbours in the list of a home's people.
    """
    pairs = np.unique(np.stack([label, town.home], axis=1), axis=0)
    homes = np.bincount(pairs[:, 0], minlength=int(label.max()) + 1)
    same = town.home[1:] == town.home[:-1]
    return float((homes[label] > 1).mean()), float((label[1:] == label[:-1])[same].mean())
