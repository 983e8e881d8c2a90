"""Rows of orders as canonical events: placed, cancelled, paid back; who placed them, and by what standing."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline.files.currencies import CODES
from hearthline.files.happenings import Columns, common_columns, reference
from hearthline.files.lines import DESCRIBED, is_price
from hearthline.files.typed import Reader, Refusals, Typed, told
from hearthline.files.words import modality_of, placing_of, status_of
from hearthline.schema.arrow import EVENTS, MONEY
from hearthline.schema.journey import Bools, Ints

__all__ = ["mergeable", "order_columns", "order_refusals", "refund_columns", "revenue_note"]

_NONE = pa.scalar(None, pa.string())
_PRODUCTS = EVENTS.field("commerce_products").type


def _placings(typed: Typed, attribute: str) -> pa.Array:
    kind = pa.bool_() if attribute == "refund" else pa.string()
    return told(typed.get("placed_by"), lambda v: getattr(placing_of(v), attribute), kind)


def _is_refund(typed: Typed) -> Bools:
    kind = np.asarray(pc.fill_null(_placings(typed, "refund"), fill_value=False))
    return kind | typed.where("refund_of")


def _is_standing(typed: Typed) -> Bools:
    """Return whether each row is an enrolment or its end, not an order."""
    return np.asarray(pc.is_in(_placings(typed, "role"), pa.array(["enrol", "end"])))


def _status(typed: Typed) -> pa.Array:
    return pc.fill_null(told(typed.get("status"), status_of), "placed")


def _amounts(typed: Typed) -> Bools:
    """Return whether each row has any amount to go by."""
    return typed.where("net") | typed.where("total") | typed.where("gross")


def mergeable(typed: Typed) -> pa.Array:
    """Return of each row that may be a line its order's status and number; null for refunds, enrolments."""
    alone = pa.array(_is_standing(typed) | _is_refund(typed) | ~_amounts_given(typed))
    name = pc.binary_join_element_wise(_status(typed), typed.get("order_id"), "\x1f")
    return pc.if_else(alone, _NONE, name)


def _amounts_given(typed: Typed) -> Bools:
    """Return whether each row says an amount, readable or not."""
    given = [np.asarray(typed.get(f"{f}_given")) for f in ("net", "total", "gross") if typed.has(f)]
    return np.logical_or.reduce(given) if given else np.zeros(typed.n, np.bool_)


def order_refusals(reader: Reader, typed: Typed, refusals: Refusals) -> None:
    """Refuse rows without an order's number, without an amount, with a negative one, in no currency."""
    standing, refund = _is_standing(typed), _is_refund(typed)
    cancelled = np.asarray(pc.equal(_status(typed), "cancelled"))
    numbered = typed.where("order_id")
    refusals.add(refund & ~numbered & ~typed.where("refund_of"), "missing-refund-of", "order_id")
    refusals.add(~numbered & ~standing & ~refund, "missing-order-id", "order_id")
    amounts = [f for f in ("net", "total", "gross") if f in reader.found.columns]
    refusals.add(
        ~_amounts(typed) & ~standing & ~cancelled, "missing-amount", amounts[0] if amounts else "total"
    )
    for name in amounts:
        negative = np.asarray(pc.fill_null(pc.less(typed.get(name), pa.scalar(0, MONEY)), fill_value=False))
        refusals.add(negative & ~refund, "negative-amount", name)
    short = np.asarray(pc.fill_null(pc.less(_revenue_size(typed), pa.scalar(0, MONEY)), fill_value=False))
    refusals.add(short, "negative-amount", amounts[0] if amounts else "total")
    currency_refusals(reader, typed, refusals, _amounts(typed))


def currency_refusals(reader: Reader, typed: Typed, refusals: Refusals, needed: Bools) -> None:
    """Refuse rows in an unknown currency, and those without one where the table has the column.

    Orders of a table without the column are taken in the shop's own currency by whoever adds them up.
    """
    if typed.has("currency"):
        known = told(typed.get("currency"), lambda v: v.upper() in CODES, pa.bool_())
        refusals.add(
            np.asarray(pc.fill_null(pc.invert(known), fill_value=False)), "unknown-currency", "currency"
        )
        if "currency" not in reader.found.settings:
            refusals.add(needed & ~typed.where("currency"), "missing-currency", "currency")


def currency(reader: Reader, typed: Typed) -> pa.Array:
    """Return each row's currency in capitals."""
    said = told(typed.get("currency"), str.upper)
    constant = reader.found.settings.get("currency")
    return pc.fill_null(said, constant) if constant else said


