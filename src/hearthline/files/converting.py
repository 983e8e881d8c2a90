"""Batches of a file as canonical rows: understood, refused or taken, with identities."""

from collections.abc import Callable, Collection, Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline.files.assembling import assembled, identities_of
from hearthline.files.cutting import Apart, sliced, whole_orders
from hearthline.files.happenings import Columns, event_columns
from hearthline.files.lines import DESCRIBED, Lines, joined, priced
from hearthline.files.rows import SPEND, Batch, Rows
from hearthline.files.selling import (
    currency,
    currency_refusals,
    mergeable,
    order_columns,
    order_refusals,
    refund_columns,
    revenue_note,
)
from hearthline.files.typed import Reader, Refusals, Typed, told
from hearthline.files.words import meaning_of, status_of
from hearthline.schema.arrow import EVENTS, IDENTITIES, MONEY
from hearthline.schema.journey import Bools, Ints

__all__ = ["rows_of"]


def rows_of(reader: Reader, batches: Callable[[], Iterable[Batch]], chunk_rows: int) -> Iterator[Rows]:
    """Yield canonical rows of the batches, at most `chunk_rows` of the file's rows at a time.

    `batches` gives the file's batches from its beginning, each time it is called: orders whose lines stand
    apart are looked for before they are read.
    """
    convert = _spend if reader.found.kind == "spend" else _happenings
    if reader.found.kind != "orders" or not set(DESCRIBED) & reader.found.columns.keys():
        for batch in sliced(batches(), chunk_rows):
            yield convert(reader, batch)
        return
    column = reader.found.columns["order_id"]
    apart = Apart(
        reader.connection, lambda: whole_orders(sliced(batches(), chunk_rows), column), column, chunk_rows
    )
    for batch in apart.together():
        reader.apart = apart.orders
        yield convert(reader, batch)


def _rows(
    reader: Reader, batch: Batch, refusals: Refusals, ids: pa.Array | None = None, **tables: pa.Table
) -> Rows:
    rejects = [*batch.rejects, *reader.rejects(refusals, batch, ids)]
    kept = refusals.kept

    def raw_at(lines: Collection[int]) -> dict[int, bytes]:
        at = np.flatnonzero(kept & np.isin(batch.lines, np.array(sorted(lines), np.int64)))
        return {int(batch.lines[i]): batch.raw(int(i)) for i in at}

    guesses = dict(reader.found.guesses)
    if reader.found.kind == "orders":
        guesses["revenue"] = revenue_note(reader)
        if reader.repeated:
            guesses["lines"] = (
                f"{', '.join(sorted(reader.repeated))}: the same on every line, taken as the order's"
            )
        if reader.apart:
            guesses["apart"] = f"(lines of {reader.apart:,} orders stand far apart in the file: put together)"
    return Rows(
        kind=reader.found.kind,
        origin=str(reader.path),
        events=tables.get("events", EVENTS.empty_table()),
        identities=tables.get("identities", IDENTITIES.empty_table()),
        spend=tables.get("spend", SPEND.empty_table()),
        rejects=rejects,
        read=batch.read,
        accepted=batch.table.num_rows - len(refusals.reason),
        guesses=guesses,
        ids=None if ids is None else ids.filter(pa.array(kept)),
        raw_at=raw_at,
    )


