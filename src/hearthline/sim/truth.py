"""What each channel really caused: the town is lived again with channels switched off.

`do(off)` is what is lost when one channel is switched off and all others stay. The Shapley value
(Shapley 1953) shares the whole effect of all channels: it averages what a channel adds over all
2^9 sets of the others. Both use common random numbers (`sim.draws`), so a difference between two
lives is caused by the switch and by nothing else. Computed in whole cents, hence exact.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from math import factorial
from typing import Final, Literal

import numpy as np
import pyarrow as pa

from hearthline.sim.channels import NAMES
from hearthline.sim.draws import BLOCK, Flags, Whole
from hearthline.sim.layers import Departures, Layers, departures
from hearthline.sim.life import ALL_ON, Block, Switches, block_of, live
from hearthline.sim.trials import Trial
from hearthline.sim.worlds import World, load

__all__ = ["KINDS", "Effect", "Total", "Truth", "truth"]

Kind = Literal["person", "automated", "all"]
KINDS: Final[tuple[Kind, ...]] = ("person", "automated", "all")
"""Orders placed by hand, by a machine or calendar (replenishment and subscription), and both."""
_N: Final = len(NAMES)


@dataclass(frozen=True, slots=True)
class Effect:
    """What one channel caused in one kind of orders.

    `off_*` is what is lost when it alone is switched off, `shapley_*` its share of what all channels
    together cause (None when not asked for). Revenue is net of refunds and cancellations, in EUR.
    """

    channel: str
    kind: Kind
    off_revenue: Decimal
    off_orders: int
    shapley_revenue: Decimal | None
    shapley_orders: float | None


@dataclass(frozen=True, slots=True)
class Total:
    """Net revenue in EUR and orders of one kind: as lived, and with every channel off."""

    kind: Kind
    revenue: Decimal
    orders: int
    revenue_without: Decimal
    orders_without: int


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth of one town.

    Attributes:
        touches: touches of each channel, as lived.
        displacement: additional orders in total for each machine-placed or calendar order; below 1,
            because an enrolled home orders less by hand.
    """

    world: str
    homes: int
    days: int
    seed: int
    effects: tuple[Effect, ...]
    totals: tuple[Total, ...]
    touches: dict[str, int]
    displacement: float

    def table(self) -> pa.Table:
        """Return the effects as a table, one row a channel and kind."""
        money = pa.decimal128(24, 6)
        effects = self.effects
        return pa.table(
            {
                "channel": [e.channel for e in effects],
                "kind": [e.kind for e in effects],
                "touches": [self.touches[e.channel] for e in effects],
                "off_revenue": pa.array([e.off_revenue for e in effects], money),
                "off_orders": pa.array([e.off_orders for e in effects], pa.int64()),
                "shapley_revenue": pa.array([_six(e.shapley_revenue) for e in effects], money),
                "shapley_orders": pa.array([e.shapley_orders for e in effects], pa.float64()),
            }
        )


def truth(  # noqa: PLR0913 # a town has four numbers and a name
    world: str | World,
    homes: int,
    days: int,
    seed: int,
    *,
    shapley: bool = True,
    trial: Trial | None = None,
    layers: Layers | None = None,
    progress: Callable[[float], None] | None = None,
) -> Truth:
    """Return what each channel caused in a town that was lived with this seed.

    Costs 2^9 + 1 lives with `shapley`, else 12; about 0.02 s for 1,000 homes x 120 days each.

    Args:
        world: a world, or its name.
        homes: number of homes.
        days: number of days, at most 4,000.
        seed: the seed of every draw.
        shapley: whether to share the whole effect as well.
        trial: the experiment that was run in the town: what is on is then what it left on.
        layers: who leaves, if anyone does: a home that left neither meets nor orders anything.
        progress: called with the finished part, from 0 to 1.

    >>> t = truth("additive", 50, 60, seed=1, shapley=False)
    >>> [e.off_orders for e in t.effects if e.channel == "wearable"]
    [0, 0, 0]
    """
    form = load(world)
    masks = range(2**_N) if shapley else _single_masks()
    value = np.zeros((2**_N, 2, 2), dtype=np.int64)
    alone = np.zeros((2, 2), dtype=np.int64)
    seen = np.zeros(_N, dtype=np.int64)
    sizes = [min(BLOCK, homes - first) for first in range(0, homes, BLOCK)]
    for number, size in enumerate(sizes):
        block = block_of(seed, number, size, days)
        gone = departures(seed, block.homes, layers)
        for done, mask in enumerate(masks):
            value[mask] += _lived(block, form, _within(_switches(mask), trial, number, size), gone)
            if progress is not None and done % 8 == 0:
                progress((number + done / len(masks)) / len(sizes))
        lived = _within(ALL_ON, trial, number, size)
        alone += _lived(block, form, lived, gone, enrolling=False)
        seen += sum(day.touches[:, gone.there(day.day)].sum(axis=1) for day in live(block, form, lived))
    return Truth(
        world=form.name,
        homes=homes,
        days=days,
        seed=seed,
        effects=_effects(_with_all(value), shapley=shapley),
        totals=_totals(_with_all(value)),
        touches=dict(zip(NAMES, seen.tolist(), strict=True)),
        displacement=_displacement(value[-1], alone),
    )


