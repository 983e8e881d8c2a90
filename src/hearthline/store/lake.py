"""The lake: what came in, as immutable Parquet files by received day, listed in a manifest.

A batch's files are written, synced, and only then named in the manifest, which is replaced whole. A
file that no manifest names was never there. Spark and DuckDB read the same files, while others write:
whoever reads takes a `snapshot`, and a file that a later manifest no longer names stays for a while.

The manifest also holds how far the log was read, so that rows and that place change together.

Each event carries two 64-bit keys beside its own columns: `key` (of source and id: duplicates share
it) and `context` (of the columns that say what kind of event it is, see `CONTEXT`). Distinct contexts
and identities stand in small tables of their own, so that the pipeline reads four integers an event.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple
from uuid import uuid4

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from hearthline.privacy import NOBODY, Admitted, Forgotten, marks_of, without
from hearthline.schema import SCHEMA_VERSION
from hearthline.schema.arrow import EVENTS, IDENTITIES, schema_of
from hearthline.schema.errors import HomeDamaged, OldLake
from hearthline.schema.records import Alias, Assignment, Metric, RawPayload, Reject, Spend, Statement
from hearthline.store.home import sync_file, sync_folder, write_durably
from hearthline.store.keyed import CONTEXT, CONTEXTS, KEYED_SQL, KINDS_SQL, keyed
from hearthline.store.tombstones import forgotten, remember

__all__ = [
    "CONTEXT",
    "Batch",
    "Lake",
    "LogPlace",
    "TableName",
    "aliases_table",
    "assignments_table",
    "metrics_table",
    "spend_table",
]

TableName = Literal[
    "events",
    "identities",
    "contexts",
    "raw",
    "rejects",
    "mended",
    "spend",
    "metrics",
    "intake",
    "statements",
    "assignments",
    "aliases",
]

INTAKE = pa.schema(
    [
        ("origin", pa.string()),
        ("source", pa.string()),
        ("read", pa.int64()),
        ("events", pa.int64()),
        ("rejects", pa.int64()),
        ("received", pa.timestamp("us", tz="UTC")),
    ]
)
_EVENT = EVENTS.append(pa.field("key", pa.int64())).append(pa.field("context", pa.int64()))
SCHEMAS: dict[TableName, pa.Schema] = {
    "events": _EVENT,
    "identities": IDENTITIES,
    "contexts": CONTEXTS,
    "raw": schema_of(RawPayload),
    "rejects": schema_of(Reject),
    "mended": schema_of(Reject).append(pa.field("mended", pa.timestamp("us", tz="UTC"))),
    "spend": schema_of(Spend),
    "metrics": schema_of(Metric),
    "intake": INTAKE,
    "statements": schema_of(Statement),
    "assignments": schema_of(Assignment),
    "aliases": schema_of(Alias),
}
"""The schema of each table of the lake."""

_ROW_GROUP = 122_880  # rows
_LONG = frozenset(("body", "raw"))
_UNIQUE = _LONG | {"id", "key", "identity", "sha256"}


class LogPlace(NamedTuple):
    """How far which log was read."""

    log: str
    segment: int
    offset: int


@dataclass(slots=True)
class Batch:
    """One append: files that become visible together, or not at all.

    `place` is how far the log was read with it; it becomes visible with the files. What is of somebody
    `forgotten` is dropped, and counted in `dropped`; `again` are the later names of those who came
    again after a key was rotated.
    """

    folder: Path
    day: date
    name: str
    rows: dict[str, int] = field(default_factory=dict)
    files: dict[str, list[str]] = field(default_factory=dict)
    place: LogPlace | None = None
    forgotten: Forgotten = NOBODY
    dropped: int = 0
    again: set[str] = field(default_factory=set)

    def admit(self, admitted: Admitted, received: datetime) -> None:
        """Add what was admitted, in the partition of the day on which it was received."""
        self.day = received.astimezone(UTC).date()
        self.again |= self.forgotten.again(admitted.aliases) if self.forgotten else set()
        whole = admitted.events.num_rows + len(admitted.raw) + len(admitted.rejects)
        admitted = without(admitted, self.forgotten)
        self.dropped += whole - admitted.events.num_rows - len(admitted.raw) - len(admitted.rejects)
        if admitted.events.num_rows:
            events, contexts = keyed(_received(admitted.events, received))
            self.write("events", events)
            self.write("contexts", contexts)
        self.write("identities", admitted.identities)
        self.write("raw", _table(admitted.raw, RawPayload))
        stamped = [r if r.received else _stamp(r, received) for r in admitted.rejects]
        self.write("rejects", _table(stamped, Reject))
        self.write("metrics", metrics_table(admitted.metrics, received))
        self.write("aliases", aliases_table(admitted.aliases, received))

    def write(self, table: TableName, rows: pa.Table) -> None:
        """Add rows to a table that needs no keys."""
        if rows.num_rows:
            path = self._next(table)
            write_table(rows, path)
            self._keep(table, path, rows.num_rows)

    def adopt(self, events: Path, identities: Path) -> None:
        """Add events that another program wrote as Parquet with the schemas `EVENTS` and `IDENTITIES`.

        They must have no personal identifier in them: nothing is hashed here.
        """
        with duckdb.connect() as con:
            con.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
            con.execute(f"CREATE TEMP VIEW batch AS SELECT * FROM read_parquet('{events}')")
            self._copy_keyed(con, con.execute("SELECT count(*) FROM batch").fetchall()[0][0])
            self._copy(con, "identities", f"SELECT * FROM read_parquet('{identities}')", 0)

    def _copy_keyed(self, con: duckdb.DuckDBPyConnection, rows: int) -> None:
        """Write the events of the table `batch` with their keys, and their distinct contexts."""
        con.execute(f"CREATE TEMP TABLE kinds AS {KINDS_SQL}")
        self._copy(con, "events", KEYED_SQL, rows)
        columns = ", ".join(CONTEXT)
        self._copy(con, "contexts", f"SELECT DISTINCT ON (context) context, {columns} FROM kinds", 0)

    def _copy(self, con: duckdb.DuckDBPyConnection, table: TableName, select: str, rows: int) -> None:
        path = self._next(table)
        how = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROW_GROUP}"
        con.execute(f"COPY ({select}) TO '{_quoted(path)}' ({how})")
        self._keep(table, path, rows)

    def _next(self, table: TableName) -> Path:
        """Return the path of the table's next file of this day."""
        part = len(self.files.get(table, []))
        path = self.folder / table / f"received={self.day.isoformat()}" / f"{self.name}-{part:04d}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _keep(self, table: TableName, path: Path, rows: int) -> None:
        """Make a written file durable and remember it."""
        sync_file(path)
        sync_folder(path.parent)
        self.files.setdefault(table, []).append(str(path.relative_to(self.folder)))
        self.rows[table] = self.rows.get(table, 0) + rows