def _spend(reader: Reader, batch: Batch) -> Rows:
    typed = reader.typed(batch)
    refusals = Refusals(typed.n)
    given = np.asarray(pc.is_valid(batch.table.column(reader.found.columns["day"])))
    refusals.add(~given, "missing-time", "day")
    refusals.add(~typed.where("day"), "bad-time", "day")
    reader.money_refusals(typed, refusals, batch)
    cost_field = "cost" if typed.has("cost") else "cost_micros"
    refusals.add(~typed.where(cost_field), "missing-amount", cost_field)
    negative = pc.less(typed.get(cost_field), pa.scalar(0, MONEY))
    refusals.add(np.asarray(pc.fill_null(negative, fill_value=False)), "negative-amount", cost_field)
    currency_refusals(reader, typed, refusals, typed.where(cost_field))
    constant = reader.found.settings.get("channel")
    if typed.has("channel"):
        refusals.add(~typed.where("channel"), "missing-channel", "channel")
    kept = typed.take(refusals.kept)
    columns = [
        kept.get("channel") if kept.has("channel") else pa.repeat(constant or "", kept.n),
        kept.get("campaign"),
        kept.get("day", pa.date32()),
        kept.get(cost_field, MONEY),
        currency(reader, kept),
        pa.repeat(reader.source, kept.n),
        kept.get("key"),
    ]
    return _rows(reader, batch, refusals, typed.get("key"), spend=pa.Table.from_arrays(columns, schema=SPEND))


def _are_orders(reader: Reader, typed: Typed) -> Bools:
    """Return which rows are orders: all of a table of orders; of events, those that name one."""
    if reader.found.kind == "orders":
        return np.ones(typed.n, np.bool_)
    if not typed.has("order_id"):
        return np.zeros(typed.n, np.bool_)
    settled = told(
        typed.get("event"),
        lambda v: meaning_of(v).commerce in ("placed", "cancelled", "refunded"),
        pa.bool_(),
    )
    return np.asarray(pc.fill_null(settled, fill_value=False)) & typed.where("order_id")


def _refused(reader: Reader, typed: Typed, batch: Batch, orders: Bools) -> tuple[Refusals, Lines]:
    """Return the rows refused, and the rows as orders."""
    refusals = Refusals(typed.n)
    reader.time_refusals(typed, refusals)
    none = np.zeros(typed.n, np.bool_)
    lines = Lines(typed, none, np.arange(typed.n), none, none)
    if reader.found.kind == "orders":
        lines = joined(reader, priced(reader, typed), mergeable(typed))
        if typed.n:
            reader.last_order = typed.get("order_id")[typed.n - 1].as_py()
    if typed.has("event"):
        refusals.add(~typed.where("event") & ~typed.where("channel"), "missing-event", "event")
    amount = next((f for f in ("net", "total", "gross") if typed.has(f)), "total")
    refusals.add(lines.apart, "several-totals", amount)
    if orders.any():
        _refuse_orders(reader, lines.typed, batch, (refusals, orders & ~lines.further))
    _refuse_lines(reader, batch, lines, refusals)
    return refusals, lines


def _refuse_lines(reader: Reader, batch: Batch, lines: Lines, refusals: Refusals) -> None:
    """Refuse every line of an order of which a line cannot be read; only the first one's time counts."""
    bad = Refusals(lines.typed.n)
    if lines.summed.any():
        reader.money_refusals(lines.typed, bad, batch)
    for i in [i for i in bad.reason if lines.summed[i]]:
        head = int(lines.begins[i])
        refusals.reason.setdefault(head, ("refused-line", "order_id") if head != i else bad.reason[i])
    for i in np.flatnonzero(lines.further).tolist():
        refusals.reason.pop(i, None)
        head = int(lines.begins[i])
        if head in refusals.reason:
            own = bad.reason.get(i) if lines.summed[i] else None
            again = ("refused-line", "order_id") if lines.summed[i] else refusals.reason[head]
            refusals.reason[i] = own or again


def _refuse_orders(reader: Reader, typed: Typed, batch: Batch, into: tuple[Refusals, Bools]) -> None:
    refusals, orders = into
    own = Refusals(typed.n)
    reader.money_refusals(typed, own, batch)
    order_refusals(reader, _as_orders(reader, typed), own)
    for i, reason in own.reason.items():
        if orders[i]:
            refusals.reason.setdefault(i, reason)


