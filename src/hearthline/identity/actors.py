"""Who used a shared device: for each session probabilities of the household's members and of somebody else.

A mixture for each household: how often a person is the one who acts, at which hours of the week, with
which device, asking for what; how people's phones look when they act and when they do not; whom the
voice profile names. Habits of all households together are the prior of each (partial pooling), so that
a person with few sessions is like people in general. Fitted without labels by collapsed variational
inference of order zero (CVB0, Asuncion et al. 2009): each session is judged by what all *others* say.

A voice is evidence and no label. Only enrolled people can be named, so a classifier that is trained on
names learns that everybody is enrolled; here silence speaks for those who are not. Names that are hidden
from the fit tell how sure to be: the temperature of all other evidence is what predicts them best.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

__all__ = ["HERE", "HOURS", "Habits", "Sessions", "assign", "at_once", "fit"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

HOURS = 48
"""Hours of a weekday, then of a day of the weekend."""
NO_DEVICE, HERE, ELSEWHERE, SILENT, _BEEN_HERE, _BEEN_ELSEWHERE = range(6)
_CODES = 6
_REACH_S = 3600
_RESTING = [[1.0], [0.3], [0.3], [0.2], [0.1], [0.1]]
_PARTS = 8  # six-hour parts of weekdays and weekends
_ROUNDS = 25
_SAMPLE = 60_000
_TASTES = (3.0, 10.0)
_SOMEBODY = 0.12
_HIDDEN = 0.3


@dataclass(frozen=True, slots=True)
class Sessions:
    """n sessions in h households with at most m members, as columns.

    Attributes:
        home: (n,) the household, 0 ... h - 1.
        hour: (n,) hour of the day, plus 24 at the weekend, local.
        device: (n,) which device; a device belongs to one household.
        category: (n,) what it was about; -1 unknown.
        presence: (n, m) each member's personal device: 0 has none, 1 active here at the time, 2 seen
            elsewhere, 3 silent.
        voice: (n,) the member whom a voice or profile named; -1 nobody.
        naming: (n,) which kind of naming there could be (0 voice, 1 profile); each has its own errors.
        label: (n,) the member who is known to have acted, m for somebody else, -1 where nothing is known.
        time_s: (n,) when, in seconds; sessions are sorted by home.
        known: (h, m) which members there are.
        enrolled: (h, m) which of them can be named.
    """

    home: Ints
    hour: Ints
    device: Ints
    category: Ints
    presence: Ints
    voice: Ints
    naming: Ints
    label: Ints
    time_s: Ints
    known: Bools
    enrolled: Bools

    @property
    def n(self) -> int:
        """Number of sessions."""
        return len(self.home)

    @property
    def slots(self) -> int:
        """Number of members at most, and one for somebody else."""
        return int(self.known.shape[1]) + 1

    def of_homes(self, first: int, last: int) -> "Sessions":
        """Return the sessions of some households, `first` to `last` - 1; sessions are sorted by home."""
        begin, end = np.searchsorted(self.home, [first, last])
        rows = slice(int(begin), int(end))
        columns = ("hour", "device", "category", "presence", "voice", "naming", "label", "time_s")
        part = {name: getattr(self, name)[rows] for name in columns}
        return Sessions(
            home=self.home[rows] - first,
            known=self.known[first:last],
            enrolled=self.enrolled[first:last],
            **part,
        )


@dataclass(slots=True)
class Habits:
    """What is alike in all households: the prior of each, and how evidence errs.

    Attributes:
        somebody: part of sessions by somebody whom the household's members do not include.
        hour: (2, HOURS) of members, and of others; category: (2, categories).
        acting: (codes,) how a phone looks whose owner acts; resting: (codes, parts) whose owner does not.
        heard: (kinds,) chance that an enrolled person is named at all; right: that the name is right.
        mistaken: (kinds,) chance that one who is not enrolled is named as somebody.
        trust: exponent on all evidence but names; below 1 it is worth less than it claims.
        taste: how many sessions the categories of all are worth as the prior of one person.
    """

    hour: Floats
    category: Floats
    somebody: float = _SOMEBODY
    acting: Floats = field(default_factory=lambda: np.array([1.0, 0.5, 0.1, 0.2, 0.15, 0.05]))
    resting: Floats = field(default_factory=lambda: np.tile(_RESTING, _PARTS))
    heard: Floats = field(default_factory=lambda: np.array([0.6, 0.4]))
    right: Floats = field(default_factory=lambda: np.array([0.95, 0.85]))
    mistaken: Floats = field(default_factory=lambda: np.array([0.08, 0.25]))
    trust: float = 1.0
    taste: float = 6.0


@dataclass(frozen=True, slots=True)
class _Strength:
    """How many sessions the habits of all are worth as the prior of one person."""

    turn: float = 3.0
    somebody: float = 20.0
    hour: float = 12.0
    device: float = 6.0


_STRENGTH = _Strength()
_NEAR = np.array([0.06, 0.24, 0.40, 0.24, 0.06])


def _smoothing() -> Floats:
    """Return (HOURS, HOURS): what an hour says of the hours near it, and of that hour on other days."""
    day = np.zeros((24, 24))
    for step, weight in enumerate(_NEAR, -2):
        day[np.arange(24), (np.arange(24) + step) % 24] += weight
    whole: Floats = np.kron(np.array([[0.8, 0.2], [0.2, 0.8]]), day)
    return whole


_SMOOTH = _smoothing()


def fit(sessions: Sessions, seed: int = 1) -> Habits:
    """Return the habits of all households together, and how far evidence can be trusted.

    Args:
        sessions: as many as there are; of a lot, the first households are enough.
        seed: which names are hidden to measure trust.
    """
    homes = len(sessions.known)
    if sessions.n > _SAMPLE:
        homes = max(int(sessions.home[_SAMPLE]), 1)
        sessions = sessions.of_homes(0, homes)
    sessions = _with_past(sessions)
    start = _start(sessions)
    if not sessions.n:
        return start
    hidden = np.random.default_rng(seed).random(sessions.n) < _HIDDEN
    partly = replace(sessions, naming=np.where(hidden, -1, sessions.naming))
    best, found = -np.inf, start
    for taste in _TASTES:
        habits, silent = _inferred(partly, replace(start, taste=taste), learn=True)
        trust, told = _trust(sessions, habits, hidden, silent)
        if told > best:
            best, found = told, replace(habits, trust=trust)
    return found


def assign(sessions: Sessions, habits: Habits) -> Floats:
    """Return (n, m + 1) probabilities that each member acted, the last column somebody else; rows sum to 1.

    Costs about 20 microseconds a session. Households are judged one by one: what is put in
    together changes nothing.

    >>> one = np.zeros(4, np.int64)
    >>> alone = Sessions(one, one + 8, one, one, np.ones((4, 1), np.int64), one - 1, one, one - 1, one,
    ...                  np.ones((1, 1), bool), np.zeros((1, 1), bool))
    >>> bool((assign(alone, fit(alone)).sum(axis=1).round(9) == 1).all())
    True
    """
    if not sessions.n:
        return np.zeros((0, sessions.slots))
    sessions = _with_past(sessions)
    _, silent = _inferred(sessions, habits, learn=False)
    return _normal(habits.trust * silent + _names(sessions, habits) + _labelled(sessions))


def at_once(sessions: Sessions, habits: Habits) -> Floats:
    """Return (n, m + 1) probabilities from names alone, where a household has no two people to tell apart."""
    return _normal(np.log(_prior(sessions, habits)) + _names(sessions, habits) + _labelled(sessions))


def _start(sessions: Sessions) -> Habits:
    kinds = int(sessions.category.max(initial=0)) + 1
    hours = np.bincount(sessions.hour, minlength=HOURS) + 1.0
    topics = np.bincount(np.maximum(sessions.category, 0), minlength=kinds) + 1.0
    return Habits(np.tile(hours / hours.sum(), (2, 1)), np.tile(topics / topics.sum(), (2, 1)))


def _inferred(sessions: Sessions, habits: Habits, *, learn: bool) -> tuple[Habits, Floats]:
    """Return the habits, learned anew where `learn`, and (n, slots) log-evidence of all but names."""
    tables = _Tables(sessions)
    fixed = _labelled(sessions)
    habits = replace(habits)
    odds = _phones(sessions, habits)
    names = _names(sessions, habits)
    share = _normal(odds + names + fixed + np.log(_prior(sessions, habits)))
    silent = odds
    for turn in range(_ROUNDS):
        before = share
        silent = tables.evidence(share, habits) + odds
        share = _normal(silent + names + fixed)
        if learn:
            habits = _learned(sessions, tables, habits, share)
            odds, names = _phones(sessions, habits), _names(sessions, habits)
        if turn > 4 and np.abs(share - before).mean() < 4e-4:
            break
    return habits, silent


def _normal(logs: Floats) -> Floats:
    """Return rows of probabilities from rows of log-weights."""
    weight = np.exp(logs - logs.max(axis=1, keepdims=True))
    shares: Floats = weight / weight.sum(axis=1, keepdims=True)
    return shares


def _with_past(sessions: Sessions) -> Sessions:
    """Return the sessions, a silent phone being what it showed at the nearest session within an hour."""
    order = np.lexsort((sessions.time_s, sessions.home))
    code, time, home = sessions.presence[order], sessions.time_s[order], sessions.home[order]
    spoke = code != SILENT
    place = np.arange(len(code))[:, None]
    before = np.maximum.accumulate(np.where(spoke, place, -1), axis=0)
    after = np.minimum.accumulate(np.where(spoke, place, len(code))[::-1], axis=0)[::-1]
    gaps = []
    for near in (before, after):
        inside = (near >= 0) & (near < len(code))
        at = np.where(inside, near, 0)
        gap = np.where(inside & (home[at] == home[:, None]), np.abs(time[at] - time[:, None]), _REACH_S + 1)
        gaps.append((gap, np.take_along_axis(code, at, axis=0)))
    (gap, said), (other_gap, other) = gaps
    said = np.where(other_gap < gap, other, said)
    told = (np.minimum(gap, other_gap) <= _REACH_S) & ~spoke
    found = np.where(
        told & (said == HERE), _BEEN_HERE, np.where(told & (said == ELSEWHERE), _BEEN_ELSEWHERE, code)
    )
    presence = np.empty_like(found)
    presence[order] = found
    return replace(sessions, presence=presence)


def _labelled(sessions: Sessions) -> Floats:
    """Return (n, slots) log-weights of what is certain: who exists, and who is known to have acted."""
    exists = np.append(sessions.known, np.ones((len(sessions.known), 1), bool), axis=1)[sessions.home]
    told = sessions.label >= 0
    exists[told] &= np.arange(sessions.slots) == sessions.label[told, None]
    return np.where(exists, 0.0, -60.0)


def _prior(sessions: Sessions, habits: Habits) -> Floats:
    """Return (n, slots) how often each acts, as far as nothing is known of a household."""
    return _turns(sessions.known, habits)[sessions.home]


def _turns(known: Bools, habits: Habits) -> Floats:
    """Return (h, slots) the prior share of each member and of somebody else."""
    many = np.maximum(known.sum(axis=1, keepdims=True), 1)
    members = np.where(known, (1 - habits.somebody) / many, 1e-12)
    return np.append(members, np.full((len(known), 1), habits.somebody), axis=1)


def _turn_of(own: Floats, known: Bools, habits: Habits) -> Floats:
    """Return (n, slots) the log-chance of each to act: a member or not first, then which member."""
    members = own[:, :-1].sum(axis=1, keepdims=True)
    prior = _STRENGTH.somebody
    whole = np.log(members + own[:, -1:] + prior)
    which = np.log(own[:, :-1] + _STRENGTH.turn / np.maximum(known.sum(axis=1, keepdims=True), 1))
    one = np.log(members + prior * (1 - habits.somebody)) - whole - np.log(members + _STRENGTH.turn) + which
    return np.append(one, np.log(own[:, -1:] + prior * habits.somebody) - whole, axis=1)


class _Tables:
    """Counts of who did what in each household, and what they say of each session without itself."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self.homes, self.slots = len(sessions.known), sessions.slots
        self.topics = int(sessions.category.max(initial=0)) + 1
        self.topic = np.maximum(sessions.category, 0)
        self.has_topic = (sessions.category >= 0).astype(np.float64)[:, None]
        devices, self.device = np.unique(sessions.device, return_inverse=True)
        self.devices = len(devices)
        every = np.bincount(self.device, minlength=self.devices)
        whole = np.bincount(sessions.home, minlength=self.homes)
        self.device_share = (every / np.maximum(whole[sessions.home], 1)[self._one_of(self.device)])[
            self.device
        ]

    def _one_of(self, device: Ints) -> Ints:
        """Return for each device one session of it."""
        one = np.zeros(self.devices, np.int64)
        one[device] = np.arange(len(device))
        return one

    def counts(self, share: Floats, row: Ints, rows: int) -> Floats:
        """Return (rows, slots) the sums of shares by a column's values."""
        summed = [np.bincount(row, weights=share[:, j], minlength=rows) for j in range(self.slots)]
        return np.stack(summed, axis=1)

    def evidence(self, share: Floats, habits: Habits) -> Floats:
        """Return (n, slots) log-evidence of turn, hour, device and topic, each session by all others."""
        s, known = self.sessions, self.sessions.known
        turns = self.counts(share, s.home, self.homes)
        own = turns[s.home] - share  # of all others
        logs = _turn_of(own, known[s.home], habits)
        base = np.append(np.repeat(habits.hour[:1], self.slots - 1, axis=0), habits.hour[1:], axis=0)
        by_hour = self.counts(share, s.home * HOURS + s.hour, self.homes * HOURS)
        smooth = _SMOOTH.T @ by_hour.reshape(self.homes, HOURS, self.slots)
        near = smooth[s.home, s.hour] - share * _SMOOTH[s.hour, s.hour][:, None]
        logs += np.log(near + _STRENGTH.hour * base.T[s.hour]) - np.log(own + _STRENGTH.hour)
        base = np.append(np.repeat(habits.category[:1], self.slots - 1, axis=0), habits.category[1:], axis=0)
        asked = self.counts(share, s.home * self.topics + self.topic, self.homes * self.topics)
        alike = asked[s.home * self.topics + self.topic] - share
        topics = np.log(alike + habits.taste * base.T[self.topic]) - np.log(own + habits.taste)
        logs += topics * self.has_topic
        on = self.counts(share, self.device, self.devices)[self.device] - share
        return (
            logs + np.log(on + _STRENGTH.device * self.device_share[:, None]) - np.log(own + _STRENGTH.device)
        )


