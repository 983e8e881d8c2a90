"""Credit for what is still to come: forecasts of enrolments and of households, shared out over channels.

Forecasts are made elsewhere, as tables: `enrolment_credit` by the survival of enrolments, and the signal
`lifetime_value` (table `lifetime_values`: unit, expected, low, high) where it is there. What channels are
owed of them is one table, `forecast_credit`. The two overlap: a household's orders to come hold those of
its enrolments. They are never added up.
"""

import numpy as np
import pyarrow as pa

from hearthline import signals
from hearthline.pipeline.credit.ledger import decimals
from hearthline.schema.select import selects
from hearthline.store.duckdb import DuckEngine

__all__ = ["keep_forecasts"]

_HOUSEHOLDS = selects(__name__, "household_forecasts")[0]
_Z90 = 1.645
_MONEY = pa.decimal128(24, 6)
_SCHEMA = pa.schema(
    [
        ("of", pa.string()),
        ("model", pa.string()),
        ("channel", pa.string()),
        ("ahead", _MONEY),
        ("low", _MONEY),
        ("high", _MONEY),
        ("horizon_days", pa.float64()),
    ]
)
_ENROLMENTS = """
    SELECT 'enrolments' AS "of", model, channel, ahead, low, high, CAST({days} AS DOUBLE) AS horizon_days
    FROM enrolment_credit WHERE ahead <> 0 OR high <> 0 ORDER BY model, channel"""


def keep_forecasts(writer: DuckEngine, horizon_days: float) -> None:
    """Keep the table `forecast_credit`; run after the signals, whose tables it reads."""
    reader = writer.beside()
    writer.append("forecast_credit", reader.table(_ENROLMENTS.format(days=horizon_days)).cast(_SCHEMA))
    makers = signals.makers()
    if {"lifetime_values", "lifetime_totals"} <= makers.keys():
        days = reader.table("SELECT max(horizon_days) AS days FROM lifetime_totals")["days"][0].as_py()
        found = reader.table(_HOUSEHOLDS.sql)
        writer.append("forecast_credit", _households(found, float(days or horizon_days)))


def _households(found: pa.Table, days: float) -> pa.Table:
    ahead, spread = (found[c].to_numpy().astype(np.float64) for c in ("ahead", "spread"))
    money = [ahead, np.maximum(ahead - _Z90 * spread, 0.0), ahead + _Z90 * spread]
    columns = [found["of"], found["model"], found["channel"], *map(_exact, money)]
    return pa.table([*columns, np.full(len(ahead), days)], names=_SCHEMA.names).cast(_SCHEMA)


def _exact(value: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> pa.Array:
    return decimals(np.rint(value * 1e6).astype(np.int64))
