"""What one touch of each channel causes, and how fast it fades."""

from collections.abc import Sequence

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._reading import Row, rows, table
from hearthline.reports._words import channel
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 27
SCREEN = "attribution"
TITLE = "What a touch does"
QUESTION = (
    "How many orders and enrolments do a hundred touches of a channel cause, and how fast does that fade?"
)
DEFINITION = (
    "Conversions that 100 touches of a channel cause within its look-back window, by the additive hazard, "
    "outside enrolments (while a machine orders for a home, touches do less), before what is brought "
    "forward is taken off, and without what touches lead to by way of other channels. Half of it comes "
    "within the half-life. A touch that comes within a day after another of its channel does the part "
    "that stands in the last column but one. Interval (90%): household bootstrap. Touches: all that were "
    "seen. A touch of a channel without any effect still shows about as much as a few conversions among "
    "all its touches."
)
COLUMNS = (
    Column("section", "Leads to"),
    Column("channel", "Channel"),
    Column("caused", "Caused by 100 touches", "number", low="low", high="high"),
    Column("half_days", "Half of it within", "number", unit="days"),
    Column("again", "Again within a day", "number", help="Beside the first; one number for all channels"),
    Column("touches", "Touches", "count"),
)
_SECTIONS = {"orders": "Orders by hand", "enrolments": "Enrolments"}
_SQL = """
    SELECT e.leads_to, e.channel, 100 * e.caused AS caused, 100 * e.low AS low, 100 * e.high AS high,
      e.half_days, e.again, e.touches
    FROM effects e JOIN models m USING (model)
    WHERE e.touches > 0 ORDER BY e.leads_to DESC, e.caused DESC, e.channel"""


def _title(found: Sequence[Row]) -> str:
    first = next((r for r in found if r["leads_to"] == "orders"), None)
    if first is None:
        return TITLE
    said = f"{first['caused']:.1f}"
    return f"100 touches of {channel(first['channel'])} cause {said} orders, the most of all channels"


def build(answer: Answer) -> Figure:
    """Return what touches cause by channel, orders first."""
    found = rows(answer, _SQL)
    made = [r | {"section": _SECTIONS[r["leads_to"]], "channel": channel(r["channel"])} for r in found]
    drawn = [r for r in made if r["leads_to"] == "orders"]
    types = {"channel": pa.string(), **dict.fromkeys(("caused", "low", "high"), pa.float64())}
    data = pa.table({n: pa.array([r[n] for r in drawn], kind) for n, kind in types.items()})
    notes = () if made else ("Too few orders by hand, or the additive hazard was not asked for.",)
    return Figure(
        name="effects",
        title=_title(found),
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, {"leads_to": pa.string()}),
        notes=notes,
        chart=Chart(
            "intervals",
            label="channel",
            value="caused",
            low="low",
            high="high",
            title="Orders by hand that 100 touches cause, with their 90% interval",
            data=data,
        )
        if drawn
        else None,
        source=answer.source,
        currency=answer.currency,
        group="section",
    )
