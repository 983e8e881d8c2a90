"""Churn: who is about to leave or gone already, why, and until when winning back is worth trying."""

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._intervals import Z90
from hearthline.reports._opening import opened
from hearthline.reports._reading import Row, rows, table
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 52
SCREEN = "household"
TITLE = "Homes about to leave"
QUESTION = "Which homes are about to leave or gone already, why, and until when can they be won back?"
DEFINITION = (
    "As of the end of the data. A home has left when nobody in it uses a device or orders by hand for 28 "
    "days. Chance (%) = of being gone already, or else of leaving within 28 days, learned from homes whose "
    "outcome is known and set right on homes held out. Expected = sum of chances; its interval (90%) treats "
    "homes as independent and holds no doubt about the model. Reasons are what adds most to a home's "
    "chance. Silent homes were last seen 28 days ago or more; won back until = the day by which nine in ten "
    "of the pauses that ended had. Traps: a holiday looks like leaving; heartbeats and readings are no use; "
    "devices that are set and forgotten look dead; a reason is no cause."
)
COLUMNS = (
    Column("part", "Part"),
    Column("what", "What"),
    Column("homes", "Homes", "count"),
    Column("expected", "Expected to leave", "number", low="low", high="high"),
    Column("chance", "Chance", "number", unit="%"),
    Column("gone", "Gone already", "number", unit="%"),
    Column("last", "Last seen", "date"),
    Column("reason", "Main reason"),
    Column("second", "Second reason"),
    Column("until", "Won back until", "date"),
)
_HIDDEN = {"unit": pa.int64()}
_STATES = """SELECT state AS what, count(*) AS homes, sum(chance) AS expected,
    sum(chance * (1 - chance)) AS spread FROM churn GROUP BY state ORDER BY homes DESC, what"""
_REASONS = """SELECT reason AS what, count(*) AS homes, sum(chance) AS expected,
    sum(chance * (1 - chance)) AS spread
    FROM churn WHERE reason IS NOT NULL GROUP BY reason ORDER BY expected DESC, what"""
_LIKELY = """SELECT unit, unit::VARCHAR AS what, 100 * chance AS chance, 100 * gone AS gone, last,
    reason, second
    FROM churn WHERE chance >= 0.1 ORDER BY chance DESC, unit LIMIT 100"""
_SILENT = """SELECT unit, unit::VARCHAR AS what, last, win_back_until AS until FROM churn
    WHERE state = 'silent' AND win_back_until IS NOT NULL ORDER BY until, unit LIMIT 100"""


def _summed(answer: Answer, sql: str, part: str) -> list[Row]:
    made = []
    for row in rows(answer, sql):
        out = row | {"part": part}
        if row["expected"] is not None:
            half = Z90 * max(row["spread"], 0.0) ** 0.5
            most = max(float(row["homes"]), row["expected"])
            out |= {"low": max(row["expected"] - half, 0.0), "high": min(row["expected"] + half, most)}
        made.append(out)
    return made


def build(answer: Answer) -> Figure:
    """Return homes by state and by reason, those most likely to leave, and those to win back."""
    states = _summed(answer, _STATES, "By state")
    reasons = _summed(answer, _REASONS, "By main reason")
    made = [*states, *reasons]
    made += [r | {"part": "Most likely to leave"} for r in rows(answer, _LIKELY)]
    made += [r | {"part": "Silent, to be won back"} for r in rows(answer, _SILENT)]
    judged = [r for r in states if r["expected"] is not None]
    about = next(iter(rows(answer, "SELECT * FROM churn_model LIMIT 1")), None)
    notes, title = [], TITLE
    if judged:
        expected, spread = (sum(r[n] for r in judged) for n in ("expected", "spread"))
        half = Z90 * max(spread, 0.0) ** 0.5
        span = f"between {max(expected - half, 0):,.0f} and {expected + half:,.0f}"
        title = f"{expected:,.0f} homes ({span}) are gone or leave within 28 days"
    elif about:
        silent = sum(r["homes"] for r in states if r["what"] == "silent")
        seen = text.plural(silent, "home")
        title = f"{seen} silent for 28 days or more; too few left to say who leaves next" if silent else title
        notes.append(
            f"{seen} silent for 28 days or more. Chances are learned from homes that used their devices for "
            "weeks and then left: 30 of them are needed, so wait or take a longer history."
        )
    else:
        notes.append("No use of devices and no orders: nothing is known of anybody leaving.")
    if about and about["win_back_days"] is not None:
        notes.append(
            f"{text.plural(about['returns'], 'pause')} of 28 days or more of {about['pauses']:,} ended, "
            f"nine in ten within {about['win_back_days']:.0f} days."
        )
    return Figure(
        name="churn",
        title=title,
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, _HIDDEN),
        notes=(*notes, *opened("churn", made)),
        chart=Chart(
            "intervals",
            label="what",
            value="expected",
            low="low",
            high="high",
            data=table(reasons, COLUMNS, _HIDDEN),
            title="Homes expected to leave by main reason, with its 90% interval",
        ),
        source=answer.source,
        currency=answer.currency,
        group="part",
    )