def _size(typed: Typed, name: str, *, zero: bool = False) -> pa.Array:
    size = pc.abs(typed.get(name, MONEY))
    return pc.fill_null(size, pa.scalar(0, MONEY)) if zero else size


def _minus(left: pa.Array, *right: pa.Array) -> pa.Array:
    for part in right:
        left = pc.subtract(left, part).cast(MONEY)
    return left


def _revenue_size(typed: Typed) -> pa.Array:
    """Return the revenue without its sign: net, else total - tax - shipping, else gross - discount."""
    from_total = _minus(
        _size(typed, "total"), _size(typed, "tax", zero=True), _size(typed, "shipping", zero=True)
    )
    from_gross = _minus(_size(typed, "gross"), _size(typed, "discount", zero=True))
    return pc.coalesce(_size(typed, "net"), from_total, from_gross)


def revenue_note(reader: Reader) -> str:
    """Return in words what revenue was made of."""
    columns = reader.found.columns
    if "net" in columns:
        return f"{columns['net']}, taken as net of discounts, without tax and shipping"
    if "total" in columns:
        less = "".join(f" - {columns[f]}" for f in ("tax", "shipping") if f in columns)
        total = f"{columns['total']} x {columns['quantity']}" if is_price(reader) else columns["total"]
        return total + (less or ", taken as without tax and shipping: no such columns")
    if "gross" in columns:
        return columns["gross"] + (f" - {columns['discount']}" if "discount" in columns else "")
    return "none"


def _products(typed: Typed, heads: Ints) -> pa.Array:
    """Return for each order the products of its lines, which begin at `heads`."""
    have = [f for f in DESCRIBED if typed.has(f)]
    if not have or not len(heads):
        return pa.nulls(len(heads), _PRODUCTS)
    given = {"product_id": "product", "sku": "sku", "quantity": "quantity", "price": "unit_price"}
    struct = _PRODUCTS.value_type
    arrays = [
        typed.get(given.get(f.name, f.name), f.type).cast(f.type) if given.get(f.name) in have
        else pa.nulls(typed.n, f.type) for f in struct
    ]  # fmt: skip
    values = pa.StructArray.from_arrays(arrays, fields=list(struct))
    offsets = pa.array([*heads.tolist(), typed.n], pa.int32())
    return pa.ListArray.from_arrays(offsets, values).cast(_PRODUCTS)


def _automation(typed: Typed, standing: Bools) -> Columns:
    """Return who placed each order, by `placed_by` or by the id of a subscription or automation."""
    said = typed.get("placed_by").is_valid()
    ref = reference(typed)
    by_id = told(
        ref["automation_ref_type"], lambda v: "subscription" if v == "subscription" else "replenishment"
    )
    kind = pc.if_else(said, _placings(typed, "automation"), by_id)
    initiator_by_id = told(
        ref["automation_ref_type"], lambda v: "scheduled" if v == "subscription" else "machine"
    )
    evidence = pc.if_else(said, "placed_by", ref["automation_ref_type"])
    acting = kind.is_valid()
    kept = {k: pc.if_else(acting, v, _NONE) if k != "commerce_subscription" else v for k, v in ref.items()}
    role = pc.if_else(said, _placings(typed, "role"), pc.if_else(by_id.is_valid(), "act", _NONE))
    enrolled = pc.if_else(pc.and_(acting, pa.array(~standing)), typed.get("enrolment_id"), _NONE)
    return {
        **kept,
        "automation_kind": kind,
        "automation_role": role,
        "automation_enrolled_event": enrolled,
        "automation_cycle": told(typed.get("cycle"), _cycle, pa.int64()),
        "initiator_kind": pc.if_else(said, _placings(typed, "initiator"), initiator_by_id),
        "initiator_evidence": evidence,
    }


def _cycle(text: str) -> int | None:
    return int(text) if text.isdigit() and len(text) < 10 else None


def _actions(typed: Typed) -> tuple[pa.Array, pa.Array]:
    """Return each row's action, and its type."""
    standing, refund = _placings(typed, "role"), pa.array(_is_refund(typed))
    cancelled = pc.equal(_status(typed), "cancelled")
    action = pc.if_else(refund, "refunded", pc.if_else(cancelled, "cancelled", "placed"))
    order = pc.binary_join_element_wise("commerce.order", action, ".")
    enrol, end = pc.equal(standing, "enrol"), pc.equal(standing, "end")
    kind = pc.if_else(pc.fill_null(end, fill_value=False), "commerce.enrolment.ended", order)
    kind = pc.if_else(pc.fill_null(enrol, fill_value=False), "commerce.enrolment.started", kind)
    return pc.if_else(pa.array(_is_standing(typed)), _NONE, action), kind


