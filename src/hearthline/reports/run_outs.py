"""Which homes run out of what this week, how sure that is, and what to order when."""

from math import sqrt
from typing import Any

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._intervals import Z90
from hearthline.reports._reading import Row, rows, table
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 50
SCREEN = "replenishment"
TITLE = "Run-outs"
QUESTION = "Which homes run out of what this week, how sure is that, and what should be ordered when?"
DEFINITION = (
    "As of the end of the data. For each supply, what is left and how fast it goes come from its sensor's "
    "readings, from counted uses, from the calendar, or, where there is none of these, from orders. Chance = "
    "the part of its distribution of last days that falls into the next 7 days; days = the middle of that "
    "distribution, "
    "with its 90% interval. Expected = sum of the chances of all supplies; its interval (90%) treats homes "
    "as independent, which a heat wave is not. Order = the last day on which an order is there in time with "
    "the wished service level (`[signals.options.reorders] service`). A forecast says what happens without "
    "a refill: a home that buys elsewhere is not seen before its sensor shows it."
)
COLUMNS = (
    Column("part", "Part"),
    Column("home", "Home"),
    Column("what", "What"),
    Column("supplies", "Supplies", "count"),
    Column("expected", "Run out in 7 days", "number", low="expected_low", high="expected_high"),
    Column("month", "In 28 days", "number"),
    Column("chance", "Chance this week", "number", unit="%"),
    Column("left", "Packs left", "number"),
    Column("days", "Days left", "number", low="low", high="high", why="why"),
    Column("order", "Order within days", "number"),
    Column("packs", "Packs to order", "count"),
    Column("basis", "Known from", "text", help="sensor readings, counted uses, a schedule, or orders"),
)
_HIDDEN = {"unit": pa.int64(), "device": pa.string(), "proposal": pa.string()}
_MOST = 200

_BY_PRODUCT = """
    SELECT coalesce(product, supply) AS what, basis, count(*) AS supplies, sum(week) AS expected,
           sum(week * (1 - week)) AS spread, sum(month) AS month
    FROM run_outs GROUP BY ALL ORDER BY expected DESC, what, basis"""
_HOMES = f"""
    SELECT r.unit, r.device, coalesce(r.product, r.supply) AS what, 100 * r.week AS chance, r.packs AS left,
           r.days, r.low, r.high, o.wait AS "order", o.quantity AS packs, r.basis, o.why AS proposal
    FROM run_outs r LEFT JOIN reorders o USING (unit, device, supply)
    WHERE r.week >= 0.05 ORDER BY r.week DESC, r.days, r.unit, r.device, r.supply LIMIT {_MOST}"""

_KNOWN_FROM = """
    SELECT basis, count(*) AS supplies, sum(week) AS expected
    FROM run_outs GROUP BY basis ORDER BY expected DESC, basis"""
_FROM = {
    "sensor": "sensors",
    "uses": "counted uses",
    "schedule": "a schedule",
    "orders": "orders",
}


def known_from(answer: Answer) -> dict[str, tuple[int, float]]:
    """Return by basis how many supplies there are and how many of them are expected to run out in 7 days.

    The one place that says so: together they are the report's heading, and `sensor` is what `hearthline demo`
    compares with the truth.
    """
    return {r["basis"]: (r["supplies"], r["expected"]) for r in rows(answer, _KNOWN_FROM)}


def _said(found: dict[str, tuple[int, float]]) -> str:
    """Return the heading's number by what it is known from."""
    parts = [f"{n:,.0f} of {of:,} from {_FROM.get(basis, basis)}" for basis, (of, n) in found.items()]
    return f"Run out within 7 days, by what supplies are known from: {'; '.join(parts)}."


def _products(answer: Answer) -> list[Row]:
    made = []
    for row in rows(answer, _BY_PRODUCT):
        half = Z90 * sqrt(row["spread"] or 0.0)
        ends = {
            "expected_low": max(row["expected"] - half, 0.0),
            "expected_high": min(row["expected"] + half, float(row["supplies"])),
        }
        made.append(row | ends | {"part": "By product"})
    return made


def _homes(answer: Answer) -> list[Row]:
    found = rows(answer, _HOMES)
    for row in found:
        row |= {"part": "Homes most likely to run out this week", "home": str(row["unit"])}
        if row["high"] is None:
            row |= {"low": None, "days": None, "why": "may last for more than a year"}
    return found


def _title(made: list[Row]) -> str:
    if not made:
        return TITLE
    expected, spread = (sum(r[n] for r in made) for n in ("expected", "spread"))
    half, supplies = Z90 * sqrt(spread), sum(r["supplies"] for r in made)
    low, high = max(expected - half, 0), min(expected + half, supplies)
    return (
        f"{expected:,.0f} of {text.plural(supplies, 'supply', 'supplies')} run out within 7 days "
        f"(between {low:,.0f} and {high:,.0f})"
    )


def _drawn(made: list[Row]) -> pa.Table:
    """Return expected run-outs by product, those of all bases together apart."""
    names: dict[str, Any] = {"what": pa.string(), "basis": pa.string(), "expected": pa.float64()}
    names |= {"expected_low": pa.float64(), "expected_high": pa.float64()}
    return pa.table({n: pa.array([r[n] for r in made[:12]], kind) for n, kind in names.items()})


def build(answer: Answer) -> Figure:
    """Return expected run-outs by product, and the homes most likely to run out this week."""
    products = _products(answer)
    homes = _homes(answer)
    notes = []
    if not products:
        notes.append("No supply is known: connect level sensors, or orders of homes that buy again.")
    elif len(homes) == _MOST:
        notes.append(
            f"The {_MOST} likeliest homes are listed; all of them: "
            "`hearthline sql 'FROM run_outs ORDER BY week DESC'`."
        )
    found = known_from(answer)
    if len(found) > 1:
        notes.insert(0, _said(found))
    if homes:
        notes.append("The readings behind a row: `hearthline explain household HOME`.")
    return Figure(
        name="run_outs",
        title=_title(products),
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table([*products, *homes], COLUMNS, _HIDDEN),
        notes=tuple(notes),
        chart=Chart(
            "intervals",
            label="what",
            value="expected",
            series="basis",
            low="expected_low",
            high="expected_high",
            data=_drawn(products),
            title="Supplies that run out within 7 days, expected number with its 90% interval",
        ),
        source=answer.source,
        currency=answer.currency,
        group="part",
    )
