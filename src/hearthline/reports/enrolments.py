"""Who lets a machine or a schedule buy, who stays, and what makes automatic ordering grow."""

from collections.abc import Sequence
from decimal import Decimal
from math import exp, log, sqrt

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._intervals import Z90
from hearthline.reports._opening import opened
from hearthline.reports._reading import Row, min_homes, rows, run, table
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 48
SCREEN = "replenishment"
TITLE = "Enrolments"
QUESTION = "Who switches automatic ordering on, who stays, and why does it grow or shrink?"
DEFINITION = (
    "An enrolment is a decision to let a machine or a schedule buy. Staying = part of enrolments that "
    "are still on so many days after they were switched on, by Kaplan and Meier (1958), which counts "
    "those that are still watched and no others; its interval (90%) is Greenwood's on the log-log "
    "scale. Growth = net revenue of machine-placed and subscription orders in the last 28 days against "
    "the 28 days before, which is homes x orders a home x value of an order; the factors multiply to "
    "the change. Changes are shown without an interval as counts and money; a change of few homes means "
    "little."
)
COLUMNS = (
    Column("part", "Part"),
    Column("what", "What"),
    Column("enrolments", "Switched on", "count"),
    Column("on", "Still on", "count"),
    Column("homes", "Homes", "count"),
    Column("orders", "Orders", "count"),
    Column("stay", "Still on", "share", low="low", high="high", n="watched", why="why"),
    Column("watched", "Watched", "count", help="Enrolments still watched at that day"),
    Column("net", "Net revenue", "money"),
    Column("factor", "Against before", "number", unit="times"),
)
_DAYS = (30, 60, 90)
_KINDS = {"replenishment": "Replenishment by a device", "subscription": "Subscription"}

_ENROLLED = """
    WITH placed AS (SELECT enrolment, count(*) AS orders, sum(net) AS net FROM orders
                    WHERE enrolment IS NOT NULL AND net IS NOT NULL
                          AND coalesce(status, 'placed') = 'placed' GROUP BY enrolment)
    SELECT e.kind, count(*) AS enrolments, count(*) FILTER (e.ended IS NULL) AS "on",
           count(DISTINCT e.unit) AS homes, coalesce(sum(p.orders), 0)::BIGINT AS orders,
           coalesce(sum(p.net), 0)::DECIMAL(24, 6) AS net
    FROM enrolments e LEFT JOIN placed p ON p.enrolment = e.enrolment_id
    GROUP BY e.kind ORDER BY enrolments DESC"""
_LIVES = """
    SELECT e.kind, greatest(0, date_diff('day', e.time, coalesce(e.ended, r.last_day::TIMESTAMPTZ))) AS days,
           e.ended IS NOT NULL AS ended
    FROM enrolments e CROSS JOIN run r ORDER BY days"""
_GROWTH = """
    WITH ends AS (SELECT max(day) AS last FROM orders)
    SELECT day > last - 28 AS late, count(DISTINCT unit) AS homes, count(*) AS orders,
           coalesce(sum(net), 0)::DECIMAL(24, 6) AS net
    FROM orders CROSS JOIN ends
    WHERE kind IN ('machine', 'subscription') AND net IS NOT NULL AND day > last - 56 AND unit IS NOT NULL
          AND coalesce(status, 'placed') = 'placed' GROUP BY 1"""


def survival(lives: Sequence[tuple[int, bool]], day: int) -> tuple[float, float, float, int]:
    """Return the part still on after `day` days, the ends of its 90 % interval, and how many are watched.

    >>> [round(v, 2) for v in survival([(10, True), (20, False), (40, False), (40, True)], 30)]
    [0.75, 0.22, 0.95, 2]
    """
    at_risk, stay, spread = len(lives), 1.0, 0.0
    for days in sorted({d for d, _ in lives if d <= day}):
        ended = sum(1 for d, over in lives if d == days and over)
        if ended and at_risk > ended:
            spread += ended / (at_risk * (at_risk - ended))
        if ended:
            stay *= 1 - ended / at_risk
        at_risk -= sum(1 for d, _ in lives if d == days)
    watched = sum(1 for d, _ in lives if d >= day)
    if not 0 < stay < 1:
        return stay, stay, stay, watched
    half = Z90 * sqrt(spread) / abs(log(stay))
    return stay, stay ** exp(half), stay ** exp(-half), watched


