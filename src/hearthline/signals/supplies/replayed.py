"""What ordering by the forecast would have done in each pack's life, beside what happened."""

from typing import Any

import numpy as np
from scipy.special import ndtr

from hearthline.signals import Asked
from hearthline.signals._columns import Floats, Ints
from hearthline.signals.supplies.rates import Kinds, Rates, paced
from hearthline.signals.supplies.readings import Crossings, Series

__all__ = ["replayed"]


def replayed(
    s: Series, c: Crossings, rates: Rates, kinds: tuple[Ints, Kinds], asked: Asked
) -> tuple[Ints, dict[str, Any]]:
    """Return the supply of each pack that was used up and filled again, and columns about its life.

    With what was known at each reading, the policy orders at the first one at which the chance to be empty
    before a delivery exceeds 1 less the service level. A pack that was filled before it was empty would
    have lasted as long as its home's rate says. Days are operational; deliveries take `lead_days`.
    """
    kind, about = kinds
    first = np.flatnonzero(np.diff(s.cycle, prepend=-1))
    last = np.append(first[1:], len(s.cycle))[: len(first)] - 1
    whole = np.append(s.refill[first[1:]], False) if len(first) else first.astype(np.bool_)
    known, _ = paced(c, kind, (about.mean, about.weight, about.noise), asked.options["half_life"])
    rate = _at_readings(s, c, known, about.mean[kind])
    when = _orders(s, rates, rate, asked)
    empty, dry = _emptied(s, rates, first, last)
    lead, cycles = asked.options["lead_days"], np.arange(len(first))
    ordered = np.full(len(first), np.inf)
    np.minimum.at(ordered, s.cycle, np.where(when, s.day, np.inf))
    ordered = np.minimum(ordered, np.maximum(empty, s.day[last]))  # whoever sees it empty orders
    there = ordered + lead
    filled = np.append(s.day[first[1:]], 0.0) if len(first) else np.zeros(0)
    some = cycles[whole & (s.x[first] > 0.5) & (last - first > 4)]
    columns = {
        "late": dry[some],
        "empty_days": np.where(dry, np.maximum(filled - empty, 0), 0.0)[some],
        "spare_days": np.where(dry, 0.0, np.maximum(empty - filled, 0))[some],
        "policy_late": (there > empty)[some],
        "policy_empty_days": np.maximum(there - empty, 0)[some],
        "policy_spare_days": np.maximum(empty - there, 0)[some],
    }
    return s.group[first[some]], columns


def _at_readings(s: Series, c: Crossings, known: Floats, usual: Floats) -> Floats:
    """Return the rate as it was known at each reading: that of the last crossing before it."""
    far = 100_000.0
    place = np.searchsorted(c.group * far + c.day, s.group * far + s.day, side="right") - 1
    good = (place >= 0) & (c.group[np.maximum(place, 0)] == s.group) if len(c.day) else s.group < 0
    out: Floats = usual[s.group].copy()
    out[good] = known[place[good]]
    return out


def _orders(s: Series, rates: Rates, rate: Floats, asked: Asked) -> Any:
    """Return for each reading whether the policy orders at it."""
    g, step = s.group, s.step[s.group]
    use = rate * (asked.options["lead_days"] + 1.0)
    spread = rates.noise[g] + step**2 / 12 + rates.spread[g] * use + rates.drift[g] * use**2
    return ndtr((use - s.x) / np.sqrt(spread)) > 1 - asked.options["service"]


def _emptied(s: Series, rates: Rates, first: Ints, last: Ints) -> tuple[Floats, Any]:
    """Return when each pack was used up, or would have been, and whether it was seen empty."""
    low = s.x <= np.minimum(s.step[s.group] / 2, 0.025)
    seen = np.full(len(first), np.inf)
    np.minimum.at(seen, s.cycle, np.where(low, s.day, np.inf))
    dry = np.isfinite(seen)
    group = s.group[last]
    later = s.day[last] + s.x[last] / rates.rate[group]
    return np.where(dry, seen, later), dry
