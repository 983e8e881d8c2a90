"""Orders that stand on several rows, one a product: which rows are lines of which order, and their sums.

Shops and accounts write such tables in three ways: the amounts stand on the first line only (Shopify), the
order's total is repeated on every line (exports of WooCommerce), or each line has its own amount (ERP). Which
of them a column is, its name says, or the lines' price and quantity, or the file's other orders.
"""

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline.files.columns import simplified
from hearthline.files.typed import LINE_NUMBER, Reader, Typed
from hearthline.schema.arrow import MONEY
from hearthline.schema.journey import Bools, Ints

__all__ = ["DESCRIBED", "Lines", "further_lines", "is_price", "joined", "priced"]

DESCRIBED = ("product", "sku", "quantity", "unit_price")
"""Fields that say what one line of an order is about."""
_AMOUNTS = ("net", "total", "gross")
_BESIDE = ("tax", "shipping", "discount", "refunded")
_OF_A_LINE = re.compile(r"line|item|row|position|zeile|artikel|unitprice|^price$")
_OF_AN_ORDER = re.compile(r"order|grand|cart|basket|invoice|bestell|gesamt|paid|^sub")
_OF_ONE_PIECE = re.compile(r"^(price|unitprice|itemprice|lineitemprice|priceperunit)$")


@dataclass(frozen=True)
class Lines:
    """The rows of a batch as orders.

    Attributes:
        typed: the rows; the first line of an order has the amounts of the whole order.
        further: (n,) whether a row is a further line of an order.
        begins: (n,) the row in which each row's order begins; -1 where that was before this batch.
        summed: (n,) whether a row belongs to an order that was put together from lines with amounts.
        apart: (n,) whether a row's order stands on several rows with different amounts, and nothing says why.
    """

    typed: Typed
    further: Bools
    begins: Ints
    summed: Bools
    apart: Bools


def further_lines(typed: Typed, last_order: str | None) -> tuple[Bools, Ints]:
    """Return which rows are further lines, without amounts, of the order above; and where each order began.

    Shops export an order with many products as many lines, of which only the first has the amounts.
    The row is -1 where the order began before this batch.
    """
    rows = np.arange(typed.n)
    if not any(typed.has(f) for f in DESCRIBED) or not typed.n:
        return np.zeros(typed.n, np.bool_), rows
    order = typed.get("order_id")
    before = pa.concat_arrays([pa.array([last_order], pa.string()), order.slice(0, typed.n - 1)])
    same = np.asarray(pc.fill_null(pc.equal(order, before), fill_value=False))
    given = [np.asarray(typed.get(f"{f}_given")) for f in _AMOUNTS if typed.has(f)]
    further = same & ~np.logical_or.reduce(given)
    return further, np.maximum.accumulate(np.where(further, -1, rows))


def priced(reader: Reader, typed: Typed) -> Typed:
    """Return the rows with price times quantity as the total where the amount is the price of one piece."""
    if not is_price(reader) or not typed.has("quantity"):
        return typed
    many = pc.fill_null(pc.abs(typed.get("quantity", MONEY)), pa.scalar(1, MONEY))
    whole = pc.multiply(typed.get("total", MONEY), many)
    at = typed.table.column_names.index("total")
    return Typed(typed.table.set_column(at, "total", pc.round(whole, 4).cast(MONEY)))


def is_price(reader: Reader) -> bool:
    """Return whether the column taken for the total is the price of one piece, with how many there were."""
    columns = reader.found.columns
    return bool(
        reader.found.kind == "orders"
        and "quantity" in columns
        and _OF_ONE_PIECE.match(simplified(columns.get("total", "")))
    )


