"""DuckDB: the default engine. Everything in one process, spilling to disk beyond its memory limit."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

__all__ = ["DuckEngine"]

_FUNCTIONS = """
    CREATE OR REPLACE TEMP MACRO unix_micros(t) AS epoch_us(t);
    CREATE OR REPLACE TEMP MACRO as_day(us) AS CAST(make_timestamp(us) AS DATE);
    CREATE OR REPLACE TEMP MACRO as_ms(us) AS us // 1000;
    CREATE OR REPLACE TEMP MACRO packed(l) AS list_sort(l);
    CREATE OR REPLACE TEMP MACRO explode(l) AS unnest(l);
    CREATE OR REPLACE TEMP MACRO as_time(us) AS make_timestamptz(us);
"""


class DuckEngine:
    """DuckDB in memory, or on a file that then holds the tables that are made.

    Args:
        memory: its memory limit, such as `4GB`.
        threads: how many threads it may use; 0 is all cores.
        spill: where it may put what does not fit.
        file: a database file; None keeps everything in memory (and spill).
    """

    name = "duckdb"

    def __init__(
        self, memory: str = "4GB", threads: int = 0, spill: Path | None = None, file: Path | None = None
    ) -> None:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory,
            "preserve_insertion_order": False,
        }
        if threads:
            config["threads"] = threads
        if spill is not None:
            config["temp_directory"] = str(spill)
        self._begin(duckdb.connect(str(file) if file else ":memory:", config=config))

    def _begin(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.begun: set[str] = set()
        self.database = str(connection.execute("SELECT current_database()").fetchall()[0][0])
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        connection.execute(_FUNCTIONS)

    def beside(self) -> "DuckEngine":
        """Return another session on the same database: it sees what was kept, and no temporary table."""
        other = DuckEngine.__new__(DuckEngine)
        other._begin(self.connection.cursor())
        return other

    def scan(self, table: str, files: Sequence[Path], schema: pa.Schema) -> None:
        """Name a set of Parquet files as a table."""
        if not files:
            self.load(table, schema.empty_table())
            return
        names = ", ".join("'" + str(f).replace("'", "''") + "'" for f in files)
        self.connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {table} AS SELECT * FROM "
            f"read_parquet([{names}], union_by_name = true, hive_partitioning = false)"
        )

    def load(self, table: str, rows: pa.Table) -> None:
        """Make a table of rows that are here already."""
        self.connection.register("incoming", rows)
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM incoming")
        self.connection.unregister("incoming")

    def create(self, table: str, select: str) -> None:
        """Make a table of what the SELECT returns."""
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {select}")

    def view(self, name: str, select: str) -> None:
        """Name a SELECT without running it."""
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {select}")

    def table(self, select: str) -> pa.Table:
        """Return what the SELECT returns."""
        return self.connection.sql(select).to_arrow_table()

    def batches(self, select: str, rows: int) -> Iterator[pa.RecordBatch]:
        """Yield what the SELECT returns, about `rows` rows at a time."""
        reader: pa.RecordBatchReader = self.connection.sql(select).to_arrow_reader(rows)
        yield from reader

    def kept(self, table: str) -> str:
        """Return the name of a table of the database file, as SQL."""
        return f'"{self.database}".main.{table}'

    def append(self, table: str, rows: pa.Table) -> None:
        """Add rows to a table of the database file, which outlives the session; the first rows make it."""
        self.connection.register("kept_rows", rows)
        begin = "INSERT INTO {} SELECT" if table in self.begun else "CREATE TABLE {} AS SELECT"
        self.connection.execute(begin.format(self.kept(table)) + " * FROM kept_rows")
        self.connection.unregister("kept_rows")
        self.begun.add(table)

    def drop(self, table: str) -> None:
        """Forget a table."""
        self.connection.execute(f"DROP TABLE IF EXISTS {table}")

    def close(self) -> None:
        """End the session."""
        self.connection.close()
