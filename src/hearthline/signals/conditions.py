"""Conditions: what the weather, the air, the stock or the day of the week have to do with what is bought."""

from typing import Any, Final

import numpy as np
import pyarrow as pa
from scipy.special import ndtr

from hearthline.signals import Asked, Tables
from hearthline.signals._columns import Floats, made, schema, sorted_by
from hearthline.signals._columns import groups as grouped

__all__ = ["NEEDS", "OPTIONS", "PAPER", "READS", "TABLES", "TELLS", "TITLE", "derive"]

TITLE: Final = "Conditions"
TELLS: Final = (
    "For each condition that sensors tell (temperature, humidity, air, stock, presence, ...) and for "
    "weekends, how much more of each product a home orders by hand on days above its own usual value than "
    "below."
)
PAPER: Final = (
    "time-stratified comparison within homes (Janes, Sheppard & Lumley 2005), rate ratios of Mantel & "
    "Haenszel 1959, several tests at once by Benjamini & Hochberg 1995"
)
READS: Final = {
    "sides": """
        WITH told AS (
          SELECT unit, time::DATE AS day, coalesce(signal_attribute, signal_capability) AS condition,
            avg(TRY_CAST(coalesce(signal_number, CASE signal_value
              WHEN 'present' THEN 1 WHEN 'not present' THEN 0
              WHEN 'active' THEN 1 WHEN 'inactive' THEN 0
              WHEN 'open' THEN 1 WHEN 'closed' THEN 0 END) AS DECIMAL(18, 6))) AS value
          FROM homed_events
          WHERE layer = 'device' AND type NOT LIKE 'device.health%' AND signal_attribute <> 'healthStatus'
          GROUP BY ALL HAVING value IS NOT NULL
        ),
        days AS (
          SELECT * FROM told
          UNION ALL
          SELECT u.unit, d.day, 'weekend' AS condition, (isodow(d.day) > 5)::INT AS value
          FROM (SELECT DISTINCT unit FROM orders WHERE unit IS NOT NULL) u
          CROSS JOIN (SELECT DISTINCT day FROM orders) d
        ),
        placed AS (
          SELECT *, day - DATE '2020-01-06' AS number, (day - DATE '2020-01-06') // 28 AS period FROM days
        ),
        middled AS (
          SELECT *, CASE WHEN condition = 'weekend' THEN 0.5
            ELSE median(value) OVER (PARTITION BY unit, condition, period) END AS middle
          FROM placed
        ),
        sided AS (
          SELECT unit, condition, period, day, value > middle AS above FROM middled WHERE value <> middle
        ),
        lines AS (
          SELECT DISTINCT source AS shop, commerce_order AS order_id,
            coalesce(p.name, p.sku, p.product_id) AS product
          FROM events, UNNEST(commerce_products) AS u(p)
          WHERE layer = 'commerce' AND commerce_action = 'placed' AND p.name IS NOT NULL
        ),
        bought AS (
          SELECT unit, day, product, count(*) AS orders FROM (
            SELECT o.unit, o.day, unnest(['any product', l.product]) AS product
            FROM orders o LEFT JOIN lines l USING (shop, order_id)
            WHERE o.kind = 'person' AND o.status = 'placed' AND o.unit IS NOT NULL
          ) WHERE product IS NOT NULL GROUP BY ALL
        ),
        strata AS (
          SELECT unit, condition, period, count(*) FILTER (above) AS days_above, count(*) FILTER (NOT above)
            AS days_below
          FROM sided GROUP BY ALL
        ),
        hits AS (
          SELECT s.unit, s.condition, s.period, b.product, sum(b.orders) FILTER (above) AS above,
            sum(b.orders) FILTER (NOT above) AS below
          FROM sided s JOIN bought b USING (unit, day) GROUP BY ALL
        )
        SELECT h.unit, h.condition, h.product, sum(coalesce(h.above, 0))::BIGINT AS orders_above,
          sum(coalesce(h.below, 0))::BIGINT AS orders_below,
          sum(CAST(coalesce(h.above, 0) * days_below / (days_above + days_below) AS DECIMAL(18, 9)))::DOUBLE
            AS x,
          sum(CAST(coalesce(h.below, 0) * days_above / (days_above + days_below) AS DECIMAL(18, 9)))::DOUBLE
            AS y
        FROM hits h JOIN strata s USING (unit, condition, period) GROUP BY ALL
    """,
}
NEEDS: Final = ()
TABLES: Final = {
    "conditions": schema(
        condition=(pa.string(), "what the sensor tells, or `weekend`"),
        product=(pa.string(), "the product, or `any product`"),
        homes=(pa.int64(), "homes that ordered it while the condition was told"),
        orders_above=(pa.int64(), "orders by hand on days above the home's own middle of four weeks"),
        orders_below=(pa.int64(), "orders by hand on days below it"),
        ratio=(pa.float64(), "rate of orders above / rate below, within homes and four weeks"),
        ratio_low=(pa.float64(), "lower end of its 90 % interval"),
        ratio_high=(pa.float64(), "upper end"),
        p=(pa.float64(), "chance of so large a difference if there were none"),
        q=(pa.float64(), "part of findings as sure as this that are false (Benjamini & Hochberg)"),
    )
}
OPTIONS: Final = {"least_orders": 40.0}
_Z90: Final = 1.6448536269514722


