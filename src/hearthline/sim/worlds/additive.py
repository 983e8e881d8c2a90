"""Additive: touches add to the rate of ordering, and fade exponentially."""

from typing import Final

from hearthline.sim.worlds._additive import Additive

__all__ = ["WORLD"]

WORLD: Final = Additive("additive")
