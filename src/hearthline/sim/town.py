"""The homes of a simulated town, block by block: who lives there, what they own, what they are like."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from hearthline.sim.channels import CHANNELS, OWNED
from hearthline.sim.draws import BLOCK, Flags, Singles, Whole, generator

__all__ = ["SEGMENTS", "START", "TZ_MINUTES", "Calendar", "Homes", "calendar", "homes_of"]

START: Final = 1_767_571_200
"""First second of the first day, 2026-01-05, a Monday, in UTC."""
TZ_MINUTES: Final = 60
"""The town's local time is UTC plus this, all year."""
SEGMENTS: Final = ("occasional", "regular", "frequent", "loyal")
"""The observed trait: four levels of a noisy view of the latent affinity."""
_PACK_DAYS: Final = 14.0
_WEEKDAY: Final = np.array([0.95, 0.9, 0.9, 0.95, 1.05, 1.2, 1.05], dtype=np.float32)


@dataclass(frozen=True)
class Calendar:
    """What all homes share: one value a day.

    `temperature` is in degrees Celsius; `season` multiplies consumption; `shopping` multiplies the
    urge to order; `airing` is 1 on days when awareness campaigns run.
    """

    temperature: Singles
    season: Singles
    shopping: Singles
    airing: Singles


def calendar(seed: int, days: int) -> Calendar:
    """Return the town's days, the same for every block.

    >>> bool((calendar(1, 30).temperature == calendar(1, 60).temperature[:30]).all())
    True
    """
    day = np.arange(days)
    noise = np.array([generator(seed, "weather", d).normal() for d in range(days)])
    temperature = 10.0 - 9.0 * np.cos(2 * np.pi * (day - 15) / 365) + 2.5 * noise
    return Calendar(
        temperature=temperature.astype(np.float32),
        season=np.exp(0.01 * (temperature - 10.0)).astype(np.float32),
        shopping=_WEEKDAY[day % 7],
        airing=np.where(day % 28 < 21, 1.2, 0.4).astype(np.float32),
    )


@dataclass(frozen=True)
class Homes:
    """n homes of one block, as columns.

    Attributes:
        first: number of the first home in the town.
        size: members, 1 to 5; `adults` of them (1 or 2) have an account with the brand.
        affinity: latent liking of the brand, standard normal; nobody observes it.
        segment: index into `SEGMENTS`, correlated about .7 with affinity.
        packs_a_day: consumption on an average day.
        stock: packs at home on the first morning.
        owns: device kind -> whether the home has one.
        evening: habit, 0 (an early home) to 1 (a late one).
        hinted: whether the home's devices report the home that they are in.
    """

    first: int
    size: Whole
    adults: Whole
    affinity: Singles
    segment: Whole
    packs_a_day: Singles
    stock: Singles
    owns: dict[str, Flags]
    evening: Singles
    hinted: Flags

    @property
    def n(self) -> int:
        """Number of homes."""
        return len(self.size)

    @cached_property
    def meets(self) -> Singles:
        """(9, n) 1 where the home owns the device of the channel."""
        return np.stack([self.owns[c.device] for c in CHANNELS]).astype(np.float32)

    def reach(self, targeting: float = 1.0) -> Singles:
        """Return (9, n) chances of a touch a day from targeting of that strength alone."""
        tilt = np.float32(targeting) * np.array([[c.tilt] for c in CHANNELS], dtype=np.float32)
        rate = np.array([[c.rate] for c in CHANNELS], dtype=np.float32)
        return self.meets * rate * np.exp(tilt * self.affinity - tilt * tilt / 2)


def homes_of(seed: int, block: int, n: int) -> Homes:
    """Return the first n homes of a block; the same homes whatever n is.

    >>> bool((homes_of(1, 0, 5).size == homes_of(1, 0, 50).size[:5]).all())
    True
    """
    who, trait = generator(seed, "home", block=block), generator(seed, "trait", block=block)
    size = 1 + np.searchsorted([0.33, 0.64, 0.80, 0.94], who.random(BLOCK))
    adults = np.where((size > 1) & (who.random(BLOCK) < 0.35), 2, 1)
    appetite = np.exp(0.25 * who.normal(size=BLOCK)) * np.sqrt(size / 2.3) / _PACK_DAYS
    stock, evening, hint = who.random(BLOCK), who.random(BLOCK), who.random(BLOCK)
    affinity, noise = trait.normal(size=(2, BLOCK))
    seen = 0.76 * affinity + np.sqrt(1 - 0.76**2) * noise
    lot = generator(seed, "device", block=block).random((len(OWNED), BLOCK))
    return Homes(
        first=block * BLOCK,
        size=size[:n],
        adults=adults[:n],
        affinity=affinity[:n].astype(np.float32),
        segment=np.searchsorted([-0.6745, 0.0, 0.6745], seen)[:n],
        packs_a_day=appetite[:n].astype(np.float32),
        stock=(0.15 + 0.9 * stock)[:n].astype(np.float32),
        owns={kind: lot[i, :n] < share for i, (kind, share) in enumerate(OWNED.items())},
        evening=evening[:n].astype(np.float32),
        hinted=(hint < 0.6)[:n],
    )
