"""What orders without a person owe to whom: through the enrolment, in two ledgers."""

from collections.abc import Sequence

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._leaders import finding, shares
from hearthline.reports._reading import Row, default_model, min_homes, rows, run, table
from hearthline.reports._words import BASELINE, KINDS, channel
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 50
SCREEN = "replenishment"
TITLE = "Orders placed by machines and subscriptions"
QUESTION = "To which channels do machine-placed orders and renewals really owe their revenue?"
DEFINITION = (
    "A machine never earns credit for its own order: the trigger is a mechanism, and credit follows the "
    "order back to the enrolment (the decision to switch it on) and the touches before that. Order "
    "ledger: net revenue of machine-placed and subscription orders by channel; with what is "
    "unattributed it sums to booked revenue. Enrolment ledger: what enrolments brought so far and are "
    "expected to bring, for decisions; it holds a forecast and does not sum to booked revenue. "
    "What is owed falls with time, for the home might have enrolled by itself since; displacement is the "
    "part that the household would have bought by hand anyway, which stays unattributed; it is read from the "
    "same homes before and while they were enrolled. Brought forward is the part of an order by hand that "
    "is missing later. Intervals (90%) are "
    "a household bootstrap."
)
COLUMNS = (
    Column("ledger", "Ledger"),
    Column("channel", "Channel"),
    Column("amount", "Credit", "money", low="low", high="high"),
    Column("share", "Share", "share", low="share_low", high="share_high", n="homes", why="why"),
    Column("homes", "Homes", "count"),
    Column(
        "enrolments", "Enrolments", "count", help="Expected number: an enrolment can be shared by channels"
    ),
    Column("booked", "Booked so far", "money"),
    Column("lifetime", "So far and expected (forecast)", "money"),
)
_ORDER_LEDGER = {"machine": "Order ledger: machine-placed", "subscription": "Order ledger: subscriptions"}
_ENROLMENT_LEDGER = "Enrolment ledger: with what is expected"
_OWING = {
    "machine": "machine-placed orders",
    "subscription": "subscription orders",
    "person": "orders by hand",
}
_WHAT = {
    "displacement": "Displacement of",
    "brought forward": "Brought forward of",
    "persistence": "Still owed with each further order, of",
    "owed after 90 days": "Still owed 90 days after the enrolment, of",
}
_REASONS = {
    "no longer owed or displaced": "displacement (would have been bought by hand) and persistence (the home "
    "would have enrolled by itself since)",
    "no enrolment known": "no enrolment known",
}


def _order_rows(found: Sequence[Row], needed: int) -> list[Row]:
    kept = ("amount", "low", "high", "share", "share_low", "share_high", "homes")
    made = []
    for kind, ledger in _ORDER_LEDGER.items():
        made += [
            {
                "ledger": ledger,
                "kind": kind,
                "channel": channel(r["channel"]),
                **{k: r[k] for k in kept},
                "why": None if r["enough"] else f"{text.plural(r['homes'] or 0, 'home')}, {needed} needed",
            }
            for r in found
            if r["kind"] == kind
        ]
    return made


def _enrolment_rows(answer: Answer, model: str) -> list[Row]:
    sql = f"""SELECT channel, sum(enrolments)::DOUBLE AS enrolments, sum(booked)::DECIMAL(24, 6) AS booked,
                     sum(lifetime)::DECIMAL(24, 6) AS lifetime
              FROM enrolment_credit WHERE model = '{model}' GROUP BY channel
              ORDER BY channel = '{BASELINE}', lifetime DESC, channel"""
    return [
        r | {"ledger": _ENROLMENT_LEDGER, "channel": channel(r["channel"])}
        for r in rows(answer, sql)
        if r["enrolments"] or r["booked"] or r["lifetime"]
    ]


