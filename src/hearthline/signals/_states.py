"""What signals said in the past: states of households with the moments at which each began and ended.

A state at a moment follows from what was known by then and from nothing else: no rate of a fleet, no
threshold and no model that saw more. So a journey may take it for a condition.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from hearthline.signals._columns import DAY_US, Floats, Ints
from hearthline.signals._leaving import Days
from hearthline.signals._risk import at_risk

__all__ = ["Changes", "fading", "leaving", "running_out"]

_SOON: Final = 7.0  # days in which what is left will be used up
_HALF_LIFE: Final = 56.0
_SPAN: Final = 7.0  # days of use that a rate needs
_RISE: Final = 15.0  # per cent: a refill
_RECENT, _BEFORE, _EVERY = 28, 84, 7
_USUAL: Final = 4.0  # acts in four weeks from which less can be told
_LESS: Final = 0.5
_ALARM: Final = 0.5


@dataclass(frozen=True, slots=True)
class Changes:
    """When households entered (`on`) or left a state: (m,) keys, moments in microseconds UTC, flags."""

    unit: Ints
    time_us: Ints
    on: np.ndarray


def _turns(unit: Ints, time_us: Ints, on: np.ndarray) -> Changes:
    """Return where the state of a household differs from the one before; off is where it begins."""
    order = np.lexsort((time_us, unit))
    unit, time_us, on = unit[order], time_us[order], on[order]
    last = np.append((unit[1:] != unit[:-1]) | (time_us[1:] != time_us[:-1]), True) if len(unit) else on
    unit, time_us, on = unit[last], time_us[last], on[last]
    before = np.concatenate([[False], on[:-1]])[: len(on)]
    before[np.diff(unit, prepend=-1) != 0] = False
    turned = on != before
    return Changes(unit[turned], time_us[turned], on[turned])


def running_out(unit: Ints, sensor: Ints, known_us: Ints, level: Floats) -> Changes:
    """Return when something in a household would be used up within a week, at the pace known by then.

    All (n,): whose reading it is, of which sensor (any number that tells them apart), when it was known, and
    the level in per cent.
    """
    order = np.lexsort((level, known_us, sensor, unit))
    unit, sensor, known_us, level = unit[order], sensor[order], known_us[order], level[order]
    new = np.ones(len(unit), dtype=np.bool_)
    new[1:] = (np.diff(unit) != 0) | (np.diff(sensor) != 0)
    first = np.flatnonzero(new)
    group = np.cumsum(new) - 1
    day = (known_us - known_us[first][group]) / DAY_US if len(first) else known_us.astype(np.float64)
    fell, span = -np.diff(level, prepend=0.0), np.diff(day, prepend=0.0)
    whole = ~new & (fell > -_RISE)
    weight = np.exp2(np.minimum(day / _HALF_LIFE, 900.0))
    used, days, plain = (
        _running(np.where(whole, v, 0.0), group, first) for v in (fell * weight, span * weight, span)
    )
    pace = np.maximum(used, 0) / np.maximum(days, 1e-9)
    soon = (plain >= _SPAN) & (level <= _SOON * pace)
    return _any_of(unit, group, known_us, soon)


def _running(value: Floats, group: Ints, first: Ints) -> Floats:
    """Return running sums that begin anew with each group."""
    total = np.cumsum(value)
    out: Floats = total - (total - value)[first][group] if len(first) else total
    return out


def _any_of(unit: Ints, group: Ints, time_us: Ints, on: np.ndarray) -> Changes:
    """Return the changes of households of which any sensor is on."""
    turned = on.copy()
    if len(on):
        turned[1:] = np.where(np.diff(group) == 0, on[1:] != on[:-1], on[1:])
    step = np.where(on, 1, -1)[turned]
    who, when = unit[turned], time_us[turned]
    order = np.lexsort((step, when, who))
    who, when, step = who[order], when[order], step[order]
    total = np.cumsum(step)
    begins = np.flatnonzero(np.diff(who, prepend=-1)) if len(who) else who
    counts = np.diff(np.append(begins, len(who)))
    total = total - np.repeat(np.concatenate([[0], total])[begins], counts)
    return _turns(who, when, total > 0)


def _asked(day: Ints) -> range:
    """Return the days on which weekly states are judged: Mondays' midnights after what was known before."""
    if not len(day):
        return range(0)
    start = int(day.min()) + _RECENT + _EVERY
    return range(start - (start - 4) % _EVERY, int(day.max()) + 1, _EVERY)


def fading(unit: Ints, day: Ints, acts: Floats) -> Changes:
    """Return when a household did less than half of what it usually does, judged every Monday.

    The last four weeks are compared with the twelve before, as far as they are known. `day` counts from 1970.
    """
    keys, at = np.unique(unit, return_inverse=True)
    first = np.full(len(keys), np.iinfo(np.int64).max)
    np.minimum.at(first, at, day)
    told: list[tuple[Ints, Ints, np.ndarray]] = []
    for now in _asked(day):  # what was known before this midnight
        recent, before = (
            np.bincount(at[rows], acts[rows], len(keys))
            for rows in (
                (day < now) & (day >= now - _RECENT),
                (day < now - _RECENT) & (day >= now - _RECENT - _BEFORE),
            )
        )
        span = np.clip(now - _RECENT - first, 0, _BEFORE)
        usual = before / np.maximum(span, 1) * _RECENT
        less = (span >= _RECENT) & (usual >= _USUAL) & (recent < _LESS * usual)
        known = np.flatnonzero(first < now)
        told.append((keys[known], np.full(len(known), now * DAY_US), less[known]))
    return _joined(told)


def leaving(unit: Ints, day: Ints, acts: Floats) -> Changes:
    """Return when a household was more likely than not gone or about to leave, judged every Monday.

    Each Monday's model learns from the outcomes known by then; before enough left, nobody is on.
    """
    keys, at = np.unique(unit, return_inverse=True)
    none = np.zeros(0, dtype=np.int64)
    told: list[tuple[Ints, Ints, np.ndarray]] = []
    for now in _asked(day):
        rows = day < now
        if not rows.any():
            continue
        who, inside = np.unique(at[rows], return_inverse=True)
        first = np.full(len(who), np.iinfo(np.int64).max)
        np.minimum.at(first, inside, day[rows])
        seen = Days(inside, day[rows], acts[rows], 0 * acts[rows], none, none, first, acts[rows])
        risk = at_risk(seen, now - 1)
        chance = np.zeros(len(who))
        if risk is not None:
            chance[risk.unit] = risk.chance
        told.append((keys[who], np.full(len(who), now * DAY_US), chance >= _ALARM))
    return _joined(told)


def _joined(told: list[tuple[Ints, Ints, np.ndarray]]) -> Changes:
    if not told:
        none = np.zeros(0, dtype=np.int64)
        return Changes(none, none, none.astype(np.bool_))
    return _turns(*(np.concatenate(part) for part in zip(*told, strict=True)))
