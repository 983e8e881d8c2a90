"""Voice commerce revenue: confirmed by voice, begun by voice, and helped by voice; never added up."""

from typing import Any

from hearthline.reports import Answer
from hearthline.reports._intervals import RATIO_SUMS, ratio
from hearthline.reports._opening import opened
from hearthline.reports._reading import Row, default_model, min_homes, rows, run, table
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 47
SCREEN = "devices"
TITLE = "Voice commerce revenue"
QUESTION = "What is sold by voice, what begins by voice, and what does voice help to sell?"
DEFINITION = (
    "Direct (currency) = net revenue of orders that a person placed by voice, or within ten minutes of a "
    "purchase that the assistant reports. Initiated = net revenue of orders by hand on another device "
    "within 24 hours after the home's last question by voice about products or orders. Assisted = credit of "
    "voice touches, under the default model, for orders by hand; it holds direct orders too. Share = part "
    "of the net revenue of all orders by hand. The three overlap and are never added, nor is assisted of "
    "several models. Window: all data; by month of the order. n is homes. Intervals (90%): ratio over homes "
    "for direct and initiated, the model's bootstrap for assisted. Traps: a reorder by voice of an enrolled "
    "item; a list made by voice and bought on the web is initiated; an account is a household and not a "
    "person; initiated is no proof of cause."
)
COLUMNS = (
    Column("part", "Part"),
    Column("how", "Kind"),
    Column("orders", "Orders", "count"),
    Column("homes", "Homes", "count"),
    Column("net", "Net revenue", "money"),
    Column("share", "Share", "share", "% of orders by hand", low="low", high="high", n="homes", why="why"),
)
_KINDS = {
    "direct": "Direct: confirmed by voice",
    "initiated": "Initiated: asked by voice, finished elsewhere",
}
_ASSISTED = "Assisted: credit of voice touches"
_TOTALS = """SELECT how, count(*) AS orders, count(DISTINCT unit) AS homes,
    coalesce(sum(net), 0)::DECIMAL(24, 6) AS net FROM voice_orders GROUP BY how"""
_MONTHS = """SELECT strftime(day, '%Y-%m') AS month, how, count(*) AS orders, count(DISTINCT unit) AS homes,
    coalesce(sum(net), 0)::DECIMAL(24, 6) AS net FROM voice_orders GROUP BY ALL ORDER BY month, how"""
_RATIO = """
    WITH hand AS (SELECT unit, shop, order_id, coalesce(net, 0) AS net FROM orders WHERE kind = 'person'),
    home AS (SELECT coalesce(h.unit::VARCHAR, 'order ' || h.order_id || '@' || h.shop) AS home,
      sum(CASE WHEN v.how = '{how}' THEN h.net ELSE 0 END) AS x, sum(h.net) AS y
      FROM hand h LEFT JOIN voice_orders v USING (shop, order_id) GROUP BY ALL)
    SELECT {sums} FROM home"""
_CREDIT = """
    WITH voice AS (SELECT DISTINCT channel FROM touchpoints WHERE modality = 'voice')
    SELECT coalesce(sum(s.amount), 0)::DECIMAL(24, 6) AS net, sum(s.share) AS share, sum(s.share_low) AS low,
      sum(s.share_high) AS high, coalesce(max(s.homes), 0)::BIGINT AS homes, count(*) AS channels
    FROM shares s WHERE s.model = '{model}' AND s.kind = 'person'
      AND s.channel IN (SELECT channel FROM voice)"""


def _part(answer: Answer, how: str, homes: int, needed: int) -> Row:
    if homes < needed:
        return {"why": f"{text.plural(homes, 'home')}, {needed} needed"}
    (sums,) = rows(answer, _RATIO.format(how=how, sums=RATIO_SUMS))
    found = ratio(sums)
    if found is None:
        return {"why": "no revenue by hand"}
    value, low, high = found
    return {"share": value, "low": min(value, max(0.0, low)), "high": max(value, min(1.0, high))}


def _assisted(answer: Answer, needed: int) -> Row:
    model = default_model(answer)
    (found,) = rows(answer, _CREDIT.format(model=model["model"]))
    row: Row = {
        "part": "All",
        "how": f"{_ASSISTED} ({model['title']})",
        "homes": found["homes"],
        "net": found["net"],
    }
    if found["share"] is None or not found["channels"]:
        return row | {"why": "no voice touch"}
    if found["homes"] < needed:
        return row | {"why": f"{text.plural(found['homes'], 'home')}, {needed} needed"}
    ends = {"low": min(found["low"], found["share"]), "high": max(found["high"], found["share"])}
    return row | {"share": found["share"], **ends}


def build(answer: Answer) -> Figure:
    """Return the three kinds in all, and direct and initiated by month."""
    needed = min_homes(run(answer))
    totals: dict[str, Any] = {r["how"]: r for r in rows(answer, _TOTALS)}
    made = []
    for how, said in _KINDS.items():
        row = totals.get(how, {"orders": 0, "homes": 0, "net": 0})
        made.append(row | {"part": "All", "how": said} | _part(answer, how, row["homes"], needed))
    made.append(_assisted(answer, needed))
    for row in rows(answer, _MONTHS):
        if row["how"] in _KINDS:
            said = _KINDS[row["how"]].split(":")[0]
            made.append(
                row | {"part": "By month", "how": f"{row['month']}, {said}", "why": "shown for the whole"}
            )
    title = TITLE
    if totals:
        sold, begun = (text.brief_money(r["net"], answer.currency) for r in made[:2])
        title = f"{sold} was sold by voice, and {begun} within a day of a question by voice"
    notes = ["The three overlap: they are never added up."]
    if not totals:
        notes.append("No order was confirmed or begun by voice.")
    return Figure(
        name="voice_revenue",
        title=title,
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, {}),
        notes=(*notes, *opened("voice_revenue", made)),
        chart=Chart("intervals", label="how", value="share", low="low", high="high"),
        source=answer.source,
        currency=answer.currency,
        group="part",
    )
