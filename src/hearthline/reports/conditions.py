"""Under which conditions each product sells."""

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._opening import opened
from hearthline.reports._reading import Row, rows, table
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 45
SCREEN = "devices"
TITLE = "Conditions and demand"
QUESTION = "Under which conditions does each product sell, more than in the same home at other times?"
DEFINITION = (
    "Ratio = rate of orders by hand on days on which a home's own reading is above its middle of four "
    "weeks / rate on days below it; weekends against working days. Each home is compared with itself "
    "within the same four weeks, so neither who it is nor the season makes a difference. Interval (90%): "
    "homes are the sample. Of findings with a false part up to 5%, one in twenty is false (Benjamini & "
    "Hochberg, over all rows). Traps: all homes share the weather, and a sale on a hot day looks like "
    "heat; a low stock makes people order and an order makes the stock rise; a condition never earns "
    "credit, it moderates."
)
COLUMNS = (
    Column("condition", "Condition"),
    Column("product", "Product"),
    Column("homes", "Homes", "count"),
    Column("orders_above", "Orders above", "count"),
    Column("orders_below", "Orders below", "count"),
    Column("ratio", "Above against below", "number", unit="times", low="ratio_low", high="ratio_high"),
    Column("false", "False part", "number", unit="%", help="Part of findings as sure as this that are false"),
    Column("found", "Found"),
)
_ALL = """
    SELECT condition, product, homes, orders_above, orders_below, ratio, ratio_low, ratio_high,
      100 * q AS false,
      CASE WHEN q > 0.05 THEN 'no clear difference' WHEN ratio > 1 THEN 'sells above'
        ELSE 'sells below' END AS found
    FROM conditions ORDER BY condition, product <> 'any product', product"""


def _title(found: list[Row]) -> str:
    clear = [r for r in found if r["found"] != "no clear difference"]
    if not found:
        return TITLE
    if not clear:
        return "No condition moves demand clearly"
    names = sorted({r["condition"] for r in clear})
    return (
        f"Demand moves with {', '.join(names)}"
        if len(names) < 4
        else f"Demand moves with {len(names)} conditions"
    )


def build(answer: Answer) -> Figure:
    """Return the rate ratio of each condition and product."""
    found = rows(answer, _ALL)
    data = {
        "what": pa.array([f"{r['condition']} · {r['product']}" for r in found], pa.string()),
        **{n: pa.array([r[n] for r in found], pa.float64()) for n in ("ratio", "ratio_low", "ratio_high")},
    }
    return Figure(
        name="conditions",
        title=_title(found),
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(found, COLUMNS, {}),
        notes=(
            *(() if found else ("No condition with enough orders: connect sensors, or wait for orders.",)),
            *opened("conditions", found),
        ),
        chart=Chart(
            "intervals",
            label="what",
            value="ratio",
            low="ratio_low",
            high="ratio_high",
            data=pa.table(data),
            title="Rate of orders above the home's middle against below, with its 90% interval",
        ),
        source=answer.source,
        currency=answer.currency,
    )
