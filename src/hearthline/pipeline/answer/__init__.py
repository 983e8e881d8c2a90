"""The tables of an answer that are one SELECT over the core (see docs/answer.md)."""

from hearthline.schema.select import selects

__all__ = ["SELECTS"]

SELECTS = selects(
    __name__,
    "members",
    "links",
    "identifiers",
    "devices",
    "households",
    "orders",
    "payments",
    "told_twice",
    "enrolments",
    "channels",
    "touchpoints",
    "touches",
    "steps",
    "intake",
)