def _phones(sessions: Sessions, habits: Habits) -> Floats:
    """Return (n, slots) how much likelier the phones look if each member acts than if not, in logs."""
    part = sessions.hour // 24 * 4 + sessions.hour % 24 // 6
    acts = np.log(habits.acting)[sessions.presence]
    rests = np.log(habits.resting)[sessions.presence, part[:, None]]
    odds = np.where(sessions.presence == NO_DEVICE, 0.0, acts - rests)
    return np.append(odds, np.zeros((sessions.n, 1)), axis=1)


def _names(sessions: Sessions, habits: Habits) -> Floats:
    """Return (n, slots) the log-chance of the name that was heard, or of none, by who acts."""
    members = sessions.slots - 1
    could = sessions.enrolled.sum(axis=1)[sessions.home]
    kind = np.maximum(sessions.naming, 0)
    heard, right, mistaken = (x[kind][:, None] for x in (habits.heard, habits.right, habits.mistaken))
    alone = (could == 1)[:, None]
    right = np.where(alone, 1.0, right)
    able = np.append(sessions.enrolled, np.zeros((len(sessions.enrolled), 1), bool), axis=1)[sessions.home]
    named = sessions.voice >= 0
    said = np.arange(members + 1)[None, :] == sessions.voice[:, None]
    others = np.maximum(could - 1, 1)[:, None]
    by_name = np.where(said, heard * right, heard * (1 - right) / others + 1e-9)
    by_name = np.where(able, by_name, mistaken / np.maximum(could, 1)[:, None])
    by_none = np.where(able, 1 - heard, 1 - mistaken)
    logs = np.log(np.where(named[:, None], by_name, by_none))
    return np.where(((could > 0) & (sessions.naming >= 0))[:, None], logs, 0.0)