def order_columns(reader: Reader, typed: Typed, heads: Ints) -> Columns:
    """Return the columns of orders; `typed` holds their lines, of which `heads` are the first ones."""
    products = _products(typed, heads)
    if len(heads) < typed.n:
        typed = Typed(typed.table.take(pa.array(heads)).combine_chunks())
    standing = _is_standing(typed)
    action, kind = _actions(typed)
    refund = pa.array(_is_refund(typed))
    by = _automation(typed, standing)
    via = told(typed.get("via"), lambda v: None if modality_of(v) == "unknown" else modality_of(v))
    automatic = pc.fill_null(pc.equal(by["automation_role"], "act"), fill_value=False)
    refund_of = pc.if_else(refund, pc.coalesce(typed.get("refund_of"), typed.get("order_id")), _NONE)
    after = pc.is_in(
        kind, pa.array(["commerce.order.refunded", "commerce.order.cancelled", "commerce.enrolment.ended"])
    )
    valued = pa.array(_amounts(typed))
    return {
        **common_columns(typed),
        **by,
        "id": pc.coalesce(
            typed.get("event_id"), pc.if_else(pa.array(standing), typed.get("enrolment_id"), _NONE)
        ),
        "type": kind,
        "layer": pa.repeat("commerce", typed.n),
        "stage": pc.if_else(after, "post_purchase", "purchase"),
        "modality": pc.if_else(automatic, "automated", pc.fill_null(via, "unknown")),
        "device_id": typed.get("device_id"),
        "commerce_action": action,
        "commerce_order": pc.coalesce(refund_of, typed.get("order_id")),
        "commerce_refund_of": refund_of,
        "commerce_total": _size(typed, "total"),
        "commerce_revenue": _revenue_size(typed),
        "commerce_tax": _size(typed, "tax"),
        "commerce_shipping": _size(typed, "shipping"),
        "commerce_discount": _size(typed, "discount"),
        "commerce_coupon": typed.get("coupon"),
        "commerce_currency": currency(reader, typed),
        "commerce_value_known": pc.if_else(pa.array(standing), pa.scalar(None, pa.bool_()), valued),
        "commerce_products": products,
    }


def refund_columns(columns: Columns, refunded: pa.Array, status: pa.Array) -> tuple[Columns, Bools]:
    """Return the refunds that rows of placed orders also tell of, and which rows those are.

    The whole order is paid back where the amount reaches the total, or the status says so without an
    amount; else the amount counts against revenue, up to all of it.
    """
    placed = pc.fill_null(pc.equal(columns["type"], "commerce.order.placed"), fill_value=False)
    some = pc.fill_null(pc.greater(refunded, pa.scalar(0, MONEY)), fill_value=False)
    whole = pc.and_(pc.equal(status, "refunded"), pc.invert(some))
    rows = np.asarray(pc.and_(placed, pc.or_(some, whole)))
    total, revenue = columns["commerce_total"], columns["commerce_revenue"]
    reached = pc.fill_null(pc.greater_equal(refunded, pc.coalesce(total, revenue)), fill_value=True)
    back = pc.if_else(pc.or_(whole, reached), revenue, pc.min_element_wise(refunded, revenue))
    paid = pc.if_else(whole, pc.coalesce(total, revenue), refunded)
    n = len(placed)
    none = pa.nulls(n, pa.string())
    changed: Columns = {
        **columns,
        "id": pc.binary_join_element_wise(columns["id"], "refund", "-"),
        "type": pa.repeat("commerce.order.refunded", n),
        "stage": pa.repeat("post_purchase", n),
        "time_quality": pa.repeat("interval", n),
        "initiator_kind": none,
        "initiator_evidence": none,
        "automation_role": none,
        "automation_kind": none,
        "commerce_action": pa.repeat("refunded", n),
        "commerce_refund_of": columns["commerce_order"],
        "commerce_total": paid,
        "commerce_revenue": back,
        "commerce_tax": pa.nulls(n, MONEY),
        "commerce_shipping": pa.nulls(n, MONEY),
        "commerce_discount": pa.nulls(n, MONEY),
        "commerce_products": pa.nulls(n, _PRODUCTS),
    }
    return {name: column.filter(pa.array(rows)) for name, column in changed.items()}, rows
