"""Service alerts: devices whose errors rise, and how good such alarms were so far."""

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._intervals import wilson
from hearthline.reports._opening import opened
from hearthline.reports._reading import Row, rows, table
from hearthline.schema import text
from hearthline.schema.figure import Column, Figure

POSITION = 55
SCREEN = "devices"
TITLE = "Service alerts"
QUESTION = (
    "Which devices fail in a way that comes before silence or a call for help, and how good are such alarms?"
)
DEFINITION = (
    "An alarm = three errors or more on a device in seven days, and more than four standard deviations "
    "above what the twelve weeks before had; one in four weeks at most. Precision (% of alarms) = alarms "
    "followed within 28 days by 28 days of silence of the device, or by a call for help of its household / "
    "alarms whose 28 days are over. By chance = the same part on all days of devices. Lead = median days "
    "from a right alarm to what followed. Window: all data. Interval (90%): Wilson's; n is alarms. Traps: "
    "platforms that report no errors have no alarms; a home that moves out falls silent without a fault; "
    "calls for help count only where a source tells them."
)
COLUMNS = (
    Column("part", "Part"),
    Column("what", "Device"),
    Column("kind", "Kind"),
    Column("day", "Day", "date"),
    Column("errors", "Errors in 7 days", "count"),
    Column("usual", "Usual", "number"),
    Column("outcome", "Followed by"),
    Column("lead", "Days before", "number"),
    Column("alarms", "Alarms", "count"),
    Column("precision", "Precision", "share", "% of alarms", low="low", high="high", n="alarms", why="why"),
    Column("chance", "By chance", "number", unit="%"),
)
_HIDDEN = {"unit": pa.int64()}
_QUALITY = """SELECT alarms, least("right", alarms) AS "right",
    100 * expected AS chance, lead_days AS lead, devices
    FROM service_quality LIMIT 1"""
_ALARMS = """SELECT unit, device AS what, kind, day, errors, usual, outcome, lead_days::DOUBLE AS lead
    FROM service_alerts ORDER BY outcome <> 'open', day DESC, device LIMIT 100"""


def build(answer: Answer) -> Figure:
    """Return how good the alarms were, and the alarms, open ones first."""
    made: list[Row] = []
    for row in rows(answer, _QUALITY):
        out = row | {"part": "So far", "what": f"{row['devices']:,} devices watched"}
        if row["alarms"]:
            low, high = wilson(row["right"], row["alarms"])
            out |= {"precision": row["right"] / row["alarms"], "low": low, "high": high}
        else:
            out["why"] = "no alarm that is four weeks old"
        made.append(out)
    alarms = [r | {"part": "Alarms", "why": "of all alarms"} for r in rows(answer, _ALARMS)]
    open_ones = sum(r["outcome"] == "open" for r in alarms)
    nothing = "No alarm: no device reported errors above its own rate, or no source tells errors."
    return Figure(
        name="service_alerts",
        title=f"{text.plural(open_ones, 'device')} with an open alarm" if open_ones else TITLE,
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table([*made, *alarms], COLUMNS, _HIDDEN),
        notes=(*(() if alarms else (nothing,)), *opened("service_alerts", made)),
        chart=None,
        source=answer.source,
        currency=answer.currency,
        group="part",
    )
