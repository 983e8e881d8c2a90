"""A batch with its fields found and typed: text, moments, amounts; and which rows are refused for them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline.files.columns import Found, simplified
from hearthline.files.refusals import REASONS, shown
from hearthline.files.rows import Batch
from hearthline.files.values import (
    amount_fault,
    amount_sql,
    comma_sql,
    connect,
    day_sql,
    first_sql,
    is_day_sql,
    offset_sql,
    time_sql,
    zone_sql,
)
from hearthline.schema.journey import Bools
from hearthline.schema.records import Reject

__all__ = [
    "LINE_NUMBER",
    "MONEY_FIELDS",
    "TABLES",
    "Reader",
    "Refusals",
    "Typed",
    "source_of",
    "text_of",
    "told",
]

MONEY_FIELDS = ("net", "total", "gross", "tax", "shipping", "discount", "refunded", "unit_price", "quantity",
                "cost", "cost_micros")  # fmt: skip
LINE_NUMBER = "line_number"
"""What `Typed` calls the number of an order's line: a column of such a name that nothing else needed."""
_NUMBERS = frozenset(
    ("line", "lineno", "linenumber", "lineid", "orderline", "orderlineid", "orderlinenumber", "lineitemid",
     "orderitemid", "itemno", "itemnumber", "position", "pos", "posnr", "positionsnummer", "zeile")
)  # fmt: skip
TABLES = "//file/"
"""How the source of what tables tell begins; the file's name follows."""
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


def told(column: pa.Array, rule: Callable[[str], object], kind: pa.DataType | None = None) -> pa.Array:
    """Return what a rule says of each value; it is asked once for each distinct one. Null stays null.

    >>> told(pa.array(["a", None, "a"]), str.upper).to_pylist()
    ['A', None, 'A']
    """
    coded = column.dictionary_encode()
    said = [None if v is None else rule(v) for v in coded.dictionary.to_pylist()]
    return pa.array(said, kind or pa.string()).take(coded.indices)


def text_of(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the values as text without white space around them; empty text is null.

    >>> text_of(pa.chunked_array([[" a", "", None]])).to_pylist()
    ['a', None, None]
    """
    if not pa.types.is_string(column.type):
        column = column.cast(pa.string())
    trimmed = pc.utf8_trim_whitespace(column)
    empty = pc.equal(trimmed, "")
    return pc.if_else(empty, pa.scalar(None, pa.string()), trimmed) if pc.any(empty).as_py() else trimmed


@dataclass(frozen=True)
class Typed:
    """The fields of a batch's rows.

    `table` holds `key` (a hash of the whole row), each text field under its name, amounts as
    DECIMAL(18,4), and for tables with times `time`, `time_fault`, `is_day`, `offset`.
    """

    table: pa.Table

    @property
    def n(self) -> int:
        """Number of rows."""
        return int(self.table.num_rows)

    def has(self, name: str) -> bool:
        """Return whether the table has the field."""
        return name in self.table.column_names

    def get(self, name: str, kind: pa.DataType | None = None) -> pa.Array:
        """Return the field's values; nulls where the table has no such field."""
        if not self.has(name):
            return pa.nulls(self.n, kind or pa.string())
        column = self.table.column(name)
        return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or
            [pa.array([], column.type)])  # fmt: skip

    def where(self, name: str) -> Bools:
        """Return whether each row has a value in the field."""
        return np.asarray(self.get(name).is_valid())

    def take(self, keep: Bools) -> "Typed":
        """Return the rows for which `keep` is true."""
        return self if keep.all() else Typed(self.table.filter(pa.array(keep)).combine_chunks())


@dataclass
class Refusals:
    """Which rows are refused: the first reason found for a row stays."""

    n: int
    reason: dict[int, tuple[str, str]] = field(default_factory=dict)

    @property
    def kept(self) -> Bools:
        """(n,) whether each row is kept."""
        kept = np.ones(self.n, np.bool_)
        kept[np.fromiter(self.reason, np.int64, len(self.reason))] = False
        return kept

    def add(self, rows: Bools, reason: str, name: str) -> None:
        """Refuse rows for a reason found in a field."""
        for i in np.flatnonzero(rows).tolist():
            self.reason.setdefault(i, (reason, name))


