"""One run: the core on an engine, the credit, the tables of the answer, published at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import pyarrow as pa

from hearthline.files import check_mapping
from hearthline.pipeline import answer as answer_tables
from hearthline.pipeline.actors import find_actors, keep_actors
from hearthline.pipeline.checks import checks_table
from hearthline.pipeline.core import RESOLVED, Core, Progress, build_core
from hearthline.pipeline.credit import chosen_models, credit
from hearthline.pipeline.experiments import keep_experiments, read_book, reader
from hearthline.pipeline.forecasts import keep_forecasts
from hearthline.pipeline.identities import before_this, stamped
from hearthline.pipeline.making import make
from hearthline.pipeline.resolving import known_before
from hearthline.pipeline.signals import check_signals, keep_signals
from hearthline.schema.settings import Settings
from hearthline.store.answer import draft, publish
from hearthline.store.damage import damage_told
from hearthline.store.duckdb import DuckEngine
from hearthline.store.engine import Engine, engine_named
from hearthline.store.home import HomeFolder
from hearthline.store.lake import SCHEMAS, Lake
from hearthline.store.renamed import SAID_AS_ONE
from hearthline.store.spark import SparkEngine

__all__ = ["run"]

CORE_TABLES = (
    "members",
    "observations",
    "context_counts",
    "context_places",
    "kinds",
    "channels",
    "places",
    "payments",
    "orders",
    "told_twice",
    "homed_enrolments",
    "segments",
    "timelines",
    "home_steps",
)
"""Tables that the answer's SELECTs read."""


@contextmanager
def _core_engine(settings: Settings, name: str, spill: Path) -> Iterator[Engine]:
    """Give the engine that runs the core; the answer is written by another, so that both can go on."""
    chosen = settings.engine
    engine: Engine
    if name == "spark":
        engine = SparkEngine(chosen.threads)
    else:
        engine = DuckEngine(chosen.memory, chosen.threads, spill / "core")
    try:
        yield engine
    finally:
        engine.close()


def run(
    home: HomeFolder, settings: Settings, engine: str | None, progress: Progress, *, demo: bool = False
) -> None:
    """Make the answer and publish it; see `Home.run`."""
    chosen_models(settings.attribution)  # what is wrong with a setting is said before the work
    check_mapping(settings.map, "[map]")
    check_signals(home.path, settings)
    runs = engine_named(engine, settings.engine.name)
    started = datetime.now(UTC)
    name = f"{started:%Y%m%d-%H%M%S}-{uuid4().hex[:4]}"
    with home.writing(), damage_told(home), TemporaryDirectory(prefix="hearthline-") as folder:
        spill = Path(folder)
        writer = DuckEngine(
            settings.engine.memory, settings.engine.threads, spill / "answer", draft(home, name)
        )
        lake = Lake(home.lake).snapshot()
        try:
            with _core_engine(settings, runs, spill) as core_engine:
                before, changes = before_this(home)
                known = known_before(home, settings.identity)
                core = build_core(core_engine, lake, settings, progress, (before, known))
                for table, rows in core.who.kept.items():
                    writer.append(table, rows)
                writer.append("identity_changes", stamped(core.changes, started, changes))
                progress("finding who used what")
                find_actors(core)
                credit(core, writer.append, progress)
                progress("writing the answer")
                _copy_core(core, writer)
                about = _finish(lake, core, writer, started, name, demo=demo)
                keep_signals(core, writer, lake, progress)
                keep_forecasts(writer, settings.attribution.horizon_days)
                _keep_experiments(home, lake, writer)
        finally:
            writer.close()
        publish(home, lake, name, about)


def _copy_core(core: Core, writer: DuckEngine) -> None:
    """Bring the core's tables to the answer's engine."""
    for table in (*CORE_TABLES, *RESOLVED):
        writer.load(table, core.engine.table(f"SELECT * FROM {table}"))


def _finish(
    lake: Lake, core: Core, writer: DuckEngine, started: datetime, name: str, *, demo: bool
) -> dict[str, Any]:
    """Make the remaining tables of the answer; return what its pointer says about it."""
    for told in ("intake", "rejects"):
        writer.scan(f"raw_{told}", lake.files(told), SCHEMAS[told])
    for table in ("place_reach", "channel_reach"):
        writer.load(table, writer.table(f"SELECT * FROM {writer.kept(table)}"))
    for select in answer_tables.SELECTS:
        make(writer, type(select)(f"draft_{select.table}", select.sql), {})
        writer.append(select.table, writer.table(f"SELECT * FROM draft_{select.table}"))
    keep_actors(core, writer)
    writer.append("checks", checks_table(core, writer, lake))
    writer.append("rates", core.engine.table("SELECT currency, rate FROM rates ORDER BY currency"))
    about = _about(core, writer, lake, started, name, demo=demo)
    writer.append("run", pa.Table.from_pylist([about]))
    return {"run": name, "currency": core.currency, "demo": demo}


def _keep_experiments(home: HomeFolder, lake: Lake, writer: DuckEngine) -> None:
    """Keep what experiments found and what models learn from them."""
    writer.scan("said_assignments", lake.files("assignments"), SCHEMAS["assignments"])
    writer.view("assignments", SAID_AS_ONE["assignments"].format(source="said_assignments"))
    read = reader(writer.table, lambda table: table if table == "assignments" else writer.kept(table))
    keep_experiments(read, read_book(home), writer.append)


def _displaced(writer: DuckEngine) -> float:
    """Return the displaced part of orders without a person, of both kinds together."""
    found = writer.table(
        f"SELECT sum(o.value * l.shop) / nullif(sum(l.shop), 0) AS part FROM {writer.kept('owing')} o "
        f"JOIN (SELECT DISTINCT kind, shop::DOUBLE AS shop FROM {writer.kept('ledger')}) l "
        "ON o.kind = l.kind WHERE o.what = 'displacement'"
    )
    return float(found["part"][0].as_py() or 0.0)


def _about(
    core: Core, writer: DuckEngine, lake: Lake, started: datetime, name: str, *, demo: bool
) -> dict[str, Any]:
    counted = writer.table("SELECT CAST(sum(events) AS BIGINT) AS n FROM context_counts")
    events = counted["n"][0].as_py()
    chosen = core.settings.attribution
    displaced = _displaced(writer)
    first, last = core.layout.first_ms, core.layout.last_ms
    return {
        "run": name,
        "started": started,
        "finished": datetime.now(UTC),
        "currency": core.currency,
        "unit_kind": core.settings.journeys.unit,
        "first_day": datetime.fromtimestamp(first / 1000, UTC).date(),
        "last_day": datetime.fromtimestamp(last / 1000, UTC).date(),
        "events": events,
        "duplicates": lake.rows("events") - events,
        "rejects": lake.rows("rejects"),
        "identities": core.who.identities,
        "identities_judged": core.who.looked_at,
        "engine": core.engine.name,
        "version": version("hearthline"),
        "demo": demo,
        "default_model": chosen.default,
        "min_homes": chosen.min_homes,
        "horizon_days": float(chosen.horizon_days),
        "displacement": displaced,
    }
