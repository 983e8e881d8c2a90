"""Who used the shared device: homes of several people, whose every session has a known actor.

People have hours, favourite things, favourite devices, some have a phone and some have taught the
speaker their voice; guests come. People act only when they are at home. What a platform would see is
kept apart from what is true. Two forms of home: `usual`, and `unseen` with other sizes, hours, habits
that drift, runs of sessions by one person, and other error rates.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["SLOTS", "Scene", "Seen", "shared_sessions"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Form = Literal["usual", "unseen"]

SLOTS: Final = 48
"""Half hours of a day."""
_CATEGORIES: Final = 12
_DEVICES: Final = 4
_TV: Final = 2
_NONE, _HERE, _ELSEWHERE, _SILENT = range(4)


@dataclass(frozen=True, slots=True)
class _Form:
    """What differs between forms of home."""

    sizes: tuple[float, ...]  # chance of 2, 3, 4, 5 people
    peaks: tuple[tuple[float, ...], ...]  # centres of the hours in which each kind of person is active
    phone: tuple[float, ...]  # chance of a phone by kind
    enrolled: tuple[float, ...]  # chance of a voice profile by kind
    recognised: float
    right: float
    profile: float
    profile_right: float
    guests: float
    runs: float
    drift: float


_FORMS: Final = {
    "usual": _Form(
        sizes=(0.40, 0.25, 0.25, 0.10),
        peaks=(
            (7.0, 19.5, 21.5),
            (9.5, 14.0, 18.0),
            (15.5, 18.0, 22.0),
            (8.0, 16.0, 18.5),
            (6.5, 11.0, 16.5),
        ),
        phone=(0.97, 0.93, 0.85, 0.15, 0.70),
        enrolled=(0.55, 0.50, 0.35, 0.15, 0.25),
        recognised=0.58,
        right=0.97,
        profile=0.35,
        profile_right=0.75,
        guests=0.19,
        runs=0.0,
        drift=0.0,
    ),
    "unseen": _Form(
        sizes=(0.25, 0.30, 0.25, 0.20),
        peaks=(
            (5.0, 13.5, 20.0),
            (11.0, 16.0, 23.0),
            (0.5, 13.0, 17.5),
            (7.5, 15.0, 19.0),
            (8.0, 12.5, 20.0),
        ),
        phone=(0.92, 0.96, 0.90, 0.25, 0.55),
        enrolled=(0.40, 0.60, 0.30, 0.10, 0.30),
        recognised=0.55,
        right=0.92,
        profile=0.30,
        profile_right=0.80,
        guests=0.20,
        runs=0.25,
        drift=0.4,
    ),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a platform sees of n sessions on shared devices of h homes with at most m known members.

    Attributes:
        home: (n,) number of the home.
        time_s: (n,) seconds since a Monday's midnight, local.
        device, category: (n,) numbers.
        presence: (n, m) of each member's personal device: 0 has none, 1 active here now, 2 seen
            elsewhere, 3 silent.
        voice: (n,) which member the voice or the profile named, -1 nobody.
        by_profile: (n,) whether it was a profile that somebody had chosen (on a TV), not a voice.
        known: (h, m) which members there are; enrolled: (h, m) which of them have a voice profile.
        holder: (h,) the account holder.
    """

    home: Ints
    time_s: Ints
    device: Ints
    category: Ints
    presence: Ints
    voice: Ints
    by_profile: Bools
    known: Bools
    enrolled: Bools
    holder: Ints


@dataclass(frozen=True, slots=True)
class Scene:
    """Sessions with their truth: `actor` is a member, or m for somebody whom the platform does not know."""

    seen: Seen
    actor: Ints
    best: Floats  # (n, m + 1) the posterior of one who knows all habits and who is at home


@dataclass(slots=True)
class _Home:
    """One home: its k people (the last one is the guest) with their habits; (k, ...) arrays."""

    kind: Ints
    rate: Floats
    hours: Floats  # (k, 2, SLOTS) sessions by weekday or weekend and half hour
    likes: Floats  # (k, categories)
    devices: Floats
    phone: Bools
    enrolled: Bools
    at_home: Bools  # (k, days, SLOTS)


