"""Whether every cent is somewhere: per model, per kind of order, and what was set aside."""

from collections.abc import Sequence
from decimal import Decimal

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._reading import Row, models, rows, table
from hearthline.reports._words import KINDS, PLACED
from hearthline.schema import text
from hearthline.schema.figure import Column, Figure

POSITION = 70
SCREEN = "trust"
TITLE = "Reconciliation"
QUESTION = "Does every model's credit, with what is unattributed, sum to the shop's own total?"
DEFINITION = (
    "For every model and kind of order: credited + unattributed = the shop's net revenue, to the cent. The "
    "kinds are disjoint and sum to all. Shop = the sum of net revenue in the table of orders, counted apart "
    "from the models. Difference = credited + unattributed - shop; it is shown whenever it is not zero. "
    "Unattributed money has one reason each. Orders in a currency without a rate are set aside: they are in "
    "no sum, and listed here in their own currency."
)
COLUMNS = (
    Column("part", "Part"),
    Column("model", "Model"),
    Column("what", "Placed by"),
    Column("credited", "Credited", "money"),
    Column("unattributed", "Unattributed", "money"),
    Column("difference", "Difference", "money"),
    Column("shop", "Shop", "money"),
    Column("orders", "Orders counted", "count"),
    Column("own_currency", "In their own currency", "number", why="why"),
)
_LEDGER = "Credited + unattributed = shop"


def _shop(answer: Answer) -> dict[str, Row]:
    """Return the shop's own sums by kind, and for all."""
    sql = """SELECT coalesce(kind, 'all') AS kind, coalesce(sum(net), 0)::DECIMAL(24, 6) AS net,
                    count(*) AS orders
             FROM orders WHERE net IS NOT NULL GROUP BY GROUPING SETS ((kind), ())"""
    return {r["kind"]: r for r in rows(answer, sql)}


def _ledger(answer: Answer, shop: dict[str, Row]) -> list[Row]:
    sql = """SELECT model, kind, sum(credited)::DECIMAL(24, 6) AS credited,
                    sum(unattributed)::DECIMAL(24, 6) AS unattributed, sum(orders)::BIGINT AS orders
             FROM ledger WHERE kind <> 'all' GROUP BY model, kind"""
    found = {(r["model"], r["kind"]): r for r in rows(answer, sql)}
    made = []
    for model in models(answer):
        parts = [found[model["model"], k] | {"kind": k} for k in KINDS if (model["model"], k) in found]
        if not parts:
            continue
        whole = {k: sum(p[k] for p in parts) for k in ("credited", "unattributed", "orders")}
        for row in (*parts, whole | {"kind": "all"}):
            net = shop.get(row["kind"], {"net": Decimal(0)})["net"]
            off = row["credited"] + row["unattributed"] - net
            about = {"part": _LEDGER, "model": model["title"], "what": PLACED[row["kind"]]}
            made.append(row | about | {"shop": net, "difference": off})
    return made


def _reasons(answer: Answer) -> list[Row]:
    sql = """SELECT m.title AS model, u.kind, u.reason, sum(u.amount)::DECIMAL(24, 6) AS unattributed,
                    sum(u.orders) AS orders
             FROM unattributed u JOIN models m USING (model) WHERE m.state = 'ok' AND u.kind <> 'all'
             GROUP BY ALL ORDER BY max(m.is_default) DESC, m.title, unattributed DESC, u.kind, u.reason"""
    return [
        r
        | {
            "part": "Why money is unattributed",
            "what": f"{PLACED.get(r['kind'], r['kind'])}: {r['reason']}",
        }
        for r in rows(answer, sql)
        if r["unattributed"] or r["orders"]
    ]


def _aside(answer: Answer) -> list[Row]:
    """Return the orders in currencies without a rate, by currency."""
    names = {f.name for f in answer.table("SELECT * FROM orders LIMIT 0").schema}
    money = "sum(set_aside)::DOUBLE" if "set_aside" in names else "NULL::DOUBLE"
    sql = f"""SELECT coalesce(currency, 'currency unknown') AS what, count(*) AS orders,
                     {money} AS own_currency
              FROM orders WHERE net IS NULL GROUP BY ALL ORDER BY orders DESC, what"""
    return [r | {"part": "Set aside: no rate", "why": "amount not recorded"} for r in rows(answer, sql)]


def _mismatches(made: Sequence[Row], shop: dict[str, Row], currency: str) -> list[str]:
    notes = [
        f"{r['model']}, placed by {r['what']}: credited + unattributed differs from the shop by "
        f"{text.exact_money(r['difference'], currency)}."
        for r in made
        if r["difference"]
    ]
    kinds = sum((r["net"] for k, r in shop.items() if k in KINDS and k != "all"), Decimal(0))
    whole = shop.get("all", {"net": Decimal(0)})["net"]
    if kinds != whole:
        notes.append(
            f"Person, subscription and machine orders sum to {text.exact_money(kinds, currency)}, "
            f"all orders to {text.exact_money(whole, currency)}: there are orders of an unknown kind."
        )
    return notes


def _title(made: Sequence[Row], mismatches: Sequence[str], shop: dict[str, Row], currency: str) -> str:
    if mismatches:
        return f"It does not add up: {text.plural(len(mismatches), 'sum')} differ from the shop's total"
    if not made:
        return TITLE
    total = text.exact_money(shop.get("all", {"net": Decimal(0)})["net"], currency)
    return f"Every model adds up to the shop's net revenue of {total}"


def build(answer: Answer) -> Figure:
    """Return the ledger of every model, the reasons of what is unattributed, and what was set aside."""
    shop = _shop(answer)
    made = _ledger(answer, shop)
    aside = _aside(answer)
    mismatches = _mismatches(made, shop, answer.currency)
    notes = [*mismatches]
    if aside:
        n = sum(r["orders"] for r in aside)
        notes.append(
            f"{text.plural(n, 'order')} in {', '.join(r['what'] for r in aside)} set aside: no rate into "
            f"{answer.currency}. Cure: give one under [money] rates in hearthline.toml and run again."
        )
    if not made:
        notes.append("No ledger: no model gave an answer.")
    return Figure(
        name="reconciliation",
        title=_title(made, mismatches, shop, answer.currency),
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table([*made, *_reasons(answer), *aside], COLUMNS, {"kind": pa.string(), "reason": pa.string()}),
        notes=tuple(notes),
        source=answer.source,
        currency=answer.currency,
        group="part",
    )
