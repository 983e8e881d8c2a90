"""Shopify orders and refunds: what was sold, what was given back, and who set it off."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import msgspec

from hearthline.schema.event import (
    Automation,
    Commerce,
    Correlation,
    Event,
    Initiator,
    Modality,
    Touch,
)
from hearthline.sources import (
    Planted,
    currency,
    instant,
    mapping,
    mappings,
    money,
    planted,
    text,
    within,
)
from hearthline.sources.shopify.people import (
    RAW,
    Delivery,
    accepted,
    attributes_of,
    currency_of,
    homes_of,
    native_of,
    people_of,
    postage_of,
    product_of,
    source_of,
    sum_of,
)

__all__ = ["read_order", "read_refund"]

_WEB = frozenset(("web", "iphone", "android", "shop_app", "checkout_next"))
_STAFF = frozenset(("pos", "shopify_draft_order"))
_UPDATES = frozenset(("orders/updated", "orders/edited"))


class _Clues(NamedTuple):
    """Who placed an order, how, and for which standing decision."""

    initiator: Initiator = Initiator()
    modality: Modality = "unknown"
    automation: Automation = Automation()


def read_order(item: dict[str, Any], delivery: Delivery) -> Iterator[Event]:
    """Yield the order's placement, then its change (by topic), its cancellation and its refunds."""
    order = native_of("order", item)
    notes = planted(attributes_of(item.get("note_attributes")))
    clues = _clues(item, notes)
    placed = instant(item.get("processed_at")) or instant(item.get("created_at"))
    base = _order_event(item, delivery, notes, placed)
    yield msgspec.structs.replace(
        base,
        stage="purchase",
        initiator=clues.initiator,
        modality=clues.modality,
        automation=clues.automation,
    )
    changed = instant(item.get("updated_at"))
    if delivery.topic in _UPDATES and changed is not None:
        yield _later(base, "updated", changed, f"order/{order}/updated/{changed.isoformat()}")
    ended = instant(item.get("cancelled_at"))
    if ended is not None:
        yield _later(base, "cancelled", ended, f"order/{order}/cancelled")
    shared = {"order_id": order} | {k: item.get(k) for k in ("currency", "taxes_included", "test")}
    for refund in mappings(item.get("refunds")):
        for event in read_refund(shared | refund, delivery):
            yield msgspec.structs.replace(
                event, identifiers=base.identifiers, household_hints=base.household_hints
            )


def _order_event(item: dict[str, Any], delivery: Delivery, notes: Planted, placed: datetime | None) -> Event:
    order = native_of("order", item)
    return Event(
        id=f"order/{order}/placed",
        source=source_of(delivery, item),
        type="commerce.order.placed",
        subject=order,
        time=placed or delivery.received,
        time_quality="platform" if placed else "received",
        time_received=delivery.received,
        layer="commerce",
        stage="post_purchase",
        identifiers=people_of(item) + notes.identifiers,
        household_hints=homes_of(item) + notes.hints,
        correlation=Correlation(token=text(item.get("cart_token"))),
        touch=_arrival(item),
        commerce=_sold(item, order),
        consent=accepted(item.get("buyer_accepts_marketing"), "buyer_accepts_marketing"),
        raw=RAW,
    )


def _later(base: Event, action: Literal["updated", "cancelled"], time: datetime, own: str) -> Event:
    return msgspec.structs.replace(
        base,
        id=own,
        type=f"commerce.order.{action}",
        time=time,
        time_quality="platform",
        touch=Touch(),
        commerce=msgspec.structs.replace(base.commerce, action=action),
    )


def _sold(item: dict[str, Any], order: str) -> Commerce:
    subtotal = money(item.get("subtotal_price"))
    lines = mappings(item.get("line_items"))
    revenue = subtotal
    if subtotal is not None and item.get("taxes_included") is True:
        revenue = subtotal - _taxes_inside(lines, money(item.get("total_tax")))
    codes = mappings(item.get("discount_codes"))
    return Commerce(
        action="placed",
        order=order,
        cart=text(item.get("cart_token")),
        checkout=text(item.get("checkout_token")) or text(item.get("checkout_id")),
        total=money(item.get("total_price")),
        revenue=revenue,
        tax=money(item.get("total_tax")),
        shipping=postage_of(item),
        discount=money(item.get("total_discounts")),
        currency=currency_of(item),
        coupon=text(codes[0].get("code")) if codes else None,
        value_known=revenue is not None,
        products=[product_of(line) for line in lines] or None,
    )


def _taxes_inside(lines: list[dict[str, Any]], total_tax: Decimal | None) -> Decimal:
    """Return the tax inside the lines' prices; the order's whole tax where lines do not tell."""
    told = sum_of([tax for line in lines for tax in mappings(line.get("tax_lines"))], "price")
    return told if told is not None else (total_tax or Decimal(0))


def _clues(item: dict[str, Any], notes: Planted) -> _Clues:
    """Return who placed the order: by the planted automation, the sales channel, or the tags."""
    if notes.automation is not None and notes.automation.role == "act":
        by_date = notes.automation.kind == "subscription"
        kind: Literal["scheduled", "machine"] = "scheduled" if by_date else "machine"
        seen = Initiator(kind=kind, evidence="note_attributes.automation_id")
        return _Clues(seen, "automated", notes.automation)
    automation = notes.automation or Automation()
    channel = (text(item.get("source_name")) or "").lower()
    if channel.startswith("subscription_contract"):
        contract = text(item.get("source_identifier"))
        renewed = Automation(
            kind="subscription",
            role="act",
            ref_system="shopify",
            ref_type="subscription_contract",
            ref_id=contract,
        )
        return _Clues(Initiator(kind="scheduled", evidence="source_name"), "automated", renewed)
    if "subscription recurring order" in (text(item.get("tags")) or "").lower():
        renewed = Automation(kind="subscription", role="act")
        return _Clues(Initiator(kind="scheduled", evidence="tags"), "automated", renewed)
    human = Initiator(kind="human", evidence="source_name")
    if channel in _WEB:
        return _Clues(human, "screen", automation)
    return _Clues(human if channel in _STAFF else Initiator(), "unknown", automation)


