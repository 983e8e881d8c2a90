"""How well the default kind of model foretells orders of homes that it did not see."""

from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._reading import Row, rows, table
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 74
SCREEN = "trust"
TITLE = "Orders as foretold and as seen"
QUESTION = (
    "Does the model foretell how often homes order that it did not see, and is it better than knowing less?"
)
DEFINITION = (
    "The additive hazard is fitted to one half of the homes (at most 5,000 in all) and foretells the "
    "orders by hand of the other half. Homes in tenths by how often they are foretold to order: "
    "foretold and seen should agree; seen within 2 standard errors of chance counts as agreeing. Weeks: "
    "all homes, by the fit to all. Likelihood: log-likelihood for each order of the other half in nats, "
    "beside knowing nothing (all homes and hours alike) and beside knowing what the home is like "
    "(trait, time since its last order, enrolment, stock) but not its touches; higher is better. "
    "Foretelling well does not prove causes: what follows need foretells orders, too."
)
COLUMNS = (
    Column("section", "What"),
    Column("label", "Which"),
    Column("at", "Rate or likelihood", "number"),
    Column("foretold", "Foretold", "number"),
    Column("seen", "Seen", "number"),
    Column("agrees", "Agrees"),
)
_SECTIONS = {
    "homes": "Homes, by foretold rate (orders a day)",
    "week": "Weeks",
    "likelihood": "Likelihood (nats an order)",
}
_SQL = """
    SELECT f.what, f.label, CASE WHEN f.what <> 'week' THEN f."at" END AS "at", f.foretold, f.seen
    FROM fitness f JOIN models m USING (model)
    ORDER BY array_position(['likelihood', 'homes', 'week'], f.what), f."at", f.label"""


def _agrees(row: Row) -> str | None:
    if row["foretold"] is None:
        return None
    near = abs(row["seen"] - row["foretold"]) <= 2.0 * max(row["foretold"], 1.0) ** 0.5
    return "yes" if near else "no"


def _title(found: Sequence[Row]) -> str:
    told = {r["label"]: r["at"] for r in found if r["what"] == "likelihood"}
    homes = [r for r in found if r["what"] == "homes"]
    if not told or not homes:
        return TITLE
    right = sum(_agrees(r) == "yes" for r in homes)
    return f"In {right} of {len(homes)} tenths of unseen homes orders agree with what was foretold"


def build(answer: Answer) -> Figure:
    """Return likelihoods, tenths of homes and weeks, as foretold and as seen."""
    found = rows(answer, _SQL)
    made = [r | {"section": _SECTIONS[r["what"]], "agrees": _agrees(r)} for r in found]
    drawn = [(r["label"], who, r[who]) for r in made if r["what"] == "week" for who in ("foretold", "seen")]
    data = pa.table(
        {
            "week": pa.array([date.fromisoformat(d[0]) for d in drawn], pa.date32()),
            "which": pa.array([d[1] for d in drawn], pa.string()),
            "orders": pa.array([round(d[2]) for d in drawn], pa.int64()),
        }
    )
    notes = () if made else ("Too few orders by hand to tell, or the additive hazard was not asked for.",)
    return Figure(
        name="fitness",
        title=_title(found),
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, {"what": pa.string()}),
        notes=notes,
        chart=Chart(
            "line",
            label="week",
            value="orders",
            series="which",
            title="Orders by hand a week, as foretold and as seen",
            data=data,
        )
        if drawn
        else None,
        source=answer.source,
        currency=answer.currency,
        group="section",
    )
