"""The signals are derived from the answer's tables, and their tables are kept in the answer.

They read on a session of their own, which sees what reports see: the tables of docs/answer.md, and
`homed_events`, the usable events, each once, with their household; `content`, from the brand's files; and
what several signals read, which is made once (`signals.SHARED`).
"""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from hearthline import signals
from hearthline.pipeline.core import Core, Progress, make
from hearthline.pipeline.signals.content import content_of
from hearthline.schema.select import selects
from hearthline.schema.settings import Settings
from hearthline.signals import DERIVED, Asked, Tables
from hearthline.store.duckdb import DuckEngine
from hearthline.store.lake import SCHEMAS, Lake
from hearthline.store.renamed import AS_ONE, HEEDED

__all__ = ["check_signals", "keep_signals"]

_STORED, _READ = "SELECT * FROM stored_events", "SELECT * FROM read_events"
HOMED = selects("hearthline.pipeline.signals", "homed_events?")


def check_signals(home: Path, settings: Settings) -> None:
    """Refuse settings of `[signals]` that nothing would heed, before the work.

    Raises:
        BadConfig: the message says which, and what is possible.
    """
    signals.check_options(settings.signals.options)
    content_of(home, settings.signals.content)


def keep_signals(core: Core, writer: DuckEngine, lake: Lake, progress: Progress) -> None:
    """Keep every signal's tables in the answer, and the table `signals` with one row each."""
    reader = _reader(core, writer, lake)
    asked = Asked(datetime.fromtimestamp(core.layout.last_ms / 1000, UTC), core.currency)
    kept: dict[str, pa.Table] = {}
    derived = [DERIVED.empty_table()]
    about = []
    for name in signals.in_order():
        progress(f"deriving {name.replace('_', ' ')}")
        signal = signals.load(name)
        seen = {table: reader.table(sql) for table, sql in signal.READS.items()}
        seen |= {table: kept[table] for table in signal.NEEDS}
        made = derived_by(name, seen, asked, core.settings)
        for table, rows in made.items():
            if table == "derived":
                derived.append(rows)
            else:
                kept[table] = rows
                writer.append(table, rows)
        about.append({"signal": name, "title": signal.TITLE, "rows": sum(t.num_rows for t in made.values())})
    writer.append("derived", pa.concat_tables(derived))
    writer.append("signals", pa.Table.from_pylist(about))


def derived_by(name: str, seen: Tables, asked: Asked, settings: Settings) -> Tables:
    """Return a signal's tables."""
    options = settings.signals.options.get(name, {})
    return signals.load(name).derive(seen, signals.asked_of(name, asked, options))


def _reader(core: Core, writer: DuckEngine, lake: Lake) -> DuckEngine:
    """Return a session that sees the answer's tables as reports do, and `homed_events`."""
    reader = writer.beside()
    _scan_events(reader, core, lake)
    reader.load("usable", core.engine.table("SELECT context FROM kinds WHERE usable"))
    reader.load("repeated", core.engine.table("SELECT key FROM repeated"))
    reader.load("content", content_of(lake.folder.parent, core.settings.signals.content))
    for select in HOMED:
        make(reader, select, {})
    for table, sql in signals.SHARED.items():
        reader.create(table, sql)
    return reader


def _scan_events(reader: DuckEngine, core: Core, lake: Lake) -> None:
    """Make `events`, the lake's, as the core read them: names in use, withdrawals heeded."""
    reader.scan("stored_events", lake.files("events"), SCHEMAS["events"])
    as_one = core.who.kept["known_moved"].num_rows
    reader.view("read_events", AS_ONE["events"].format(source="stored_events") if as_one else _STORED)
    heeded = core.who.kept["known_withdrawn"].num_rows
    reader.view("events", HEEDED.format(events="read_events") if heeded else _READ)