def shared_sessions(homes: int, days: int, seed: int, contrast: float = 1.0, form: Form = "usual") -> Scene:
    """Return the sessions of some homes.

    Args:
        homes: how many; each has at least two people.
        days: how many, from a Monday on.
        seed: of every draw.
        contrast: how much people differ in what they ask for (1: strongly, 0.4: weakly).
        form: of the homes.

    >>> scene = shared_sessions(3, 7, seed=1)
    >>> bool((scene.best.sum(axis=1).round(9) == 1).all())
    True
    """
    shape, members = _FORMS[form], 5
    parts = [_lived(_home(_draws(seed, i, 0), shape, days, contrast), shape, i, seed) for i in range(homes)]
    joined = {name: np.concatenate([p[name] for p in parts]) for name in parts[0] if name[0] != "_"}
    known, enrolled = np.zeros((homes, members), bool), np.zeros((homes, members), bool)
    holder = np.zeros(homes, np.int64)
    for i, part in enumerate(parts):
        k = len(part["_known"])
        known[i, :k], enrolled[i, :k] = True, part["_known"]
        holder[i] = part["_holder"]
    order = np.lexsort((joined["time_s"], joined["home"]))
    actor, best = joined.pop("actor")[order], joined.pop("best")[order]
    seen = Seen(**{k: v[order] for k, v in joined.items()}, known=known, enrolled=enrolled, holder=holder)
    return Scene(seen, actor, best)


def _draws(seed: int, number: int, part: int) -> np.random.Generator:
    """Return the draws of one home: its habits (0) or its life (1)."""
    return np.random.Generator(np.random.Philox(key=[seed, number * 2 + part]))


def _home(draw: np.random.Generator, shape: _Form, days: int, contrast: float) -> _Home:
    k = 2 + int(np.searchsorted(np.cumsum(shape.sizes)[:-1], draw.random())) + 1  # and the guest
    kind = np.append(draw.permutation([0, 1]), draw.integers(0, 5, max(k - 2, 0)))[:k]
    hour = np.arange(SLOTS) / 2 + 0.25
    hours = np.zeros((k, 2, SLOTS))
    for i in range(k):
        for weekend in (0, 1):
            centre = np.array(shape.peaks[kind[i]]) + draw.normal(0, 1.0, 3) + weekend * draw.normal(1.0, 0.7)
            away = np.abs((hour[:, None] - centre + 12) % 24 - 12)
            weight = draw.dirichlet(np.full(3, 2.0))
            hours[i, weekend] = (np.exp(-0.5 * (away / 2.3) ** 2) * weight).sum(axis=1) + 0.01
    hours /= hours.sum(axis=2, keepdims=True)
    taste = draw.normal(size=(5, _CATEGORIES))[kind] + draw.normal(size=(k, _CATEGORIES))
    likes = np.exp(contrast * 1.4 * taste)
    awake = np.clip(hours * 12, 0.12, 0.95)  # the more one is active, the surer one is there
    weekday = np.arange(days) % 7 < 5
    chance = np.where(weekday[None, :, None], awake[:, 0, None], awake[:, 1, None])
    at_home = _in_stretches(draw, chance)
    visits = draw.random(days) < shape.guests
    at_home[-1] = visits[:, None] & (hour > 14.0)[None, :] & (hour < 22.5)[None, :]
    phone, enrolled = (draw.random(k) < np.array(p)[kind] for p in (shape.phone, shape.enrolled))
    phone[-1], enrolled[-1] = False, False
    phone[0] = True  # the account holder set it up with one
    return _Home(
        kind=kind,
        rate=draw.lognormal(0.62, 0.6, k) * np.append(np.ones(k - 1), 2.2),
        hours=hours,
        likes=likes / likes.sum(axis=1, keepdims=True),
        devices=draw.dirichlet(np.full(_DEVICES, 1.6), k),
        phone=phone,
        enrolled=enrolled,
        at_home=at_home,
    )


