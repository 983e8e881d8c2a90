"""ChannelAttribution 2.2.5: three heuristics, and its chain with its defaults (first order, simulated)."""

from pathlib import Path
from typing import Any

import pandas as pd
from ChannelAttribution import (  # type: ignore[import-not-found]  # installed by the benchmark alone
    heuristic_models,
    markov_model,
)
from credited import credited


def credit(file: Path) -> dict[str, Any]:
    """Return the credit of all models on one table."""
    table = pd.read_csv(file)
    rules = heuristic_models(table, "path", "conversions", var_value="value", flg_pro=False)
    chain = markov_model(
        table, "path", "conversions", var_value="value", var_null="null", out_more=True, flg_pro=False
    )
    result, removal = chain["result"], chain["removal_effects"]
    models = {
        "First touch": dict(zip(rules["channel_name"], rules["first_touch_value"], strict=True)),
        "Last touch": dict(zip(rules["channel_name"], rules["last_touch_value"], strict=True)),
        "Linear": dict(zip(rules["channel_name"], rules["linear_touch_value"], strict=True)),
        "Markov chain": dict(zip(result["channel_name"], result["total_conversion_value"], strict=True)),
    }
    effects = dict(zip(removal["channel_name"], removal["removal_effects_conversion"].tolist(), strict=True))
    money = {title: {str(c): float(v) for c, v in by.items()} for title, by in models.items()}
    return {"credit": money, "left_out": {}, "effects": effects}


credited(credit)
