"""What a run noticed about its data: each check with how many of how many, and the cure."""

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from typing import Any, Literal

import pyarrow as pa

from hearthline.pipeline.core import Core
from hearthline.schema import text
from hearthline.store.duckdb import DuckEngine
from hearthline.store.lake import Lake

__all__ = ["checks_table"]

Severity = Literal["ok", "note", "warning"]


@dataclass(frozen=True, slots=True)
class Noticed:
    """One check: `found` of `of`."""

    name: str
    found: int
    of: int
    severity: Severity
    message: str
    cure: str


_EVENTS = """
    SELECT CAST(sum(n.events) AS BIGINT) AS events,
      CAST(coalesce(sum(n.events) FILTER (said = 'denied'), 0) AS BIGINT) AS denied,
      CAST(coalesce(sum(n.events) FILTER (said = 'unknown'), 0) AS BIGINT) AS unknown,
      CAST(coalesce(sum(n.events) FILTER (k.time_quality IN ('received', 'interval')), 0) AS BIGINT) AS vague
    FROM context_counts n
    JOIN (SELECT *, coalesce(consent_measurement, 'unknown') AS said FROM kinds) k USING (context)
"""
_ORDERS = """
    SELECT count(*) AS orders, count(*) FILTER (unit IS NULL AND status = 'placed') AS homeless,
      count(*) FILTER (status = 'set_aside') AS aside,
      count(*) FILTER (NOT value_known AND status = 'placed') AS priceless,
      count(*) FILTER (kind <> 'person' AND enrolment IS NULL AND status = 'placed') AS unrooted,
      count(*) FILTER (below > 0) AS under, coalesce(sum(below), 0)::DECIMAL(24, 6) AS below
    FROM orders
"""
_LINKS = "SELECT count(*) FILTER (state = 'demoted') AS demoted, count(*) AS links FROM links_found"
_REFUNDS = """
    SELECT CAST(coalesce(sum(refunds), 0) AS BIGINT) AS refunds,
      CAST(coalesce(sum(CASE WHEN shop IS NULL THEN refunds END), 0) AS BIGINT) AS orphans,
      CAST(coalesce(sum(unknown_amounts), 0) AS BIGINT) AS unsaid,
      CAST(coalesce(sum(unknown_rates), 0) AS BIGINT) AS refunds_aside
    FROM refunds
"""
# name, which number, of which, what it means, the cure, the part of it that is alarming
_CHECKS: tuple[tuple[str, str, str, str, str, float], ...] = (
    ("rejects", "rejects", "inputs", "inputs refused and kept", "look at `hearthline rejects`", 0.05),
    ("duplicates", "duplicates", "stored", "events that came again and count once", "", 1.0),
    ("consent denied", "denied", "events", "events that are used for nothing", "", 1.0),
    (
        "consent unknown",
        "unknown",
        "events",
        "events without a word on consent",
        "send consent with events, or set [consent] unknown = 'exclude' to leave them out",
        1.0,
    ),
    (
        "vague times",
        "vague",
        "events",
        "events known to the day or by arrival only",
        "send device times",
        0.05,
    ),
    (
        "orders without household",
        "homeless",
        "orders",
        "orders that no journey can explain",
        "send an e-mail, customer or device id with each order",
        0.1,
    ),
    (
        "orders without price",
        "priceless",
        "orders",
        "orders counted with a value of 0",
        "connect the shop that knows their price",
        0.0,
    ),
    (
        "machine orders without enrolment",
        "unrooted",
        "orders",
        "orders whose enrolment is not known",
        "send enrolments, and their reference with each order",
        0.02,
    ),
    (
        "other currencies",
        "aside",
        "orders",
        "orders set aside: no rate for their currency",
        "set [money] rates in hearthline.toml",
        0.0,
    ),
    (
        "orders below zero",
        "under",
        "orders",
        "counted as 0: more was given back than was paid, or the amount is negative; {below} in all",
        "look for refunds that came twice: `hearthline sql 'FROM orders WHERE refunded > gross'`",
        0.0,
    ),
    (
        "refunds without order",
        "orphans",
        "refunds",
        "refunds of orders that are not here, or that several shops could mean",
        "send the orders that they belong to; where shops number alike, send each refund from its own shop",
        0.0,
    ),
    (
        "refunds without amount",
        "unsaid",
        "refunds",
        "refunds that do not say how much was given back: nothing is taken off",
        "send the amount with each refund; an order that is taken back whole can be told as cancelled",
        0.0,
    ),
    (
        "refunds in other currencies",
        "refunds_aside",
        "refunds",
        "refunds set aside: no rate for their currency",
        "set [money] rates in hearthline.toml",
        0.0,
    ),
    ("demoted links", "demoted", "links", "links kept but not used: shared ids and guests", "", 0.1),
)


def checks_table(core: Core, writer: DuckEngine, lake: Lake) -> pa.Table:
    """Return the table `checks` of the answer."""
    rows = [astuple(n) for n in _noticed(core, writer, lake)]
    names = ["name", "found", "of", "severity", "message", "cure"]
    return pa.table([list(c) for c in zip(*rows, strict=True)], names=names)


def _noticed(core: Core, writer: DuckEngine, lake: Lake) -> Iterator[Noticed]:
    stored, rejects = lake.rows("events"), lake.rows("rejects")
    numbers: dict[str, Any] = {"stored": stored, "rejects": rejects, "inputs": stored + rejects}
    for sql in (_EVENTS, _ORDERS, _LINKS):
        numbers |= writer.table(sql).to_pylist()[0]
    numbers |= core.engine.table(_REFUNDS).to_pylist()[0]
    numbers["duplicates"] = stored - numbers["events"]
    below = text.exact_money(numbers["below"], core.currency)
    for name, which, whole, message, cure, alarming in _CHECKS:
        found, of = numbers[which], numbers[whole]
        severity: Severity = "ok"
        if found:
            severity = "warning" if found > alarming * of else "note"
        yield Noticed(name, found, of, severity, message.format(below=below), cure if found else "")
