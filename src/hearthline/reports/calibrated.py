"""What channels earned after models have learned from experiments."""

from collections.abc import Sequence

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._reading import MONEY, Row, rows, table
from hearthline.reports._words import BASELINE, channel
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 25
SCREEN = "attribution"
TITLE = "Credit after experiments"
QUESTION = "What did each channel cause, as far as experiments and models together can say?"
DEFINITION = (
    "What is believed of a channel's true effect after a Bayesian update in closed form. Before "
    "experiments it is the model's credit, doubted by its bootstrap interval, by a scale that all "
    "channels may have wrong together (one standard error: 20%), by one for each stage (20%), by how far "
    "the leading model is right where the two differ (the default one, if it knows which orders come by "
    "themselves), and by what each channel may have wrong alone (20%). Lifts then pull tested channels "
    "to what was found, and through what is shared all others. The interval (90%) is that of the belief: "
    "it holds the model's possible error, so it is wider than the "
    "bootstrap's, also where nothing was tested. An effect may be negative. The baseline is what is left "
    "of net revenue, so all still adds up."
)
COLUMNS = (
    Column("section", "Orders"),
    Column("channel", "Channel"),
    Column("model", "Model"),
    Column("amount", "After experiments", "money", low="low", high="high"),
    Column("credited", "Before", "money"),
    Column("tested", "Tested"),
)
_ORDERS = {"all": "All orders", "person": "Placed by a person", "automated": "Without a person"}
_SQL = f"""
    WITH lead AS (SELECT c.channel, c.kind, c.amount FROM calibrated c JOIN models m USING (model)
                  WHERE m.is_default)
    SELECT c.kind, c.channel, m.title AS model, m.is_default, c.amount, c.low, c.high, c.credited, c.tested
    FROM calibrated c JOIN models m USING (model) LEFT JOIN lead l USING (channel, kind)
    ORDER BY array_position(['all', 'person', 'automated'], c.kind), c.channel = '{BASELINE}',
             l.amount DESC NULLS LAST, c.channel, m.is_default DESC, m.title"""


def _title(found: Sequence[Row], currency: str) -> str:
    lead = [r for r in found if r["is_default"] and r["kind"] == "all" and r["channel"] != BASELINE]
    if not lead:
        return TITLE
    most = max(abs(r["amount"] - r["credited"]) for r in lead)
    row = next(r for r in lead if abs(r["amount"] - r["credited"]) == most)
    if not most:
        return TITLE
    way = "lower" if row["amount"] < row["credited"] else "raise"
    was, now = (text.brief_money(row[n], currency) for n in ("credited", "amount"))
    return f"Experiments {way} what {row['channel']} earned from {was} to {now} ({row['model']})"


def build(answer: Answer) -> Figure:
    """Return calibrated credit by kind of orders, channel and model, the default model first."""
    found = rows(answer, _SQL)
    made = [
        {
            **row,
            "section": _ORDERS[row["kind"]],
            "channel": channel(row["channel"]),
            "tested": "yes" if row["tested"] else None,
        }
        for row in found
    ]
    notes = [] if made else ["No lift yet that a model can learn from: see the report `experiments`."]
    drawn = [r for r in made if r["kind"] == "all" and r["channel"] != channel(BASELINE)]
    types = {"channel": pa.string(), "model": pa.string(), "amount": MONEY, "low": MONEY, "high": MONEY}
    data = pa.table({n: pa.array([r[n] for r in drawn], kind) for n, kind in types.items()})
    return Figure(
        name="calibrated",
        title=_title(found, answer.currency),
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, {"kind": pa.string()}),
        notes=tuple(notes),
        chart=Chart(
            "intervals",
            label="channel",
            value="amount",
            series="model",
            low="low",
            high="high",
            title="Net revenue caused, after experiments, with its 90% interval",
            data=data,
        )
        if drawn
        else None,
        source=answer.source,
        currency=answer.currency,
        group="section",
        across="model" if drawn else None,
    )
