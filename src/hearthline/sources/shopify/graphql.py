"""Orders as the GraphQL Admin API answers them, under the names that webhooks give the same fields."""

from collections.abc import Mapping
from typing import Any

from hearthline.sources import mapping, mappings, text, within

__all__ = ["nodes_of", "part_of_an_order", "webhook_form"]

_RENAMED = {
    "name": "name",
    "createdAt": "created_at",
    "processedAt": "processed_at",
    "updatedAt": "updated_at",
    "cancelledAt": "cancelled_at",
    "currencyCode": "currency",
    "taxesIncluded": "taxes_included",
    "sourceName": "source_name",
    "sourceIdentifier": "source_identifier",
    "test": "test",
    "email": "email",
    "phone": "phone",
    "clientIp": "browser_ip",
    "landingPageUrl": "landing_site",
    "customerAcceptsMarketing": "buyer_accepts_marketing",
}
_SUMS = {
    "totalPriceSet": "total_price",
    "subtotalPriceSet": "subtotal_price",
    "totalTaxSet": "total_tax",
    "totalDiscountsSet": "total_discounts",
}


def nodes_of(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the orders in an answer, or the one that a line of a bulk export is.

    >>> nodes_of({"data": {"orders": {"edges": [{"node": {"id": "gid://shopify/Order/1"}}]}}})
    [{'id': 'gid://shopify/Order/1'}]
    """
    data = mapping(body.get("data"))
    one = mapping(data.get("order")) or mapping(data.get("node")) or (body if "id" in body else {})
    found = _listed(data.get("orders")) or [dict(one)]
    return [n for n in found if (text(n.get("id")) or "").startswith("gid://shopify/Order/")]


def part_of_an_order(body: Mapping[str, Any]) -> bool:
    """Return whether this is a line of a bulk export that holds a part of an order, as a line item."""
    return (text(body.get("id")) or "").startswith("gid://shopify/") and "__parentId" in body


def webhook_form(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return the order as a webhook spells it.

    >>> webhook_form({"id": "gid://shopify/Order/7", "totalPriceSet": {"shopMoney": {"amount": "9.5"}}})[
    ...     "total_price"]
    '9.5'
    """
    found: dict[str, Any] = {own: node[name] for name, own in _RENAMED.items() if name in node}
    found |= {own: _amount(node.get(name)) for name, own in _SUMS.items()}
    shipping = _amount(node.get("totalShippingPriceSet"))
    tags = node.get("tags")
    return found | {
        "id": _number(node.get("id")),
        "tags": ", ".join(map(str, tags)) if isinstance(tags, list) else tags,
        "line_items": [_line(line) for line in _listed(node.get("lineItems"))],
        "shipping_lines": [{"price": shipping}] if shipping else [],
        "note_attributes": [
            {"name": a.get("key"), "value": a.get("value")} for a in mappings(node.get("customAttributes"))
        ],
        "discount_codes": [{"code": c} for c in _texts(node.get("discountCodes"))],
        "customer": _person(mapping(node.get("customer"))),
        "shipping_address": _address(mapping(node.get("shippingAddress"))),
        "refunds": [_refund(refund) for refund in _listed(node.get("refunds"))],
    }


def _texts(value: object) -> list[str]:
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _listed(connection: object) -> list[dict[str, Any]]:
    """Return the items of a connection (`nodes`, or `edges` with a `node`), or of a list."""
    inside = mapping(connection)
    nodes = mappings(inside.get("nodes")) or [mapping(e.get("node")) for e in mappings(inside.get("edges"))]
    return nodes or mappings(connection)


def _amount(money: object) -> str | None:
    return text(within(money, "shopMoney", "amount"))


def _number(gid: object) -> str | None:
    return (text(gid) or "").split("?")[0].rpartition("/")[2] or None


def _line(line: dict[str, Any]) -> dict[str, Any]:
    price = _amount(line.get("discountedUnitPriceSet")) or _amount(line.get("originalUnitPriceSet"))
    return {
        "id": _number(line.get("id")),
        "product_id": _number(within(line, "product", "id")),
        "variant_id": _number(within(line, "variant", "id")),
        "sku": line.get("sku"),
        "title": line.get("title") or line.get("name"),
        "quantity": line.get("quantity"),
        "price": price,
    }


def _person(customer: dict[str, Any]) -> dict[str, Any]:
    email = customer.get("email") or within(customer, "defaultEmailAddress", "emailAddress")
    return {"id": _number(customer.get("id")), "email": email, "phone": customer.get("phone")}


def _address(address: dict[str, Any]) -> dict[str, Any]:
    return address | {"country_code": address.get("countryCodeV2") or address.get("countryCode")}


def _refund(refund: dict[str, Any]) -> dict[str, Any]:
    amount = _amount(refund.get("totalRefundedSet"))
    return {
        "id": _number(refund.get("id")),
        "created_at": refund.get("createdAt"),
        "transactions": [{"kind": "refund", "status": "success", "amount": amount}] if amount else None,
    }
