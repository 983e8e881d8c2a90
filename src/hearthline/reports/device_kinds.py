"""Which devices lead to buying: of the homes that touched something there, how many ordered in time."""

from collections.abc import Sequence

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._intervals import overlaps, wilson
from hearthline.reports._reading import Row, default_model, min_homes, rows, run, table
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 42
SCREEN = "devices"
TITLE = "Devices on the way to an order"
QUESTION = "Of the homes that touched something on a kind of device, how many ordered within 30 days?"
DEFINITION = (
    "Homes with at least one touch on a kind of device whose first such touch lies at least 30 days "
    "before the end of the data (followed), and those of them that placed an order by hand within 30 "
    "days after that touch (ordered). Ordered / followed is the share; its interval (90%) is Wilson's. "
    "Machine-placed and subscription orders are left out, readings and telemetry are no touches, and a "
    "home counts once for each kind. It says what came after and not what was caused: homes that buy "
    "much touch much. Credit is that of the default model."
)
COLUMNS = (
    Column("said", "Kind of device"),
    Column("homes", "Homes", "count", help="Homes with a touch there"),
    Column("followed", "Followed", "count", help="Homes with 30 days of data after the first touch"),
    Column("ordered", "Ordered", "count"),
    Column("share", "Ordered", "share", "% of followed", low="low", high="high", n="followed", why="why"),
    Column("touches", "Touches", "count"),
    Column("credit", "Credit", "money"),
)
_HIDDEN = {"by": pa.string(), "value": pa.string()}

_SQL = """
    WITH firsts AS (
      SELECT coalesce(p.device_kind, '') AS value, t.unit, min(t.time_ms) AS first_ms, count(*) AS touches
      FROM touches t JOIN touchpoints p USING (place) GROUP BY ALL),
    seen AS (SELECT (epoch_ms(max(last_day)::TIMESTAMP) + 86400000)::BIGINT AS end_ms FROM run),
    hand AS (SELECT unit, epoch_ms(time) AS at_ms FROM orders
             WHERE kind = 'person' AND unit IS NOT NULL AND coalesce(status, 'placed') = 'placed'),
    led AS (
      SELECT f.value, f.unit, f.touches, f.first_ms + 2592000000 <= s.end_ms AS followed,
             count(h.at_ms) > 0 AS ordered
      FROM firsts f CROSS JOIN seen s
      LEFT JOIN hand h ON h.unit = f.unit AND h.at_ms BETWEEN f.first_ms AND f.first_ms + 2592000000
      GROUP BY ALL)
    SELECT value, count(*) AS homes, count(*) FILTER (followed) AS followed,
           count(*) FILTER (followed AND ordered) AS ordered, sum(touches)::BIGINT AS touches
    FROM led GROUP BY value"""

_CREDIT = """
    SELECT coalesce(p.device_kind, '') AS value, sum(c.amount)::DECIMAL(24, 6) AS credit
    FROM credits c JOIN touchpoints p USING (place)
    WHERE c.model = '{model}' AND c.accounting = 'order' GROUP BY 1"""


def _shared(row: Row, needed: int) -> Row:
    if row["followed"] < needed:
        return {"why": f"{text.plural(row['followed'], 'home')} followed, {needed} needed"}
    low, high = wilson(row["ordered"], row["followed"])
    return {"share": row["ordered"] / row["followed"], "low": low, "high": high}


def _said(kind: str) -> str:
    return kind.replace("_", " ") or "unknown"


def _rows(answer: Answer, model: str, needed: int) -> list[Row]:
    credit = {r["value"]: r["credit"] for r in rows(answer, _CREDIT.format(model=model))}
    made = [
        r
        | {"by": "device_kind", "said": _said(r["value"]), "credit": credit.get(r["value"])}
        | _shared(r, needed)
        for r in rows(answer, _SQL)
    ]
    return sorted(made, key=lambda r: (-(r.get("share") or -1.0), -r["homes"], r["said"]))


def _title(made: Sequence[Row]) -> str:
    known = [r for r in made if r.get("share") is not None]
    if len(known) < 2:
        return TITLE
    first, second = known[:2]
    said = text.share_interval(first["share"], first["low"], first["high"])
    if overlaps((first["low"], first["high"]), (second["low"], second["high"])):
        last = known[-1]
        low = text.share_interval(last["share"], last["low"], last["high"])
        if overlaps((first["low"], first["high"]), (last["low"], last["high"])):
            return "No kind of device clearly leads to more orders than another"
        return f"{_after(first, said)}, on a {last['said']} {low}"
    return f"{_after(first, said)}, more than on any other"


def _after(row: Row, said: str) -> str:
    return f"After a touch on a {row['said']} {said} of homes order within 30 days"


def build(answer: Answer) -> Figure:
    """Return each kind of device with the homes that touched there and those that ordered afterwards."""
    model = default_model(answer)
    made = _rows(answer, model["model"], min_homes(run(answer)))
    notes = [f"Credit is that of the model {model['title']}."]
    if not made:
        notes.insert(0, "No touch on any device: connect a platform that sends touches.")
    return Figure(
        name="device_kinds",
        title=_title(made),
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, _HIDDEN),
        notes=tuple(notes),
        chart=Chart(
            "intervals",
            label="said",
            value="share",
            low="low",
            high="high",
            title="Homes that ordered by hand within 30 days of the first touch there, with 90% interval",
        ),
        source=answer.source,
        currency=answer.currency,
    )
