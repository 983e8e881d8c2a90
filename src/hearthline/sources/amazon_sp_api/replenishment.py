"""Subscribe & Save: the replenishment API's numbers, over a time, of a seller or of each offer."""

from collections.abc import Iterator
from typing import Any

from hearthline.schema.records import Metric
from hearthline.sources import instant, mapping, mappings, number, text, within, word

__all__ = ["is_replenishment", "metrics_in"]

_NUMBERS = frozenset(
    [
        "activeSubscriptions",
        "totalSubscriptionsRevenue",
        "shippedSubscriptionUnits",
        "revenuePenetration",
        "subscriberRetentionFor30Days",
        "notDeliveredDueToOOS",
        "establishedSubscriberLifeTimeValueFromSNS",
    ]
)
_NAMES = ("asin", "sku", "fulfillmentChannelType", "currencyCode")


def is_replenishment(body: dict[str, Any]) -> bool:
    """Return whether this is an answer of the replenishment API: metrics or offers."""
    return any(_is_row(row) for row in _rows(body))


def _rows(body: dict[str, Any]) -> list[dict[str, Any]]:
    answer = mapping(body.get("response")) or mapping(body.get("payload")) or body
    return mappings(answer.get("metrics")) or mappings(answer.get("offers"))


def _is_row(row: dict[str, Any]) -> bool:
    if "programType" in row and "offerProgramConfiguration" in row:
        return True
    return "timeInterval" in row and not _NUMBERS.isdisjoint(row)


def metrics_in(body: dict[str, Any]) -> Iterator[Metric]:
    """Yield each number of each row over its time; offers have no numbers and give none."""
    asked = mapping(within(body, "request", "parameters", "body", "value"))
    asked = mapping(asked.get("filters")) or asked
    market = text(asked.get("marketplaceId"))
    for row in _rows(body):
        start = instant(within(row, "timeInterval", "startDate"))
        end = instant(within(row, "timeInterval", "endDate"))
        if start is None or end is None or start > end:
            continue
        named = {name: value for name in _NAMES if (value := text(row.get(name))) is not None}
        if market is not None:
            named["marketplaceId"] = market
        period = text(asked.get("timePeriodType"))
        if period is not None:
            named["timePeriodType"] = period
        for name, value in row.items():
            amount = None if isinstance(value, str) else number(value)
            if amount is not None:
                yield Metric(
                    source="//amazon_sp_api/-/replenishment",
                    metric=f"subscribe_and_save.{word(name, 'number')}",
                    start=start,
                    end=end,
                    dimensions=named,
                    value=amount,
                )
