"""What channels cost, as far as it is known in the reporting currency."""

from hearthline.reports import Answer
from hearthline.reports._reading import Row, rows
from hearthline.schema import text

__all__ = ["costs_of"]


def costs_of(answer: Answer) -> tuple[dict[str, Row], list[str]]:
    """Return the cost of each channel, and a note for each currency that was set aside."""
    found = rows(
        answer,
        """SELECT channel, currency, sum(cost)::DECIMAL(24, 6) AS cost FROM spend
           GROUP BY ALL ORDER BY ALL""",
    )
    ours = {r["channel"]: r for r in found if r["currency"] == answer.currency}
    aside: dict[str, int] = {}
    for row in found:
        if row["currency"] != answer.currency:
            aside[row["currency"]] = aside.get(row["currency"], 0) + 1
    return ours, [
        f"Spend of {text.plural(n, 'channel')} is in {money}, not counted: no rate into {answer.currency}."
        for money, n in aside.items()
    ]
