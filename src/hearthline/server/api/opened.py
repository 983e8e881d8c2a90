"""What one may open: orders behind a number, one order, one household, one event with its raw payload.

All as figures, so that a page, JSON, CSV and Arrow show the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from hearthline import pipeline
from hearthline.identity import BY_HAND
from hearthline.pipeline import Explanation
from hearthline.reports import step_said
from hearthline.schema import text
from hearthline.schema.errors import UnknownName
from hearthline.schema.figure import Chart, Column, Figure
from hearthline.server.api.masks import Masks
from hearthline.server.api.shelf import Shelf
from hearthline.server.api.whose import of_orders

__all__ = ["Household", "Raw", "explanation", "household", "journey", "key_of", "orders", "raw"]

Row = dict[str, Any]
_MONEY = pa.decimal128(24, 6)
_TIME = pa.timestamp("us", tz="UTC")
_BESIDE = ("last_touch", "linear", "markov", "shapley_rate")
_BARS, _SHOWN = 10, 10
_PLACED = {"person": "a person", "subscription": "a subscription", "machine": "a machine"}

_ORDERS = """
    WITH earned AS (
      SELECT t.shop, t.order_id, sum(t.amount)::DECIMAL(24, 6) AS credit, count(*) AS touches
      FROM touch_credits t JOIN touchpoints p USING (place)
      WHERE t.model = $model AND ($kind = 'all' OR t.kind = $kind) AND {where}
      GROUP BY t.shop, t.order_id)
    SELECT o.order_id, o.shop, o.time, o.kind, o.via, o.net, e.credit, e.touches, o.unit,
           count(*) OVER () AS whole, sum(e.credit) OVER ()::DECIMAL(24, 6) AS whole_credit
    FROM earned e JOIN orders o USING (shop, order_id)
    ORDER BY e.credit DESC, o.order_id, o.shop LIMIT $most OFFSET $start"""
_ALL_ORDERS = """
    SELECT o.order_id, o.shop, o.time, o.kind, o.via, o.net, NULL::DECIMAL(24, 6) AS credit,
           NULL::BIGINT AS touches, o.unit, count(*) OVER () AS whole, NULL::DECIMAL(24, 6) AS whole_credit
    FROM orders o WHERE ($kind = 'all' OR o.kind = $kind)
    ORDER BY o.time DESC, o.order_id, o.shop LIMIT $most OFFSET $start"""
PLACES = ("channel", "device_kind", "modality", "campaign", "stage", "step")
"""What a touchpoint can be asked by."""


@dataclass(frozen=True, slots=True)
class Raw:
    """One event as it lies in the lake, the input that it was made from, and whose it is."""

    event: Row
    payload: str
    unit: int | None


@dataclass(frozen=True, slots=True)
class Household:
    """One household: who it is, what it did as a figure, and what holds it together.

    Each order has `actors`, who may have placed it; each link `sure`, the probability that it is right,
    `at_stake`, the net revenue that would leave the home if it were wrong, and `moves`, the identifiers.
    """

    about: Row
    figure: Figure
    orders: list[Row]
    enrolments: list[Row]
    devices: list[Row]
    links: list[Row]
    consents: list[Row]
    signals: list[Row]
    readings: list[Row]


def orders(
    shelf: Shelf, asked: Mapping[str, str], most: int, start: int
) -> tuple[list[Row], int, Decimal | None]:
    """Return orders behind a number with the credit they gave, most first; how many and how much in all.

    `name` of an order opens it: its number, with its shop where several shops have that number.

    `asked` may hold `kind`, `model` and any of `PLACES`; without a place all orders come, newest first.

    Raises:
        UnknownName: there is no such kind or model.
    """
    for name, values in (("kind", ("all", *_PLACED)), ("model", shelf.models)):
        if asked.get(name) and asked[name] not in values:
            wrong, cure = asked[name][:20], f"choose one of {', '.join(values)}"
            raise UnknownName(f"orders: `{name}` cannot be {wrong!r}; {cure}")
    places = {k: asked[k] for k in PLACES if asked.get(k)}
    where = " AND ".join(f"coalesce(p.{k}, '') = ${k}" for k in places) or "true"
    sql = _ORDERS.format(where=where) if places else _ALL_ORDERS
    known = {"kind": asked.get("kind") or "all", "model": asked.get("model") or shelf.facts["default_model"]}
    found = shelf.rows(sql, **known, **places, most=most, start=start)
    if not found:
        return [], 0, None
    return pipeline.named(shelf, found), found[0]["whole"], found[0]["whole_credit"]


def explanation(shelf: Shelf, order: str, masks: Masks) -> Explanation:
    """Return why an order got its credit, with identifiers as the visitor may see them."""
    found = pipeline.explained(shelf, order)
    for link in found.links:
        link["left_id"], link["right_id"] = masks.of(link["left_id"]), masks.of(link["right_id"])
        link["note"] = None if not masks.whole else link["note"]
    return found


def key_of(unit: str) -> int:
    """Return a household's key from an address.

    Raises:
        UnknownName: it is no key of a household.
    """
    digits = unit.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or abs(int(digits[:20])) >= 2**63:
        raise UnknownName("household: a household's key is a whole number; take it from an order")
    return int(unit)


def _named(found: Sequence[Row], kinds: Mapping[str, pa.DataType]) -> pa.Table:
    return pa.table({n: pa.array([r.get(n) for r in found], k) for n, k in kinds.items()})


def journey(shelf: Shelf, found: Explanation) -> Figure:
    """Return an order's touches with what each model gave them, and what no touch earned."""
    titles = {t["model"]: t["title"] for t in found.totals}
    lead = shelf.facts["default_model"]
    models = [m for m in dict.fromkeys((lead, *_BESIDE, *titles)) if m in titles]
    made: list[Row] = [
        {
            **t,
            "what": t["channel"],
            "step": step_said(t["step"]),
            **{m: t["credit"].get(m, Decimal(0)) for m in models},
        }
        for t in found.touches
    ]
    rest = {t["model"]: t["unattributed"] for t in found.totals}
    drawn = _drawn(made, lead)
    if drawn and rest.get(lead):
        drawn.append({"touch": "No touch", "credit": rest[lead]})
    earlier = made[:-_SHOWN] if len(made) > _SHOWN + 2 else []
    if earlier:
        sums = {m: sum((r[m] for r in earlier), Decimal(0)) for m in models}
        made = [{"what": f"{len(earlier)} earlier touches", **sums}, *made[-_SHOWN:]]
    made.append({"what": "no touch", **{m: rest[m] for m in models}})
    made.append({"what": "the order", **dict.fromkeys(models, found.order["net"])})
    columns = (
        Column("what", "Touch"),
        Column("time", "Time", "time"),
        Column("device_kind", "Device"),
        Column("step", "Step"),
        *(Column(m, titles[m].partition(" (")[0], "money") for m in models if m in (lead, *_BESIDE)),
    )
    kinds: dict[str, pa.DataType] = {"what": pa.string(), "time": _TIME}
    kinds |= {n: pa.string() for n in ("device_kind", "step", "campaign", "modality", "stage")}
    return Figure(
        name="journey",
        title="What each touch earned of this order",
        question="Which touches came before, and what did each model give them?",
        definition="Touches of the household inside their look-back window before the order, or before the "
        "enrolment that placed it. Each column sums to the order's net revenue, to the cent.",
        columns=columns,
        rows=_named(made, kinds | dict.fromkeys(models, _MONEY)),
        chart=Chart(
            "bars",
            label="touch",
            value="credit",
            data=_named(drawn, {"touch": pa.string(), "credit": _MONEY}),
            title=f"Credit of the touches as they came, and what no touch earned ({titles.get(lead, lead)})",
        ),
        source=f"run {shelf.run}",
        currency=shelf.currency,
    )


