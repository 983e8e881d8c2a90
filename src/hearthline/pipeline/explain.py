"""Why one order got the credit it got, opened down to touches, links, lineage and consents."""

from dataclasses import dataclass, field
from typing import Any

from hearthline.schema.errors import UnknownName
from hearthline.schema.settings import Settings
from hearthline.store.answer import PublishedAnswer
from hearthline.store.home import HomeFolder

__all__ = ["Explanation", "explain"]

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Explanation:
    """One order opened.

    Attributes:
        order: the order as a row of `orders`.
        enrolment: the decision behind a machine-placed order, else None.
        touches: touches of the journey (to the order, or to its enrolment), oldest first, with `credit`:
            what each model gave it.
        totals: per model: credited, and unattributed with the reasons of its kind.
        links: evidence that holds the household together.
        consents: what was said about consent in the household's events: purpose, answer, events.
        events: the events of the order itself, with where the raw input lies.
    """

    order: dict[str, Any]
    enrolment: dict[str, Any] | None
    touches: Rows
    totals: Rows
    links: Rows
    consents: Rows
    events: Rows = field(default_factory=list)


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def explain(home: HomeFolder, settings: Settings, order: str) -> Explanation:
    """Return the explanation of an order; see `Home.explain`."""
    answer = PublishedAnswer(home)
    try:
        found = answer.table(f"SELECT * FROM orders WHERE order_id = {_quote(order)}").to_pylist()
        if not found:
            near = answer.table(
                "SELECT order_id FROM orders WHERE status = 'placed' ORDER BY time DESC LIMIT 1"
            )
            hint = f"such as {near['order_id'][0].as_py()!r}" if near.num_rows else "there are none yet"
            raise UnknownName(f"explain: no order {order!r} in this answer; name one that there is, {hint}")
        row = found[0]
        decision = _enrolment(answer, row)
        return Explanation(
            order=row,
            enrolment=decision,
            touches=_touches(answer, row, decision, settings),
            totals=_totals(answer, row),
            links=_links(answer, row),
            consents=_consents(answer, row),
            events=_events(answer, order),
        )
    finally:
        answer.close()


def _enrolment(answer: PublishedAnswer, order: dict[str, Any]) -> dict[str, Any] | None:
    if order["enrolment"] is None:
        return None
    rows = answer.table(
        "SELECT e.*, l.orders, l.booked, l.expected, l.lifetime FROM enrolments e "
        f"JOIN enrolment_ledger l USING (enrolment_id) WHERE enrolment_id = {_quote(order['enrolment'])}"
    ).to_pylist()
    return rows[0] if rows else None


def _touches(
    answer: PublishedAnswer, order: dict[str, Any], decision: dict[str, Any] | None, settings: Settings
) -> Rows:
    if order["unit"] is None:
        return []
    end = (decision or order)["time"]
    kind = "homed_end" if decision else "order"
    begin = "-infinity"
    if kind == "order":
        earlier = answer.table(
            f"SELECT max(time) AS t FROM orders WHERE unit = {order['unit']} AND kind = 'person' "
            f"AND status = 'placed' AND time < TIMESTAMPTZ '{end.isoformat()}'"
        )["t"][0].as_py()
        begin = earlier.isoformat() if earlier else begin
    rows = answer.table(
        "SELECT make_timestamptz(t.time_ms * 1000) AS time, p.channel, p.campaign, p.device_kind, p.modality, p.stage, "
        "p.step, t.place FROM touches t JOIN touchpoints p USING (place) JOIN channels c ON c.channel = t.channel "
        f"WHERE t.unit = {order['unit']} AND make_timestamptz(t.time_ms * 1000) <= TIMESTAMPTZ '{end.isoformat()}' "
        f"AND make_timestamptz(t.time_ms * 1000) >= TIMESTAMPTZ '{begin}' "
        f"AND epoch(TIMESTAMPTZ '{end.isoformat()}') - t.time_ms / 1000 <= c.lookback_days * 86400 ORDER BY t.time_ms"
    ).to_pylist()
    credits = answer.table(
        "SELECT model, epoch_ms(time) AS ms, place, sum(amount) AS amount FROM touch_credits "
        f"WHERE order_id = {_quote(order['order_id'])} GROUP BY ALL"
    ).to_pylist()
    for row in rows:
        ms = round(row["time"].timestamp() * 1000)
        row["credit"] = {
            c["model"]: c["amount"] for c in credits if c["place"] == row["place"] and abs(c["ms"] - ms) <= 1
        }
    del settings
    return rows


def _totals(answer: PublishedAnswer, order: dict[str, Any]) -> Rows:
    rows: Rows = answer.table(
        f"SELECT m.model, m.title, coalesce(sum(t.amount), 0) AS credited, {order['net']} - coalesce(sum(t.amount), 0) "
        f"AS unattributed FROM models m LEFT JOIN touch_credits t ON t.model = m.model "
        f"AND t.order_id = {_quote(order['order_id'])} WHERE m.state = 'ok' GROUP BY m.model, m.title ORDER BY m.model"
    ).to_pylist()
    return rows


def _links(answer: PublishedAnswer, order: dict[str, Any]) -> Rows:
    if order["unit"] is None:
        return []
    rows: Rows = answer.table(
        "WITH ids AS (SELECT DISTINCT unnest(list_transform(i.identifiers, lambda x: x.namespace || ':' || x.value)) AS id "
        "FROM identities i JOIN members m ON m.identity = i.identity "
        f"WHERE m.unit = {order['unit']}) "
        "SELECT l.* FROM links l WHERE l.left_id IN (SELECT id FROM ids) OR l.right_id IN (SELECT id FROM ids) "
        "ORDER BY l.state DESC, l.valid_from LIMIT 50"
    ).to_pylist()
    return rows


def _consents(answer: PublishedAnswer, order: dict[str, Any]) -> Rows:
    if order["unit"] is None:
        return []
    rows: Rows = answer.table(
        "SELECT coalesce(e.consent_measurement, 'unknown') AS measurement, coalesce(e.consent_advertising, 'unknown') "
        "AS advertising, coalesce(e.consent_source, 'not said') AS said_by, count(*) AS events "
        f"FROM events e JOIN members m ON m.identity = e.identity WHERE m.unit = {order['unit']} GROUP BY ALL "
        "ORDER BY events DESC"
    ).to_pylist()
    return rows


def _events(answer: PublishedAnswer, order: str) -> Rows:
    rows: Rows = answer.table(
        "SELECT id, source, type, time, initiator_kind, initiator_evidence, automation_kind, automation_ref_id, "
        "commerce_total, commerce_revenue, commerce_currency, raw_reference, raw_sha256 FROM events "
        f"WHERE commerce_order = {_quote(order)} OR commerce_refund_of = {_quote(order)} ORDER BY time"
    ).to_pylist()
    return rows
