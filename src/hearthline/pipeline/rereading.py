"""A table read again: its last reading counts, in events and in what was refused.

The id of a row is a hash of the row, so a file that is read again, under another mapping or by a later
version, gives the same ids with other contents. What the earlier reading made of a row then goes out of the
lake, and a refusal of a row that can be read now is kept as mended.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hearthline.files import Rows
from hearthline.pipeline.patience import held
from hearthline.privacy import Ring, admit_tables
from hearthline.schema.arrow import EVENTS, IDENTITIES
from hearthline.schema.records import Reject
from hearthline.store.damage import damage_told
from hearthline.store.erasing import erase
from hearthline.store.home import HomeFolder
from hearthline.store.lake import SCHEMAS, Batch, Lake

__all__ = ["Reread", "keep_mended", "mend", "mended", "open_rejects", "settled"]

_ASIDE = frozenset(("id", "id_origin", "time_received", "raw_reference", "raw_adapter_version"))
"""What two readings of one row may differ in and still say the same."""
_COMPARED = ", ".join(c for c in EVENTS.names if c not in _ASIDE)
_REFUSED = ("source", "place", "raw", "received")
_STALE = """
    SELECT DISTINCT o.id FROM old o LEFT JOIN new n ON o.id = n.id
    WHERE CASE
      WHEN n.id IS NOT NULL THEN n.said <> o.said
      ELSE o.id IN (SELECT id FROM lines)
        OR (o.id LIKE '%-refund' AND left(o.id, length(o.id) - 7) IN (SELECT id FROM new))
        OR (o.place, o.said) IN (SELECT (place, said) FROM new)
    END"""
_READ = (
    f"SELECT id, raw_reference AS place, hash({_COMPARED}) AS said FROM {{}} "
    "WHERE source = $source AND raw_adapter = 'file'"
)
_NOTHING = "SELECT NULL::VARCHAR AS id, NULL::VARCHAR AS place, NULL::UBIGINT AS said"
_SPENT = """
    SELECT source, count(*) FROM old_spend o
    WHERE row IN (SELECT n.row FROM new_spend n WHERE n.source = o.source)
    AND NOT EXISTS (SELECT 1 FROM new_spend n WHERE n.row = o.row AND n.source = o.source AND n.cost = o.cost
      AND n.day = o.day AND n.channel = o.channel AND n.currency = o.currency
      AND n.campaign IS NOT DISTINCT FROM o.campaign)
    GROUP BY source"""
"""How many rows of each source were read otherwise before."""


@dataclass(slots=True)
class Reread:
    """What one file's reading has to do with those before it.

    Attributes:
        source: of its rows.
        refused: what is refused of it so far, as the lake holds it.
        lines: ids of rows that are now lines of an order that another row stands for.
        mended: places in `refused` of rows that can be read now.
        again: places in `refused` of rows that are refused again.
    """

    source: str
    refused: pa.Table
    lines: set[str] = field(default_factory=set)
    mended: set[int] = field(default_factory=set)
    again: set[int] = field(default_factory=set)

    def heed(self, part: Rows, ring: Ring) -> int:
        """Note which refusals a part of the file mends or repeats; return how many are mended now."""
        if part.ids is not None and part.kind != "spend":
            told = pc.is_in(part.ids, value_set=part.events["id"].combine_chunks())
            self.lines.update(part.ids.filter(pc.invert(told)).to_pylist())
        before = len(self.mended)
        if self.refused.num_rows:
            row = self.refused["row"]
            if part.ids is not None:
                self.mended.update(_places(pc.is_in(row, value_set=part.ids)))
            self._corrected(part, ring)
            refused = pa.array([r.row for r in part.rejects if r.row is not None], pa.string())
            self.again.update(_places(pc.is_in(row, value_set=refused, skip_nulls=True)))
            rest = [r for r in part.rejects if r.row is None]
            masked = admit_tables(EVENTS.empty_table(), IDENTITIES.empty_table(), rest, ring).rejects
            unsplit = {(r.place, r.raw) for r in masked}
            found = zip(self.refused["place"].to_pylist(), self.refused["raw"].to_pylist(), strict=True)
            self.again.update(i for i, one in enumerate(found) if one in unsplit)
        return len(self.mended) - before

    def _corrected(self, part: Rows, ring: Ring) -> None:
        """Note refusals whose row stands where it stood, with nothing else changed than the refused value."""
        if part.raw_at is None:
            return
        places = self.refused["place"].to_pylist()
        at: dict[int, list[int]] = {}
        for i, place in enumerate(places):
            file, line, _ = _split(place)
            if i not in self.mended and file == part.origin:
                at.setdefault(line, []).append(i)
        now = part.raw_at(at.keys())
        rejects = [
            Reject(source="", reason="", place=str(n), wrong="", cure="", raw=r) for n, r in now.items()
        ]
        none = EVENTS.empty_table(), IDENTITIES.empty_table()
        for one in admit_tables(*none, rejects, ring).rejects:
            for i in at[int(one.place)]:
                if _outside_alike(self.refused["raw"][i].as_py(), one.raw, _split(places[i])[2]):
                    self.mended.add(i)


def _places(found: pa.ChunkedArray) -> list[int]:
    places: list[int] = pc.indices_nonzero(pc.fill_null(found, fill_value=False)).to_pylist()
    return places


def _split(place: str) -> tuple[str, int, int]:
    """Return file, line and column of a place.

    >>> _split("a:b.csv:3:17")
    ('a:b.csv', 3, 17)
    """
    found = re.fullmatch(r"(.*?):(\d+)(?::(\d+))?", place, re.DOTALL)
    return (found[1], int(found[2]), int(found[3] or 1)) if found else (place, 0, 1)


def _outside_alike(before: bytes, now: bytes, column: int) -> bool:
    """Return whether two rows are alike but for the value in a column, or for signs alone: quotes, accents.

    >>> _outside_alike(b"1,ten,a", b"1,10,a", 3), _outside_alike(b"1,ten,a", b"2,10,a", 3)
    (True, False)
    >>> _outside_alike(b'1,12" tv,a', b'1,"12"" tv",a', 1)
    True
    """
    if _letters(before) == _letters(now):
        return True
    start = min(column - 1, len(before), len(now))
    if before[:start] != now[:start] or not start:
        return False
    ends = [_after(row, start) for row in (before, now)]
    return before[ends[0] :] == now[ends[1] :]


def _letters(row: bytes) -> bytes:
    return re.sub(rb"\\\\x[0-9a-f]{2}|[^0-9A-Za-z]", b"", row)


def _after(row: bytes, start: int) -> int:
    """Return where the value that begins at `start` ends."""
    found = re.match(rb'"(?:[^"]|"")*"|[^,;|\t]*', row[start:])
    return start + (found.end() if found else 0)


def open_rejects(lake: Lake, source: str | None = None) -> pa.Table:
    """Return what is refused and was not read since, of one source or of all, as the lake holds it."""
    parts = []
    for file in lake.files("rejects"):
        rows = pq.read_table(file, filters=None if source is None else [("source", "=", source)])
        if "row" not in rows.column_names:  # written before rows had one
            rows = rows.append_column("row", pa.nulls(rows.num_rows, pa.string()))
        parts.append(rows.select(SCHEMAS["rejects"].names).cast(SCHEMAS["rejects"]))
    return pa.concat_tables(parts) if parts else SCHEMAS["rejects"].empty_table()


def mended(home: HomeFolder, limit: int) -> pa.Table:
    """Return what was refused and has been read since, the latest first, with when it was `mended`."""
    with damage_told(home):
        parts = [pq.read_table(f) for f in Lake(home.lake).files("mended")]
    table = pa.concat_tables(parts) if parts else SCHEMAS["mended"].empty_table()
    return table.sort_by([("mended", "descending"), ("place", "ascending")]).slice(0, limit)


def keep_mended(batch: Batch, rows: pa.Table, at: datetime) -> None:
    """Keep refusals that are none any more."""
    kept = rows.append_column("mended", pa.repeat(at, rows.num_rows).cast(pa.timestamp("us", "UTC")))
    batch.write("mended", kept.select(SCHEMAS["mended"].names).cast(SCHEMAS["mended"]))


def settled(
    home: HomeFolder, before: Lake, batch: Batch, read: Iterable[Reread], received: datetime
) -> dict[str, int]:
    """Take out of the lake what earlier readings said otherwise; return how many events of each source.

    Args:
        home: the home; the caller holds its pen.
        before: the lake as it was before the batch.
        batch: what was read now; everybody sees it.
        read: of each file what its reading has to do with those before it.
        received: when it was read.
    """
    lake = Lake(home.lake)
    whole = list(read)
    gone = [r.refused.take(pa.array(sorted(r.mended | r.again), pa.int64())) for r in whole]
    refused = pa.concat_tables(gone).select(_REFUSED) if gone else SCHEMAS["rejects"].empty_table()
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute("CREATE TABLE stale (source VARCHAR, id VARCHAR)")
        new = [lake.folder / f for f in batch.files.get("events", [])]
        for one in {r.source: r for r in whole}.values():
            lines = set().union(*(r.lines for r in whole if r.source == one.source))
            _find_stale(con, (before.files("events"), new), one.source, lines)
        events = dict(con.execute("SELECT source, count(*) FROM stale GROUP BY source").fetchall())
        con.register("gone_rejects", refused.select(_REFUSED))
        conditions = {}
        if events:
            conditions["events"] = (
                f"raw_adapter = 'file' AND time_received <> TIMESTAMPTZ '{received.isoformat()}' "
                "AND (source, id) IN (SELECT (source, id) FROM stale)"
            )
        if refused.num_rows:
            conditions["rejects"] = (
                f"received <> TIMESTAMPTZ '{received.isoformat()}' AND (source, place, raw, received) IN "
                "(SELECT (source, place, raw, received) FROM gone_rejects)"
            )
        if conditions or batch.files.get("spend"):
            with held(home.merging):
                spent, spared = _spent_before(lake, con, batch)
                if spared:
                    conditions["spend"] = "(source, row) IN (SELECT (source, row) FROM new_spend)"
                erase(lake, con, conditions, spared)
                events |= spent
    return events


def _spent_before(
    lake: Lake, con: duckdb.DuckDBPyConnection, batch: Batch
) -> tuple[dict[str, int], set[Path]]:
    """Return how much spend of each source was read otherwise before, and the files that are to stay.

    Spend has no ids that count once, so what was read of a row before goes even where both readings say the
    same. No files to stay: nothing of the kind was read, or somebody has merged it with what was there.
    """
    new = {lake.folder / f for f in batch.files.get("spend", [])}
    stored = set(lake.files("spend"))
    spared = new | {f for f in stored if "row" not in pq.read_schema(f).names}  # written before rows had one
    if not new or not new <= stored or not stored - spared:
        return {}, set()
    for name, files in (("new_spend", new), ("old_spend", stored - spared)):
        con.execute(f"CREATE TABLE {name} AS SELECT * FROM {_rows_of(sorted(files))}")
    return dict(con.execute(_SPENT).fetchall()), spared


def _rows_of(files: Iterable[Path]) -> str:
    names = ", ".join("'" + str(f).replace("'", "''") + "'" for f in files)
    return f"read_parquet([{names}], union_by_name = true, hive_partitioning = false)"


def _find_stale(
    con: duckdb.DuckDBPyConnection, files: tuple[list[Path], list[Path]], source: str, lines: set[str]
) -> None:
    if not files[0] or not (files[1] or lines):
        return
    con.register("lines", pa.table({"id": pa.array(sorted(lines), pa.string())}))
    for name, some in zip(("old", "new"), files, strict=True):
        select = _READ.format(_rows_of(some)) if some else _NOTHING
        con.execute(f"CREATE OR REPLACE TABLE {name} AS {select}", {"source": source} if some else None)
    con.execute(f"INSERT INTO stale SELECT $source, id FROM ({_STALE})", {"source": source})


def mend(home: HomeFolder, raw: Iterable[bytes], at: datetime) -> int:
    """Note that what was refused with these bytes has been read since; return how many refusals that were."""
    lake = Lake(home.lake)
    read = set(raw)
    with home.writing():
        rows = open_rejects(lake)
        rows = rows.filter(pa.array([body in read for body in rows["raw"].to_pylist()], pa.bool_()))
        if not rows.num_rows:
            return 0
        with lake.batch(at) as batch:
            keep_mended(batch, rows, at)
        with duckdb.connect() as con, held(home.merging):
            con.execute("SET TimeZone = 'UTC'")
            con.register("gone_rejects", rows.select(_REFUSED))
            condition = f"({', '.join(_REFUSED)}) IN (SELECT ({', '.join(_REFUSED)}) FROM gone_rejects)"
            return erase(lake, con, {"rejects": condition}).get("rejects", 0)
