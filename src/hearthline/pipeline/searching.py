"""Whether somebody is still in a home: every byte of every file is looked at, packed ones unpacked."""

import mmap
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

__all__ = ["Searched", "searched"]

_SHORTEST = 4
_NOT_LOOKED_AT = frozenset({"secret.key", "earlier.keys", "marks.key"})


@dataclass(frozen=True, slots=True)
class Searched:
    """What was looked at, and where something was found.

    Attributes:
        words: how many identifiers and hashes were looked for.
        short: how many of them were too short to be looked for (fewer than 4 letters).
        files, size: files looked at byte by byte, and their bytes.
        tables, rows: Parquet files and tables of answers that were read back, and their rows.
        found: places, relative to the home.
    """

    words: int
    short: int
    files: int
    size: int
    tables: int
    rows: int
    found: tuple[str, ...]


def searched(home: Path, words: Collection[str]) -> Searched:
    """Return where words stand in a home, as whole words, in clear or inside packed columns."""
    long = sorted({w for w in words if len(w) >= _SHORTEST})
    files = sorted(f for f in home.rglob("*") if f.is_file() and f.name not in _NOT_LOOKED_AT)
    if not long:
        return Searched(0, len(set(words)), 0, 0, 0, 0, ())
    either = "|".join(map(re.escape, long))
    pattern = re.compile(rf"(?<![A-Za-z0-9_])(?:{either})(?![A-Za-z0-9_])".encode())
    found = [str(f.relative_to(home)) for f in files if _in_bytes(f, pattern)]
    tables = rows = 0
    for place, count, hits in _unpacked(home, files, f"(^|[^A-Za-z0-9_])({either})($|[^A-Za-z0-9_])"):
        tables, rows = tables + 1, rows + count
        found += [place] if hits else []
    size = sum(f.stat().st_size for f in files)
    return Searched(len(long), len(set(words)) - len(long), len(files), size, tables, rows, tuple(found))


def _in_bytes(file: Path, pattern: re.Pattern[bytes]) -> bool:
    with file.open("rb") as handle:
        if not file.stat().st_size:
            return False
        with mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return pattern.search(content) is not None


def _unpacked(home: Path, files: Collection[Path], pattern: str) -> Iterator[tuple[str, int, int]]:
    """Yield each packed table: its place, its rows, and in how many of them the pattern is."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        for file in files:
            place, quoted = str(file.relative_to(home)), str(file).replace("'", "''")
            if file.suffix == ".parquet":
                yield (place, *_hits(con, f"read_parquet('{quoted}', hive_partitioning = false)", pattern))
            elif file.suffix == ".duckdb":
                con.execute(f"ATTACH '{quoted}' AS looked_at (READ_ONLY)")
                named = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'looked_at'"
                for (table,) in con.execute(named).fetchall():
                    yield (f"{place} {table}", *_hits(con, f'looked_at.main."{table}"', pattern))
                con.execute("DETACH looked_at")


def _hits(con: duckdb.DuckDBPyConnection, table: str, pattern: str) -> tuple[int, int]:
    sql = f"SELECT count(*), count(*) FILTER (regexp_matches(CAST(t AS VARCHAR), $1)) FROM {table} t"
    count, hits = con.execute(sql, [pattern]).fetchall()[0]
    return int(count), int(hits)
