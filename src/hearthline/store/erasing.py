"""Rows taken out of the lake for good: files that hold them are written anew without them."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from hearthline.store.compaction import drop
from hearthline.store.home import sync_file, sync_folder
from hearthline.store.lake import Lake

__all__ = ["doomed", "erase"]

Conditions = Mapping[str, str]
"""By table: the SQL condition that a row to be erased fulfils."""


def doomed(lake: Lake, con: duckdb.DuckDBPyConnection, conditions: Conditions) -> dict[str, int]:
    """Return how many rows of each table fulfil their condition."""
    found = {}
    for table, condition in conditions.items():
        files = [f for b in lake.manifest()["batches"] for f in b["files"].get(table, [])]
        found[table] = sum(_count(con, lake.folder / f, condition) for f in files)
    return found


def erase(
    lake: Lake, con: duckdb.DuckDBPyConnection, conditions: Conditions, spared: Collection[Path] = ()
) -> dict[str, int]:
    """Write every file that holds such rows anew without them, and return how many rows went.

    The caller sees to it that nobody merges meanwhile. The old files are dropped, and removed by `sweep`.
    Files that are `spared` stay as they are, whatever they hold.
    """
    gone = dict.fromkeys(conditions, 0)
    replaced: dict[str, tuple[str | None, int]] = {}
    for entry in lake.manifest()["batches"]:
        for table in entry["files"].keys() & conditions.keys():
            for file in (f for f in entry["files"][table] if lake.folder / f not in spared):
                rows = _count(con, lake.folder / file, conditions[table])
                if rows:
                    replaced[file] = (_rewritten(lake.folder, con, file, conditions[table]), rows)
                    gone[table] += rows
    if replaced:
        with lake.changing() as manifest:
            manifest["batches"] = [_without(entry, replaced) for entry in manifest["batches"]]
            drop(manifest, list(replaced))
    return gone


def _without(entry: dict[str, Any], replaced: Mapping[str, tuple[str | None, int]]) -> dict[str, Any]:
    files, rows = {}, dict(entry["rows"])
    for table, names in entry["files"].items():
        new = [replaced[f][0] if f in replaced else f for f in names]
        files[table] = [f for f in new if f is not None]
        lost = sum(replaced[f][1] for f in names if f in replaced)
        if rows.get(table):
            rows[table] = max(rows[table] - lost, 0)
    return {**entry, "rows": rows, "files": {t: f for t, f in files.items() if f}}


def _source(path: Path) -> str:
    return "read_parquet('" + str(path).replace("'", "''") + "', hive_partitioning = false)"


def _count(con: duckdb.DuckDBPyConnection, path: Path, condition: str) -> int:
    found = con.execute(f"SELECT count(*) FROM {_source(path)} WHERE {condition}").fetchall()
    return int(found[0][0])


def _rewritten(folder: Path, con: duckdb.DuckDBPyConnection, file: str, condition: str) -> str | None:
    """Write a file without such rows, and return its name; None where nothing would be left."""
    old = folder / file
    kept = f"SELECT * FROM {_source(old)} WHERE ({condition}) IS NOT TRUE"
    if not con.execute(f"SELECT count(*) FROM ({kept})").fetchall()[0][0]:
        return None
    new = old.with_name(f"{old.stem.split('.')[0]}.{uuid4().hex[:8]}.parquet")
    quoted = str(new).replace("'", "''")
    con.execute(f"COPY ({kept}) TO '{quoted}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)")
    sync_file(new)
    sync_folder(new.parent)
    return str(new.relative_to(folder))
