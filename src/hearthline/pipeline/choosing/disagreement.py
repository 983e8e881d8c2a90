"""Where two models disagree: in which journeys, by how much money, and from which channel to which."""

from typing import Any

from hearthline.pipeline.experiments import Read

__all__ = ["disagreements"]

_BASELINE = "(baseline)"

_SQL = """
    WITH placed AS (SELECT DISTINCT place, channel FROM {{touchpoints}}),
    met AS (SELECT t.shop, t.order_id, p.channel, min(t.time) AS first, max(t.time) AS last
            FROM {{touch_credits}} t JOIN placed p USING (place) WHERE t.kind = 'person' GROUP BY ALL),
    journey AS (SELECT shop, order_id, string_agg(channel, ' + ' ORDER BY channel) AS journey,
                  arg_min(channel, first) AS opened, arg_max(channel, last) AS closed
                FROM met GROUP BY shop, order_id),
    said AS (SELECT t.shop, t.order_id, p.channel,
               coalesce(sum(t.amount) FILTER (t.model = '{one}'), 0)::DOUBLE AS one,
               coalesce(sum(t.amount) FILTER (t.model = '{other}'), 0)::DOUBLE AS other
             FROM {{touch_credits}} t JOIN placed p USING (place) WHERE t.kind = 'person' GROUP BY ALL),
    whole AS (SELECT shop, order_id, channel, other - one AS more FROM said
              UNION ALL
              SELECT shop, order_id, '(baseline)', sum(one - other) FROM said GROUP BY shop, order_id),
    shared AS (SELECT order_id FROM {{orders}} GROUP BY order_id HAVING count(*) > 1),
    gap AS (SELECT shop, order_id, sum(abs(more)) / 2 AS money,
              order_id || CASE WHEN order_id IN (FROM shared) THEN '@' || shop ELSE '' END AS name
            FROM whole GROUP BY shop, order_id),
    moved AS (SELECT j.journey, w.channel, sum(w.more) AS more FROM whole w
                JOIN journey j USING (shop, order_id)
              GROUP BY ALL),
    ends AS (SELECT journey, arg_max(channel, more) AS more_to, max(more) AS more,
               arg_min(channel, more) AS less_to, -min(more) AS less FROM moved GROUP BY journey)
    SELECT journey, count(*) AS orders, sum(g.money) AS money, any_value(more_to) AS more_to,
      any_value(more) AS more, any_value(less_to) AS less_to, any_value(less) AS less,
      avg((opened = more_to)::INTEGER) AS opened, avg((closed = more_to)::INTEGER) AS closed,
      arg_max(g.name, g.money) AS example
    FROM gap g JOIN journey USING (shop, order_id) JOIN ends USING (journey)
    GROUP BY journey HAVING sum(g.money) > 0 ORDER BY money DESC, journey LIMIT {limit}"""
_MOSTLY = 0.6


def disagreements(read: Read, one: str, other: str, limit: int = 8) -> list[dict[str, Any]]:
    """Return the journeys to orders by hand in which two models disagree most, by the channels they hold.

    Keys: `journey`, `orders`, `money` (that lies on another channel or on the baseline), `more_to`, `more`,
    `less_to`, `less` (what `other` moves, summed over these orders), `why`, `example` (an order to open).
    """
    rows: list[dict[str, Any]] = read(_SQL.format(one=one, other=other, limit=limit)).to_pylist()
    return [{**row, "why": _why(row)} for row in rows]


def _why(row: dict[str, Any]) -> str:
    """Return what the journeys have in common that the models read differently."""
    if row["more_to"] == _BASELINE:
        return "taken to come anyway"
    parts = []
    if row["less_to"] == _BASELINE:
        parts.append("not taken to come anyway")
    if " + " in row["journey"]:
        for name, word in (("closed", "last"), ("opened", "first")):
            if row[name] >= _MOSTLY:
                parts.append(f"{row['more_to']} {word} in {row[name]:.0%}")
    return "; ".join(parts) or f"{row['more_to']} in the midst"