class Lake:
    """The lake of one home.

    Raises:
        OldLake: its files were written by a newer version of the schema.
        HomeDamaged: its manifest cannot be read.
    """

    def __init__(self, folder: Path, pinned: dict[str, Any] | None = None) -> None:
        self.folder = folder
        self._manifest = folder / "manifest.json"
        self._pinned = pinned

    def snapshot(self) -> "Lake":
        """Return the lake as it is now, whatever others write to it."""
        return Lake(self.folder, self.manifest())

    def manifest(self) -> dict[str, Any]:
        """Return the manifest: `version`, `batches` in the order in which they came, and maybe `log`."""
        if self._pinned is not None:
            return self._pinned
        if not self._manifest.exists():
            return {"version": SCHEMA_VERSION, "batches": []}
        try:
            manifest: dict[str, Any] = json.loads(self._manifest.read_bytes())
            version, _ = manifest["version"], manifest["batches"]
        except (ValueError, KeyError, TypeError):
            raise HomeDamaged(
                f"{self._manifest}: it names the files of the lake, and cannot be read; bring it back from a "
                "backup, or read the inputs into a new home"
            ) from None
        if version > SCHEMA_VERSION:
            raise OldLake(
                f"{self.folder}: written by schema version {version}, this program reads up to "
                f"{SCHEMA_VERSION}; install a newer hearthline"
            )
        return manifest

    @contextmanager
    def changing(self) -> Iterator[dict[str, Any]]:
        """Give the manifest to be changed; it is replaced when the block ends without an error.

        Others that change it wait; nobody may take long.
        """
        handle = os.open(self.folder / "manifest.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            manifest = self.manifest()
            yield manifest
            manifest["version"] = SCHEMA_VERSION
            write_durably(self._manifest, json.dumps(manifest, indent=1).encode())
        finally:
            os.close(handle)

    def place(self) -> LogPlace | None:
        """Return how far the log was read into this lake."""
        found = self.manifest().get("log")
        return LogPlace(**found) if found else None

    @contextmanager
    def batch(self, received: datetime) -> Iterator[Batch]:
        """Collect a batch; it becomes visible when the block ends without an error.

        Others may write batches at the same time.
        """
        name = f"{received.astimezone(UTC):%H%M%S}-{uuid4().hex[:8]}"
        batch = Batch(self.folder, received.astimezone(UTC).date(), name)
        batch.forgotten = forgotten(self.folder.parent)
        try:
            yield batch
        except BaseException:
            for file in (f for files in batch.files.values() for f in files):
                (self.folder / file).unlink(missing_ok=True)
            raise
        if batch.again:
            remember(self.folder.parent, marks_of(batch.again, (), batch.forgotten.key))
        if batch.files or batch.place:
            with self.changing() as manifest:
                if batch.files:
                    manifest["batches"].append(_entry(batch, received))
                if batch.place:
                    manifest["log"] = batch.place._asdict()

    def files(self, table: TableName) -> list[Path]:
        """Return the files of a table, oldest batch first."""
        batches = self.manifest()["batches"]
        return [self.folder / f for b in batches for f in b["files"].get(table, [])]

    def rows(self, table: TableName) -> int:
        """Return how many rows the table's batches hold, as written in the manifest."""
        return sum(b["rows"].get(table, 0) for b in self.manifest()["batches"])

    def strays(self) -> list[Path]:
        """Return files that the manifest does not know: what a killed process left, or one is writing."""
        manifest = self.manifest()
        named = {f for b in manifest["batches"] for files in b["files"].values() for f in files}
        named |= {f for dropped in manifest.get("dropped", []) for f in dropped["files"]}
        found = (p for p in self.folder.rglob("*.parquet"))
        return sorted(p for p in found if str(p.relative_to(self.folder)) not in named)


def write_table(rows: pa.Table, path: Path) -> None:
    """Write rows as Parquet, as DuckDB and Spark read it.

    Columns in which hardly a value comes twice are not looked through for such, and long ones not compared.
    """
    plain = [f.name for f in rows.schema if not pa.types.is_nested(f.type)]
    pq.write_table(
        rows,
        path,
        compression="zstd",
        row_group_size=_ROW_GROUP,
        store_schema=False,
        use_dictionary=[name for name in plain if name not in _UNIQUE],
        write_statistics=[name for name in plain if name not in _LONG],
        store_decimal_as_integer=True,
    )


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _entry(batch: Batch, received: datetime) -> dict[str, Any]:
    return {"name": batch.name, "received": received.isoformat(), "rows": batch.rows, "files": batch.files}


def _stamp(reject: Reject, received: datetime) -> Reject:
    return Reject(
        **{f: getattr(reject, f) for f in reject.__struct_fields__ if f != "received"}, received=received
    )


def _received(events: pa.Table, received: datetime) -> pa.Table:
    """Return the events with `time_received` filled where it was missing."""
    at = events.schema.get_field_index("time_received")
    stamp = pa.scalar(received, EVENTS.field("time_received").type)
    return events.set_column(at, EVENTS.field(at), events["time_received"].fill_null(stamp))


def _table(structs: Sequence[Any], struct: Any) -> pa.Table:
    schema = schema_of(struct)
    columns = [[getattr(s, name) for s in structs] for name in schema.names]
    return pa.table([pa.array(c, t) for c, t in zip(columns, schema.types, strict=True)], schema=schema)


def assignments_table(rows: Sequence[Assignment]) -> pa.Table:
    """Return an experiment's list as a table with the lake's schema.

    >>> assignments_table([Assignment(experiment="tv", identifier="customer:1", arm="on")]).num_rows
    1
    """
    return _table(rows, Assignment)


def aliases_table(rows: Sequence[Alias], received: datetime) -> pa.Table:
    """Return pairs of names of one value as a table with the lake's schema, stamped with when they came.

    >>> at = datetime(2026, 3, 1, tzinfo=UTC)
    >>> aliases_table([Alias(later="email_hmac:b", earlier="email_hmac:a")], at)["received"].null_count
    0
    """
    return _table([msgspec.structs.replace(r, received=r.received or received) for r in rows], Alias)


def metrics_table(rows: Sequence[Metric], received: datetime) -> pa.Table:
    """Return metrics as a table with the lake's schema, stamped with when they came.

    >>> at = datetime(2026, 3, 1, tzinfo=UTC)
    >>> metrics_table([Metric(source="//acme/-/-", metric="users", start=at, end=at, value=7,
    ...                       dimensions={"b": "2", "a": "1"})], at)["dimensions"].to_pylist()
    [[('a', '1'), ('b', '2')]]
    """
    stamped = [
        msgspec.structs.replace(
            m, received=m.received or received, dimensions=dict(sorted(m.dimensions.items()))
        )
        for m in rows
    ]
    return _table(stamped, Metric)


def spend_table(rows: Sequence[Spend]) -> pa.Table:
    """Return spend as a table with the lake's schema; costs stay decimal.

    >>> from decimal import Decimal
    >>> spend_table([Spend(channel="tv", day=date(2026, 3, 1), cost=Decimal("9.5"), currency="EUR",
    ...                    source="plan.csv")])["cost"].to_pylist()
    [Decimal('9.5000')]
    """
    return _table(rows, Spend)