def _drawn(made: Sequence[Row], lead: str) -> list[Row]:
    """Return the touches that earned most, in the order in which they came, and the rest as one."""
    earned = [r for r in made if r.get(lead)]
    most = sorted(earned, key=lambda r: -r[lead])[:_BARS]
    kept = [
        {"touch": f"{r['time'].day} {r['time']:%b %H:%M}  {r['what']}", "credit": r[lead]}
        for r in earned
        if r in most
    ]
    rest = [r[lead] for r in earned if r not in most]
    if rest:
        kept.append({"touch": f"Other ({text.plural(len(rest), 'touch', 'touches')})", "credit": sum(rest)})
    return kept


def household(shelf: Shelf, unit: int, masks: Masks) -> Household:
    """Return one household.

    Raises:
        UnknownName: the answer has no such household.
    """
    about = shelf.rows("SELECT * FROM households WHERE unit = $unit", unit=unit)
    if not about:
        raise UnknownName(f"household: none with the key {unit} in this answer; open one from an order")
    about[0]["label"] = masks.of(about[0].get("label"))
    bought = shelf.rows("SELECT * FROM orders WHERE unit = $unit ORDER BY time, order_id, shop", unit=unit)
    bought = pipeline.named(shelf, bought)
    enrolments = shelf.rows("SELECT * FROM enrolments WHERE unit = $unit ORDER BY time", unit=unit)
    devices = shelf.rows(
        """SELECT kind, device, events, first, last FROM devices WHERE unit = $unit
           ORDER BY events DESC, device""",
        unit=unit,
    )
    for device in devices:
        device["device"] = masks.of(device["device"])
    placed = of_orders(shelf, unit)
    for order in bought:
        order["actors"] = placed.get((order["shop"], order["order_id"]), [])
    links = pipeline.staked_links(shelf, unit)
    for link in links:
        link["left_id"], link["right_id"] = masks.of(link["left_id"]), masks.of(link["right_id"])
        link["note"] = None if link["rule"] == BY_HAND and not masks.whole else link["note"]
    return Household(
        about=about[0],
        figure=_timeline(shelf, unit, bought, enrolments),
        orders=bought,
        enrolments=enrolments,
        devices=devices,
        links=links,
        consents=shelf.rows(_CONSENTS, unit=unit),
        signals=_masked(_signals_of(shelf, unit), masks),
        readings=_masked(shelf.rows(_READINGS, unit=unit), masks),
    )


