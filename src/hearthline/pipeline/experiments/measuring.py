"""What an experiment shows so far, and the lift that models learn from once it is over."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from scipy.special import ndtri

from hearthline.experiments import LEVEL, Difference, Lift, balanced, difference
from hearthline.pipeline.experiments.book import Planned, midnight_ms
from hearthline.pipeline.experiments.reading import (
    Arms,
    Read,
    arms_of,
    before,
    days_of,
    everybody,
    takings,
    touched,
)
from hearthline.schema.errors import NothingToAnswer

__all__ = ["MEASURED", "Measured", "lifts_of", "measured", "unbalanced"]

MEASURED = ("all", "person", "automated")
_LEAK = 0.5
_BALANCE = 4.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One experiment as it stands.

    Attributes:
        planned: what was planned.
        state: where it stands.
        days: how many days count so far.
        until: the last of them.
        arms: who is in it.
        found: by kind of orders, on minus off so far; empty where nothing can be said.
        leak: touches of a household that is off for each touch of one that is on; 0 is best.
        balance: standard errors between the arms' sizes and what the lot promised; beyond 4, something chose.
        why: why nothing can be said or, where something was found, why nothing can be learned from it;
            empty where models learn from it once it is over.
    """

    planned: Planned
    state: str
    days: int
    until: date
    arms: Arms
    found: dict[str, Difference]
    leak: float
    balance: float
    why: str = ""


def measured(read: Read, planned: Planned) -> Measured:
    """Return what an experiment shows in an answer."""
    first, last = days_of(read)
    days, until, state = planned.days(last), planned.until(last), planned.state(last)
    try:
        arms = arms_of(read, planned)
    except NothingToAnswer as error:
        nobody = Arms(np.zeros(0, np.int64), np.zeros(0, np.bool_))
        return Measured(planned, state, days, until, nobody, {}, 0.0, 0.0, str(error).split("; ")[0])
    whole = everybody(arms)
    on, off = int((~whole.off).sum()), int(whole.off.sum())
    balance = balanced(on, off, planned.off) if on + off and planned.by == "household" else 0.0
    if not days:
        return Measured(planned, state, 0, until, arms, {}, 0.0, balance, "it has not begun")
    earlier = before(planned.start, days, first)
    try:
        found = {k: _found(read, planned, arms, (planned.start, until), earlier, k) for k in MEASURED}
    except NothingToAnswer as error:
        return Measured(planned, state, days, until, arms, {}, 0.0, balance, str(error).split("; ")[0])
    met = touched(
        read, arms, planned.channel, midnight_ms(planned.start), midnight_ms(until + timedelta(days=1))
    )[: len(whole.off)]
    leak = float(met[whole.off].mean() / max(met[~whole.off].mean(), 1e-12)) if met.any() else 0.0
    leak = min(leak, 1.0)
    return Measured(planned, state, days, until, arms, found, leak, balance, _unlearned(found, leak, balance))


def unbalanced(balance: float) -> str:
    """Return what arms of other sizes than the lot promised say; empty where they are as promised."""
    if abs(balance) <= _BALANCE:
        return ""
    return (
        f"the arms are {abs(balance):.0f} standard errors away from the sizes that the lot promised, "
        "so something chose who is in them"
    )


def _unlearned(found: dict[str, Difference], leak: float, balance: float) -> str:
    """Return why what was found teaches nothing of the channel; empty where it does."""
    if leak > _LEAK:
        return (
            f"households that should be without the channel met it {leak:.0%} as often as the others, "
            "so the arms do not differ in what they met"
        )
    if said := unbalanced(balance):
        return said
    if all(found[kind].error == 0.0 for kind in MEASURED):
        return "every household brought in the same, so there is nothing to compare"
    return ""


def _found(
    read: Read, planned: Planned, arms: Arms, during: tuple[date, date], earlier: tuple[date, date], kind: str
) -> Difference:
    whole = everybody(arms)
    size = len(whole.off)
    past = takings(read, arms, *earlier, kind)[:size] if earlier[0] <= earlier[1] else None
    taken = takings(read, arms, *during, kind)[:size]
    over = ((during[1] - during[0]).days + 1) / ((planned.end - planned.start).days + 1)
    return difference(taken, whole.off, past, whole.cluster, planned.variance(kind), over)


def lifts_of(found: Measured) -> list[Lift]:
    """Return the lifts of an experiment that is over, orders by hand and others apart; none while it runs.

    A lift's doubt is that of its 90 % interval, so few units count as few. What was stopped early was looked
    at before its time: there it is the interval that allows for it. Where the arm that is off met the channel
    all the same, the difference is that of a part of the effect, and is scaled to the whole (with its doubt).
    """
    if found.state not in ("ended", "stopped") or not found.found or found.why:
        return []
    planned, lifts = found.planned, []
    homes = len(found.arms.unit) + sum(found.arms.unseen)
    for kind in ("person", "automated"):
        seen = found.found[kind]
        ends = (seen.always_low, seen.always_high) if found.state == "stopped" else (seen.low, seen.high)
        error = (ends[1] - ends[0]) / 2.0 / float(ndtri(0.5 + LEVEL / 2))
        scale = seen.on / (1.0 - found.leak)
        if error > 0.0 and np.isfinite(scale):
            share = seen.on / max(homes, 1)
            lifts.append(
                Lift(
                    *(planned.name, planned.channel, kind, planned.start, found.until),
                    *(seen.each * scale, error * scale, share),
                    measured=True,
                )
            )
    return lifts
