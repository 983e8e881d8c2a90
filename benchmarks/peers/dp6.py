"""marketing-attribution-models 2.1.1: heuristics and an exact first-order chain."""

import json
import sys
from pathlib import Path

import polars as pl
from mam import MAM  # type: ignore[import-not-found]  # installed by the benchmark alone

table = pl.read_csv(sys.argv[1]).with_columns(
    converted=pl.col("conversions") > 0, journeys=pl.col("conversions") + pl.col("null")
)
models = MAM(
    table,
    format_type="grouped_journey",
    channels_colname="path",
    journey_with_conv_colname="converted",
    occurrences_colname="journeys",
    conversion_value_colname="value",
)
models.run_first_click()
models.run_last_click()
models.run_linear()
removal = models.run_markov().metadata["removal_effect"]
effects = {str(channel): float(effect) for channel, effect in removal.iloc[:, 0].items()}
Path(sys.argv[2]).write_text(json.dumps({"effects": effects, "linear": {}}))
