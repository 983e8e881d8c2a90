"""Simulated towns of connected homes whose truth is known. Nothing in production imports this room.

`simulate` lives a town and returns its tables, `truth` says what each channel really caused, and the
three writers tell the same town in three ways: `write_lake` (canonical Parquet, streamed),
`write_payloads` (as the platforms send it) and `write_tables` (a stranger's two CSV files).
"""

from hearthline.sim.asking import CONTENT, write_content
from hearthline.sim.channels import NAMES as CHANNEL_NAMES
from hearthline.sim.hidden import Hidden, hidden
from hearthline.sim.lake import write_lake
from hearthline.sim.layers import Layers, departures_of
from hearthline.sim.payloads import write_payloads
from hearthline.sim.story import Story, simulate
from hearthline.sim.tables import write_tables
from hearthline.sim.takings import takings
from hearthline.sim.trials import Trial, write_arms
from hearthline.sim.truth import Effect, Total, Truth, truth
from hearthline.sim.worlds import Habits, World, load, worlds

__all__ = [
    "CHANNEL_NAMES",
    "CONTENT",
    "Effect",
    "Habits",
    "Hidden",
    "Layers",
    "Story",
    "Total",
    "Trial",
    "Truth",
    "World",
    "departures_of",
    "hidden",
    "load",
    "simulate",
    "takings",
    "truth",
    "worlds",
    "write_arms",
    "write_content",
    "write_lake",
    "write_payloads",
    "write_tables",
]
