"""What experiments found, and which models they contradict."""

from collections.abc import Sequence

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._reading import MONEY, Row, rows, table
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 72
SCREEN = "trust"
TITLE = "Experiments"
QUESTION = "What did experiments find, and which models do they contradict?"
DEFINITION = (
    "A lift is the net revenue that a channel caused in an experiment: in its days, among the households "
    "that had the channel, with its interval (90%). Said = what a model, before it learns from any "
    "experiment, credits to the same touches in the same days and households; its interval (90%) is that of "
    "the household bootstrap. Away = lift minus said, in standard errors of both together. A model "
    "disagrees where that is beyond 1.64 either way; a right model does so in one case of ten, by chance. "
    "Lifts and experiments that no model can learn from are listed with the reason."
)
COLUMNS = (
    Column("part", "Part"),
    Column("model", "Model"),
    Column("experiment", "Experiment"),
    Column("channel", "Channel"),
    Column("orders", "Orders"),
    Column("lift", "Lift", "money", low="lift_low", high="lift_high"),
    Column("said", "Said", "money", low="said_low", high="said_high"),
    Column("away", "Away", "number", help="Standard errors; beyond 1.64 the model disagrees"),
    Column("verdict", "Verdict"),
)
_ORDERS = {"all": "All", "person": "By hand", "automated": "Without a person"}
_AGAINST, _FOUND = "Models against experiments", "Experiments"
_SQL = """
    SELECT m.title AS model, m.is_default, a.name AS experiment, a.channel, a.kind, a.lift,
           a.lift_low, a.lift_high, a.said, a.said_low, a.said_high, a.away, a.agrees
    FROM agreements a JOIN models m USING (model)
    ORDER BY m.is_default DESC, m.title, a.name, a.kind DESC, a.channel"""
_LIFTS = """
    SELECT name AS experiment, channel, kind, amount AS lift, low AS lift_low, high AS lift_high, start,
           "end", measured, why FROM lifts ORDER BY start, name, kind DESC, channel"""
_OPEN = """
    SELECT DISTINCT name AS experiment, channel, state, start, "end", days, why FROM experiments
    WHERE state IN ('planned', 'running') OR why IS NOT NULL ORDER BY start, name"""


def _against(found: Sequence[Row]) -> list[Row]:
    return [
        {
            **row,
            "part": _AGAINST,
            "orders": _ORDERS[row["kind"]],
            "away": round(row["away"], 2),
            "verdict": "agrees" if row["agrees"] else "disagrees",
        }
        for row in found
    ]


def _found(answer: Answer) -> list[Row]:
    made = []
    for row in rows(answer, _LIFTS):
        days = f"{text.day(row['start'])} to {text.day(row['end'])}"
        source = "measured here" if row["measured"] else "imported"
        verdict = f"not used: {row['why']}" if row["why"] else f"{source}, {days}"
        made.append({**row, "part": _FOUND, "orders": _ORDERS[row["kind"]], "verdict": verdict})
    for row in rows(answer, _OPEN):
        said = f"nothing can be learned: {row['why']}" if row["why"] and row["days"] else row["why"]
        said = said or f"{row['days']} of {(row['end'] - row['start']).days + 1} days"
        made.append({**row, "part": _FOUND, "orders": _ORDERS["all"], "verdict": f"{row['state']}: {said}"})
    return made


def _title(found: Sequence[Row]) -> str:
    """Return which models disagree, the default one first."""
    if not found:
        return TITLE
    against: dict[str, int] = {}
    for row in found:
        against[row["model"]] = against.get(row["model"], 0) + (not row["agrees"])
    lead, each = found[0]["model"], len(found) // len(against)
    others = sum(1 for model, n in against.items() if n and model != lead)
    said = "agrees with" if not against[lead] else f"disagrees with {against[lead]} of"
    also = f"; so {'does' if others == 1 else 'do'} {others} other {'model' if others == 1 else 'models'}"
    rest = "" if not others else also if against[lead] else f"; {text.plural(others, 'other model')} do not"
    return f"{lead} {said} {text.plural(each, 'lift')}{rest}"


def build(answer: Answer) -> Figure:
    """Return every lift, and how far each model is from it before it has learned."""
    found = rows(answer, _SQL)
    made = [*_found(answer), *_against(found)]
    notes = []
    if not made:
        notes.append(
            "No experiment yet, so nothing says what channels cause: `hearthline experiment design CHANNEL` "
            "says how long one must last."
        )
    wrong = [r for r in found if not r["agrees"] and r["is_default"]]
    if wrong:
        names = ", ".join(dict.fromkeys(r["channel"] for r in wrong))
        notes.append(f"The default model disagrees about {names}: read its credit after experiments instead.")
    lead = [r for r in made if r["part"] == _AGAINST and r.get("is_default")]
    return Figure(
        name="experiments",
        title=_title(found),
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, {}),
        notes=tuple(notes),
        chart=Chart(
            "intervals",
            label="what",
            value="amount",
            series="whose",
            low="low",
            high="high",
            title="What experiments found and what the default model said, with 90% intervals",
            data=_drawn(lead),
        )
        if lead
        else None,
        source=answer.source,
        currency=answer.currency,
        group="part",
    )


def _drawn(found: Sequence[Row]) -> pa.Table:
    """Return lift and credit side by side, for the picture."""
    drawn = [
        {
            "what": f"{row['channel']}, {row['orders'].lower()}",
            "whose": whose,
            "amount": row[key],
            "low": row[f"{key}_low"],
            "high": row[f"{key}_high"],
        }
        for row in found
        for whose, key in (("Experiment", "lift"), (row["model"], "said"))
    ]
    types = {"what": pa.string(), "whose": pa.string(), "amount": MONEY, "low": MONEY, "high": MONEY}
    return pa.table({n: pa.array([r[n] for r in drawn], kind) for n, kind in types.items()})
