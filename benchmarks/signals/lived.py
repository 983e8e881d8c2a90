"""A town as it was truly lived, and lived on: what reports about it can be held against.

Matrices are (days, homes) of one block of homes. Nothing here reads an answer, and nothing of a signal or a
report is imported.
"""

from dataclasses import dataclass, replace

import numpy as np

from hearthline.sim.beside import beside, seen
from hearthline.sim.channels import CHANNELS, DEVICES
from hearthline.sim.draws import BLOCK
from hearthline.sim.happenings import Log, happenings, joined
from hearthline.sim.layers import Departures, Layers, departures
from hearthline.sim.life import ALL_ON, Block, block_of, live
from hearthline.sim.worlds import load

__all__ = ["AHEAD", "CONNECTED", "Life", "Lived", "lived"]

AHEAD = 366
"""Days that the town lives on after its last one."""
CONNECTED = ("speaker", "display", "tv", "appliance", "wearable", "vehicle", "sensor")


@dataclass(frozen=True)
class Life:
    """One life of the homes; all (days, n), touches (days, channels, n). After a home left, nothing is.

    `hand` and `machine` are orders that were not cancelled, `kind` what is enrolled (1 replenishment, 2
    subscription), `by_hand` and `by_machine` their net revenue in cents, `stock` packs at the day's end.
    """

    hand: np.ndarray
    machine: np.ndarray
    kind: np.ndarray
    enrolled: np.ndarray
    ended: np.ndarray
    stock: np.ndarray
    touches: np.ndarray
    by_hand: np.ndarray
    by_machine: np.ndarray
    void: np.ndarray


@dataclass(frozen=True)
class Lived:
    """A town: its homes, who left when, its life (with the year after), what was seen of it."""

    days: int
    seed: int
    block: Block
    gone: Departures
    life: Life
    log: Log
    ahead: Log

    @property
    def n(self) -> int:
        """Number of homes."""
        return self.block.homes.n

    def owns(self, *kinds: str) -> np.ndarray:
        """Return (n,) which homes own a device of any of these kinds."""
        out: np.ndarray = np.any([self.block.homes.owns[k] for k in kinds], axis=0)
        return out

    def there(self, day: int) -> np.ndarray:
        """Return (n,) which homes are still there on a day."""
        return self.gone.there(day)

    def again(self, *, off: str = "", rhythms: object = None, luck: int = 0) -> Life:
        """Return the same homes' life without a channel, with other rhythms, or with other luck."""
        block = self.block
        if luck:
            draws = np.random.default_rng([self.seed, 555, luck]).random(block.order.shape)
            block = replace(block, order=-np.log1p(-draws).astype(np.float32))
        on = ALL_ON.copy()
        if off:
            on[[c.name for c in CHANNELS].index(off)] = False
        return _life(block, self.gone, on, rhythms)


def lived(homes: int, days: int, seed: int, world: str = "additive") -> Lived:
    """Return a town of at most 2,048 homes with the layers of the demo."""
    if homes > BLOCK:
        raise SystemExit(f"lived: {homes} homes; a block has {BLOCK}: take fewer")
    layers = Layers.lively()
    block = block_of(seed, 0, homes, days + AHEAD)
    gone = departures(seed, block.homes, layers)
    logs = []
    for upto in (days, days + AHEAD):
        own, log, _ = happenings(load(world), seed, 0, homes, upto)
        left = seen(log, gone, 0)
        logs.append(joined([left, beside(seed, own, left, layers)]))
    return Lived(days, seed, block, gone, _life(block, gone, ALL_ON, None, world), *logs)


def _life(block: Block, gone: Departures, on: np.ndarray, rhythms: object, world: str = "additive") -> Life:
    shape = (block.days, block.homes.n)
    flags = {name: np.zeros(shape, dtype=bool) for name in ("person", "machine", "ended")}
    kind, enrolled = np.zeros(shape, dtype=np.int8), np.zeros(shape, dtype=np.int8)
    stock, touches = np.zeros(shape, dtype=np.float32), np.zeros((block.days, len(CHANNELS), shape[1]), bool)
    for day in live(block, load(world), on, rhythms=rhythms):  # type: ignore[arg-type]
        t, there = day.day, gone.there(day.day)
        for name, matrix in flags.items():
            matrix[t] = getattr(day, name) & there
        kind[t], enrolled[t], stock[t] = day.kind * there, day.enrolled * there, day.stock
        touches[t] = day.touches & there
    good = ~block.cancelled
    hand, machine = flags["person"] & good, flags["machine"] & good
    return Life(
        *(hand, machine, kind, enrolled, flags["ended"], stock, touches),
        hand * (block.person_cents * block.kept // 1000),
        machine * (block.machine_cents * block.kept // 1000),
        (flags["person"] | flags["machine"]) & ~good,
    )


def channels_on(*kinds: str) -> list[int]:
    """Return the rows of channels that are met on devices of these kinds."""
    assert set(kinds) <= set(DEVICES)
    return [i for i, c in enumerate(CHANNELS) if c.device in kinds]
