"""Multiplicative: touches multiply the urge to order, saturate, and act with a delay."""

from typing import Final

from hearthline.sim.worlds._multiplicative import Multiplicative

__all__ = ["WORLD"]

WORLD: Final = Multiplicative("multiplicative")
