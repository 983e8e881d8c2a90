"""mta 0.0.9: five heuristics, Markov, Shapley and Shao's model, set as its guide sets them.

It shares conversions, not money: its shares are taken of the money of all orders with a touch.
"""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from credited import Money, attempted, credited
from mta import MTA  # type: ignore[import-not-found]  # installed by the benchmark alone


def credit(file: Path) -> dict[str, Any]:
    """Return the credit of all models on one table."""
    table = pd.read_csv(file)
    value = float(table["value"].sum())
    told = table.rename(columns={"conversions": "total_conversions", "null": "total_null"})
    with contextlib.redirect_stdout(io.StringIO()):  # it tells its times there
        models = MTA(data=told[["path", "total_conversions", "total_null"]], allow_loops=False)

        def money(run: Callable[..., Any], name: str, **how: Any) -> Money:
            run(**how)
            shares = dict(models.attribution[name])
            return {channel: share / sum(shares.values()) * value for channel, share in shares.items()}

        found = attempted(
            {
                "First touch": lambda: money(models.first_touch, "first_touch"),
                "Last touch": lambda: money(models.last_touch, "last_touch"),
                "Linear": lambda: money(models.linear, "linear", share="proportional"),
                "Position": lambda: money(models.position_based, "pos_based"),
                "Time decay": lambda: money(models.time_decay, "time_decay", count_direction="right"),
                "Markov chain": lambda: money(models.markov, "markov", sim=False),
                "Shapley": lambda: money(models.shapley, "shapley"),
                "Shao": lambda: money(models.shao, "shao"),
            }
        )
        models.markov(sim=False, normalize=False)
    return {**found, "effects": dict(models.attribution["markov"])}


credited(credit)
