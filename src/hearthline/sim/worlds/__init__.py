"""The worlds: how touches act on decisions. One form, one module, discovered by its file.

A world module defines `WORLD`, an object with the members of `World`. Towns and consumption are the same
in all worlds; the causal form differs, or how much touches follow liking, need and each other, so
that no model is graded on its own assumptions alone.
"""

import pkgutil
from functools import cache
from importlib import import_module
from typing import Protocol, cast

from hearthline.schema.errors import UnknownName
from hearthline.sim.draws import Flags, Singles
from hearthline.sim.worlds._habits import Habits

__all__ = ["Habits", "World", "load", "worlds"]


class World(Protocol):
    """What every world says. Rates are per day; `memory` is the world's own, one column a home."""

    @property
    def name(self) -> str:
        """The module's name."""
        ...

    @property
    def title(self) -> str:
        """The form as a formula in words."""
        ...

    @property
    def habits(self) -> Habits:
        """Whom touches seek out, and what leads to what."""
        ...

    def with_density(self, density: float) -> "World":
        """Return the same world with that many times the touches."""
        ...

    def blank(self, n: int) -> Singles:
        """Return the memory of n homes that have met nothing."""
        ...

    def remember(self, memory: Singles, touches: Flags) -> Singles:
        """Return the memory after a day with these (channels, n) touches."""
        ...

    def order_rate(self, urge: Singles, memory: Singles) -> Singles:
        """Return (n,) rates of ordering by hand; `urge` is the inclination without any touch."""
        ...

    def enrol_rate(self, urge: Singles, memory: Singles) -> Singles:
        """Return (n,) rates of letting a machine or calendar order from now on."""
        ...


@cache
def worlds() -> tuple[str, ...]:
    """Return the names of all worlds, sorted.

    >>> worlds()
    ('additive', 'confounded', 'mediated', 'multiplicative')
    """
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


def load(world: str | World) -> World:
    """Return the world of that name; a world itself as it is.

    Raises:
        UnknownName: there is no such world; the message lists those that there are.
    """
    if not isinstance(world, str):
        return world
    if world not in worlds():
        raise UnknownName(f"sim: no world named {world!r}; choose one of {', '.join(worlds())}")
    return cast("World", import_module(f"{__name__}.{world}").WORLD)
