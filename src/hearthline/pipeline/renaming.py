"""Events and identities as if no key had ever been rotated: what follows reads one name a value."""

import pyarrow as pa

from hearthline import identity
from hearthline.identity import NAMES, Renamed
from hearthline.schema.arrow import IDENTITIES
from hearthline.store.engine import Engine
from hearthline.store.lake import SCHEMAS, Lake, TableName
from hearthline.store.renamed import AS_ONE

__all__ = ["RENAMING", "read_as_one", "renaming_tables"]

RENAMING = ("known_moved", "known_names", "known_rewritten")
"""Tables of an answer that say what goes by another name; empty where no key was rotated."""
_TABLES: dict[TableName, str] = {"events": "read_events", "identities": "raw_identities"}
_MOVED = pa.schema([("identity", pa.int64()), ("canonical", pa.int64())])


def read_as_one(engine: Engine, lake: Lake) -> Renamed:
    """Make `read_events` and `raw_identities` with one name for each value; return what changed.

    Costs nothing where no key was rotated; else the distinct identities are read once.
    """
    if not lake.files("aliases"):
        for table, name in _TABLES.items():
            engine.scan(name, lake.files(table), SCHEMAS[table])
        return Renamed(NAMES.empty_table(), _MOVED.empty_table(), IDENTITIES.empty_table())
    for table in _TABLES:
        engine.scan(f"stored_{table}", lake.files(table), SCHEMAS[table])
    engine.scan("stored_aliases", lake.files("aliases"), SCHEMAS["aliases"])
    stored = engine.table("SELECT identity, identifiers, household_hints FROM stored_identities")
    pairs = engine.table(
        "SELECT later, earlier, min(unix_micros(received)) AS received_us FROM stored_aliases "
        "GROUP BY later, earlier"
    )
    found = identity.one_name(stored.cast(IDENTITIES), pairs)
    tables = renaming_tables(found)
    for name, rows in tables.items():
        engine.load(name, rows)
    for table, shown in _TABLES.items():
        engine.view(shown, AS_ONE[table].format(source=f"stored_{table}"))
    return found


def renaming_tables(found: Renamed) -> dict[str, pa.Table]:
    """Return the tables that an answer keeps of it (`RENAMING`)."""
    return dict(zip(RENAMING, (found.moved, found.names, found.rows), strict=True))
