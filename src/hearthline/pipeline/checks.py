"""What a run noticed about its data: each check with how many of how many, and the cure."""

from dataclasses import astuple, dataclass
from typing import Literal

import pyarrow as pa

from hearthline.pipeline.core import Core
from hearthline.store.duckdb import DuckEngine
from hearthline.store.lake import Lake

__all__ = ["checks_table"]


@dataclass(frozen=True, slots=True)
class Noticed:
    """One check: `found` of `of`."""

    name: str
    found: int
    of: int
    severity: Literal["ok", "note", "warning"]
    message: str
    cure: str


_EVENTS = """
    SELECT CAST(sum(n.events) AS BIGINT) AS all_events,
      CAST(coalesce(sum(n.events) FILTER (k.consent_measurement = 'denied'), 0) AS BIGINT) AS denied,
      CAST(coalesce(sum(n.events) FILTER (coalesce(k.consent_measurement, 'unknown') = 'unknown'), 0) AS BIGINT) AS unknown,
      CAST(coalesce(sum(n.events) FILTER (k.time_quality IN ('received', 'interval')), 0) AS BIGINT) AS vague,
      CAST(coalesce(sum(n.events) FILTER (k.touch_channel IS NOT NULL AND NOT k.is_touch), 0) AS BIGINT) AS aside
    FROM context_counts n JOIN kinds k USING (context)
"""
_ORDERS = """
    SELECT count(*) AS all_orders, count(*) FILTER (unit IS NULL AND status = 'placed') AS homeless,
      count(*) FILTER (status = 'set_aside') AS aside, count(*) FILTER (NOT value_known AND status = 'placed') AS priceless,
      count(*) FILTER (kind <> 'person' AND enrolment IS NULL AND status = 'placed') AS unrooted
    FROM orders
"""
_DEMOTED = "SELECT count(*) FILTER (state = 'demoted') AS demoted, count(*) AS links FROM links_found"


def checks_table(core: Core, writer: DuckEngine, lake: Lake) -> pa.Table:
    """Return the table `checks` of the answer."""
    rows = [astuple(n) for n in _noticed(core, writer, lake)]
    names = ["name", "found", "of", "severity", "message", "cure"]
    return pa.table([list(c) for c in zip(*rows, strict=True)], names=names)


def _noticed(core: Core, writer: DuckEngine, lake: Lake) -> list[Noticed]:
    seen = writer.table(_EVENTS).to_pylist()[0]
    sold = writer.table(_ORDERS).to_pylist()[0]
    links = writer.table(_DEMOTED).to_pylist()[0]
    refunds = core_refunds(core)
    events, orders = seen["all_events"], sold["all_orders"]
    stored = lake.rows("events")
    rejects = lake.rows("rejects")
    use = core.settings.consent.unknown
    return [
        _judge("rejects", rejects, stored + rejects, "inputs refused and kept", "hearthline rejects", 0.05),
        _judge("duplicates", stored - events, stored, "events that came again and count once", "", 1.0),
        _judge("consent denied", seen["denied"], events, "events that are used for nothing", "", 1.0),
        _judge(
            "consent unknown",
            seen["unknown"],
            events,
            f"events without a word on consent ({'used' if use == 'use' else 'left out'})",
            "set [consent] unknown = 'exclude' to leave them out, or send consent with the events",
            1.0,
        ),
        _judge("vague times", seen["vague"], events, "events known to the day, or by arrival, only", "send the device's time", 0.05),
        _judge("orders without household", sold["homeless"], orders, "orders that no journey can explain", "send an e-mail, customer or device id with orders", 0.1),
        _judge("orders without price", sold["priceless"], orders, "orders counted with a value of 0", "connect the shop that knows their price", 0.0),
        _judge("machine orders without enrolment", sold["unrooted"], orders, "orders whose enrolment is not known", "send enrolments, and their reference with each order", 0.02),
        _judge("other currencies", sold["aside"], orders, "orders set aside, in a currency without a rate", "set [money] rates in hearthline.toml", 0.0),
        _judge("refunds without order", refunds, max(refunds, orders), "refunds of orders that are not here", "send the orders they belong to", 0.0),
        _judge("demoted links", links["demoted"], links["links"], "links kept but not used: ids shared by too many, and guests", "", 0.1),
    ]  # fmt: skip


def _judge(name: str, found: int, of: int, message: str, cure: str, alarming: float) -> Noticed:
    severity: Literal["ok", "note", "warning"] = "ok"
    if found:
        severity = "warning" if of and found / of > alarming else "note"
    return Noticed(name, found, of, severity, message, cure if found else "")


def core_refunds(core: Core) -> int:
    """Return how many refunds name an order that is not here."""
    rows = core.engine.table(
        "SELECT coalesce(sum(r.refunds), 0) AS n FROM refunds r "
        "LEFT JOIN (SELECT DISTINCT order_id FROM order_versions) o ON r.order_id = o.order_id "
        "WHERE o.order_id IS NULL"
    )
    return int(rows["n"][0].as_py())
