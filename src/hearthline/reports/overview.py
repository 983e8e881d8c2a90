"""What happened, how sure we are, and whether it adds up: the first thing to read."""

from collections.abc import Sequence
from decimal import Decimal

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._intervals import RATIO_SUMS, ratio
from hearthline.reports._leaders import finding, shares
from hearthline.reports._reading import LAST, Row, default_model, min_homes, rows, run, table
from hearthline.reports._words import BASELINE, PLACED, channel
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 10
SCREEN = "overview"
TITLE = "Orders and revenue"
QUESTION = "What changed, how sure is it, and does it add up?"
DEFINITION = (
    "Orders of the shop by who placed them; the kinds are disjoint and sum to all. Net revenue = gross - "
    "discounts - returns and cancellations, without tax and shipping, in the reporting currency; orders in "
    "a currency without a rate are set aside and not counted. Credited + unattributed = net revenue, under "
    "the default model. Change = net revenue of the last 28 days against the 28 days before, needs 56 days "
    "of orders. Its interval (90%), and that of the share of revenue, treat households as the sample. Key "
    "numbers are rounded to three figures; tables are exact."
)
COLUMNS = (
    Column("section", "Placed by"),
    Column("orders", "Orders", "count"),
    Column("net", "Net revenue", "money"),
    Column("share", "Share", "share", low="share_low", high="share_high", n="homes", why="why"),
    Column("change", "Change", "share", low="change_low", high="change_high", n="homes", why="change_why"),
    Column("credited", "Credited", "money"),
    Column("unattributed", "Unattributed", "money"),
    Column("homes", "Homes", "count"),
)
_HIDDEN = {"kind": pa.string()}

_KINDS_SQL = """
    SELECT coalesce(kind, 'all') AS kind, count(*) FILTER (coalesce(status, 'placed') = 'placed') AS orders,
           count(DISTINCT unit) AS homes, coalesce(sum(net), 0)::DECIMAL(24, 6) AS net
    FROM orders WHERE net IS NOT NULL GROUP BY GROUPING SETS ((kind), ())"""

_SUMS_SQL = """
    WITH home AS (
      SELECT coalesce(unit::VARCHAR, 'order ' || order_id || '@' || shop) AS home, {pair}
      FROM orders WHERE net IS NOT NULL AND {where} GROUP BY ALL)
    SELECT {sums} FROM home"""

_CHANGE = """coalesce(sum(net) FILTER (day > (SELECT max(day) FROM orders) - 28), 0) AS x,
    coalesce(sum(net) FILTER (day <= (SELECT max(day) FROM orders) - 28
                              AND day > (SELECT max(day) FROM orders) - 56), 0) AS y"""


def _ratio(answer: Answer, pair: str, where: str) -> tuple[float, float, float] | None:
    (sums,) = rows(answer, _SUMS_SQL.format(pair=pair, where=where, sums=RATIO_SUMS))
    return ratio(sums)


def _change(answer: Answer, kind: str, homes: int, needed: int) -> Row:
    """Return how net revenue changed over 28 days, or why that cannot be said."""
    (span,) = rows(answer, "SELECT max(day) - min(day) + 1 AS days FROM orders WHERE net IS NOT NULL")
    if (span["days"] or 0) < 56:
        return {"change_why": f"{span['days'] or 0} days, 56 needed"}
    if homes < needed:
        return {"change_why": f"{text.plural(homes, 'home')}, {needed} needed"}
    found = _ratio(answer, _CHANGE, "true" if kind == "all" else f"kind = '{kind}'")
    if found is None:
        return {"change_why": "no revenue 28 to 56 days before the end"}
    return dict(zip(("change", "change_low", "change_high"), (v - 1 for v in found), strict=True))


def _part(answer: Answer, kind: str, homes: int, needed: int) -> Row:
    """Return the kind's share of all net revenue, or why that cannot be said."""
    if kind == "all":
        return {"share": 1.0, "share_low": 1.0, "share_high": 1.0} if homes else {"why": "no revenue"}
    if homes < needed:
        return {"why": f"{text.plural(homes, 'home')}, {needed} needed"}
    found = _ratio(answer, f"sum(CASE WHEN kind = '{kind}' THEN net ELSE 0 END) AS x, sum(net) AS y", "true")
    if found is None:
        return {"why": "no revenue"}
    value, low, high = found
    ends = (value, min(value, max(0.0, low)), max(value, min(1.0, high)))
    return dict(zip(("share", "share_low", "share_high"), ends, strict=True))


def _ledger(answer: Answer, model: str) -> dict[str, tuple[Decimal, Decimal]]:
    """Return credited and unattributed money of one model, by kind and for all."""
    sql = f"""SELECT kind, sum(credited)::DECIMAL(24, 6) AS credited,
                     sum(unattributed)::DECIMAL(24, 6) AS unattributed
              FROM ledger WHERE kind <> 'all' AND model = '{model}' GROUP BY kind"""
    found = {r["kind"]: (r["credited"], r["unattributed"]) for r in rows(answer, sql)}
    if found:
        found["all"] = (sum(v[0] for v in found.values()), sum(v[1] for v in found.values()))
    return found


def _rows(answer: Answer, model: str, needed: int) -> list[Row]:
    by_kind = {r["kind"]: r for r in rows(answer, _KINDS_SQL)}
    ledger = _ledger(answer, model)
    made = []
    for kind in ("person", "subscription", "machine", "all"):
        row = by_kind.get(kind, {"orders": 0, "homes": 0, "net": Decimal(0)})
        credited, unattributed = ledger.get(kind, (None, None))
        made.append(
            {
                **row,
                "kind": kind,
                "section": PLACED[kind],
                "credited": credited,
                "unattributed": unattributed,
                **_part(answer, kind, row["homes"], needed),
                **_change(answer, kind, row["homes"], needed),
            }
        )
    return made


