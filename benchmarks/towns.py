"""Journeys of simulated towns, as models see them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from hearthline.schema.journey import Ints, Journeys

__all__ = ["Seen", "seen_in"]


@dataclass(frozen=True)
class Seen:
    """What the models of a town's answer are fitted to.

    Attributes:
        orders: journeys to orders of persons.
        enrolments: journeys to enrolments.
        process: journeys to orders in which touches reach over orders.
        order_end_ms: (n,) when each journey of `orders` ended, UTC milliseconds.
        channels: the channels' names.
    """

    orders: Journeys
    enrolments: Journeys
    process: Journeys
    order_end_ms: Ints
    channels: tuple[str, ...]


def seen_in(world: str, homes: int, days: int, seed: int) -> Seen:
    """Return the journeys of a town, made from its events alone."""
    from hearthline import sim
    from hearthline.pipeline.core import build_core, silent
    from hearthline.pipeline.credit.batches import batches
    from hearthline.pipeline.credit.orders import open_book
    from hearthline.schema.journey import concatenated
    from hearthline.schema.settings import Settings
    from hearthline.store.duckdb import DuckEngine
    from hearthline.store.lake import Lake

    with TemporaryDirectory(prefix="hearthline-town-") as folder:
        raw, lake = Path(folder) / "raw", Lake(Path(folder) / "lake")
        sim.write_lake(world, homes, days, seed, raw, telemetry=0.0)
        with lake.batch(datetime(2026, 6, 1, tzinfo=UTC)) as batch:
            batch.adopt(raw / "events-*.parquet", raw / "identities-*.parquet")
        engine = DuckEngine("2GB", threads=2)
        core = build_core(engine, lake, Settings(), silent)
        parts = list(batches(core, open_book(engine), reaching=True))
        names = tuple(core.channels["name"].to_pylist())
        engine.close()
    orders = concatenated([p.apart.to_order for p in parts])
    end_ms = np.concatenate([p.apart.orders.end_ms for p in parts])
    process = concatenated([p.reaching.to_order for p in parts])
    return Seen(orders, concatenated([p.apart.to_enrol for p in parts]), process, end_ms, names)
