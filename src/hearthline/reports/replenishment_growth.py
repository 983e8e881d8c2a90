"""Automated replenishment growth: is automatic ordering growing, of what, and at whose cost."""

from math import sqrt
from typing import Any

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._intervals import RATIO_SUMS, Z90, ratio, wilson
from hearthline.reports._opening import opened
from hearthline.reports._reading import Row, min_homes, rows, run, table
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 47
SCREEN = "replenishment"
TITLE = "Automated replenishment growth"
QUESTION = (
    "Is automatic ordering growing, because of what, does it keep shelves full, and what does it displace?"
)
DEFINITION = (
    "Growth (%) = (R - R before) / R before. R = net revenue of orders that a machine placed because a "
    "level or a use fell due, in the last 28 days; R before = that of the 28 days before; refunds are out, "
    "and so are orders cancelled by the end of the data. Renewals of subscriptions stand apart and are "
    "never in R. R is homes x orders a home x value of an order: three factors that multiply to the change. "
    "Like for like = homes that were enrolled on the first of the 56 days and still are. In time = refills "
    "before which the shelf was not empty / all refills that sensors saw. Replay = what the forecast's "
    "policy would have done with the same packs, as far as sensors saw them. Cancelled = machine-placed "
    "orders cancelled / all of them. Displaced = orders by hand of homes alike less those of enrolled "
    "homes, a 28 days. Intervals (90%) treat homes as the sample; Wilson's for parts. Traps: a shelf that "
    "was empty and was filled between two readings counts as in time; a new enrolment looks like demand; "
    "what the home would have bought by hand is no growth; 28 days hold no season; the last days' "
    "cancellations are still to come."
)
COLUMNS = (
    Column("part", "Part"),
    Column("what", "What"),
    Column("homes", "Homes", "count"),
    Column("orders", "Orders", "count"),
    Column("net", "Net revenue", "money"),
    Column("before", "28 days before", "money"),
    Column("share", "Share or growth", "share", low="low", high="high", n="homes", why="why"),
    Column("number", "Number", "number", low="number_low", high="number_high"),
)
_GROWTH = f"""
    WITH ends AS (SELECT max(day) AS last FROM orders),
    homes AS (
      SELECT unit, coalesce(sum(net) FILTER (day > last - 28), 0) AS x,
        coalesce(sum(net) FILTER (day <= last - 28), 0) AS y,
        count(*) FILTER (day > last - 28) AS nx, count(*) FILTER (day <= last - 28) AS ny
      FROM orders CROSS JOIN ends
      WHERE kind = '{{kind}}' AND status = 'placed' AND net IS NOT NULL AND unit IS NOT NULL
        AND day > last - 56 {{only}}
      GROUP BY unit)
    SELECT {RATIO_SUMS}, coalesce(sum(x), 0)::DECIMAL(24, 6) AS net,
      coalesce(sum(y), 0)::DECIMAL(24, 6) AS before,
      coalesce(sum(nx), 0)::BIGINT AS orders, coalesce(sum(ny), 0)::BIGINT AS orders_before,
      count(*) FILTER (nx > 0) AS homes, count(*) FILTER (ny > 0) AS homes_before FROM homes"""
_LIKE = """AND unit IN (SELECT e.unit FROM enrolments e, ends WHERE e.kind = 'replenishment'
      AND e.time::DATE <= ends.last - 56 AND (e.ended IS NULL OR e.ended::DATE > ends.last))"""
_FUNNEL = """
    WITH able AS (SELECT DISTINCT unit FROM shelves),
    placed AS (SELECT enrolment, count(*) AS orders FROM orders
               WHERE status = 'placed' AND enrolment IS NOT NULL GROUP BY enrolment),
    on_it AS (SELECT e.unit, max(coalesce(p.orders, 0)) AS orders, bool_or(e.ended IS NULL) AS still
              FROM enrolments e LEFT JOIN placed p ON p.enrolment = e.enrolment_id
              WHERE e.kind = 'replenishment' AND e.unit IS NOT NULL GROUP BY e.unit)
    SELECT (SELECT count(*) FROM able) AS able,
      count(*) FILTER (unit IN (SELECT unit FROM able)) AS able_on,
      count(*) AS enrolled, count(*) FILTER (orders > 0) AS first, count(*) FILTER (orders > 1) AS second,
      count(*) FILTER (still) AS still FROM on_it"""
