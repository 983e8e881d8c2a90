"""Confounded: the additive form where touches seek out homes that like the brand or have run out."""

from typing import Final

from hearthline.sim.worlds._additive import Additive
from hearthline.sim.worlds._habits import Habits

__all__ = ["WORLD"]

WORLD: Final = Additive("confounded", Habits(targeting=2.5, needing=2.0))