def _adds_up(whole: Row, parts: Sequence[Row], currency: str) -> str:
    """Return whether the sums hold, in words; a mismatch is told with its size."""
    if whole["credited"] is None:
        return "It cannot be checked whether credit adds up: no model gave an answer."
    credit = whole["credited"] + whole["unattributed"] - whole["net"]
    kinds = sum((r["net"] for r in parts), Decimal(0)) - whole["net"]
    if credit or kinds:
        off = [("credited + unattributed differs from net revenue by", credit)]
        off += [("the kinds differ from all orders by", kinds)]
        told = "; ".join(f"{what} {text.exact_money(d, currency)}" for what, d in off if d)
        return f"It does not add up: {told}."
    said = [text.exact_money(whole[k], currency) for k in ("credited", "unattributed", "net")]
    return f"It adds up: credited {said[0]} + unattributed {said[1]} = the shop's net revenue {said[2]}."


def _against_last(found: Sequence[Row]) -> list[str]:
    """Return where the default model differs most from last touch, and how far the models spread."""
    known = [r for r in found if r["share"] is not None and r["channel"] != BASELINE]
    ours = {r["channel"]: r for r in known if r["is_default"]}
    last = {r["channel"]: r for r in known if r["model"] == LAST and not r["is_default"]}
    both = sorted(ours.keys() & last.keys(), key=lambda c: (-abs(last[c]["share"] - ours[c]["share"]), c))
    if not both:
        return []
    far = ours[both[0]]
    spread = [r["share"] for r in known if r["channel"] == both[0]]
    said = text.share_interval(far["share"], far["share_low"], far["share_high"])
    span = f"{text.share(min(spread))} to {text.share(max(spread))}"
    other = last[both[0]]
    theirs = text.share_interval(other["share"], other["share_low"], other["share_high"])
    least = f"{theirs} under last touch ({text.points(other['share'] - far['share'])})"
    models = f"Over {len(spread)} models the share of {both[0]} runs from {span}"
    return [
        f"Largest difference to last touch: {both[0]} earns {said} under {far['title']} and {least}.",
        f"{models}: that is the choice of a model, which no interval covers.",
    ]


def _changed(whole: Row) -> list[str]:
    if whole.get("change") is None:
        return []
    low, high = whole["change_low"], whole["change_high"]
    if low <= 0 <= high:
        return ["No clear change of net revenue against the 28 days before: the interval includes zero."]
    way = "grew" if low > 0 else "fell"
    ends = sorted((abs(low), abs(high)))
    span = text.interval(*(text.share(e, sign=False) for e in ends))
    return [f"Net revenue {way} by {text.share(abs(whole['change']))} ({span}) against the 28 days before."]


def _tiles(answer: Answer, about: Row, whole: Row) -> dict[str, str]:
    (size,) = rows(
        answer,
        """SELECT (SELECT count(*) FROM households) AS homes,
                  (SELECT count(DISTINCT device) FROM devices) AS devices""",
    )
    tiles = {
        "Net revenue": text.brief_money(whole["net"], answer.currency),
        "Orders": text.count(whole["orders"]),
        "Homes": text.count(size["homes"]),
        "Devices": text.count(size["devices"]),
        "Events read": text.count(about.get("events") or 0),
        "Rows rejected": text.count(about.get("rejects") or 0),
    }
    if about.get("first_day") and about.get("last_day"):
        tiles["Period, UTC"] = f"{text.day(about['first_day'])} – {text.day(about['last_day'])}"
    return tiles


def _notes(answer: Answer, about: Row, made: Sequence[Row], found: Sequence[Row]) -> list[str]:
    *parts, whole = made
    notes = [_adds_up(whole, parts, answer.currency), *_changed(whole), *_against_last(found)]
    (aside,) = rows(answer, "SELECT count(*) AS n FROM orders WHERE net IS NULL")
    if aside["n"]:
        notes.append(
            f"{text.plural(aside['n'], 'order')} set aside, not counted: no rate into {answer.currency}."
        )
    if about.get("rejects"):
        notes.append(
            f"{text.plural(about['rejects'], 'row')} rejected; see data_quality for reason and cure."
        )
    if not whole["orders"]:
        notes.append("No orders: nothing can be credited. Add the shop's orders and run again.")
    return notes


def _drawn(found: Sequence[Row]) -> pa.Table:
    drawn = [r for r in found if r["share"] is not None]
    names = ("share", "share_low", "share_high")
    return pa.table(
        {
            "channel": pa.array([channel(r["channel"]) for r in drawn], pa.string()),
            "model": pa.array([r["title"] for r in drawn], pa.string()),
            **{n: pa.array([r[n] for r in drawn], pa.float64()) for n in names},
        }
    )


def build(answer: Answer) -> Figure:
    """Return orders and revenue by who placed them, with the key numbers and the main finding."""
    about, model = run(answer), default_model(answer)
    found = shares(answer, "s.kind = 'all'")
    made = _rows(answer, model["model"], min_homes(about))
    ours = [r for r in found if r["is_default"]]
    return Figure(
        name="overview",
        title=finding(ours, "revenue", model["title"]) or TITLE,
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, _HIDDEN),
        notes=tuple(_notes(answer, about, made, found)),
        chart=Chart(
            "intervals",
            label="channel",
            value="share",
            series="model",
            low="share_low",
            high="share_high",
            title="Share of net revenue, with its 90% interval",
            data=_drawn(found),
        ),
        source=answer.source,
        currency=answer.currency,
        extra=_tiles(answer, about, made[-1]),
    )