def _arrival(item: dict[str, Any]) -> Touch:
    """Return where the buyer came from, as a note: an order is no touch, so it has no channel."""
    landing = text(item.get("landing_site")) or ""
    try:
        query = dict(parse_qsl(urlsplit(landing).query, max_num_fields=100))
    except ValueError:
        query = {}
    told = {part: text(query.get(f"utm_{part}")) for part in ("source", "medium", "campaign")}
    return Touch(
        source=told["source"] or text(item.get("landing_site_ref")),
        medium=told["medium"],
        campaign=told["campaign"],
    )


def read_refund(item: dict[str, Any], delivery: Delivery) -> Iterator[Event]:
    """Yield the one event that a refund is; amounts are positive and given back."""
    refund, order = native_of("refund", item), native_of("refund", item, "order_id")
    time = instant(item.get("processed_at")) or instant(item.get("created_at"))
    lines = mappings(item.get("refund_line_items"))
    code = _refund_currency(item, lines)
    revenue, total = _given_back(item, lines, code)
    sold = [mapping(line.get("line_item")) | {"quantity": line.get("quantity")} for line in lines]
    yield Event(
        id=f"refund/{refund}",
        source=source_of(delivery, item),
        type="commerce.order.refunded",
        subject=order,
        time=time or delivery.received,
        time_quality="platform" if time else "received",
        time_received=delivery.received,
        layer="commerce",
        stage="post_purchase",
        commerce=Commerce(
            action="refunded",
            order=order,
            refund_of=order,
            revenue=revenue,
            total=total,
            tax=sum_of(lines, "total_tax"),
            currency=code,
            value_known=revenue is not None,
            products=[product_of(line) for line in sold] or None,
        ),
        raw=RAW,
    )


def _given_back(
    item: dict[str, Any], lines: list[dict[str, Any]], code: str | None
) -> tuple[Decimal | None, Decimal | None]:
    """Return the net revenue given back, and the whole amount paid back, in the currency of this code.

    A discrepancy is what the lines say minus what was really given for them, so it is taken off. A refund
    without lines whose payments are told and of which none was made puts goods back and gives nothing.
    """
    total = _paid_back(item, code)
    net = sum_of(lines, "subtotal")
    adjusted = _adjustments(item, "refund_discrepancy")
    if net is None and not adjusted:
        if total is None:
            nothing = Decimal(0) if isinstance(item.get("transactions"), list) else None
            return nothing, nothing
        return max(total - _postage_back(item, code), Decimal(0)), total
    net = (net or Decimal(0)) - (sum_of(adjusted, "amount") or Decimal(0))
    if item.get("taxes_included") is True:
        net -= sum_of(lines, "total_tax") or Decimal(0)
    return net, total


def _adjustments(item: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [a for a in mappings(item.get("order_adjustments")) if a.get("kind") == kind]


def _deals(item: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the payments that gave money back."""
    deals = mappings(item.get("transactions"))
    return [d for d in deals if d.get("kind") in ("refund", None) and d.get("status") != "failure"]


def _paid_back(item: dict[str, Any], code: str | None) -> Decimal | None:
    """Return the sum of the payments; None where one is told in another currency alone."""
    amounts = [_amount_in(code, deal, "amount") for deal in _deals(item)]
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(amounts) else None


def _postage_back(item: dict[str, Any], code: str | None) -> Decimal:
    """Return the shipping that was paid back, with its tax: by its lines, else by the older adjustments."""
    posted, names = mappings(item.get("refund_shipping_lines")), ("subtotal_amount", "tax_amount")
    if not posted:
        posted, names = _adjustments(item, "shipping_refund"), ("amount", "tax_amount")
    amounts = [_amount_in(code, line, name) for line in posted for name in names]
    return sum((abs(amount) for amount in amounts if amount is not None), Decimal(0))


def _amount_in(code: str | None, holder: dict[str, Any], name: str) -> Decimal | None:
    """Return an amount in a currency: of the two in its set, else the plain one that is in no other."""
    both = mapping(holder.get(f"{name}_set"))
    for side in map(mapping, (both.get("shop_money"), both.get("presentment_money"))):
        if side and currency(side.get("currency_code")) in (None, code):
            return money(side.get("amount"))
    other = both or currency(holder.get("currency")) not in (None, code)
    return None if other else money(holder.get(name))


def _refund_currency(item: dict[str, Any], lines: list[dict[str, Any]]) -> str | None:
    """Return the shop's currency; of payments alone, in another one, that which they were made in."""
    deals = _deals(item)
    told = [currency(within(line, "subtotal_set", "shop_money", "currency_code")) for line in lines]
    told += [currency(within(d, "amount_set", "shop_money", "currency_code")) for d in deals]
    posted = mappings(item.get("refund_shipping_lines"))
    told += [currency(within(p, "subtotal_amount_set", "shop_money", "currency_code")) for p in posted]
    adjusted = mappings(item.get("order_adjustments"))
    told += [currency(within(a, "amount_set", "shop_money", "currency_code")) for a in adjusted]
    told.append(currency(item.get("currency")))
    shop = next((code for code in told if code), None)
    paid = {code for d in deals if not mapping(d.get("amount_set")) and (code := currency(d.get("currency")))}
    split = bool(lines or _adjustments(item, "refund_discrepancy"))
    return next(iter(paid)) if len(paid) == 1 and (shop is None or not split) else shop