def _learned(sessions: Sessions, tables: _Tables, habits: Habits, share: Floats) -> Habits:
    """Return the habits that the shares show, all households together."""
    members, somebody = share[:, :-1], share[:, -1]
    both = (members.sum(axis=1), somebody)
    hour = np.stack([_SMOOTH.T @ np.bincount(sessions.hour, weights=w, minlength=HOURS) + 0.5 for w in both])
    topic = np.stack([np.bincount(tables.topic, weights=w, minlength=tables.topics) + 0.5 for w in both])
    part = sessions.hour // 24 * 4 + sessions.hour % 24 // 6
    acting, resting = np.full(_CODES, 2.0), np.full((_CODES, _PARTS), 2.0)
    for code in range(HERE, _CODES):
        looks = sessions.presence == code
        acting[code] += (members * looks).sum()
        at_rest = ((1 - members) * looks).sum(axis=1)
        resting[code] += np.bincount(part, weights=at_rest, minlength=_PARTS)
    heard, right, mistaken = _errors(sessions, share)
    return replace(
        habits,
        hour=hour / hour.sum(axis=1, keepdims=True),
        category=topic / topic.sum(axis=1, keepdims=True),
        somebody=_strangers(sessions, somebody),
        acting=acting / acting[1:].sum(),
        resting=resting / resting[1:].sum(axis=0),
        heard=heard,
        right=right,
        mistaken=mistaken,
    )