def _booked(answer: Answer, model: str) -> list[str]:
    """Return the order ledger's sums by kind, in words."""
    sql = f"""SELECT kind, sum(credited)::DECIMAL(24, 6) AS credited, sum(shop)::DECIMAL(24, 6) AS shop,
                     sum(unattributed)::DECIMAL(24, 6) AS unattributed, sum(orders)::BIGINT AS orders
              FROM ledger WHERE model = '{model}' AND kind IN ('machine', 'subscription')
              GROUP BY kind ORDER BY kind"""
    notes = []
    for row in rows(answer, sql):
        said = {k: text.exact_money(row[k], answer.currency) for k in ("credited", "unattributed", "shop")}
        notes.append(
            f"{KINDS[row['kind']]}: {text.plural(row['orders'], 'order')}, credited {said['credited']} + "
            f"unattributed {said['unattributed']} = {said['shop']}."
        )
    return notes


def _unowed(answer: Answer, model: str) -> list[str]:
    sql = f"""SELECT reason, sum(amount)::DECIMAL(24, 6) AS amount FROM unattributed
              WHERE model = '{model}' AND kind IN ('machine', 'subscription')
              GROUP BY reason ORDER BY reason"""
    return [
        f"Unattributed by {_REASONS[r['reason']]}: {text.exact_money(r['amount'], answer.currency)}."
        for r in rows(answer, sql)
        if r["reason"] in _REASONS and r["amount"]
    ]


def _owing(answer: Answer) -> list[str]:
    """Return in words what is not owed to touches, and how that is known."""
    found = rows(answer, "SELECT * FROM owing ORDER BY what, kind")
    return [
        f"{_WHAT[r['what']]} {_OWING[r['kind']]}: {text.share(r['value'])}{_how(r)}."
        for r in found
        if r["kind"] in _OWING
    ]


def _how(row: Row) -> str:
    if not row["estimated"]:
        return " (assumed, not measured: [attribution] in hearthline.toml)"
    from_ = f", from {text.plural(row['homes'], 'home')} before and while enrolled" if row["homes"] else ""
    return f" (90%: {text.share(row['low'])} to {text.share(row['high'])}{from_})"


def _title(found: Sequence[Row], model: str) -> str:
    for kind, of in (("machine", "machine-placed revenue"), ("subscription", "subscription revenue")):
        said = finding([r for r in found if r["kind"] == kind], of, model)
        if said:
            return said
    return TITLE


def build(answer: Answer) -> Figure:
    """Return the order ledger by kind and the enrolment ledger, under the default model."""
    about, model = run(answer), default_model(answer)
    found = shares(answer, f"s.model = '{model['model']}' AND s.kind IN ('machine', 'subscription')")
    order_rows = _order_rows(found, min_homes(about))
    made = order_rows + _enrolment_rows(answer, model["model"])
    notes = [
        "Credit goes through the enrolment, never to the machine's trigger.",
        *_booked(answer, model["model"]),
        *_unowed(answer, model["model"]),
        *_owing(answer),
    ]
    if not made:
        notes.insert(0, "No machine-placed order, no renewal and no enrolment in this data.")
    drawn = [r for r in order_rows if r["share"] is not None]
    names = ("share", "share_low", "share_high")
    data = {n: pa.array([r[n] for r in drawn], pa.float64()) for n in names}
    labels = {"channel": [r["channel"] for r in drawn], "orders": [KINDS[r["kind"]] for r in drawn]}
    return Figure(
        name="machine_orders",
        title=_title(found, model["title"]),
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, {"kind": pa.string()}),
        notes=(*notes, f"Credit is that of the model {model['title']}."),
        chart=Chart(
            "intervals",
            label="channel",
            value="share",
            series="orders",
            low="share_low",
            high="share_high",
            data=pa.table({n: pa.array(v, pa.string()) for n, v in labels.items()} | data),
            title="Share of the kind's net revenue, with its 90% interval",
        ),
        source=answer.source,
        currency=answer.currency,
        group="ledger",
    )