_SHELVES = """
    SELECT enrolled, count(DISTINCT unit) AS homes, sum(refills)::BIGINT AS refills,
      sum(late)::BIGINT AS late,
      sum(days) AS days, sum(empty_days) AS empty_days, sum(spare) AS spare
    FROM shelves GROUP BY enrolled ORDER BY enrolled DESC"""
_REPLAY = """
    SELECT count(*) AS packs, count(DISTINCT unit) AS homes,
      count(*) FILTER (late) AS late, avg(empty_days) AS empty_days, avg(spare_days) AS spare_days,
      count(*) FILTER (policy_late) AS policy_late, avg(policy_empty_days) AS policy_empty_days,
      avg(policy_spare_days) AS policy_spare_days
    FROM reorder_replay HAVING count(*) > 0"""
_CANCELLED = """
    SELECT kind, count(*) AS orders, count(*) FILTER (status = 'cancelled') AS cancelled,
      count(DISTINCT unit) AS homes
    FROM orders WHERE kind IN ('machine', 'subscription') GROUP BY kind ORDER BY kind"""
_DISPLACED = """
    SELECT kind, count(*) AS homes, avg((expected - after) * 28 / days) AS number,
      stddev_samp((expected - after) * 28 / days) AS spread
    FROM cannibalisation GROUP BY kind ORDER BY kind"""
_KINDS = {
    "machine": "Machine-placed",
    "subscription": "Subscription renewals (apart)",
    "replenishment": "Replenishment",
}


def _grown(answer: Answer, what: str, needed: int, **narrowed: str) -> list[Row]:
    """Return growth with its interval, and its three factors."""
    (found,) = rows(answer, _GROWTH.format(**({"only": ""} | narrowed)))
    part = "Growth: 28 days against 28 before"
    told: Row = {"part": part, "what": what, **{n: found[n] for n in ("homes", "orders", "net", "before")}}
    value = ratio(found) if found["y"] else None
    if found["homes_before"] < needed:
        told["why"] = f"{text.plural(found['homes_before'], 'home')} before, {needed} needed"
    elif value is None:
        told["why"] = "no revenue 28 to 56 days before the end"
    else:
        told |= dict(zip(("share", "low", "high"), (v - 1 for v in value), strict=True))
    made = [told]
    if found["homes_before"] and found["homes"] and not narrowed.get("only"):
        a_home = [found["orders"] / found["homes"], found["orders_before"] / found["homes_before"]]
        worth = [float(found["net"]) / found["orders"], float(found["before"]) / found["orders_before"]]
        factors = (
            ("homes", found["homes"] / found["homes_before"]),
            ("orders a home", a_home[0] / a_home[1]),
            ("value of an order", worth[0] / worth[1] if worth[1] else 1.0),
        )
        made += [
            {"part": part, "what": f"{what}: times {name}", "number": factor} for name, factor in factors
        ]
    return made


def _shares(part: str, what: str, of: tuple[int, int], homes: int, needed: int) -> Row:
    """Return a row with a part of a whole and Wilson's interval."""
    told: Row = {"part": part, "what": what, "homes": homes}
    if of[1] < needed:
        return told | {"why": f"{of[1]} of them, {needed} needed"}
    some = min(max(of[0], 0), of[1])
    low, high = wilson(some, of[1])
    return told | {"share": some / of[1], "low": low, "high": high}


def _funnel(answer: Answer, needed: int) -> list[Row]:
    (f,) = rows(answer, _FUNNEL)
    part = "Enrolment funnel (homes)"
    steps = (
        ("Sensor homes that enrolled", f["able_on"], f["able"]),
        ("Enrolled homes with a first machine-placed order", f["first"], f["enrolled"]),
        ("Of these with a second one", f["second"], f["first"]),
        ("Enrolled homes still on", f["still"], f["enrolled"]),
    )
    return [_shares(part, what, (some, whole), some, needed) for what, some, whole in steps if whole]


