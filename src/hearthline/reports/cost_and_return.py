"""What each channel costs and brings: return for each 1 spent, beside what last touch says."""

from collections.abc import Sequence
from decimal import Decimal

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._leaders import shares
from hearthline.reports._reading import LAST, Row, default_model, min_homes, run, table
from hearthline.reports._spend import costs_of
from hearthline.reports._words import BASELINE, channel
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 24
SCREEN = "attribution"
TITLE = "Cost and return"
QUESTION = "What does each channel bring for what it costs, and would last touch have said so too?"
DEFINITION = (
    "Cost = spend over all days, in another currency at its rate ([money] rates). Return = credit of all "
    "orders / cost: net revenue for each 1 spent, before the cost of goods. Interval (90%): that of the "
    "credit; cost is taken as exact. Channels that cost nothing, or whose spend is not known, are not shown. "
    "A mean over all that was spent, not what the next 1 brings: for that see `hearthline plan budget`."
)
COLUMNS = (
    Column("section", "Model"),
    Column("channel", "Channel"),
    Column("cost", "Cost", "money"),
    Column("amount", "Credit", "money", low="low", high="high"),
    Column(
        "earned",
        "Return",
        "number",
        unit="per 1 spent",
        low="earned_low",
        high="earned_high",
        n="homes",
        why="why",
    ),
    Column("homes", "Homes", "count", help="Homes with a touch of the channel"),
)


def _earned(row: Row, cost: Decimal, needed: int) -> Row:
    """Return a channel's row under one model."""
    names = {"earned": "amount", "earned_low": "low", "earned_high": "high"}
    said = {k: float(row[v] / cost) for k, v in names.items() if row[v] is not None and row["enough"]}
    why = None if row["enough"] else f"{text.plural(row['homes'] or 0, 'home')}, {needed} needed"
    kept = {k: row[k] for k in ("amount", "low", "high", "homes")}
    return {
        "section": row["title"],
        "channel": channel(row["channel"]),
        "cost": cost,
        **kept,
        **said,
        "why": why,
    }


def _title(found: Sequence[Row], last: Sequence[Row]) -> str:
    """Return which channel brings most for what it costs, and where last touch differs most."""
    sure = [r for r in found if r.get("earned") is not None]
    if not sure:
        return TITLE
    best = max(sure, key=lambda r: r["earned"])
    said = f"{best['channel']} brings {best['earned']:.3g} ({_ends(best)}) for each 1 spent"
    by_last = {r["channel"]: r["earned"] for r in last if r.get("earned") is not None}
    apart = [r for r in sure if r["channel"] in by_last]
    most = max(apart, key=lambda r: abs(by_last[r["channel"]] - r["earned"]), default=None)
    if most is None:
        return said
    other = f"{by_last[most['channel']]:.3g} for {most['channel']}, not {most['earned']:.3g}"
    return f"{said}; last touch says {other}"


def _ends(row: Row) -> str:
    return f"{row['earned_low']:.3g}–{row['earned_high']:.3g}"


def build(answer: Answer) -> Figure:
    """Return cost and return by channel, under the default model and under last touch."""
    known, notes = costs_of(answer)
    costs = {name: row["cost"] for name, row in known.items() if row["cost"]}
    lead, needed = default_model(answer)["model"], min_homes(run(answer))
    wanted = dict.fromkeys((lead, LAST))
    found = {
        model: [
            _earned(r, costs[r["channel"]], needed)
            for r in shares(answer, f"s.kind = 'all' AND s.model = '{model}'")
            if r["channel"] in costs and r["channel"] != BASELINE
        ]
        for model in wanted
    }
    made = [r for model in wanted for r in sorted(found[model], key=lambda r: -(r.get("earned") or 0.0))]
    drawn = [r | {"model": r["section"]} for r in made if r.get("earned") is not None]
    kinds = {n: pa.string() for n in ("channel", "model")}
    kinds |= dict.fromkeys(("earned", "earned_low", "earned_high"), pa.float64())
    if not made:
        notes.insert(
            0,
            "No spend known: add a file with the columns channel, day, cost and currency (`hearthline add`).",
        )
    return Figure(
        name="cost_and_return",
        title=_title(found[lead], found.get(LAST, []) if lead != LAST else []),
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, {}),
        notes=tuple(notes),
        chart=Chart(
            "intervals",
            label="channel",
            value="earned",
            series="model",
            low="earned_low",
            high="earned_high",
            title=f"Net revenue for each 1 {answer.currency} spent, with its 90% interval",
            data=pa.table({n: pa.array([r[n] for r in drawn], kind) for n, kind in kinds.items()}),
        )
        if drawn
        else None,
        source=answer.source,
        currency=answer.currency,
        group="section",
    )
