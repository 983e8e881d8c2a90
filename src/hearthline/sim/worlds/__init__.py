"""The worlds: how touches act on decisions. One form, one module, discovered by its file.

A world module defines `WORLD`, an object with the members of `World`. Town, habits, targeting and
consumption are the same in all worlds; only the causal form and its strengths differ, so that no
model is graded on its own assumptions alone.
"""

import pkgutil
from functools import cache
from importlib import import_module
from typing import Protocol, cast

from hearthline.schema.errors import UnknownName
from hearthline.sim.draws import Flags, Singles

__all__ = ["World", "load", "worlds"]


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
    ('additive', 'multiplicative')
    """
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


@cache
def load(name: str) -> World:
    """Return the world of that name.

    Raises:
        UnknownName: there is no such world; the message lists those that there are.
    """
    if name not in worlds():
        raise UnknownName(f"sim: no world named {name!r}; choose one of {', '.join(worlds())}")
    return cast("World", import_module(f"{__name__}.{name}").WORLD)
