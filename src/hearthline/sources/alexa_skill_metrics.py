"""Alexa skill metrics: the aggregates that the Skill Management API reports of a skill.

They are counts over a time, never events: `metrics` gives them, `read` gives nothing. An answer of the
API names neither its skill nor its period; its request does (`{"request": ..., "response": ...}`).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from hearthline.schema.event import Event
from hearthline.schema.records import Metric
from hearthline.sources import (
    Payload,
    instant,
    mapping,
    mappings,
    not_an_event,
    number,
    opened,
    text,
    unreadable,
)

__all__ = ["metrics", "read", "recognises"]

PLATFORM = "alexa_skill_metrics"
TITLE = "Alexa skill metrics"
LAYER: Literal["platform"] = "platform"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("pull", "file")
PROOF = "pulled with a Login with Amazon token; a file needs none"
STATE = "live: version 2 (POST); version 1 (GET) is older"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Literal["yes", "no", "sometimes"]] = {
    "person": "no",
    "household": "no",
    "initiator": "no",
    "price": "no",
}
DOCS = "https://developer.amazon.com/docs/smapi/metrics-api.html"

_PERIODS = {
    "PT15M": timedelta(minutes=15),
    "BY_15": timedelta(minutes=15),
    "PT1H": timedelta(hours=1),
    "BY_HOUR": timedelta(hours=1),
    "P1D": timedelta(days=1),
    "BY_DAY": timedelta(days=1),
    "BY_WEEK": timedelta(weeks=1),
}
_DIMENSIONS = ("stage", "skillType", "locale", "intent")


def recognises(payload: Payload) -> bool:
    """Return whether this is an answer of the metrics API, alone or beside its request.

    >>> recognises({"metric": "uniqueCustomers", "timestamps": [], "values": []})
    True
    >>> recognises({"results": [{"metricNamespace": "Alexa.Custom", "name": "CUSTOMERS", "data": []}]})
    True
    """
    _, answer = _asked_and_answered(payload)
    if isinstance(answer.get("timestamps"), list) and isinstance(answer.get("values"), list):
        return text(answer.get("metric")) is not None
    named = mappings(answer.get("results")) + mappings(answer.get("metrics"))
    return any((text(n.get("metricNamespace")) or "").startswith("Alexa.") for n in named)


def _asked_and_answered(payload: object) -> tuple[dict[str, Any], dict[str, Any]]:
    body, _ = opened(payload)
    if isinstance(body.get("response"), dict):
        answer = body["response"]
        return mapping(body.get("request")), mapping(answer.get("body")) or answer
    return {}, body


def read(payload: Payload, received: datetime) -> Iterator[Event]:  # noqa: ARG001 - the room's protocol
    """Return nothing: an aggregate is no event.

    Raises:
        BadPayload: always; `not-an-event` where it holds metrics.
    """
    _, answer = _asked_and_answered(payload)
    if not recognises(payload):
        raise unreadable(PLATFORM, "no 'metric' or 'results'", answer, "send the API's answer unchanged")
    what = "a list of the metrics there are" if "metrics" in answer else "an aggregate is a metric, no event"
    raise not_an_event(PLATFORM, what)


def metrics(payload: Payload, received: datetime) -> Iterator[Metric]:
    """Yield one metric a data point.

    A point lasts until the next one; the last one as long as the one before, or as its request says.
    """
    asked, answer = _asked_and_answered(payload)
    if text(answer.get("metric")) is not None:
        told = {name: known for name in _DIMENSIONS if (known := text(asked.get(name)))}
        yield from _points(answer, _Named(text(answer.get("metric")) or "", told, asked, asked, received))
    queries = {text(q.get("id")): q for q in mappings(asked.get("metricQueries"))}
    for result in mappings(answer.get("results")):
        query = queries.get(text(result.get("id")), {})
        name, told = _named(result, query)
        for data in mappings(result.get("data")):
            yield from _points(data, _Named(name, told | _group(data), asked, query, received))


def _named(result: dict[str, Any], query: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Return a result's name and its dimensions: those that were asked for are told by the query alone."""
    told = {
        (text(d.get("name")) or "").rpartition(".")[2].lower(): value
        for d in mappings(query.get("dimensions"))
        if (value := text(d.get("value"))) is not None
    }
    for key in ("stat", "label"):
        if (value := text(result.get(key)) or text(query.get(key))) is not None:
            told[key] = value
    space = text(result.get("metricNamespace")) or text(query.get("metricNamespace"))
    name = text(result.get("name")) or text(query.get("name")) or "unnamed"
    return f"{space}.{name}" if space else name, told


def _group(data: dict[str, Any]) -> dict[str, str]:
    group = mapping(data.get("groupedBy"))
    field, value = text(group.get("groupedByField")), text(group.get("groupedByValue"))
    return {field: value} if field and value else {}


class _Named(NamedTuple):
    """What a series of points is called, in what it was asked for, and when it came."""

    metric: str
    dimensions: dict[str, str]
    asked: dict[str, Any]
    query: dict[str, Any]
    received: datetime


def _points(data: dict[str, Any], named: _Named) -> Iterator[Metric]:
    stamps, values = data.get("timestamps"), data.get("values")
    if not isinstance(stamps, list) or not isinstance(values, list):
        return
    points = [
        (start, value)
        for stamp, amount in zip(stamps, values, strict=False)
        if (start := instant(stamp)) is not None and (value := number(amount)) is not None
    ]
    points.sort(key=lambda point: point[0])
    ends = _ends([start for start, _ in points], named.asked, named.query)
    for (start, value), end in zip(points, ends, strict=True):
        yield Metric(
            source=f"//alexa/-/{text(named.asked.get('skillId')) or '-'}",
            metric=named.metric,
            start=start,
            end=end,
            dimensions=named.dimensions,
            value=value,
            received=named.received,
        )


def _ends(starts: list[datetime], asked: dict[str, Any], query: dict[str, Any]) -> list[datetime]:
    """Return when each point ends; where nothing tells, it ends as it starts.

    >>> from datetime import UTC
    >>> days = [datetime(2026, 3, day, tzinfo=UTC) for day in (1, 2, 3)]
    >>> [end.day for end in _ends(days, {}, {})], [end.day for end in _ends(days[:1], {"period": "P1D"}, {})]
    ([2, 3, 4], [2])
    """
    period = text(query.get("aggregationPeriod")) or text(asked.get("period")) or ""
    step = _PERIODS.get(period)
    if step is None and period != "SINGLE" and len(starts) > 1:
        step = min(b - a for a, b in pairwise(starts))
    if step is not None and starts and starts[-1].year < 9000:
        return [start + step for start in starts]
    last = instant(asked.get("endTime"))
    return [last if last is not None and last > start else start for start in starts]
