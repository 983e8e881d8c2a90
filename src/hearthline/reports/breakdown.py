"""Who earned what, asked another way: by kind of device, way of touching, campaign, stage and step."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._intervals import overlaps, ratio
from hearthline.reports._reading import Row, default_model, min_homes, rows, run, table
from hearthline.reports._words import KINDS, STAGES, STEPS
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 25
SCREEN = "attribution"
TITLE = "Credit by device, way, campaign and stage"
QUESTION = "Which kinds of device, ways of touching, campaigns and stages earned how much?"
DEFINITION = (
    "The same credit as in the attribution report, summed by what a touch was instead of by its "
    "channel. Each part sums, with what no touch earned, to the shop's net revenue of that kind of "
    "orders. Share = credit / net revenue of the same kind of orders. The interval (90%) takes "
    "households as the sample of a ratio of sums and leaves the model as it was fitted; the intervals "
    "of channels fit it again. Campaigns are those that the sender named."
)
COLUMNS = (
    Column("part", "Part"),
    Column("said", "What"),
    Column("model", "Model"),
    Column("section", "Orders"),
    Column("amount", "Credit", "money"),
    Column("share", "Share", "share", low="share_low", high="share_high", n="homes", why="why"),
    Column("homes", "Homes", "count", help="Homes whose orders owe it something"),
)
_HIDDEN = {"by": pa.string(), "value": pa.string(), "kind": pa.string()}
_PARTS = {
    "device_kind": "By kind of device",
    "modality": "By way of touching",
    "stage": "By stage",
    "step": "By step of the journey map",
    "campaign": "By campaign",
}
_REST = "no touch"
_MOST = 12

_SUMS = " UNION ALL ".join(
    f"SELECT '{by}' AS \"by\", coalesce(p.{by}, '') AS value, model, kind, unit, sum(x) AS x "
    "FROM spread JOIN touchpoints p USING (place) GROUP BY ALL"
    for by in _PARTS
)
_SQL = f"""
    WITH bought AS (
      SELECT kind, coalesce(unit::VARCHAR, 'order ' || order_id || '@' || shop) AS home, unit,
        sum(net)::DOUBLE AS y
      FROM orders WHERE net IS NOT NULL GROUP BY ALL),
    sizes AS (
      SELECT kind, sum(y) AS y, sum(y * y) AS yy, count(*) AS n FROM bought GROUP BY kind
      UNION ALL SELECT 'all', sum(y), sum(y * y), count(*)
      FROM (SELECT sum(y) AS y FROM bought GROUP BY home)),
    homes AS (
      SELECT kind, unit, y FROM bought WHERE unit IS NOT NULL
      UNION ALL SELECT 'all', unit, sum(y) FROM bought WHERE unit IS NOT NULL GROUP BY unit),
    first AS MATERIALIZED (
      SELECT model, kind, place, unit, sum(amount)::DECIMAL(38, 6) AS x FROM touch_credits GROUP BY ALL),
    spread AS MATERIALIZED (
      SELECT * FROM first
      UNION ALL SELECT model, 'all', place, unit, sum(x) FROM first GROUP BY ALL),
    found AS ({_SUMS})
    SELECT f."by", f.value, f.model, m.title, m.is_default, f.kind, sum(f.x)::DECIMAL(24, 6) AS amount,
           sum(f.x)::DOUBLE AS x, sum(f.x::DOUBLE ** 2) AS xx, sum(f.x::DOUBLE * h.y) AS xy,
           count(*) FILTER (f.x > 0) AS homes, any_value(s.y) AS y, any_value(s.yy) AS yy, any_value(s.n) AS n
    FROM found f JOIN models m USING (model) JOIN sizes s ON s.kind = f.kind
    LEFT JOIN homes h ON h.kind = f.kind AND h.unit = f.unit
    WHERE m.state = 'ok' GROUP BY ALL"""

_REST_SQL = """
    SELECT l.model, m.title, m.is_default, coalesce(l.kind, 'all') AS kind,
           sum(l.unattributed)::DECIMAL(24, 6) AS amount
    FROM ledger l JOIN models m USING (model) WHERE m.state = 'ok' AND l.kind <> 'all'
    GROUP BY l.model, m.title, m.is_default, GROUPING SETS ((l.kind), ())"""


def _said(by: str, value: str) -> str:
    """Return a value in words."""
    if not value:
        return "none named" if by == "campaign" else "unknown"
    if by == "stage":
        return STAGES.get(value, value)
    return STEPS.get(value, ("", value))[1] if by == "step" else value.replace("_", " ")


def _shared(row: Row, needed: int) -> Row:
    if row["homes"] < needed:
        return {"why": f"{text.plural(row['homes'], 'home')}, {needed} needed"}
    found = ratio({k: row[k] or 0.0 for k in ("x", "xx", "xy", "y", "yy")} | {"n": row["n"]})
    if found is None:
        return {"why": "no revenue"}
    value, low, high = found
    return {"share": value, "share_low": min(value, max(0.0, low)), "share_high": max(value, min(1.0, high))}


def _rows(answer: Answer, needed: int) -> list[Row]:
    made = [
        r | {"said": _said(r["by"], r["value"]), **_shared(r, needed)}
        for r in rows(answer, _SQL)
        if r["amount"] or r["homes"]
    ]
    rest = rows(answer, _REST_SQL)
    shown = {(r["by"], r["model"], r["kind"]) for r in made}
    why = "the rest, up to the shop's total"
    made += [
        r | {"by": by, "value": None, "said": _REST, "why": why}
        for by in _PARTS
        for r in rest
        if (by, r["model"], r["kind"]) in shown
    ]
    order, kinds = list(_PARTS), list(KINDS)
    made.sort(key=lambda r: (order.index(r["by"]), kinds.index(r["kind"]), not r["is_default"], r["title"],
                             r["said"] == _REST, -r["amount"], r["said"]))  # fmt: skip
    return [
        r | {"part": _PARTS[r["by"]], "section": KINDS.get(r["kind"], r["kind"]), "model": r["title"]}
        for r in made
    ]


def _leading(found: Sequence[Row]) -> str | None:
    """Return which kind of device leads, where intervals tell it apart from the next."""
    known = sorted((r for r in found if r.get("share") is not None), key=lambda r: -r["share"])
    if len(known) < 2 or known[0]["said"] == "unknown":
        return None
    first, second = known[:2]
    ends = [(r["share_low"], r["share_high"]) for r in (first, second)]
    if overlaps(*ends):
        return None
    said = text.share_interval(first["share"], *ends[0])
    return f"Touches on a {first['said']} earned most by kind of device: {said} ({first['model']})"


def titled(figure: Figure) -> str:
    """Return which kind of device leads among the rows of a narrowed figure."""
    found = [r for r in figure.rows.to_pylist() if r["by"] == "device_kind"]
    one = len({(r["kind"], r["model"]) for r in found}) == 1
    return (_leading(found) if one else None) or TITLE


def _drawn(made: Sequence[Row], model: str) -> pa.Table:
    """Return what the picture shows: kinds of device of all orders, default model."""
    drawn = [
        r
        for r in made
        if r["by"] == "device_kind"
        and r["kind"] == "all"
        and r["model"] == model
        and r.get("share") is not None
    ]
    names: Mapping[str, pa.DataType] = {"said": pa.string()} | dict.fromkeys(
        ("share", "share_low", "share_high"), pa.float64()
    )
    return pa.table({n: pa.array([r[n] for r in drawn[:_MOST]], kind) for n, kind in names.items()})


def build(answer: Answer) -> Figure:
    """Return credit by what touches were, under every model and for every kind of orders."""
    model = default_model(answer)
    made = _rows(answer, min_homes(run(answer)))
    lead = [
        r for r in made if r["by"] == "device_kind" and r["kind"] == "all" and r["model"] == model["title"]
    ]
    notes = [] if made else ["No credit: there is no order that a touch could have led to."]
    return Figure(
        name="breakdown",
        title=_leading(lead) or TITLE,
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, _HIDDEN),
        notes=tuple(notes),
        chart=Chart(
            "intervals",
            label="said",
            value="share",
            low="share_low",
            high="share_high",
            data=_drawn(made, model["title"]),
            title=f"Share of net revenue by kind of device, with its 90% interval ({model['title']})",
        ),
        source=answer.source,
        currency=answer.currency,
        group="part",
    )
