"""Simulated towns of connected homes whose truth is known. Nothing in production imports this room."""

from hearthline.sim.lake import write_lake
from hearthline.sim.truth import Effect, Total, Truth, truth
from hearthline.sim.worlds import World, load, worlds

__all__ = ["Effect", "Total", "Truth", "World", "load", "truth", "worlds", "write_lake"]
