"""When revenue was earned: on the day of the order, or on the day of the touch that led to it."""

from datetime import timedelta

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._reading import default_model, rows, run, table
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 60
SCREEN = "attribution"
TITLE = "Credit by week"
QUESTION = "How much credit falls into each week, by the day of the order and by the day of the touch?"
DEFINITION = (
    "The same credit in two accountings. Order day: credit counts in the week of the order, as in the "
    "shop's books. Touch day: credit counts in the week of the touch that earned it, as spend does. Both "
    "sum to the same total; the last weeks by touch day are not complete, because orders they lead to are "
    "still to come. The chart shows whole weeks, the table all. "
    "Weeks begin on Monday, UTC. Default model, all kinds of orders."
)
COLUMNS = (
    Column("week", "Week of", "date"),
    Column("channel", "Channel"),
    Column("by_order", "By order day", "money"),
    Column("by_touch", "By touch day", "money"),
)


def build(answer: Answer) -> Figure:
    """Return credit of the default model by week and channel, in both accountings."""
    model = default_model(answer)
    sql = f"""SELECT date_trunc('week', c.day)::DATE AS week, n.name AS channel,
                     coalesce(sum(c.amount) FILTER (c.accounting = 'order'), 0)::DECIMAL(24, 6) AS by_order,
                     coalesce(sum(c.amount) FILTER (c.accounting = 'touch'), 0)::DECIMAL(24, 6) AS by_touch
              FROM credits c JOIN channels n USING (channel) WHERE c.model = '{model["model"]}'
              GROUP BY ALL ORDER BY week DESC, by_order DESC, channel"""
    made = rows(answer, sql)
    first, last = (run(answer).get(n) for n in ("first_day", "last_day"))
    known = sorted({r["week"] for r in made})
    weeks = [w for w in known if not last or (w >= first and w + timedelta(days=6) <= last)]
    weeks = weeks if len(weeks) > 1 else known
    lines = [("By order day", "by_order"), ("By touch day", "by_touch")]
    drawn = [
        {"week": w, "accounting": title, "amount": float(sum(r[name] for r in made if r["week"] == w))}
        for title, name in lines
        for w in weeks
    ]
    kinds = {"week": pa.date32(), "accounting": pa.string(), "amount": pa.float64()}
    notes = [f"Credit is that of the model {model['title']}."]
    if 0 < len(weeks) < len(known):
        cut = " and ".join(text.day(w) for w in known if w not in weeks)
        notes.append(f"Not a whole week, so only in the table: the week of {cut}.")
    if not made:
        notes.insert(0, "No credit: there is no order that a touch could have led to.")
    return Figure(
        name="weeks",
        title=TITLE,
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, {}),
        notes=tuple(notes),
        chart=Chart(
            "line",
            label="week",
            value="amount",
            series="accounting",
            data=pa.table({n: pa.array([r[n] for r in drawn], kind) for n, kind in kinds.items()}),
            title="Credited net revenue by week",
        ),
        source=answer.source,
        currency=answer.currency,
    )