def _strangers(sessions: Sessions, somebody: Floats) -> float:
    """Return the part of sessions by somebody else, from households where names can tell; else the prior."""
    telling = np.asarray(sessions.enrolled.any(axis=1))[sessions.home]
    return float((somebody[telling].sum() + 500 * _SOMEBODY) / (telling.sum() + 500))


def _errors(sessions: Sessions, share: Floats) -> tuple[Floats, Floats, Floats]:
    """Return how often names are heard, right and mistaken, by kind; with weak priors."""
    able = np.append(sessions.enrolled, np.zeros((len(sessions.enrolled), 1), bool), axis=1)[sessions.home]
    could = able.sum(axis=1)
    named = sessions.voice >= 0
    heard, right, mistaken = np.zeros(2), np.zeros(2), np.zeros(2)
    for kind in (0, 1):
        at: Bools = (sessions.naming == kind) & (could > 0)
        enrolled = np.where(able, share, 0.0)[at].sum(axis=1)
        was = named[at]
        rows, said = np.flatnonzero(at), np.maximum(sessions.voice, 0)
        fits = share[rows, said[rows]] * was * (could[rows] > 1)
        several = (enrolled * was)[could[rows] > 1].sum()
        heard[kind] = ((enrolled * was).sum() + 6) / (enrolled.sum() + 10)
        right[kind] = (fits.sum() + 19) / (several + 20)
        mistaken[kind] = (((1 - enrolled) * was).sum() + 1) / ((1 - enrolled).sum() + 10)
    return heard, right.clip(0.5, 0.995), mistaken


def _trust(sessions: Sessions, habits: Habits, hidden: Bools, silent: Floats) -> tuple[float, float]:
    """Return the exponent under which the other evidence predicts hidden names best, and how well."""
    could = np.asarray(sessions.enrolled.any(axis=1))[sessions.home] & hidden
    could &= (sessions.naming >= 0) & (sessions.label < 0)
    if could.sum() < 200:
        return 0.85, 0.0
    chance = np.exp(_names(sessions, habits)[could])
    fixed = _labelled(sessions)[could]
    tried = np.linspace(0.4, 1.2, 17)
    told = [np.log((_normal(t * silent[could] + fixed) * chance).sum(axis=1)).sum() for t in tried]
    return float(tried[int(np.argmax(told))]), float(max(told))
