"""What channels cost, as far as it is known in the reporting currency."""

from hearthline.reports import Answer
from hearthline.reports._reading import Row, rows
from hearthline.schema import text

__all__ = ["costs_of"]

_COSTS = """
    SELECT s.channel, CAST(sum(CAST(s.cost AS DECIMAL(19, 4)) * r.rate) AS DECIMAL(24, 6)) AS cost
    FROM spend s JOIN rates r USING (currency) GROUP BY s.channel ORDER BY s.channel"""
_ASIDE = """
    SELECT s.currency, CAST(sum(s.cost) AS DECIMAL(24, 6)) AS cost, count(DISTINCT s.channel) AS channels
    FROM spend s LEFT JOIN rates r USING (currency) WHERE r.rate IS NULL
    GROUP BY s.currency ORDER BY s.currency"""


def costs_of(answer: Answer) -> tuple[dict[str, Row], list[str]]:
    """Return the cost of each channel, other currencies at their rate, and a note for each without a rate."""
    ours = {r["channel"]: r for r in rows(answer, _COSTS)}
    return ours, [
        f"Spend of {text.plural(r['channels'], 'channel')} is in {r['currency']} "
        f"({text.amount(r['cost'], r['currency'])}), not counted: no rate into {answer.currency}."
        for r in rows(answer, _ASIDE)
    ]
