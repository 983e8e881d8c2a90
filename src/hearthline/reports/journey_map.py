"""The journey map: how many homes reach which step, what it earns, and where homes drop off."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._intervals import wilson
from hearthline.reports._reading import Row, default_model, min_homes, rows, run, table
from hearthline.reports._words import STAGES, STEPS
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 40
SCREEN = "paths"
TITLE = "Journey map"
QUESTION = "Which steps of the journey do homes reach, what does each earn, and where do they drop off?"
DEFINITION = (
    "Events of all kinds counted by the step of the journey map that they belong to, also those that are no "
    "touches. Homes = households with at least one such event. Went on = homes that reached a later stage "
    "after it; the rest has dropped off or has not come further by the end of the data. Credit = net "
    "revenue that the default model gives to touches of that step (a step without touches earns none). A "
    "step without any event is not connected or was not recorded: that is a dash and not a zero. A home "
    "counts in every step that it reaches, so homes do not sum. Intervals (90%) are Wilson's over homes."
)
COLUMNS = (
    Column("stage", "Stage"),
    Column("step", "Step"),
    Column("events", "Events", "count", why="why"),
    Column("homes", "Homes", "count"),
    Column("orders", "Orders", "count"),
    Column("went_on", "Went on", "count"),
    Column(
        "went_on_share",
        "Went on",
        "share",
        "% of homes",
        low="on_low",
        high="on_high",
        n="homes",
        why="on_why",
    ),
    Column("credit", "Credit", "money"),
)
_HIDDEN = {"code": pa.string()}

_STEPS_SQL = """SELECT step, sum(events)::BIGINT AS events, sum(homes)::BIGINT AS homes,
    sum(orders)::BIGINT AS orders, sum(next_homes)::BIGINT AS went_on FROM steps GROUP BY step"""


def _credits(answer: Answer, model: str) -> dict[str, Row]:
    sql = f"""SELECT coalesce(t.step, '') AS step, sum(c.amount)::DECIMAL(24, 6) AS credit
              FROM credits c JOIN touchpoints t USING (place)
              WHERE c.model = '{model}' AND c.accounting = 'order' GROUP BY ALL"""
    return {r["step"]: r for r in rows(answer, sql)}


def _went_on(row: Row, stage: str, needed: int) -> Row:
    if stage == "post_purchase":
        return {"went_on": None, "on_why": "last stage"}
    homes, went = row["homes"] or 0, row["went_on"] or 0
    if homes < needed:
        return {"on_why": f"{text.plural(homes, 'home')}, {needed} needed"}
    low, high = wilson(went, homes)
    return {"went_on_share": went / homes, "on_low": low, "on_high": high}


def _rows(found: Mapping[str, Row], earned: Mapping[str, Row], needed: int) -> list[Row]:
    known = STEPS | {s: ("unplaced", s) for s in found if s and s not in STEPS}
    made = []
    for step, (stage, name) in known.items():
        row: Row = {"stage": STAGES.get(stage, "Not in the map"), "step": name, "code": step}
        if step in found:
            credit = earned.get(step, {}).get("credit")
            row |= {**found[step], "step": name, "credit": credit, **_went_on(found[step], stage, needed)}
        elif step.startswith("other_"):
            continue
        else:
            row |= {"why": "no event", "on_why": "no event"}
        made.append(row)
    return made


def _title(made: Sequence[Row]) -> str:
    """Return where most homes stop before a purchase, if intervals tell it apart; else a noun."""
    before = [r for r in made if STEPS.get(r["code"], ("",))[0] in ("awareness", "consideration")]
    known = sorted((r for r in before if r.get("on_high") is not None), key=lambda r: r["went_on_share"])
    if len(known) < 2 or known[0]["on_high"] >= known[1]["on_low"]:
        return TITLE
    stopped = known[0]
    said = text.share_interval(1 - stopped["went_on_share"], 1 - stopped["on_high"], 1 - stopped["on_low"])
    return f"{stopped['step']} loses most homes before a purchase: {said} reach no later stage"


def _drawn(made: Sequence[Row]) -> pa.Table:
    drawn = []
    for row in made:
        if row.get("homes"):
            drawn.append({"step": row["step"], "what": "Homes", "homes": row["homes"]})
            if row.get("on_why") != "last stage":
                drawn.append({"step": row["step"], "what": "Went on", "homes": row["went_on"] or 0})
    names = {"step": pa.string(), "what": pa.string(), "homes": pa.int64()}
    return pa.table({n: pa.array([r[n] for r in drawn], kind) for n, kind in names.items()})


def build(answer: Answer) -> Figure:
    """Return every step of the map with counts, homes, credit and drop-off; steps without events too."""
    model = default_model(answer)
    found = {r["step"]: r for r in rows(answer, _STEPS_SQL)}
    earned = _credits(answer, model["model"])
    made = _rows(found, earned, min_homes(run(answer)))
    missing = [r["step"] for r in made if r.get("why")]
    notes = []
    if missing:
        notes.append(f"No event for {text.plural(len(missing), 'step')}: {', '.join(missing)}. See audit.")
    outside = sum((r["credit"] for s, r in earned.items() if s not in STEPS), start=0)
    if outside:
        notes.append(
            f"{text.exact_money(outside, answer.currency)} of credit belongs to touches outside the map."
        )
    return Figure(
        name="journey_map",
        title=_title(made),
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, _HIDDEN),
        notes=(*notes, f"Credit is that of the model {model['title']}."),
        chart=Chart(
            "bars",
            label="step",
            value="homes",
            series="what",
            data=_drawn(made),
            title="Homes that reached a step, and those that went on to a later stage",
        ),
        source=answer.source,
        currency=answer.currency,
        group="stage",
    )