def source_of(path: Path) -> str:
    """Return the source of what a table's rows tell.

    >>> source_of(Path("exports/orders.csv.gz"))
    '//file/orders'
    """
    return f"{TABLES}{path.name.partition('.')[0]}"


@dataclass
class Reader:
    """Types the batches of one file, and remembers what its earlier rows told.

    Attributes:
        path: the file.
        found: which columns are which fields.
        now: the present, against which times are judged.
        last_order: the order of the last row read.
        sums: whether the amounts of a field are a `line`'s or the `order`'s, as far as is known.
        repeated: columns taken for the order's, because they were the same on every line so far.
        apart: orders whose lines stood far apart in the file and were put together.
    """

    path: Path
    found: Found
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    connection: duckdb.DuckDBPyConnection = field(default_factory=connect)
    styles: dict[str, str] = field(default_factory=dict)
    last_order: str | None = None
    sums: dict[str, str] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)
    apart: int = 0
    _kinds: dict[str, pa.DataType] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.zone = zone_sql(self.connection, self.found.settings.get("tz"))

    @property
    def source(self) -> str:
        """The events' source."""
        return source_of(self.path)

    def typed(self, batch: Batch) -> Typed:
        """Return the batch's fields, typed."""
        texts, measured = {}, {}
        kinds = {}
        for name, column in self.found.columns.items():
            values = batch.table.column(column)
            kinds[name] = values.type
            if name in ("ts", "day"):
                measured["t"] = values if pa.types.is_temporal(values.type) else text_of(values)
            elif name in MONEY_FIELDS:
                measured[name] = text_of(values)
            else:
                texts[name] = text_of(values)
        if self.found.kind == "orders":
            number = next((c for c in self.found.ignored if simplified(c) in _NUMBERS), None)
            if number is not None:
                texts[LINE_NUMBER] = text_of(batch.table.column(number))
        unnamed = "event_id" not in texts or texts["event_id"].null_count > 0
        keyed = batch.table if unnamed else None
        known = self._measured(measured, kinds, keyed)
        for name, values in texts.items():
            known = known.append_column(name, values)
        constant = self.found.settings.get("channel")
        if constant is not None and self.found.kind == "events":
            known = known.append_column("channel", pa.repeat(constant, known.num_rows))
        return Typed(known.combine_chunks())

    def _measured(
        self, measured: dict[str, pa.ChunkedArray], kinds: dict[str, pa.DataType], keyed: pa.Table | None
    ) -> pa.Table:
        """Return key (a hash of all columns in `keyed`), times and amounts, worked out by the engine."""
        columns = pa.table({"n": pa.nulls(len(next(iter(measured.values()))))})
        key = "null::varchar"
        if keyed is not None:
            keyed = columns = keyed.rename_columns([f"c{i}" for i in range(keyed.num_columns)])
            parts = [f"coalesce({c}::varchar, '')" for c in keyed.column_names]
            key = f"md5({' || chr(31) || '.join(parts)})"
        for name, values in measured.items():
            columns = columns.append_column(name, values)
        self.connection.register("batch", columns)
        self._kinds = kinds
        self._learn_styles()
        picked = [c for name in kinds for c in self._columns_sql(name, kinds[name])]
        table = self.connection.sql(
            f"select {', '.join([f'{key} as key', *picked])} from batch"
        ).to_arrow_table()
        self.connection.unregister("batch")
        return table

    def _columns_sql(self, name: str, kind: pa.DataType) -> list[str]:
        if name == "day":
            return [f"{day_sql(kind, self._first)} as day"]
        if name == "ts":
            return self._time_columns(kind)
        if name in MONEY_FIELDS:
            style = self.found.settings.get("decimal") or self.styles.get(name, "plain")
            amount = amount_sql(name, style)
            if name == "cost_micros":
                amount = f"cast({amount} * 0.000001 as decimal(18, 4))"
            return [f"{amount} as {name}", f"{name} is not null as {name}_given"]
        return []

    def _time_columns(self, kind: pa.DataType) -> list[str]:
        # A day alone is enough for an order; everything else needs to know whose midnight it is.
        zone = self.zone
        moment, fault = time_sql(kind, zone, self._first)
        clock = moment
        day = is_day_sql(kind)
        midnight = f"timezone('UTC', {day_sql(kind, self._first)}::timestamp)"
        if zone is not None:
            # Days are counted in UTC: the first moment of the day in the zone that is on that day there too.
            moment = f"case when {day} then greatest({moment}, {midnight}) else {moment} end"
        elif self.found.kind == "orders":
            clock = moment = f"case when {day} then {midnight} else {moment} end"
        offset = "null::bigint" if pa.types.is_temporal(kind) else offset_sql(clock, self._first)
        return [
            f"({moment}) as time",
            f"case when ({moment}) is null then {fault} end as time_fault",
            f"{day} as is_day",
            f"{offset} as tz_offset",
        ]

    @property
    def _first(self) -> str:
        """What stands first in a day such as 3/4/2026: as was said, else as other days of the file tell."""
        said = self.found.settings.get("dates")
        return said.partition("-")[0] if said else self.styles.get("dates", "")

    def _learn_styles(self) -> None:
        """Note what the rows themselves tell of how days and amounts are written.

        Which amounts have decimal commas, so that `1.234` beside them is not taken for 1.234; and what stands
        first in a day such as 3/14/2026.
        """
        texts = {n for n, kind in self._kinds.items() if not pa.types.is_temporal(kind)}
        if texts & {"ts", "day"} and not self._first:
            told = self.connection.execute(f"select {first_sql('t')} from batch").fetchall()[0][0]
            self.styles["dates"] = told or ""
        names = [n for n in MONEY_FIELDS if n in self.found.columns and n not in self.styles]
        if names and "decimal" not in self.found.settings:
            sql = ", ".join(comma_sql(n) for n in names)
            seen = self.connection.execute(f"select {sql} from batch").fetchall()[0]
            self.styles |= {n: "mixed" for n, comma in zip(names, seen, strict=True) if comma}

    def time_refusals(self, typed: Typed, refusals: Refusals) -> None:
        """Refuse rows whose time is missing, without zone, no time, or not believable."""
        faults = typed.get("time_fault")
        for fault in faults.unique().to_pylist():
            if fault is not None:
                refusals.add(np.asarray(pc.fill_null(pc.equal(faults, fault), fill_value=False)), fault, "ts")
        time = typed.get("time")
        latest = self.now + timedelta(days=1)
        odd = pc.or_(
            pc.less(time, pa.scalar(_EARLIEST, time.type)), pc.greater(time, pa.scalar(latest, time.type))
        )
        refusals.add(np.asarray(pc.fill_null(odd, fill_value=False)), "implausible-time", "ts")

    def money_refusals(self, typed: Typed, refusals: Refusals, batch: Batch) -> None:
        """Refuse rows with an amount that does not parse."""
        for name in MONEY_FIELDS:
            if typed.has(name):
                given = np.asarray(typed.get(f"{name}_given"))
                for i in np.flatnonzero(given & ~typed.where(name)).tolist():
                    text = str(batch.table.column(self.found.columns[name])[i].as_py())
                    refusals.reason.setdefault(i, (amount_fault(text), name))

    def rejects(self, refusals: Refusals, batch: Batch, ids: pa.Array | None = None) -> list[Reject]:
        """Return the refused rows with place, words and cure, in the file's order; `ids` are of all rows."""
        rows = sorted(refusals.reason)
        # One look-up a column, not one a cell: a whole file may be refused for want of a zone.
        taken = batch.table.take(pa.array(rows, pa.int64()))
        used = {self.found.columns.get(name, name) for _, name in refusals.reason.values()}
        values = {c: taken.column(c).to_pylist() for c in used if c in taken.column_names}
        source = self.source
        rejects = []
        for n, i in enumerate(rows):
            reason, name = refusals.reason[i]
            column = self.found.columns.get(name, name)
            value = values[column][n] if column in values else None
            words, raw = REASONS[reason], batch.raw(i)
            rejects.append(
                Reject(
                    source=source,
                    reason=reason,
                    place=batch.spot(raw, int(batch.lines[i]), column),
                    wrong=words.wrong.format(column=column, got=shown(None if value is None else str(value))),
                    cure=words.cure,
                    raw=raw,
                    row=None if ids is None else ids[i].as_py(),
                )
            )
        return rejects
