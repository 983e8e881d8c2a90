"""do-attribution 0.0.2: a first-order chain, removal as its guide shows it, and Shapley values.

It shares conversions, not money: its shares are taken of the money of all orders with a touch.
"""

from pathlib import Path
from typing import Any

import pandas as pd
from credited import Money, attempted, credited
from do_attribution import (  # type: ignore[import-not-found]  # installed by the benchmark alone
    MarkovAttribution,
    ShapleyAttribution,
)


def credit(file: Path) -> dict[str, Any]:
    """Return the credit of both models on one table."""
    table = pd.read_csv(file)
    paths, conversions, value = table["path"], table["conversions"], float(table["value"].sum())

    def money(found: dict[str, Any]) -> Money:
        if found["attribution"] is None:
            raise ValueError(f"no shares: {found['normalization_reason']}")
        return {channel: share * value for channel, share in found["attribution"].items()}

    chain = MarkovAttribution(order=1, removal_strategy="redirect_to_null").fit(paths, conversions)
    models = {
        "Markov chain": lambda: money(chain),
        "Shapley": lambda: money(ShapleyAttribution().fit(paths, conversions)),
    }
    return {**attempted(models), "effects": chain["removal_effects"]}


credited(credit)