def _signals_of(shelf: Shelf, unit: int) -> list[Row]:
    try:
        return shelf.rows(_SIGNALS, unit=unit)
    except duckdb.CatalogException:  # an answer of an earlier version
        return []


def _masked(found: list[Row], masks: Masks) -> list[Row]:
    for row in found:
        row["device"] = masks.of(row["device"]) if row["device"] else None
    return found


_CONSENTS = pipeline.EXPLAINING["consents"]
_SIGNALS = pipeline.EXPLAINING["household_signals"]
_READINGS = pipeline.EXPLAINING["household_readings"]

_TOUCHES = """
    SELECT make_timestamptz(t.time_ms * 1000) AS time, p.channel, p.device_kind, p.campaign, p.modality,
           p.stage, p.step, count(*) OVER () AS whole
    FROM touches t JOIN touchpoints p USING (place)
    WHERE t.unit = $unit ORDER BY t.time_ms DESC, t.place LIMIT 400"""
_LANES = {"tv": "TV", "ev_charger": "EV charger"}


def _lane(kind: str | None) -> str:
    return _LANES.get(kind or "", (kind or "no device").replace("_", " ").capitalize())


def _timeline(shelf: Shelf, unit: int, bought: Sequence[Row], enrolments: Sequence[Row]) -> Figure:
    touched = shelf.rows(_TOUCHES, unit=unit)
    made: list[Row] = [
        {**t, "lane": _lane(t["device_kind"]), "kind": "touch", "what": t["channel"]} for t in touched
    ]
    made += [
        {
            "time": o["time"],
            "lane": "Orders",
            "kind": "order placed by " + _PLACED[o["kind"]],
            "what": o["name"],
            "net": o["net"],
            "step": o["step"],
            "modality": o["via"],
        }
        for o in bought
    ]
    made += [
        {"time": e["time"], "lane": "Enrolments", "kind": "switched on", "what": e["kind"]}
        for e in enrolments
    ]
    made += [
        {"time": e["ended"], "lane": "Enrolments", "kind": "switched off", "what": e["kind"]}
        for e in enrolments
        if e["ended"]
    ]
    made.sort(key=lambda r: r["time"])
    for row in made:
        row["at"] = row["time"].timestamp()
    notes = []
    if touched and touched[0]["whole"] > len(touched):
        notes.append(f"The latest {len(touched)} of {text.count(touched[0]['whole'])} touches are shown.")
    kinds = {"time": _TIME, "lane": pa.string(), "kind": pa.string(), "what": pa.string(), "net": _MONEY}
    kinds |= {n: pa.string() for n in ("campaign", "modality", "stage", "step", "device_kind")}
    return Figure(
        name="household",
        title=_said(bought, touched),
        question="What did this home do, on which devices, and what did it buy?",
        definition="Every touch, order and enrolment that identity resolution gives to this household, at "
        "the time it happened (UTC). Readings and states of devices are no touches and are left out.",
        columns=(
            Column("time", "Time", "time"),
            Column("lane", "Where"),
            Column("kind", "What"),
            Column("what", "Which"),
            Column("campaign", "Campaign"),
            Column("modality", "How"),
            Column("net", "Net revenue", "money"),
        ),
        rows=_named(made, kinds | {"at": pa.float64()}),
        notes=tuple(notes),
        chart=Chart(
            "timeline",
            label="lane",
            value="at",
            series="kind",
            target="what",
            title="Everything by device, over time",
        ),
        source=f"run {shelf.run}",
        currency=shelf.currency,
    )