def _single_masks() -> list[int]:
    everything = 2**_N - 1
    return [everything, 0, *(everything ^ (1 << i) for i in range(_N))]


def _switches(mask: int) -> Flags:
    out: Flags = (mask >> np.arange(_N)) & 1 == 1
    return out


def _within(on: Flags, trial: Trial | None, number: int, n: int) -> Switches:
    """Return the switches of a life in which a trial leaves off what it has off."""
    if trial is None:
        return on
    left = trial.on(number, n)
    return lambda day: left(day) & on[:, None]


def _lived(block: Block, world: World, on: Switches, gone: Departures, *, enrolling: bool = True) -> Whole:
    """Return a (2, 2) array: person and automated by net revenue in cents and orders."""
    out = np.zeros((2, 2), dtype=np.int64)
    for day in live(block, world, on, enrolling=enrolling):
        t = day.day
        for row, (flags, cents) in enumerate(
            ((day.person, block.person_cents[t]), (day.machine, block.machine_cents[t]))
        ):
            hit = np.flatnonzero(flags & gone.there(t))
            out[row, 0] += (cents[hit] * block.kept[t, hit] // 1000).sum()
            out[row, 1] += len(hit)
    return out


def _with_all(value: Whole) -> Whole:
    """Return values (masks, kinds, 2) with the sum of both kinds appended."""
    return np.concatenate([value, value.sum(axis=1, keepdims=True)], axis=1)


def _totals(value: Whole) -> tuple[Total, ...]:
    full, none = value[-1], value[0]
    return tuple(
        Total(kind, _eur(full[k, 0]), int(full[k, 1]), _eur(none[k, 0]), int(none[k, 1]))
        for k, kind in enumerate(KINDS)
    )


def _effects(value: Whole, *, shapley: bool) -> tuple[Effect, ...]:
    everything = 2**_N - 1
    out = []
    for i, name in enumerate(NAMES):
        off = value[everything] - value[everything ^ (1 << i)]
        share = _shapley(value, i) if shapley else None
        for k, kind in enumerate(KINDS):
            out.append(
                Effect(
                    *(name, kind, _eur(off[k, 0]), int(off[k, 1])),
                    shapley_revenue=None if share is None else _eur(share[k, 0], factorial(_N)),
                    shapley_orders=None if share is None else int(share[k, 1]) / factorial(_N),
                )
            )
    return tuple(out)


def _shapley(value: Whole, channel: int) -> Whole:
    """Return (kinds, 2) Shapley values times 9!, as whole numbers.

    Sums of at most 9! x total; below 2^63 for revenue up to 250 million EUR.
    """
    masks = np.arange(2**_N)
    without = masks[(masks >> channel) & 1 == 0]
    size = np.bitwise_count(without).astype(np.int64)
    weight = np.array([factorial(s) * factorial(_N - s - 1) for s in range(_N)])[size]
    gain = value[without | (1 << channel)] - value[without]
    out: Whole = (gain * weight[:, None, None]).sum(axis=0)
    return out


def _eur(cents: np.int64, parts: int = 1) -> Decimal:
    """Return cents, divided by `parts`, in EUR."""
    return Decimal(int(cents)) / (100 * parts)


def _six(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(Decimal("0.000001"))


def _displacement(full: Whole, alone: Whole) -> float:
    """Return additional orders for each automated one; 0 where there is none."""
    automated = int(full[1, 1])
    return (int(full[:, 1].sum()) - int(alone[:, 1].sum())) / automated if automated else 0.0
