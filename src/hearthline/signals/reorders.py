"""Reorders: when to order each supply, and how much, so that it does not run out; and why."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa

from hearthline.signals import Asked, Tables
from hearthline.signals._ahead import Ahead
from hearthline.signals._columns import DAY_US, WHEN, Floats, Ints, made, micros, schema, sorted_by

__all__ = ["NEEDS", "OPTIONS", "PAPER", "READS", "TABLES", "TELLS", "TITLE", "derive"]

TITLE: Final = "Reorders"
TELLS: Final = (
    "For each supply the day on which to order it and how many packs, for a wished service level: from the "
    "run-out, how long deliveries take, prices by quantity and shelf life; each proposal says why."
)
PAPER: Final = (
    "order when the chance to run out before a delivery exceeds 1 less the service level (the newsvendor's "
    "critical ratio: Arrow, Harris & Marschak 1951); the quantity of least cost a day (Harris 1913)"
)
READS: Final = {
    "prices": """
        SELECT coalesce(p.name, p.sku, p.product_id) AS product,
          round(coalesce(p.quantity, 1))::BIGINT AS packs,
          median(p.price)::DOUBLE AS price, count(*) AS orders
        FROM events, UNNEST(commerce_products) AS u(p)
        WHERE layer = 'commerce' AND commerce_action = 'placed' AND p.price > 0
        GROUP BY ALL
    """,
}
NEEDS: Final = ("supplies", "supply_kinds", "lead_times")
TABLES: Final = {
    "reorders": schema(
        unit=(pa.int64(), "key of the household"),
        device=(pa.string(), "id of the device; of supplies known from orders: empty"),
        supply=(pa.string(), "which of the device's supplies, or the product"),
        product=(pa.string(), "what to order; null: not known"),
        due=(WHEN, "the day on which to order (UTC); null: not within a year"),
        wait=(pa.float64(), "days from now until then; 0: now"),
        quantity=(pa.int64(), "packs to order"),
        price=(pa.float64(), "price of a pack at that quantity, as seen in orders; null: never seen"),
        risk=(pa.float64(), "chance that it runs out before the delivery, ordered on that day"),
        risk_later=(pa.float64(), "the same, ordered a week later"),
        why=(pa.string(), "the proposal in words"),
    )
}
OPTIONS: Final = {
    "service": 0.95,
    "lead_days": 3.0,
    "lead_spread": 1.0,
    "review_days": 1.0,
    "holding": 0.25,
    "order_cost": 0.0,
    "shelf_days": 365.0,
    "most_packs": 6.0,
}
_PARTS: Final = np.array([0.1, 0.3, 0.5, 0.7, 0.9])


def derive(seen: Tables, asked: Asked) -> Tables:
    """Return `reorders`, one row a supply, sorted by household, device and supply.

    Options: `service` the wished chance of not running out; `lead_days` and `lead_spread` how long a
    delivery takes where fewer than 20 were seen; `review_days` between looks; `holding` the cost a year
    of a pack on a shelf, in parts of its price; `order_cost` what an order costs; `shelf_days` how long
    packs keep; `most_packs` in one order.
    """
    rows = sorted_by(seen["supplies"], "unit", "device", "supply")
    ahead, leads = Ahead(rows, seen["supply_kinds"], asked), _leads(seen["lead_times"], asked)
    wait = _wait(ahead, leads, asked)
    quantity, price = _quantities(rows, seen["prices"], asked)
    risk, later = (_risk(ahead, wait + extra, leads) for extra in (0.0, 7.0))
    none = wait > 365
    near = np.where(none, 0, wait)
    due = micros(asked.as_of) + (near * DAY_US).astype(np.int64)
    told = {n: rows[n].combine_chunks() for n in ("unit", "device", "supply", "product")}
    told |= {
        "due": pa.array(due, mask=none).cast(WHEN),
        "wait": np.where(none, np.nan, wait),
        "quantity": quantity,
        "price": price,
        "risk": risk,
        "risk_later": later,
        "why": pa.array(list(_why(ahead, leads, near, risk, asked)), pa.string()),
    }
    return {"reorders": made(TABLES["reorders"], told)}


def _leads(seen: pa.Table, asked: Asked) -> Floats:
    """Return five equally likely delivery times in days, from those seen or from the options."""
    days = np.sort(seen["days"].to_numpy())
    if len(days) >= 20:
        found: Floats = np.quantile(days, _PARTS)
        return found
    usual, spread = asked.options["lead_days"], asked.options["lead_spread"]
    out: Floats = np.maximum(usual + spread * np.array([-1.28, -0.52, 0, 0.52, 1.28]), 0.0)
    return out


def _risk(ahead: Ahead, wait: Floats, leads: Floats) -> Floats:
    """Return the chance of running out before what is ordered after `wait` days is there."""
    out: Floats = np.mean([ahead.chance(np.minimum(wait + lead, 700)) for lead in leads], axis=0)
    return out


def _wait(ahead: Ahead, leads: Floats, asked: Asked) -> Floats:
    """Return how many days an order can wait: while the risk at the next look is small enough; 0: now."""
    allowed, review = 1 - asked.options["service"], asked.options["review_days"]
    low, high = np.zeros_like(ahead.rate), np.full_like(ahead.rate, 366.0)
    for _ in range(14):
        middle = (low + high) / 2
        enough = _risk(ahead, middle + review, leads) <= allowed
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    return np.where(low < 0.05, 0.0, low)


def _quantities(rows: pa.Table, prices: pa.Table, asked: Asked) -> tuple[Ints, Floats]:
    """Return the packs of least cost a day that keep until they are used, and their price."""
    rate = np.maximum(rows["rate"].to_numpy(), 1e-6)
    most = max(int(asked.options["most_packs"]), 1)
    seen: dict[str, dict[int, float]] = {}
    for row in sorted_by(prices, "product", "packs").to_pylist():
        if row["orders"] >= 3:
            seen.setdefault(row["product"], {})[row["packs"]] = row["price"]
    product = rows["product"].to_pylist()
    known = {name: _by_quantity(breaks, most) for name, breaks in seen.items()}
    flat = np.full(most, np.nan)
    price = np.array([known.get(p, flat) for p in product]).reshape(len(product), most)
    value = np.nan_to_num(price, nan=1.0)  # with one price for all, least cost is the least that keeps
    packs = np.arange(1, most + 1)
    cost = (asked.options["order_cost"] + packs * value) * rate[:, None] / packs
    cost = cost + asked.options["holding"] * value * packs / 2 / 365
    cost[(packs / rate[:, None] > asked.options["shelf_days"]) & (packs > 1)] = np.inf
    best = np.argmin(cost, axis=1)
    return packs[best].astype(np.int64), price[np.arange(len(best)), best]


def _by_quantity(breaks: dict[int, float], most: int) -> Floats:
    """Return the price of a pack for 1 to `most` packs: that of the largest quantity seen up to it."""
    out, last = np.empty(most), breaks[min(breaks)]
    for packs in range(1, most + 1):
        last = breaks.get(packs, last)
        out[packs - 1] = last
    return out


def _why(ahead: Ahead, leads: Floats, wait: Floats, risk: Floats, asked: Asked) -> Iterator[str]:
    """Yield each proposal in words."""
    days = [ahead.quantile(p) for p in (0.1, 0.5, 0.9)]
    service, packs = asked.options["service"], ahead.left_now()
    took = f"deliveries take {leads[0]:.0f} to {leads[-1]:.0f} days"
    for left, low, middle, high, after, chance in zip(packs, *days, wait, risk, strict=True):
        lasts = f"{left:.1f} packs left, for about {middle:.0f} days ({low:.0f} to {high:.0f})"
        if middle > 365:
            lasts = f"{left:.1f} packs left, for more than a year"
        when = "order now" if after < 1 else f"order in {after:.0f} days"
        hold = (
            f"to be stocked with {service:.0%}"
            if chance <= 1 - service + 0.005
            else f"risk already {chance:.0%}"
        )
        yield f"{lasts}; {took}; {when}, {hold}"