def _in_stretches(draw: np.random.Generator, chance: Floats) -> Bools:
    """Return (k, days, SLOTS) whether each is at home: with a chance, in stretches of hours."""
    k, days, slots = chance.shape
    level = draw.random((k, days, slots // 6))
    found: Bools = np.repeat(level, 6, axis=2) < chance**0.2
    return found


def _lived(home: _Home, shape: _Form, number: int, seed: int) -> dict[str, Any]:
    """Return the sessions of one home as columns, and (underscored) what its members are."""
    draw = _draws(seed, number, 1)
    k, days, _ = home.at_home.shape
    weekend = (np.arange(days) % 7 >= 5).astype(np.int64)
    rate = home.rate[:, None, None] * home.hours[:, weekend] * home.at_home
    many = draw.poisson(rate).ravel()
    who, day, slot = (np.repeat(axis, many) for axis in np.indices(rate.shape).reshape(3, -1))
    order = np.lexsort((slot, day))
    who, day, slot = who[order], day[order], slot[order]
    who = _in_runs(draw, who, day * SLOTS + slot, shape.runs)
    likes = home.likes[who]
    if shape.drift:
        later = np.roll(home.likes, 1, axis=1)[who]
        part = shape.drift * (day / max(days, 1))[:, None]
        likes = (1 - part) * likes + part * later
    category, device = _picked(draw, likes), _picked(draw, home.devices[who])
    presence = _phones(draw, home, (who, day, slot))
    voice, by_profile, chance = _named(draw, home, shape, (who, device))
    known = home.phone | home.enrolled
    slots = np.flatnonzero(known)
    member = np.full(k, 5)
    member[slots] = np.arange(len(slots))
    posterior = rate[:, day, slot].T * home.likes[:, category].T * home.devices[:, device].T * chance
    posterior *= _phone_odds(home, presence)
    best = np.zeros((len(who), 6))
    np.add.at(best.T, member, posterior.T)
    best /= np.maximum(best.sum(axis=1, keepdims=True), 1e-300)
    seen = np.zeros((len(who), 5), np.int64)
    seen[:, : len(slots)] = presence[:, slots]
    return {
        "home": np.full(len(who), number),
        "time_s": day * 86_400 + slot * 1800 + draw.integers(0, 1800, len(who)),
        "device": device,
        "category": category,
        "presence": seen,
        "voice": np.where(voice >= 0, member[voice], -1),
        "by_profile": by_profile,
        "actor": member[who],
        "best": best,
        "_known": home.enrolled[slots],
        "_holder": member[0],
    }


def _in_runs(draw: np.random.Generator, who: Ints, at: Ints, runs: float) -> Ints:
    """Return who acts, where some sessions are repeats of the one before in the same half hour."""
    again = draw.random(len(who)) < runs
    again[1:] &= at[1:] == at[:-1]
    again[:1] = False
    source = np.maximum.accumulate(np.where(again, 0, np.arange(len(who))))
    return who[source]


def _picked(draw: np.random.Generator, chances: Floats) -> Ints:
    """Return one column for each row, drawn by the row's chances."""
    whole = np.cumsum(chances, axis=1)
    picked: Ints = (draw.random(len(chances))[:, None] * whole[:, -1:] > whole).sum(axis=1)
    capped: Ints = np.minimum(picked, chances.shape[1] - 1)
    return capped


_ACTIVE: Final = (0.55, 0.40)  # a phone shows itself: of who acts, of who is at home and does not
_AWAY_SEEN: Final = 0.40


def _phones(draw: np.random.Generator, home: _Home, at: tuple[Ints, Ints, Ints]) -> Ints:
    """Return (n, k) what each person's phone shows at the time of each session."""
    who, day, slot = at
    here = home.at_home[:, day, slot].T
    acts = np.arange(home.rate.size)[None, :] == who[:, None]
    luck = draw.random(here.shape)
    shown = np.where(acts, luck < _ACTIVE[0], luck < _ACTIVE[1])
    code = np.where(
        here | acts, np.where(shown, _HERE, _SILENT), np.where(luck < _AWAY_SEEN, _ELSEWHERE, _SILENT)
    )
    return np.where(home.phone[None, :], code, _NONE)


def _phone_odds(home: _Home, code: Ints) -> Floats:
    """Return (n, k) how much likelier the phones look if each person acts than if not, being at home."""
    ratio = np.array([1.0, _ACTIVE[0] / _ACTIVE[1], 1.0, (1 - _ACTIVE[0]) / (1 - _ACTIVE[1])])
    odds: Floats = ratio[code]
    return np.where(home.phone[None, :], odds, 1.0)


def _named(
    draw: np.random.Generator, home: _Home, shape: _Form, at: tuple[Ints, Ints]
) -> tuple[Ints, Bools, Floats]:
    """Return whom voice or profile named, whether by profile, and (n, k) the chance of that by actor."""
    who, device = at
    k = home.rate.size
    able = np.flatnonzero(home.enrolled)
    n = len(who)
    if not len(able):
        return np.full(n, -1), np.zeros(n, bool), np.ones((n, k))
    on_tv = device == _TV
    spoken = np.where(on_tv, shape.profile, shape.recognised)[:, None]
    right = np.where(on_tv, shape.profile_right, shape.right)[:, None]
    stranger = np.where(on_tv, shape.profile, 0.05)[:, None]
    others = max(len(able) - 1, 1)
    table = np.zeros((n, k, k + 1))  # actor, named (the last: nobody)
    for a in range(k):
        share = spoken if home.enrolled[a] else stranger
        for b in able:
            if not home.enrolled[a]:
                table[:, a, b] = share[:, 0] / len(able)
            elif a == b:
                table[:, a, b] = share[:, 0] * (right[:, 0] if len(able) > 1 else 1.0)
            else:
                table[:, a, b] = share[:, 0] * (1 - right[:, 0]) / others
        table[:, a, k] = 1 - table[:, a, :k].sum(axis=1)
    named = _picked(draw, table[np.arange(n), who])
    chance: Floats = table[np.arange(n), :, named]
    return np.where(named < k, named, -1), on_tv, chance
