"""Mediated: the multiplicative form where searches and retargeting mostly come from earlier touches."""

from typing import Final

from hearthline.sim.worlds._habits import Habits
from hearthline.sim.worlds._multiplicative import Multiplicative

__all__ = ["WORLD"]

WORLD: Final = Multiplicative("mediated", Habits(leading=3.0))