def _as_orders(reader: Reader, typed: Typed) -> Typed:
    """Return rows of events with the columns that tell refunds and cancellations in a table of orders."""
    if reader.found.kind == "orders" or not typed.has("event"):
        return typed
    table = typed.table
    did = told(typed.get("event"), lambda v: meaning_of(v).commerce)
    status = pc.if_else(pc.equal(did, "cancelled"), "cancelled", pa.scalar(None, pa.string()))
    table = table.append_column("status", status)
    placed_by = pc.if_else(pc.equal(did, "refunded"), "refund", typed.get("placed_by"))
    placed_by = pc.fill_null(placed_by, "person") if not typed.has("placed_by") else placed_by
    at = table.column_names.index("placed_by") if typed.has("placed_by") else None
    table = (
        table.append_column("placed_by", placed_by)
        if at is None
        else table.set_column(at, "placed_by", placed_by)
    )
    return Typed(table)


def _happenings(reader: Reader, batch: Batch) -> Rows:
    typed = reader.typed(batch)
    orders = _are_orders(reader, typed)
    refusals, lines = _refused(reader, typed, batch, orders)
    typed, begins = lines.typed, lines.begins
    kept = refusals.kept
    parts: list[pa.Table] = []
    identity, identities = identities_of(reader.connection, typed.take(kept))
    everything = Typed(
        typed.take(kept)
        .table.append_column("identity", identity)
        .append_column("line", pa.array(batch.lines[kept]))
    )
    orders, begins = orders[kept], begins[kept]
    rows = np.arange(len(kept))[kept]
    if not orders.all():
        parts.append(_finished(reader, everything.take(~orders), event_columns(everything.take(~orders))))
    if orders.any():
        # The lines of an order may stand apart in the file; put together, they follow their first.
        order = np.argsort(begins[orders], kind="stable")
        heads = np.flatnonzero((begins[orders] == rows[orders])[order])
        sold = everything.take(orders)
        if (np.diff(order) < 0).any():
            sold = Typed(sold.table.take(pa.array(order)).combine_chunks())
        parts += _orders(reader, sold, heads)
    events = pa.concat_tables(parts) if parts else EVENTS.empty_table()
    ids = pc.coalesce(typed.get("event_id"), typed.get("key"))
    return _rows(reader, batch, refusals, ids, events=events, identities=identities)


def _orders(reader: Reader, typed: Typed, heads: Ints) -> list[pa.Table]:
    lines = _as_orders(reader, typed)
    if len(heads) and heads[0] > 0:
        # These lines belong to an order whose first line came with the batch before.
        lines = Typed(lines.table.slice(int(heads[0])).combine_chunks())
        heads = heads - heads[0]
    if not len(heads):
        return []
    columns = order_columns(reader, lines, heads)
    first = Typed(lines.table.take(pa.array(heads)).combine_chunks())
    columns = _named(first, columns)
    parts = [_finished(reader, first, columns)]
    if first.has("refunded") or first.has("status"):
        status = pc.fill_null(told(first.get("status"), status_of), "placed")
        refunds, which = refund_columns(columns, first.get("refunded", MONEY), status)
        if which.any():
            parts.append(_finished(reader, first.take(which), refunds))
    return parts


def _named(typed: Typed, columns: Columns) -> Columns:
    """Return the columns with an id for each row: its own, else the hash of the row."""
    own = columns["id"]
    origin = pc.if_else(own.is_valid(), "native", "derived")
    return {**columns, "id": pc.coalesce(own, typed.get("key")), "id_origin": origin}


def _finished(reader: Reader, typed: Typed, columns: Columns) -> pa.Table:
    columns = columns if "id_origin" in columns else _named(typed, columns)
    line = typed.get("line").cast(pa.string())
    return assembled(
        {
            **columns,
            "source": pa.repeat(reader.source, typed.n),
            "raw_reference": pc.binary_join_element_wise(f"{reader.path}", line, ":"),
            "identity": typed.get("identity"),
        },
        typed.n,
    )
