"""ChannelAttribution 2.2.5: heuristics and a simulated first-order chain, with its defaults."""

import json
import sys
from pathlib import Path

import pandas as pd
from ChannelAttribution import (  # type: ignore[import-not-found]  # installed by the benchmark alone
    heuristic_models,
    markov_model,
)

table = pd.read_csv(sys.argv[1])
rules = heuristic_models(table, "path", "conversions", var_value="value", flg_pro=False)
chain = markov_model(
    table, "path", "conversions", var_value="value", var_null="null", order=1, out_more=True, flg_pro=False
)
removal = chain["removal_effects"]
effects = dict(zip(removal["channel_name"], removal["removal_effects_conversion"].tolist(), strict=True))
linear = dict(zip(rules["channel_name"], rules["linear_touch_value"].tolist(), strict=True))
Path(sys.argv[2]).write_text(json.dumps({"effects": effects, "linear": linear}))
