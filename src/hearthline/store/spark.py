"""Apache Spark: the same SQL text on many machines, or on this one in local mode. An extra."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from hearthline.schema.errors import MissingExtra

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["SparkEngine"]

_FUNCTIONS = (
    "as_ms(us BIGINT) RETURNS BIGINT RETURN us DIV 1000",
    "as_day(us BIGINT) RETURNS DATE RETURN CAST(timestamp_micros(us) AS DATE)",
    "packed(l ARRAY<BIGINT>) RETURNS ARRAY<BIGINT> RETURN array_sort(l)",
    "as_time(us BIGINT) RETURNS TIMESTAMP RETURN timestamp_micros(us)",
)


def _session(threads: int) -> "SparkSession":
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415 # an extra
    except ImportError as error:
        raise MissingExtra(
            "spark: pyspark is not installed; run `pip install hearthline[spark]` (and have Java 17)"
        ) from error
    builder = SparkSession.builder.appName("hearthline").master(f"local[{threads or '*'}]")
    for key, value in {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        "spark.ui.enabled": "false",
        "spark.sql.maxPlanStringLength": "10000",  # told whole at each step, plans fill the heap with text
        "spark.sql.shuffle.partitions": "4",
        "spark.driver.memory": "2g",  # the core is one plan after another; its texts and trees need room
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
        "spark.log.level": "ERROR",
        **_similarity(),
    }.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def _similarity() -> dict[str, str]:
    """Return what makes Spark know how alike two texts are, where Splink (extra `identity`) brings it."""
    try:
        from splink.backends.spark import similarity_jar_location  # noqa: PLC0415 # an extra
    except ImportError:
        return {}
    return {"spark.jars": similarity_jar_location()}


class SparkEngine:
    """A Spark session; tables are views of checkpoints.

    Args:
        threads: local threads where no cluster is configured; 0 is all cores.

    Raises:
        MissingExtra: pyspark is not installed.
    """

    name = "spark"

    def __init__(self, threads: int = 0) -> None:
        self.session = _session(threads)
        for function in _FUNCTIONS:
            self.session.sql(f"CREATE OR REPLACE TEMPORARY FUNCTION {function}")

    def scan(self, table: str, files: Sequence[Path], schema: pa.Schema) -> None:
        """Name a set of Parquet files as a table."""
        if not files:
            self.load(table, schema.empty_table())
            return
        frame = self.session.read.option("mergeSchema", "true").parquet(*(str(f) for f in files))
        frame.createOrReplaceTempView(table)

    def load(self, table: str, rows: pa.Table) -> None:
        """Make a table of rows that are here already."""
        self.session.createDataFrame(rows).createOrReplaceTempView(table)

    def create(self, table: str, select: str) -> None:
        """Make a table of what the SELECT returns, and forget how it was made.

        The core is one SELECT upon another. With its plan a table would carry those of all before it, and
        planning would take longer than the work. Rows are kept where they are; where the cluster has a
        checkpoint folder, in that.
        """
        rows, folder = self.session.sql(select), self.session.sparkContext.getCheckpointDir()
        kept = rows.localCheckpoint() if folder is None else rows.checkpoint()
        kept.createOrReplaceTempView(table)

    def view(self, name: str, select: str) -> None:
        """Name a SELECT without running it."""
        self.session.sql(select).createOrReplaceTempView(name)

    def table(self, select: str) -> pa.Table:
        """Return what the SELECT returns."""
        return self.session.sql(select).toArrow()

    def batches(self, select: str, rows: int) -> Iterator[pa.RecordBatch]:
        """Yield what the SELECT returns, about `rows` rows at a time."""
        yield from self.table(select).to_batches(max_chunksize=rows)

    def drop(self, table: str) -> None:
        """Forget a table."""
        self.session.catalog.dropTempView(table)

    def close(self) -> None:
        """End the session."""
        self.session.stop()