def _service(answer: Answer, needed: int) -> list[Row]:
    made = []
    for r in rows(answer, _SHELVES):
        who = "with replenishment" if r["enrolled"] else "without"
        part, refills = "Shelves that sensors see", r["refills"]
        made.append(
            _shares(part, f"Refills in time, {who}", (refills - r["late"], refills), r["homes"], needed)
        )
        if r["days"]:
            empty = {
                "what": f"Empty days a home and year, {who}",
                "number": 365 * r["empty_days"] / r["days"],
            }
            made.append({"part": part, "homes": r["homes"], **empty})
    return made


def _replayed(answer: Answer, needed: int) -> list[Row]:
    """Return what ordering by the forecast would have done with the same packs."""
    made = []
    part = "The same packs, ordered by the forecast"
    for r in rows(answer, _REPLAY):
        for name, who in (("", "as it happened"), ("policy_", "by the forecast")):
            packs, homes = r["packs"], r["homes"]
            made.append(_shares(part, f"In time, {who}", (packs - r[f"{name}late"], packs), homes, needed))
            for what in ("empty", "spare"):
                said = {"what": f"Days {what} a pack, {who}", "number": r[f"{name}{what}_days"]}
                made.append({"part": part, "homes": homes, **said})
    return made


def _displaced(answer: Answer) -> list[Row]:
    made = []
    for r in rows(answer, _DISPLACED):
        half = Z90 * (r["spread"] or 0.0) / sqrt(r["homes"])
        what = f"{_KINDS.get(r['kind'], r['kind'])}: orders by hand displaced, a home and 28 days"
        ends: dict[str, Any] = {"number_low": r["number"] - half, "number_high": r["number"] + half}
        made.append(
            {"part": "Cannibalisation", "what": what, "homes": r["homes"], "number": r["number"], **ends}
        )
    return made


def build(answer: Answer) -> Figure:
    """Return growth with its factors, the funnel, service, cancellations and what is displaced."""
    needed = min_homes(run(answer))
    grown = _grown(answer, "Machine-placed", needed, kind="machine")
    made = [*grown, *_grown(answer, "Machine-placed, like for like", needed, kind="machine", only=_LIKE)]
    made += _grown(answer, _KINDS["subscription"], needed, kind="subscription")
    made += [*_funnel(answer, needed), *_service(answer, needed), *_replayed(answer, needed)]
    for r in rows(answer, _CANCELLED):
        what = str(_KINDS.get(r["kind"], r["kind"]))
        made.append(_shares("Cancelled", what, (r["cancelled"], r["orders"]), r["homes"], needed))
    made += _displaced(answer)
    for row in made:
        if row.get("share") is None:
            row.setdefault("why", "told as a number")
    title, first = TITLE, grown[0]
    if first.get("share") is not None:
        said = text.share_interval(first["share"], first["low"], first["high"])
        title = f"Machine-placed revenue changed by {said} against the 28 days before"
        if first["low"] <= 0 <= first["high"]:
            title = f"No clear change of machine-placed revenue against the 28 days before: {said}"
    drawn = [r for r in made if r.get("share") is not None]
    names = ("share", "low", "high")
    data = {"what": pa.array([r["what"] for r in drawn], pa.string())}
    data |= {n: pa.array([r[n] for r in drawn], pa.float64()) for n in names}
    chart = Chart(
        "intervals", label="what", value="share", low="low", high="high", data=pa.table(data), title=TITLE
    )
    notes = () if first["homes"] else ("No order was placed by a machine in the last 28 days.",)
    return Figure(
        name="replenishment_growth",
        title=title,
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, {}),
        notes=(*notes, *opened("replenishment_growth", made)),
        chart=chart,
        source=answer.source,
        currency=answer.currency,
        group="part",
    )
