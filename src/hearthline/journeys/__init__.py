"""From events to orders, enrolments, lineage, touches and journeys.

`BEFORE_IDENTITY` and `AFTER_IDENTITY` are the relational core: SELECTs that the pipeline runs on its
engine, in that order, with identity's answer between them. They end in `timelines`, one row a
household, which `split` cuts into journeys.
"""

from hearthline.journeys.recency import Recency, by_recency, lost_later
from hearthline.journeys.timeline import ENROLMENT, ORDER, PLACES, Layout, Split, split
from hearthline.schema.select import selects

__all__ = [
    "AFTER_IDENTITY",
    "BEFORE_IDENTITY",
    "ENROLMENT",
    "ORDER",
    "PLACES",
    "Layout",
    "Recency",
    "Split",
    "by_recency",
    "lost_later",
    "split",
]

BEFORE_IDENTITY = selects(__name__, "repeated", "clean?", "kinds", "context_counts")

AFTER_IDENTITY = selects(
    __name__,
    "channels",
    "context_places",
    "places",
    "touches?",
    "shop_events",
    "order_versions",
    "payments",
    "refunds",
    "enrolments",
    "homed_enrolments",
    "unpriced",
    "told_products",
    "told_twice",
    "lineage",
    "priced_orders?",
    "orders",
    "stock",
    "segments",
    "marks?",
    "timelines",
    "home_steps",
)
