"""What channels are owed of what is still to come: a forecast, in two views that overlap."""

from collections.abc import Sequence

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._reading import Row, default_model, rows, table
from hearthline.reports._words import BASELINE, channel
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 52
SCREEN = "replenishment"
TITLE = "Credit for expected value (forecast)"
QUESTION = "Which channels brought what is still to come?"
DEFINITION = (
    "A forecast, not revenue: nothing of it is booked, and it adds up to no ledger. Enrolments: net "
    "revenue that enrolments are expected to bring within the horizon, by how long enrolments last "
    "(shifted beta-geometric, Fader and Hardie 2007), shared as the decisions to enrol are credited. "
    "Households: net revenue expected of households that ordered, by the signal lifetime_value (BG/NBD, "
    "Gamma-Gamma), shared as what they bought so far is credited. The two overlap, since a household's "
    "orders hold those of its enrolments. Intervals (90%) hold the forecast's doubt, not that of the "
    "shares. `hearthline backtest` holds forecasts against what came."
)
COLUMNS = (
    Column("of", "Forecast of"),
    Column("channel", "Channel"),
    Column("ahead", "Expected", "money", low="low", high="high"),
)
_KINDS = {"enrolments": "Enrolments", "households": "Households"}


def _rows(answer: Answer, model: str) -> list[Row]:
    sql = f"""SELECT "of", channel, ahead, low, high, horizon_days FROM forecast_credit
              WHERE model = '{model}' ORDER BY "of", channel = '{BASELINE}', ahead DESC, channel"""
    return [
        r | {"kind": r["of"], "of": _KINDS.get(r["of"], r["of"]), "channel": channel(r["channel"])}
        for r in rows(answer, sql)
    ]


def _title(made: Sequence[Row], currency: str) -> str:
    told = [r for r in made if r["kind"] == "enrolments"]
    if not told:
        return TITLE
    whole = text.exact_money(sum(r["ahead"] for r in told), currency)
    return f"Forecast: enrolments are expected to bring {whole} in {told[0]['horizon_days']:.0f} days"


def build(answer: Answer) -> Figure:
    """Return what channels are owed of the forecasts, under the default model."""
    model = default_model(answer)
    made = _rows(answer, model["model"])
    notes = ["A forecast: none of this money is booked; enrolments and households overlap."]
    if not made:
        notes.insert(0, "Nothing to forecast: no enrolment and no household that ordered often enough.")
    drawn = {n: pa.array([float(r[n]) for r in made], pa.float64()) for n in ("ahead", "low", "high")}
    labels = {n: pa.array([r[n] for r in made], pa.string()) for n in ("channel", "of")}
    return Figure(
        name="expected_value",
        title=_title(made, answer.currency),
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, {}),
        notes=(*notes, f"Credit is that of the model {model['title']}."),
        chart=Chart(
            "intervals",
            label="channel",
            value="ahead",
            series="of",
            low="low",
            high="high",
            data=pa.table(labels | drawn),
            title="Expected net revenue by channel, with its 90% interval (forecast)",
        ),
        source=answer.source,
        currency=answer.currency,
        group="of",
    )
