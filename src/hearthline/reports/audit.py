"""What is connected, how much revenue it can see, what is missing, and what to connect next."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._intervals import ratio
from hearthline.reports._reading import Row, default_model, min_homes, rows, run, table
from hearthline.reports._words import STAGES, STEPS
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 80
SCREEN = "devices"
TITLE = "Touchpoint audit"
QUESTION = (
    "Which touchpoints are connected, how much revenue can each see, and what should be connected next?"
)
DEFINITION = (
    "A touchpoint is a channel, campaign, kind of device and step of the journey map where touches happen. "
    "It sees an order when the household had a touch there at any time before; that is reach and not "
    "credit, and one order is seen by many touchpoints, so these do not sum. Share = revenue seen / the "
    "shop's net revenue; its interval (90%) takes households as the sample. Steps of the map without any "
    "event are missing. What to connect next is ordered by the unattributed revenue that it could explain: "
    "an upper bound and no forecast."
)
COLUMNS = (
    Column("part", "Part"),
    Column("what", "Touchpoint"),
    Column("seen", "Revenue", "money"),
    Column("reason", "Why"),
    Column("share", "Share of revenue", "share", low="share_low", high="share_high", n="homes", why="why"),
    Column("step", "Step"),
    Column("homes", "Homes", "count"),
    Column("touches", "Touches", "count"),
    Column("last", "Last seen", "time"),
)
_CONNECTED, _MISSING, _NEXT = "Connected", "Missing in the journey map", "Connect next"

_SEEN_SQL = """
    WITH bought AS (SELECT unit, epoch_ms(time) AS time_ms, net FROM orders
                    WHERE net IS NOT NULL AND unit IS NOT NULL),
    whole AS (SELECT unit, sum(net)::DOUBLE AS y FROM bought GROUP BY unit),
    firsts AS (SELECT place, unit, min(time_ms) AS first_ms FROM touches GROUP BY ALL),
    seen AS (SELECT f.place, f.unit, sum(b.net) AS x FROM firsts f JOIN bought b
             ON b.unit = f.unit AND b.time_ms >= f.first_ms GROUP BY ALL)
    SELECT s.place, sum(s.x)::DECIMAL(24, 6) AS seen, sum(s.x)::DOUBLE AS x, sum(s.x::DOUBLE ** 2) AS xx,
           sum(s.x::DOUBLE * w.y) AS xy FROM seen s JOIN whole w USING (unit) GROUP BY s.place"""

_WHOLE_SQL = """
    WITH home AS (SELECT coalesce(unit::VARCHAR, 'order ' || order_id || '@' || shop) AS home,
        sum(net)::DOUBLE AS y
                  FROM orders WHERE net IS NOT NULL GROUP BY 1)
    SELECT coalesce(sum(y), 0) AS y, coalesce(sum(y * y), 0) AS yy, count(*) AS n FROM home"""

_PLACES_SQL = """SELECT place, channel, campaign, device_kind, step, touches, homes, last FROM touchpoints"""

_TO_CONNECT = {
    "tv": "Exposures of smart TVs and streaming ads",
    "voice_search": "Queries of the voice skill",
    "car_audio": "Plays of car audio and podcasts",
    "home_display": "Screens of home displays",
    "voice_research": "Questions to the voice skill about products",
    "comparison": "Comparison pages and shop search",
    "compatibility_check": "Compatibility checks in shop or app",
    "ecosystem_planning": "Wish lists and room plans",
    "voice_order": "Orders of the voice skill",
    "device_order": "Orders placed on the device",
    "payment_activation": "Payment set-up of voice and device accounts",
    "device_subscription": "Subscriptions and replenishment enrolments",
    "setup": "Device set-up and account linking",
    "usage": "Usage of appliances",
    "service": "Service and support",
    "replenishment": "Replenishment and stock levels of devices",
}
_CURES = {
    "no household": (
        "Account linking: sign-in, e-mail or loyalty id of shop and devices",
        "no household is known",
    ),
    "no touch in the look-back": (
        "Channels of awareness and consideration",
        "no touch is known before the order",
    ),
    "no enrolment known": (_TO_CONNECT["device_subscription"], "the decision to enrol is not known"),
}


def _name(row: Row) -> str:
    parts = (row["channel"], row["campaign"], row["device_kind"])
    return " · ".join(str(p) for p in parts if p)


def _reach(sums: Mapping[str, float], whole: Row, row: Row, needed: int) -> Row:
    if (row["homes"] or 0) < needed:
        return {"why": f"{text.plural(row['homes'] or 0, 'home')}, {needed} needed"}
    found = ratio({**whole, "x": 0.0, "xx": 0.0, "xy": 0.0, **sums})
    if found is None:
        return {"why": "no revenue"}
    value, low, high = found
    return {"share": value, "share_low": min(value, max(0.0, low)), "share_high": max(value, min(1.0, high))}


def _connected(answer: Answer, needed: int) -> list[Row]:
    seen = {r["place"]: r for r in rows(answer, _SEEN_SQL)}
    (whole,) = rows(answer, _WHOLE_SQL)
    made = []
    for row in rows(answer, _PLACES_SQL):
        sums = seen.get(row["place"], {})
        numbers: Row = {k: sums[k] for k in ("x", "xx", "xy") if k in sums}
        made.append(
            {
                "part": _CONNECTED,
                "place": row["place"],
                "what": _name(row),
                "step": STEPS.get(row["step"], ("", row["step"]))[1],
                "seen": sums.get("seen", Decimal(0)),
                **{k: row[k] for k in ("touches", "homes", "last")},
                **_reach(numbers, whole, row, needed),
            }
        )
    named = Counter(r["what"] for r in made)
    for row in made:
        if named[row["what"]] > 1:
            row["what"] += f" · {row['step']}"
    return sorted(made, key=lambda r: (-r["seen"], -(r["touches"] or 0), r["what"]))


def _missing(answer: Answer) -> list[Row]:
    have = {r["step"] for r in rows(answer, "SELECT step FROM steps WHERE events > 0")}
    return [
        {
            "part": _MISSING,
            "what": _TO_CONNECT[code],
            "step": name,
            "reason": f"{STAGES[stage]}: no event of this step",
        }
        for code, (stage, name) in STEPS.items()
        if code in _TO_CONNECT and code not in have
    ]


def _next(answer: Answer, missing: Sequence[Row]) -> list[Row]:
    """Return what to connect by the unattributed revenue that it could explain, then missing stages."""
    sql = f"""SELECT reason, sum(amount)::DECIMAL(24, 6) AS amount, sum(orders) AS orders FROM unattributed
              WHERE model = '{default_model(answer)["model"]}' AND kind <> 'all'
              GROUP BY reason ORDER BY amount DESC, reason"""
    made = []
    for row in rows(answer, sql):
        if row["reason"] in _CURES and row["amount"] > 0:
            what, why = _CURES[row["reason"]]
            money = text.exact_money(row["amount"], answer.currency)
            said = f"{why} for {text.plural(round(row['orders']), 'order')} worth {money}"
            made.append({"part": _NEXT, "what": what, "seen": row["amount"], "reason": said})
    empty = [s for s in STAGES.values() if sum(r["reason"].startswith(s) for r in missing) == _size(s)]
    made += [
        {"part": _NEXT, "what": f"Any step of {stage.lower()}", "reason": "the whole stage is out of sight"}
        for stage in empty
    ]
    return made


def _size(stage: str) -> int:
    return sum(1 for code, (s, _) in STEPS.items() if STAGES[s] == stage and code in _TO_CONNECT)


def _title(connected: Sequence[Row], missing: Sequence[Row]) -> str:
    if not connected:
        return TITLE
    reached = len(_TO_CONNECT) - len(missing)
    steps = f"{reached} of {len(_TO_CONNECT)} steps of the journey map in sight"
    return f"{text.plural(len(connected), 'touchpoint')} connected, {steps}"


def build(answer: Answer) -> Figure:
    """Return connected touchpoints with the revenue they see, missing steps, and what to connect next."""
    connected = _connected(answer, min_homes(run(answer)))
    missing = _missing(answer)
    drawn = [r for r in connected if r.get("share") is not None]
    notes = [] if connected else ["No touchpoint is connected: no event is a touch."]
    names = ("share", "share_low", "share_high")
    data = {"what": pa.array([r["what"] for r in drawn], pa.string())} | {
        n: pa.array([r[n] for r in drawn], pa.float64()) for n in names
    }
    return Figure(
        name="audit",
        title=_title(connected, missing),
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table([*connected, *missing, *_next(answer, missing)], COLUMNS, {"place": pa.int64()}),
        notes=tuple(notes),
        chart=Chart(
            "intervals",
            label="what",
            value="share",
            low="share_low",
            high="share_high",
            data=pa.table(data),
            title="Share of net revenue of homes with a touch there before the order, with its 90% interval",
        ),
        source=answer.source,
        currency=answer.currency,
        group="part",
    )
