"""Time to find the priced order that a Dash order is, as the days grow: about linear, or not.

    python benchmarks/told_twice.py [--small] [--orders 10000000] [--write docs/benchmarks.md]

Half of the orders are a machine's without a price, half a shop's with one, some thousand of each a day over
500 products; nine in ten have a known household. The text of `told_twice` runs on DuckDB as the pipeline runs
it. Seconds are wall-clock time and belong to the machine; the last column, the cost of a row over that of the
row above, does not: 1 is linear growth.
"""

import argparse
import sys
import time
from pathlib import Path

import duckdb

from hearthline.journeys import AFTER_IDENTITY
from published import markdown, write_block

MARK = "python benchmarks/told_twice.py"
ORDERS = """
CREATE OR REPLACE TABLE order_versions AS
SELECT CASE WHEN priced THEN '//shop' ELSE '//dash' END AS shop,
  CASE WHEN priced THEN 's' ELSE 'd' END || pair AS order_id,
  pair * 17280000 + CASE WHEN priced THEN 1800000000 ELSE 0 END AS time_us,
  pair % 90001 AS identity, true AS usable, false AS cancelled, false AS by_human,
  CASE WHEN priced THEN 12.5 END AS revenue, 'machine' AS kind,
  NULL::VARCHAR AS ref_system, NULL::VARCHAR AS ref_id, NULL::VARCHAR AS enrolled_event
FROM range({pairs}) pairs(pair), (VALUES (true), (false)) either(priced)
"""
TABLES = (
    """CREATE OR REPLACE TABLE members AS SELECT identity, identity AS unit, 0 AS valid_from_us,
       9000000000000000000 AS valid_to_us FROM range(90001) i(identity) WHERE identity % 10 > 0""",
    """CREATE OR REPLACE TABLE unpriced AS
       SELECT o.shop, o.order_id, o.kind, o.time_us, o.ref_system, o.ref_id, o.enrolled_event, m.unit
       FROM order_versions o LEFT JOIN members m USING (identity) WHERE revenue IS NULL""",
    """CREATE OR REPLACE TABLE told_products AS SELECT shop, order_id,
       'p' || hash(order_id[2:]) % 500 AS product FROM order_versions""",
)


def seconds(orders: int) -> tuple[float, int]:
    """Return how long so many orders take, and how many of them met their price."""
    with duckdb.connect() as con:
        con.execute(ORDERS.format(pairs=orders // 2))
        for text in TABLES:
            con.execute(text)
        (text,) = (step.sql for step in AFTER_IDENTITY if step.table == "told_twice")
        began = time.perf_counter()
        con.execute(f"CREATE TABLE found AS {text}")
        spent = time.perf_counter() - began
        return spent, con.execute("SELECT count(*) FROM found").fetchall()[0][0]


def main() -> None:
    """Print the table."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--small", action="store_true", help="a quick look")
    flags.add_argument("--orders", type=int, default=10_000_000, help="the most orders")
    flags.add_argument(
        "--write", type=Path, help="a page whose block is replaced by the table, without seconds"
    )
    given = flags.parse_args()
    most = min(given.orders, 200_000) if given.small else given.orders
    rows: list[list[str]] = []
    before = 0.0
    for orders in (most // 100, most // 10, most):
        spent, found = seconds(orders)
        cost = spent / orders
        growth = f"{cost / before:.2f}" if before else "-"
        rows.append([f"{orders:,}", f"{found:,}", f"{spent:.2f}", growth])
        before = cost
    heads = ["orders", "met their price", "seconds", "cost of a row, grown by"]
    sys.stdout.write(markdown(heads, rows) + "\n")
    if given.write:
        write_block(
            given.write, MARK, markdown([heads[0], heads[1], heads[3]], [[*r[:2], r[3]] for r in rows])
        )


if __name__ == "__main__":
    main()