def joined(reader: Reader, typed: Typed, mergeable: pa.Array) -> Lines:
    """Return the rows as orders; lines with amounts are put together.

    Args:
        reader: the file's reader, which remembers what its earlier rows told of a column.
        typed: the rows.
        mergeable: of each row what rows of one order have in common; null for rows that are never lines.
    """
    further, begins = further_lines(typed, reader.last_order)
    none = np.zeros(typed.n, np.bool_)
    rows = _together(typed, further, mergeable)
    if rows is None:
        return Lines(typed, further, begins, none, none)
    con = reader.connection
    con.register("line_rows", rows)
    fields = [f for f in (*_AMOUNTS, *_BESIDE) if f in rows.column_names]
    found = con.sql(_judged(fields, set(rows.column_names))).to_arrow_table()
    con.unregister("line_rows")
    apart, lined = _kinds(found)
    group = _groups(rows, found)
    apart_rows = none.copy()
    apart_rows[group[apart[group[:, 1]], 0]] = True
    sums = {f: _amounts_of(reader, f, found) for f in fields}
    conflict = np.zeros(found.num_rows, np.bool_)
    for f in fields:
        conflict |= sums[f][1]
    apart_rows[group[(conflict & lined)[group[:, 1]], 0]] = True
    lined &= ~conflict
    summed, begins, further = none.copy(), begins.copy(), further.copy()
    heads = np.asarray(found["head"])
    own = group[lined[group[:, 1]]]
    summed[own[:, 0]] = True
    begins[own[:, 0]] = heads[own[:, 1]]
    further[own[:, 0]] = own[:, 0] != heads[own[:, 1]]
    # Lines without an amount follow the line above them to where its order begins.
    follows = (begins >= 0) & further & ~summed
    begins[follows] = begins[begins[follows]]
    summed |= follows & summed[np.maximum(begins, 0)]
    whole = {f: values for f, (values, _) in sums.items()}
    if {"total", "shipping"} <= whole.keys():
        whole["total"] = _with_shipping(found, whole["total"], whole["shipping"])
    return Lines(_replaced(typed, heads[lined], whole, lined), further, begins, summed, apart_rows)


def _together(typed: Typed, further: Bools, mergeable: pa.Array) -> pa.Table | None:
    """Return the rows of orders that stand on more than one row with amounts; None where there are none."""
    if not typed.n:
        return None
    given = np.asarray(mergeable.is_valid()) & ~further
    coded = mergeable.dictionary_encode()
    codes = np.asarray(pc.fill_null(coded.indices, 0)).astype(np.int64)
    counts = np.bincount(codes[given], minlength=len(coded.dictionary)) if given.any() else np.zeros(1)
    many = given & (counts[codes] > 1)
    if not many.any():
        return None
    at = pa.array(np.flatnonzero(many))
    names = [*_AMOUNTS, *_BESIDE, *DESCRIBED, LINE_NUMBER, "time", "key"]
    return pa.table(
        {"n": at, "g": pa.array(codes[many]), **{f: typed.get(f).take(at) for f in names if typed.has(f)}}
    ).append_column("said", _said(typed).take(at))


def _said(typed: Typed) -> pa.Array:
    """Return of each row what its line is about: its product, its number."""
    parts = [pc.fill_null(typed.get(f), "") for f in ("product", "sku", LINE_NUMBER) if typed.has(f)]
    return pc.binary_join_element_wise(*parts, "\x1f") if parts else pa.repeat("", typed.n)


def _judged(fields: list[str], columns: set[str]) -> str:
    """Return SQL: one row an order, with what its rows have in common and what each column would sum to.

    A row that is alike in every column came twice, and counts once.
    """
    parts = []
    cost = "round(unit_price * quantity, 2)" if {"quantity", "unit_price"} <= columns else "NULL"
    many = [f"count(DISTINCT {f})" for f in ("quantity", "unit_price") if f in columns]
    for f in fields:
        parts += [
            f"count(DISTINCT {f}) AS {f}_values",
            f"count(DISTINCT {f}) FILTER ({f} >= 0) AS {f}_apart",
            f"count({f}) AS {f}_given",
            f"count(*) FILTER ({f} <> 0) AS {f}_filled",
            f"cast(sum({f}) AS DECIMAL(18, 4)) AS {f}_sum",
            f"cast(min_by({f}, n) AS DECIMAL(18, 4)) AS {f}_once",
            f"coalesce(bool_and(abs({f} - {cost}) < 0.01), false) AS {f}_lines",
            f"coalesce(abs(max({f}) - sum({cost})) < 0.01, false) AS {f}_whole",
        ]
    return f"""
        SELECT g, min(n) AS head, count(*) AS many, count(DISTINCT said) AS products,
          count(DISTINCT time) AS times, greatest({", ".join(["1", *many])}) AS sizes, {", ".join(parts)}
        FROM (
          SELECT * FROM line_rows
          QUALIFY key IS NULL OR row_number() OVER (PARTITION BY g, key ORDER BY n) = 1
        )
        GROUP BY g ORDER BY g"""


