"""What to offer whom, at which hour, and how often to try something else."""

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._opening import opened
from hearthline.reports._reading import Row, rows, table
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 46
SCREEN = "devices"
TITLE = "What to offer, and when"
QUESTION = (
    "Which product should each home be offered, at which hour, and is that better than the most popular one?"
)
DEFINITION = (
    "Chance = that the home's next order by hand is for the product, from its own orders, those of homes "
    "alike and those of its usual moment. Popular = the same chance of the most popular product, the "
    "usual rule. Sure = how often the product comes out best when the chances are drawn from their doubt: "
    "offer it so often, and try others the rest of the time, or nothing new is ever learned. Hour = the "
    "local hour in which, with the next, the home does most by hand; against = that against two hours at "
    "random. Traps: chances come from what was bought and not from what was offered, so they are no "
    "effect of an offer; that only an experiment or a replay of offers made at random can tell."
)
COLUMNS = (
    Column("part", "Part"),
    Column("home", "Home"),
    Column("product", "Offer"),
    Column("homes", "Homes", "count"),
    Column("chance", "Chance", "number", unit="%"),
    Column("popular", "Most popular", "number", unit="%"),
    Column("sure", "Sure", "number", unit="%"),
    Column("second", "Try instead"),
    Column("hour", "Best hour, working days", "count"),
    Column("weekend_hour", "Best hour, weekends", "count"),
    Column("against", "Against any hour", "number", unit="times"),
    Column("orders", "Orders", "count"),
)
_MOST = 200
_JOINED = """
    FROM recommendations r
    LEFT JOIN moments w ON w.unit = r.unit AND NOT w.weekend
    LEFT JOIN moments e ON e.unit = r.unit AND e.weekend"""
_BY_PRODUCT = f"""
    SELECT product, count(*) AS homes, 100 * avg(chance) AS chance, 100 * avg(popular) AS popular,
      100 * avg(sure) AS sure, sum(orders)::BIGINT AS orders, mode(w.hour) AS hour,
      mode(e.hour) AS weekend_hour,
      avg(w.against) AS against
    {_JOINED} GROUP BY product ORDER BY homes DESC, product"""
_HOMES = f"""
    SELECT r.unit, product, 100 * chance AS chance, 100 * popular AS popular, 100 * sure AS sure, second,
      r.orders, w.hour, e.hour AS weekend_hour, w.against
    {_JOINED} ORDER BY r.chance - r.popular DESC, r.unit LIMIT {_MOST}"""


def build(answer: Answer) -> Figure:
    """Return what is offered to how many homes, and the homes that it makes most difference to."""
    found = rows(answer, _BY_PRODUCT)
    made: list[Row] = [r | {"part": "By product"} for r in found]
    made += [r | {"part": "Homes", "home": str(r["unit"])} for r in rows(answer, _HOMES)]
    title, homes = TITLE, sum(r["homes"] for r in found)
    if homes:
        own, popular = (sum(r[n] * r["homes"] for r in found) / homes for n in ("chance", "popular"))
        title = (
            f"The offer made to each of {text.plural(homes, 'home')} is expected to be its next order in "
            f"{own:.0f}% of cases, the most popular product in {popular:.0f}%"
        )
    return Figure(
        name="recommendations",
        title=title,
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, {"unit": pa.int64()}),
        notes=(
            *(() if homes else ("No order with a named product: connect the shop.",)),
            *opened("recommendations", made),
        ),
        chart=Chart(
            "bars",
            label="product",
            value="homes",
            data=pa.table(
                {
                    "product": pa.array([r["product"] for r in found], pa.string()),
                    "homes": pa.array([r["homes"] for r in found], pa.int64()),
                }
            ),
            title="Homes by the product that they are offered",
        ),
        source=answer.source,
        currency=answer.currency,
        group="part",
    )