def _staying(answer: Answer, needed: int) -> list[Row]:
    lives: dict[str, list[tuple[int, bool]]] = {}
    for row in rows(answer, _LIVES):
        lives.setdefault(row["kind"], []).append((row["days"], row["ended"]))
    made = []
    for kind in sorted(lives, key=lambda k: (-len(lives[k]), k)):
        for day in _DAYS:
            stay, low, high, watched = survival(lives[kind], day)
            told: Row = {
                "part": "Who stays",
                "what": f"{_KINDS.get(kind, kind)}, {day} days",
                "watched": watched,
            }
            if watched < needed:
                told["why"] = f"{text.plural(watched, 'enrolment')} watched, {needed} needed"
            else:
                told |= {"stay": stay, "low": low, "high": high}
            made.append(told)
    return made


def _growth(answer: Answer) -> list[Row]:
    """Return the change of automatic revenue as the product of its three factors."""
    found = {r["late"]: r for r in rows(answer, _GROWTH)}
    if len(found) < 2 or not found[False]["net"]:
        return []
    now, before = found[True], found[False]
    part = "What makes it grow: 28 days against 28 before"
    pairs: list[tuple[str, Decimal, Decimal]] = [
        ("Homes with such orders", Decimal(now["homes"]), Decimal(before["homes"])),
        ("Orders a home", *(Decimal(r["orders"]) / r["homes"] for r in (now, before))),
        ("Value of an order", *(r["net"] / r["orders"] for r in (now, before))),
    ]
    made: list[Row] = [{"part": part, "what": w, "factor": float(a / b)} for w, a, b in pairs]
    made[0] |= {"homes": now["homes"]}
    made[1] |= {"orders": now["orders"]}
    whole = {"what": "Together: net revenue", "factor": float(now["net"] / before["net"]), "net": now["net"]}
    return [*made, {"part": part, **whole, "homes": now["homes"], "orders": now["orders"]}]


def _title(enrolled: Sequence[Row], staying: Sequence[Row]) -> str:
    known = [
        r for r in staying if r.get("stay") is not None and r["what"].startswith(_KINDS["replenishment"])
    ]
    if known:
        last = known[-1]
        said = text.share_interval(last["stay"], last["low"], last["high"])
        return f"{said} of replenishment enrolments are still on after {last['what'].rpartition(', ')[2]}"
    return text.plural(sum(r["enrolments"] for r in enrolled), "enrolment") if enrolled else TITLE


def build(answer: Answer) -> Figure:
    """Return enrolments by kind, how many stay, and what makes automatic ordering grow."""
    enrolled = rows(answer, _ENROLLED)
    staying = _staying(answer, min_homes(run(answer)))
    made: list[Row] = [r | {"part": "Who enrols", "what": _KINDS.get(r["kind"], r["kind"])} for r in enrolled]
    made += [*staying, *_growth(answer)]
    drawn = [r for r in staying if r.get("stay") is not None]
    names = ("stay", "low", "high")
    data = {"what": pa.array([r["what"] for r in drawn], pa.string())}
    data |= {n: pa.array([r[n] for r in drawn], pa.float64()) for n in names}
    notes = [] if enrolled else ["No enrolment in this data: connect replenishment or subscriptions."]
    return Figure(
        name="enrolments",
        title=_title(enrolled, staying),
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, {}),
        notes=(*notes, *opened("enrolments", made)),
        chart=Chart(
            "intervals",
            label="what",
            value="stay",
            low="low",
            high="high",
            data=pa.table(data),
            title="Part of enrolments that are still on, with its 90% interval",
        ),
        source=answer.source,
        currency=answer.currency,
        group="part",
    )
