"""Query to purchase: orders after a question by voice, beside like days without one."""

from hearthline.reports import Answer
from hearthline.reports._intervals import wilson
from hearthline.reports._opening import opened
from hearthline.reports._reading import Row, rows, table
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 49
SCREEN = "devices"
TITLE = "Query to purchase"
QUESTION = "Do homes order more in the days after a question by voice than on like days without one?"
DEFINITION = (
    "Ordered (% of home-days) = home-days with a question by voice about products or orders that were "
    "followed by an order by hand within the next 7 days / all such home-days. Like days = the same part on "
    "days without a question in the 7 days around, matched on days since the last order, orders before, and "
    "the fortnight; of homes that use voice. Difference = ordered less like days, in percentage points. "
    "Window: days whose 7 days are over; questions of the same day count once. Intervals (90%): Wilson's "
    "over home-days for the part, bootstrap over homes for the difference; n is home-days. Traps: the "
    "difference is not what the question caused, since whoever asks is often about to buy; a home without a "
    "like day is left out."
)
COLUMNS = (
    Column("intent", "Question"),
    Column("queries", "Home-days", "count"),
    Column("homes", "Homes", "count"),
    Column("ordered", "Ordered within 7 days", "share", "% of home-days",
           low="ordered_low", high="ordered_high", n="queries", why="why"),
    Column("matched", "Like days without", "number", unit="%"),
    Column("lift", "Difference", "number", unit="pp", low="low", high="high"),
    Column("unmatched", "Without a like day", "count"),
)  # fmt: skip

_SQL = "SELECT * FROM query_to_purchase ORDER BY intent <> 'all questions', queries DESC, intent"


def build(answer: Answer) -> Figure:
    """Return what follows questions and like days without one, for all and for each question."""
    made: list[Row] = []
    for row in rows(
        answer, "SELECT * FROM query_to_purchase ORDER BY intent <> 'all questions', queries DESC, intent"
    ):
        n = row["queries"]
        low, high = wilson(round(row["ordered"] * n), n)
        ends = {"ordered_low": min(low, row["ordered"]), "ordered_high": max(high, row["ordered"])}
        points = {"matched": 100 * row["matched"], "lift": 100 * row["lift"]}
        points |= {"low": 100 * min(row["low"], row["lift"]), "high": 100 * max(row["high"], row["lift"])}
        made.append(row | ends | points)
    title, notes = TITLE, ["A difference is not an effect: whoever asks is often about to buy anyway."]
    if made:
        one = made[0]
        span = f"between {one['low']:+.1f} and {one['high']:+.1f}".replace("-", text.MINUS)
        said = f"{one['lift']:+.1f} points ({span})".replace("-", text.MINUS)
        title = f"Orders within 7 days after a question by voice: {said} against like days"
        if one["low"] <= 0 <= one["high"]:
            title = f"No clear difference of orders after a question by voice: {said}"
    else:
        notes.append("Too few homes asked by voice, or too few days: nothing is compared.")
    return Figure(
        name="query_to_purchase",
        title=title,
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, {}),
        notes=(*notes, *opened("query_to_purchase", made)),
        chart=Chart("intervals", label="intent", value="lift", low="low", high="high"),
        source=answer.source,
        currency=answer.currency,
    )
