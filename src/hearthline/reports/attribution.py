"""Who earned what: every channel under every model, with intervals, kinds of orders apart."""

from collections.abc import Sequence

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._leaders import finding, ranks, shares
from hearthline.reports._reading import Row, min_homes, run, table
from hearthline.reports._spend import costs_of
from hearthline.reports._words import BASELINE, KINDS, channel
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 20
SCREEN = "attribution"
TITLE = "Attribution"
QUESTION = "Which channel earned how much revenue, under which model, and how sure is that?"
DEFINITION = (
    "Credit of a channel = the sum of the parts of each order's net revenue that a model gives to touches "
    "of that channel inside the look-back window. Share = credit / net revenue of the same kind of orders. "
    "The baseline is what no touch earned. Machine-placed and subscription orders owe their credit to the "
    "touches before the enrolment. The interval (90%) is a bootstrap over households; it covers the "
    "sampling of households, the doubt about who is who and about what is owed, and not the choice of a "
    "model: that is the range across models. Ranks whose intervals overlap are shared. Cost is spend, in "
    "another currency at its rate; return = credit / cost. Credit is no proof of cause: it says how a model "
    "shares out what happened."
)
COLUMNS = (
    Column("section", "Orders"),
    Column("channel", "Channel"),
    Column("model", "Model"),
    Column("amount", "Credit", "money", low="low", high="high"),
    Column("share", "Share", "share", low="share_low", high="share_high", n="homes", why="why"),
    Column("homes", "Homes", "count", help="Homes with a touch of the channel"),
    Column("rank", "Rank", help="Shared where intervals overlap"),
    Column("across_models", "Across models", help="Lowest and highest share over the models, in percent"),
    Column("cost", "Cost", "money", why="cost_why"),
    Column("earned", "Return", "number", unit="per 1 spent", low="earned_low", high="earned_high"),
)
_OF = {
    "all": "revenue",
    "person": "revenue of orders placed by a person",
    "subscription": "subscription revenue",
    "machine": "machine-placed revenue",
}
_HIDDEN = {"kind": pa.string(), "lowest": pa.float64(), "highest": pa.float64()}


def _spread(found: Sequence[Row]) -> dict[tuple[str, str], tuple[float, float]]:
    """Return the lowest and highest share over the models, by kind and channel."""
    values: dict[tuple[str, str], list[float]] = {}
    for row in found:
        if row["share"] is not None:
            values.setdefault((row["kind"], row["channel"]), []).append(row["share"])
    return {key: (min(v), max(v)) for key, v in values.items() if len(v) > 1}


def _priced(row: Row, cost: Row | None) -> Row:
    """Return cost and return of one row, where spend is known and the row is about all orders."""
    if row["kind"] != "all" or row["channel"] == BASELINE:
        return {}
    if cost is None or not cost["cost"]:
        return {"cost_why": "no spend known"}
    spent = cost["cost"]
    ends = {"earned": row["amount"], "earned_low": row["low"], "earned_high": row["high"]}
    return {"cost": spent, **{k: float(v / spent) for k, v in ends.items() if v is not None}}


def _rows(found: Sequence[Row], costs: dict[str, Row], needed: int) -> list[Row]:
    spread = _spread(found)
    order = {kind: i for i, kind in enumerate(KINDS)}
    placed = {
        (kind, model): ranks([r for r in found if r["kind"] == kind and r["model"] == model])
        for kind, model in {(r["kind"], r["model"]) for r in found}
    }
    made = []
    for row in sorted(found, key=lambda r: order.get(r["kind"], 9)):
        ends = spread.get((row["kind"], row["channel"]))
        span = text.interval(*(text.share(e, sign=False) for e in ends)) if ends else None
        made.append(
            {
                "kind": row["kind"],
                "section": KINDS.get(row["kind"], row["kind"]),
                "channel": channel(row["channel"]),
                "model": row["title"],
                **{k: row[k] for k in ("amount", "low", "high", "share", "share_low", "share_high", "homes")},
                "why": None
                if row["enough"]
                else f"{text.plural(row['homes'] or 0, 'home')}, {needed} needed",
                "rank": placed[row["kind"], row["model"]].get(row["channel"]),
                "across_models": span,
                "lowest": ends[0] if ends else None,
                "highest": ends[1] if ends else None,
                **_priced(row, costs.get(row["channel"])),
            }
        )
    return made


def titled(figure: Figure) -> str:
    """Return who leads among the rows of a narrowed figure, where they hold one kind of orders."""
    found = figure.rows.to_pylist()
    kinds = {r["section"] for r in found}
    if len(kinds) != 1 or not found:
        return TITLE
    model = found[0]["model"]
    lead = [{**r, "channel": _plain(r["channel"])} for r in found if r["model"] == model]
    return finding(lead, _OF.get(found[0]["kind"], "revenue"), model) or TITLE


def _plain(shown: str) -> str:
    return BASELINE if shown == channel(BASELINE) else shown


def build(answer: Answer) -> Figure:
    """Return the shares of all channels by kind of order and model, the default model first."""
    found = shares(answer)
    costs, notes = costs_of(answer)
    needed = min_homes(run(answer))
    lead = [r for r in found if r["is_default"] and r["kind"] == "all"]
    few = sum(1 for r in lead if not r["enough"])
    if few:
        what = text.plural(few, "channel")
        notes.append(f"{what} with fewer than {needed} homes: money and counts are shown, no percentages.")
    if not found:
        notes.append("No shares: there is no order that a model could credit.")
    model = lead[0]["title"] if lead else ""
    title = finding(lead, "revenue", model)
    return Figure(
        name="attribution",
        title=title or TITLE,
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(_rows(found, costs, needed), COLUMNS, _HIDDEN),
        notes=tuple(notes),
        chart=Chart(
            "intervals",
            label="channel",
            value="share",
            series="model",
            low="share_low",
            high="share_high",
            title="Share of the net revenue of all orders, with its 90% interval",
            data=_drawn(found),
        ),
        source=answer.source,
        currency=answer.currency,
        group="section",
        across="model" if any(r["enough"] and r["channel"] != BASELINE for r in found) else None,
    )


def _drawn(found: Sequence[Row]) -> pa.Table:
    """Return the shares of all orders, for the picture."""
    names = {"channel": pa.string(), "model": pa.string()} | dict.fromkeys(
        ("share", "share_low", "share_high"), pa.float64()
    )
    drawn = [
        {**r, "channel": channel(r["channel"]), "model": r["title"]}
        for r in found
        if r["kind"] == "all" and r["share"] is not None
    ]
    return pa.table({n: pa.array([r[n] for r in drawn], kind) for n, kind in names.items()})
