"""Connected device retention: devices still used so many weeks after they were first used."""

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._ends import held, too_few
from hearthline.reports._opening import opened
from hearthline.reports._reading import Row, min_homes, rows, run, table
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 54
SCREEN = "devices"
TITLE = "Connected device retention"
QUESTION = "How many connected devices are still used in each of the twelve weeks after they were first used?"
DEFINITION = (
    "Retention in week k (% of devices) = devices with at least one effective interaction in the k-th week "
    "after their first one / devices that were first used long enough ago to be seen through that week. An "
    "effective interaction is what somebody did or perceived on it, or a level that fell; heartbeats, "
    "readings and online reports are none. Kept (%) = devices not used for the last time yet (Kaplan-Meier; "
    "unused for four weeks is lost). Window: weeks 0 to 12; phones and browsers left out. Interval (90%): "
    "Wilson's; n is devices. Traps: a device reset gets a new id and looks lost; one that was replaced is a "
    "home kept; set and forget devices look dead, so compare a kind with itself; only devices that were "
    "ever used count."
)
COLUMNS = (
    Column("kind", "Kind of device"),
    Column("week", "Week", "count"),
    Column("devices", "Devices", "count"),
    Column("active", "Used", "count"),
    Column("share", "Retention", "share", "% of devices", low="low", high="high", n="devices", why="why"),
    Column("kept", "Kept", "number", unit="%"),
)
_SQL = """SELECT kind, week, devices, active, share, low, high, 100 * kept AS kept FROM device_retention
    ORDER BY kind <> 'all', kind, week"""


def _drawn(made: list[Row]) -> pa.Table:
    shown = [r for r in made if r["kind"] == "all" and r["share"] is not None]
    weeks = pa.array([f"week {r['week']}" for r in shown], pa.string())
    ends = {n: pa.array([r[n] for r in shown], pa.float64()) for n in ("share", "low", "high")}
    return pa.table({"week": weeks, **ends})


def build(answer: Answer) -> Figure:
    """Return retention by week, for all devices and by kind."""
    needed, made = min_homes(run(answer)), []
    for row in rows(answer, _SQL):
        out: Row = row | held(row, "share", "low", "high")
        if row["devices"] < needed:
            out |= {
                "share": None,
                "low": None,
                "high": None,
                "why": too_few(row["devices"], needed, "device"),
            }
        made.append(out)
    whole = [r for r in made if r["kind"] == "all" and r["share"] is not None and r["week"] > 0]
    title = TITLE
    if whole:
        last = whole[-1]
        said = text.share_interval(last["share"], last["low"], last["high"])
        title = f"{said} of connected devices are used in week {last['week']} after their first use"
    return Figure(
        name="device_retention",
        title=title,
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, {}),
        notes=(
            *(() if made else ("No use of a connected device in this data.",)),
            *opened("device_retention", made),
        ),
        chart=Chart(
            "intervals",
            label="week",
            value="share",
            low="low",
            high="high",
            data=_drawn(made),
            title="Devices used in the week, with its 90% interval",
        ),
        source=answer.source,
        currency=answer.currency,
        group="kind",
    )