def _said(bought: Sequence[Row], touched: Sequence[Row]) -> str:
    touches = text.plural(touched[0]["whole"] if touched else 0, "touch", "touches")
    return f"{text.plural(len(bought), 'order')} after {touches}" if bought else f"{touches}, no order yet"


_EVENT = """SELECT e.* FROM events e WHERE e.id = $id AND e.source = $source LIMIT 1"""
_WHOSE = """
    SELECT m.unit, i.identifiers, i.household_hints FROM identities i LEFT JOIN members m USING (identity)
    WHERE i.identity = $identity LIMIT 1"""


def raw(shelf: Shelf, source: str, event: str, masks: Masks) -> Raw:
    """Return one event and its raw payload.

    Raises:
        UnknownName: the lake has no such event.
    """
    found = shelf.rows(_EVENT, id=event, source=source)
    if not found:
        raise UnknownName("event: none with this source and id in the answer; open one from an order")
    row = {k: v for k, v in found[0].items() if v is not None}
    whose = shelf.rows(_WHOSE, identity=row.get("identity"))
    known = [str(i["value"]) for i in (whose[0]["identifiers"] or [])] if whose else []
    bodies = shelf.rows("SELECT body FROM raw WHERE sha256 = $sha LIMIT 1", sha=row.get("raw_sha256"))
    payload = masks.payload(bodies[0]["body"], known) if bodies else ""
    if not masks.whole:
        for name in ("device_id", "subject", "correlation_session", "correlation_conversation"):
            if name in row:
                row[name] = masks.of(str(row[name]))
    return Raw({k: _plain(v) for k, v in row.items()}, payload, whose[0]["unit"] if whose else None)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
