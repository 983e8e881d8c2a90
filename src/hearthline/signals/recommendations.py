"""Recommendations: what each home is offered next, with the expected lift, and where it pays to try."""

from typing import Any, Final

import numpy as np
import pyarrow as pa

from hearthline.signals import Asked, Tables
from hearthline.signals._columns import Floats, made, schema, sorted_by
from hearthline.signals._offers import chances, choices, learn

__all__ = ["NEEDS", "OPTIONS", "PAPER", "READS", "TABLES", "TELLS", "TITLE", "derive"]

TITLE: Final = "Recommendations"
TELLS: Final = (
    "For each home and moment (by stock, part of the day, weekend) the product to offer, the chance that an "
    "order is for it, the lift over the most popular product, and how often another should be tried."
)
PAPER: Final = (
    "Thompson sampling (Thompson 1933) over a logistic factor model of homes, moments and products; judged "
    "by replay (Li, Chu, Langford & Wang 2011)"
)
READS: Final = {
    "occasions": """
        WITH lines AS (
          SELECT DISTINCT source AS shop, commerce_order AS order_id,
            coalesce(p.name, p.sku, p.product_id) AS product
          FROM events, UNNEST(commerce_products) AS u(p)
          WHERE layer = 'commerce' AND commerce_action = 'placed' AND p.name IS NOT NULL
        )
        SELECT o.unit, l.product, (CASE WHEN isodow(o.time) > 5 THEN 'weekend' ELSE 'working day' END) || ', '
          || (CASE WHEN hour(o.time) < 11 THEN 'morning' WHEN hour(o.time) < 17 THEN 'day' ELSE 'evening' END)
          AS moment, count(*) AS orders
        FROM orders o JOIN lines l USING (shop, order_id)
        WHERE o.kind = 'person' AND o.status = 'placed' AND o.unit IS NOT NULL
        GROUP BY ALL
    """,
}
NEEDS: Final = ("run_outs",)
TABLES: Final = {
    "recommendations": schema(
        unit=(pa.int64(), "key of the household"),
        moment=(
            pa.string(),
            "the moment in which it mostly orders: working day or weekend, part of the day (UTC)",
        ),
        product=(pa.string(), "what to offer"),
        chance=(pa.float64(), "chance that its next order is for that product"),
        popular=(pa.float64(), "the same chance of the most popular product: the usual rule"),
        lift=(pa.float64(), "the one against the other"),
        sure=(
            pa.float64(),
            "chance that no other product is better: how often to offer it rather than to try others",
        ),
        second=(pa.string(), "the product most worth trying instead; null: none"),
        runs_out=(
            pa.float64(),
            "chance that the home runs out of the offered product within a week; null: not known",
        ),
        orders=(pa.int64(), "its orders by hand so far"),
    )
}
OPTIONS: Final = {"draws": 64.0, "most_products": 50.0}


def derive(seen: Tables, asked: Asked) -> Tables:
    """Return `recommendations`, one row a home that ordered, sorted by home."""
    rows = sorted_by(seen["occasions"], "unit", "moment", "product")
    products = _most_bought(rows, int(asked.options["most_products"]))
    rows = rows.filter(pa.array([p in products for p in rows["product"].to_pylist()], pa.bool_()))
    if not rows.num_rows or len(products) < 2:
        return {"recommendations": TABLES["recommendations"].empty_table()}
    place = {name: i for i, name in enumerate(products)}
    units, home = np.unique(rows["unit"].to_numpy(), return_inverse=True)
    moments = sorted(set(rows["moment"].to_pylist()))
    moment = np.array([moments.index(m) for m in rows["moment"].to_pylist()])
    item = np.array([place[p] for p in rows["product"].to_pylist()])
    wins = np.zeros((len(units), len(moments), len(products)))
    np.add.at(wins, (home, moment, item), rows["orders"].to_numpy().astype(np.float64))
    now = wins.sum(axis=2).argmax(axis=1)
    known = learn(wins, _each(wins))
    chance = chances(known, now)
    best, sure, second = choices(known, now, int(asked.options["draws"]))
    popular, row = int(np.argmax(wins.sum(axis=(0, 1)))), np.arange(len(units))
    scale = chance.sum(axis=1)  # each next order is for one product
    columns: dict[str, Any] = {
        "unit": units,
        "moment": pa.array([moments[m] for m in now], pa.string()),
        "product": pa.array([products[b] for b in best], pa.string()),
        "chance": chance[row, best] / scale,
        "popular": chance[:, popular] / scale,
        "lift": chance[row, best] / chance[:, popular],
        "sure": sure,
        "second": pa.array([products[s] for s in second], pa.string()),
        "runs_out": _running_out(seen["run_outs"], units.tolist(), [products[b] for b in best]),
        "orders": wins.sum(axis=(1, 2)).astype(np.int64),
    }
    return {"recommendations": made(TABLES["recommendations"], columns)}


def _each(wins: Floats) -> Floats:
    """Return the tries: each order could have been for any product."""
    return np.repeat(wins.sum(axis=2, keepdims=True), wins.shape[2], axis=2)


def _most_bought(rows: pa.Table, most: int) -> list[str]:
    """Return the names of the products with most orders, sorted."""
    total: dict[str, int] = {}
    for name, n in zip(rows["product"].to_pylist(), rows["orders"].to_pylist(), strict=True):
        total[name] = total.get(name, 0) + n
    return sorted(sorted(total, key=lambda name: (-total[name], name))[:most])


def _running_out(run_outs: pa.Table, units: list[int], products: list[str]) -> pa.Array:
    columns = (run_outs[n].to_pylist() for n in ("unit", "product", "week"))
    known: dict[tuple[int, str], float] = {}
    for unit, product, week in zip(*columns, strict=True):
        known[unit, product] = max(known.get((unit, product), 0.0), week)
    return pa.array([known.get(key) for key in zip(units, products, strict=True)], pa.float64())