def derive(seen: Tables, asked: Asked) -> Tables:
    """Return `conditions`, one row a condition and product with enough orders, sorted by both."""
    rows = sorted_by(seen["sides"], "condition", "product", "unit")
    told: dict[str, list[Any]] = {f.name: [] for f in TABLES["conditions"]}
    if rows.num_rows:
        number = grouped(rows["condition"], rows["product"])
        first = np.flatnonzero(np.diff(number, prepend=-1))
        for begin, end in zip(first, np.append(first[1:], rows.num_rows), strict=True):
            some = rows.slice(begin, end - begin)
            row = _compared(some, asked)
            if row is not None:
                for name, value in row.items():
                    told[name].append(value)
    told["q"] = _false_discoveries(np.array(told["p"], dtype=np.float64)).tolist()
    columns = {f.name: pa.array(told[f.name], f.type) for f in TABLES["conditions"]}
    return {"conditions": made(TABLES["conditions"], columns)}


def _compared(rows: pa.Table, asked: Asked) -> dict[str, Any] | None:
    """Return the row of one condition and product; None where there are too few orders on either side."""
    above, below = (int(np.sum(rows[n].to_numpy())) for n in ("orders_above", "orders_below"))
    x, y = rows["x"].to_numpy(), rows["y"].to_numpy()
    if above + below < asked.options["least_orders"] or not x.sum() or not y.sum():
        return None
    ratio = float(x.sum() / y.sum())
    n = rows.num_rows
    spread = float(np.sum((x - ratio * y) ** 2)) * n / max(n - 1, 1)
    sd = max(np.sqrt(spread) / y.sum() / ratio, 1e-6)  # of the ratio's logarithm, homes as the sample
    return {
        "condition": rows["condition"][0].as_py(),
        "product": rows["product"][0].as_py(),
        "homes": n,
        "orders_above": above,
        "orders_below": below,
        "ratio": ratio,
        "ratio_low": ratio * float(np.exp(-_Z90 * sd)),
        "ratio_high": ratio * float(np.exp(_Z90 * sd)),
        "p": float(2 * ndtr(-abs(np.log(ratio)) / sd)),
    }


def _false_discoveries(p: Floats) -> Floats:
    """Return Benjamini and Hochberg's adjusted values.

    >>> _false_discoveries(np.array([0.01, 0.5, 0.02])).round(3).tolist()
    [0.03, 0.5, 0.03]
    """
    order = np.argsort(p)
    n = len(p)
    adjusted = p[order] * n / np.arange(1, n + 1)
    out = np.empty(n)
    out[order] = np.minimum.accumulate(adjusted[::-1])[::-1] if n else adjusted
    return out
