"""marketing-attribution-models 2.1.1: five heuristics, an exact first-order chain, Shapley values of sets."""

from pathlib import Path
from typing import Any

import polars as pl
from credited import Money, attempted, credited
from mam import MAM  # type: ignore[import-not-found]  # installed by the benchmark alone

CHANNELS = 9


def credit(file: Path) -> dict[str, Any]:
    """Return the credit of all models on one table."""
    table = (
        pl.read_csv(file)
        .with_row_index("journey")
        .with_columns(converted=pl.col("conversions") > 0, hours=pl.col("hours").cast(pl.String))
    )
    models = MAM(
        table,
        format_type="journey",
        channels_colname="path",
        journey_with_conv_colname="converted",
        user_id_colname="journey",
        time_till_conv_colname="hours",
        conversion_value_colname="value",
    )
    chain = models.run_markov()

    def money(result: Any) -> Money:
        rows = result.to_polars()
        return dict(zip(rows["channels"].cast(pl.String), rows["attribution"], strict=True))

    found = attempted(
        {
            "First touch": lambda: money(models.run_first_click()),
            "Last touch": lambda: money(models.run_last_click()),
            "Linear": lambda: money(models.run_linear()),
            "Position": lambda: money(models.run_position_based()),
            "Time decay": lambda: money(models.run_time_decay()),
            "Markov chain": lambda: money(chain),
            "Shapley, four channels of a path": lambda: money(models.run_shapley()),
            "Shapley, all channels": lambda: money(models.run_shapley(max_size=CHANNELS)),
        }
    )
    removal = chain.metadata["removal_effect"]
    effects = {str(channel): float(effect) for channel, effect in removal.iloc[:, 0].items()}
    return {**found, "effects": effects}


credited(credit)