def _kinds(found: pa.Table) -> tuple[Bools, Bools]:
    """Return which orders have rows that differ without a word why, and which stand on lines."""
    products, times = np.asarray(found["products"]), np.asarray(found["times"])
    lined = (products > 1) | ((np.asarray(found["sizes"]) > 1) & (times <= 1))
    lined &= np.asarray(found["many"]) > 1
    differ = np.zeros(found.num_rows, np.bool_)
    for f in _AMOUNTS:
        if f"{f}_apart" in found.column_names:
            differ |= np.asarray(found[f"{f}_apart"]) > 1
    return differ & ~lined & (times <= 1), lined


def _groups(rows: pa.Table, found: pa.Table) -> Ints:
    """Return (k, 2) each row and the place of its order in `found`."""
    at = np.searchsorted(np.asarray(found["g"]), np.asarray(rows["g"]))
    return np.stack([np.asarray(rows["n"]), at], axis=1)


def _amounts_of(reader: Reader, name: str, found: pa.Table) -> tuple[pa.Array, Bools]:
    """Return a column's amount of each order, and where an order's own total differs from line to line."""
    values, given = np.asarray(found[f"{name}_values"]), np.asarray(found[f"{name}_given"])
    lines, whole = np.asarray(found[f"{name}_lines"]), np.asarray(found[f"{name}_whole"])
    _, lined = _kinds(found)
    differ, repeated = lined & (values > 1), lined & (values == 1) & (given > 1)
    how = _by_name(reader.found.columns[name]) or reader.sums.get(name)
    if how is None and (differ.any() or (lines & ~whole & lined).any()):
        how = "line"
    if how is not None:
        reader.sums[name] = how
    elif repeated.any():
        reader.repeated.add(reader.found.columns[name])
    if how == "line":
        reader.repeated.discard(reader.found.columns[name])
    alike = (lines & ~whole) | ((how == "line") & ~(whole & ~lines))
    add = differ | (given <= 1) | (repeated & alike)
    amounts = pc.if_else(pa.array(add), found[f"{name}_sum"], found[f"{name}_once"]).combine_chunks()
    return amounts, differ & (how == "order") & (name in _AMOUNTS)


def _with_shipping(found: pa.Table, total: pa.Array, shipping: pa.Array) -> pa.Array:
    """Return the totals with the shipping of the whole order, where they are sums of lines: it is in none."""
    summed = pc.and_(pc.equal(total, found["total_sum"]), pc.greater(found["total_filled"], 1))
    own = pc.and_(
        pc.equal(found["shipping_filled"], found["many"]), pc.equal(shipping, found["shipping_sum"])
    )
    add = pc.fill_null(pc.and_(summed, pc.invert(own)), fill_value=False)
    more = pc.add(total, pc.fill_null(shipping, pa.scalar(0, MONEY))).cast(MONEY)
    return pc.if_else(add.combine_chunks(), more, total)


def _by_name(column: str) -> str | None:
    """Return whether a column's name says that its amounts are a line's or the order's."""
    name = simplified(column)
    return "line" if _OF_A_LINE.search(name) else "order" if _OF_AN_ORDER.search(name) else None


def _replaced(typed: Typed, heads: Ints, whole: dict[str, pa.Array], lined: Bools) -> Typed:
    """Return the rows with the whole order's amounts in its first line."""
    if not len(heads):
        return typed
    table = typed.table
    for name, values in whole.items():
        new = values.filter(pa.array(lined))
        mask = np.zeros(typed.n, np.bool_)
        mask[heads] = True
        ordered = new.take(pa.array(np.argsort(heads)))
        column = pc.replace_with_mask(typed.get(name), pa.array(mask), ordered)
        table = table.set_column(table.column_names.index(name), name, column)
        at = table.column_names.index(f"{name}_given")
        told = pc.or_(typed.get(f"{name}_given"), column.is_valid())
        table = table.set_column(at, f"{name}_given", told)
    return Typed(table.combine_chunks())
