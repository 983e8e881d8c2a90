"""Shopify: orders by hand, by calendar and by machine; refunds and cancellations."""

from collections.abc import Iterator
from typing import Any, Final

from hearthline.sim.happenings import What
from hearthline.sim.labels import customer_number, email, order_id
from hearthline.sim.life import SUBSCRIPTION
from hearthline.sim.payloads.row import SYSTEMS, Row, euros, local_iso, reference

__all__ = ["told"]

_FREE_FROM: Final = 2500
_SHIPPING: Final = 390
_TITLES: Final = ("Coffee capsules", "Dishwasher tabs", "Detergent refill")


def told(row: Row) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what Shopify's webhooks would send about this happening."""
    if row.of in (What.ORDER, What.MACHINE):
        yield "shopify.ndjson", _order(row)
    elif row.of is What.CANCEL:
        placed = row._replace(cents=-row.cents)
        ended = {"cancelled_at": local_iso(row.time), "cancel_reason": "customer"}
        told_again = _order(placed) | ended | {"updated_at": local_iso(row.time)}
        yield "shopify.ndjson", told_again | {"financial_status": "voided"}
    elif row.of is What.REFUND:
        yield "shopify.ndjson", _refund(row)


def _order(row: Row) -> dict[str, Any]:
    number = int(order_id(row.order))
    automated = row.of is not What.ORDER and row.kind > 0
    shipping = 0 if automated or row.cents >= _FREE_FROM else _SHIPPING
    member = 0 if row.by_voice else row.member  # a voice is nobody's login
    address = email(row.home, member)
    return {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/Order/{number}",
        "name": f"#{row.order}",
        "order_number": row.order,
        "created_at": local_iso(row.placed),
        "processed_at": local_iso(row.placed),
        "updated_at": local_iso(row.placed),
        "cancelled_at": None,
        "currency": "EUR",
        "financial_status": "paid",
        "source_name": _sold_by(row) if automated else "web",
        "email": address,
        "customer": {"id": customer_number(row.home, member), "email": address},
        "subtotal_price": euros(row.cents),
        "total_discounts": "0.00",
        "total_tax": "0.00",
        "taxes_included": False,
        "total_price": euros(row.cents + shipping),
        "shipping_lines": [{"title": "Standard", "price": euros(shipping)}],
        "note_attributes": _notes(row) if automated else [],
        "line_items": [_line(row)],
        "refunds": [],
    }


def _sold_by(row: Row) -> str:
    return "subscription_contract" if row.kind == SUBSCRIPTION else "api"


def _notes(row: Row) -> list[dict[str, str]]:
    system, kind = SYSTEMS[row.kind]
    notes = {
        "automation_system": system,
        "automation_type": kind,
        "automation_id": reference(row),
        "automation_cycle": str(row.cycle),
    }
    return [{"name": name, "value": value} for name, value in notes.items()]


def _line(row: Row) -> dict[str, Any]:
    product = row.home % len(_TITLES)
    return {
        "id": int(order_id(row.order)) * 10,
        "product_id": 100 + product,
        "variant_id": 1000 + product,
        "sku": f"SKU-{100 + product}",
        "title": _TITLES[product],
        "quantity": 1,
        "price": euros(row.cents),
    }


def _refund(row: Row) -> dict[str, Any]:
    number = int(order_id(row.order))
    amount = euros(-row.cents)
    return {
        "id": number + 900_000_000_000,
        "admin_graphql_api_id": f"gid://shopify/Refund/{number + 900_000_000_000}",
        "order_id": number,
        "created_at": local_iso(row.time),
        "processed_at": local_iso(row.time),
        "refund_line_items": [
            {
                "id": number * 10 + 1,
                "quantity": 1,
                "subtotal": amount,
                "total_tax": "0.00",
                "line_item": _line(row._replace(cents=-row.cents)),
                "subtotal_set": {"shop_money": {"amount": amount, "currency_code": "EUR"}},
            }
        ],
        "order_adjustments": [],
        "transactions": [
            {
                "id": number * 10 + 2,
                "kind": "refund",
                "status": "success",
                "amount": amount,
                "currency": "EUR",
            }
        ],
    }
