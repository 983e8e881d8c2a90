"""What runs the relational core: one protocol, two engines, the same SQL text on both.

The text keeps to what DuckDB and Spark both understand, over a few functions that each engine
defines natively: `unix_micros(timestamp)`, `as_ms(us)`, `as_day(us)`, `as_time(us)`, `packed(list)`,
`explode(list)`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from hearthline.schema.errors import BadConfig

__all__ = ["ENGINES", "Engine", "engine_named"]

ENGINES = ("duckdb", "spark")


def engine_named(name: str | None, usual: str) -> str:
    """Return the engine's name, the usual one where none is asked for.

    Raises:
        BadConfig: there is no such engine.

    >>> engine_named(None, "duckdb")
    'duckdb'
    """
    chosen = name or usual
    if chosen not in ENGINES:
        raise BadConfig(f"engine: no engine named {chosen!r}; choose one of {', '.join(ENGINES)}")
    return chosen


class Engine(Protocol):
    """An engine with its session: tables live until it is closed."""

    name: str

    def scan(self, table: str, files: Sequence[Path], schema: pa.Schema) -> None:
        """Name a set of Parquet files as a table; no file at all is an empty table of that schema."""
        ...

    def load(self, table: str, rows: pa.Table) -> None:
        """Make a table of rows that are here already."""
        ...

    def create(self, table: str, select: str) -> None:
        """Make a table of what the SELECT returns, replacing one of that name."""
        ...

    def view(self, name: str, select: str) -> None:
        """Name a SELECT without running it."""
        ...

    def table(self, select: str) -> pa.Table:
        """Return what the SELECT returns."""
        ...

    def batches(self, select: str, rows: int) -> Iterator[pa.RecordBatch]:
        """Yield what the SELECT returns, about `rows` rows at a time."""
        ...

    def drop(self, table: str) -> None:
        """Forget a table."""
        ...

    def close(self) -> None:
        """End the session."""
        ...
