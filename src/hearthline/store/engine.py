"""What runs the relational core: one protocol, two engines, the same SQL text on both.

The text keeps to what DuckDB and Spark both understand, over a few functions that each engine
defines natively: `unix_micros(timestamp)`, `as_ms(us)`, `as_day(us)`, `as_time(us)`, `packed(list)`,
`explode(list)`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa

__all__ = ["Engine"]


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
