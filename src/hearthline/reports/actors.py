"""Who was it: sessions on shared devices and orders, shared out among persons, somebody else and machines."""

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._reading import Row, rows, table
from hearthline.schema import text
from hearthline.schema.figure import Column, Figure

POSITION = 91
SCREEN = "identity"
TITLE = "Who it was"
QUESTION = "Who used the shared devices, who placed the orders, and how sure is that?"
DEFINITION = (
    "Each session on a device for everybody, and each order spoken to one, has probabilities of the "
    "household's members, of somebody else and of a machine that sum to 1; shown are their sums. Clear are "
    "those of which one member has 80% or more. Machine-placed orders are the machine's, never a guessed "
    "person's. No number of a household depends on this; what persons earned is in `person_credit`, with the "
    "doubt in its interval. How well such probabilities are calibrated: docs/identity.md."
)
COLUMNS = (
    Column("part", "Part"),
    Column("what", "What"),
    Column("n", "Number", "count"),
    Column("persons", "Household's members", "count"),
    Column("unknown", "Somebody else", "count"),
    Column("machine", "A machine", "count"),
    Column("clear", "Clear", "count", help="One member has 80% or more"),
    Column("revenue", "Net revenue", "money"),
)
_BASIS = {
    "machine": "Placed by a machine or a schedule",
    "named": "Named by a login or an own device",
    "estimated": "Spoken to a shared device",
    "nobody named": "Nobody named",
}
_HIDDEN: dict[str, pa.DataType] = {}
_SUMS = """count(*) AS n, sum(persons) AS persons, sum(unknown) AS unknown, sum(machine) AS machine,
    count(*) FILTER (top >= 0.8 AND persons > 0)::BIGINT AS clear"""
_PARTS = """coalesce(sum(probability) FILTER (actor = 'person'), 0) AS persons,
    coalesce(sum(probability) FILTER (actor = 'unknown'), 0) AS unknown,
    coalesce(sum(probability) FILTER (actor = 'machine'), 0) AS machine,
    coalesce(max(probability) FILTER (actor = 'person'), 0) AS top"""


def build(answer: Answer) -> Figure:
    """Return the report's figure."""
    sessions = rows(
        answer,
        f"""SELECT 'Sessions on shared devices' AS part, kind AS what, {_SUMS}
            FROM (SELECT unit, time, kind, {_PARTS} FROM actors WHERE basis = 'estimated' GROUP BY ALL)
            GROUP BY kind ORDER BY n DESC, kind""",
    )
    orders = rows(
        answer,
        f"""SELECT 'Orders' AS part, basis AS what, {_SUMS}, sum(net)::DECIMAL(24, 6) AS revenue
            FROM (SELECT shop, order_id, max(basis) AS basis, {_PARTS} FROM order_actors GROUP BY ALL)
            JOIN (SELECT shop, order_id, net FROM orders WHERE status = 'placed')
              USING (shop, order_id)
            GROUP BY basis ORDER BY n DESC, basis""",
    )
    made = [*sessions, *(r | {"what": _BASIS.get(r["what"], r["what"])} for r in orders)]
    return Figure(
        name="actors",
        title=_titled(sessions),
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, _HIDDEN),
        notes=() if made else ("Nothing to share out: no session on a shared device, and no order.",),
        source=answer.source,
        currency=answer.currency,
        group="part",
    )


def _titled(sessions: list[Row]) -> str:
    many = sum(r["n"] for r in sessions)
    if not many:
        return TITLE
    somebody = sum(r["unknown"] for r in sessions)
    whole = text.plural(many, "session")
    return f"{whole} on shared devices, about {text.count(round(somebody))} of them by somebody else"
