"""What a touch does by the additive hazard, and how well it foretells: tables for those who doubt a model."""

from typing import Any

import numpy as np
import pyarrow as pa

from hearthline.attribution import Fitness, effects_of, fitness_of
from hearthline.pipeline.credit.bands import Sample
from hearthline.schema.journey import Ints, Journeys, concatenated
from hearthline.schema.settings import AttributionSettings

__all__ = ["EFFECTS", "FITNESS", "effects_table", "fitness_table"]

_MOST_HOMES = 5_000
_DAY_H = 24.0
_LEAST = 20
EFFECTS = pa.schema(
    {
        "model": pa.string(),
        "leads_to": pa.string(),
        "channel": pa.string(),
        "touches": pa.int64(),
        "caused": pa.float64(),
        "low": pa.float64(),
        "high": pa.float64(),
        "half_days": pa.float64(),
        "again": pa.float64(),
    }
)
FITNESS = pa.schema(
    {
        "model": pa.string(),
        "what": pa.string(),
        "label": pa.string(),
        "at": pa.float64(),
        "foretold": pa.float64(),
        "seen": pa.float64(),
    }
)
_LIKELIHOOD = ("all homes and hours alike", "by what is known of the home", "and by its touches")


def effects_table(
    model: Any, sample: Sample, fits: dict[str, Any], names: list[str], chosen: AttributionSettings
) -> pa.Table:
    """Return the table `effects`: what a touch of each channel causes, orders and enrolments apart.

    Args:
        model: the model, an additive hazard.
        sample: the households that are resampled.
        fits: by what touches lead to, `orders` and `enrolments`.
        names: the channels' names.
        chosen: how many replicates, and the seed.
    """
    tables = [EFFECTS.empty_table()]
    for leads_to, parts in (("orders", sample.fit_order), ("enrolments", sample.fit_enrolment)):
        fit, (journeys, _, part) = fits[leads_to], _some(parts, None)
        if fit is None or not names or int(journeys.converted.sum()) < _LEAST:
            continue
        found = effects_of(model, journeys, fit, max(chosen.replicates, 40), chosen.seed)
        wide = np.sqrt(part * sample.fraction)
        columns = {
            "model": [model.name] * len(names),
            "leads_to": [leads_to] * len(names),
            "channel": names,
            "touches": np.rint(found.touches / (part * sample.fraction)).astype(np.int64),
            "caused": found.caused,
            "low": np.maximum(found.caused + (found.low - found.caused) * wide, 0.0),
            "high": found.caused + (found.high - found.caused) * wide,
            "half_days": found.half_h / _DAY_H,
            "again": [fit.again] * len(names),
        }
        tables.append(pa.table(columns, schema=EFFECTS))
    return pa.concat_tables(tables)


def fitness_table(model: Any, sample: Sample, fit: Any, chosen: AttributionSettings) -> pa.Table:
    """Return the table `fitness`: orders as foretold and as seen, and how likely they were."""
    journeys, end_ms, _ = _some(sample.fit_order, sample.ends)
    if fit is None or int(journeys.converted.sum()) < 10 * _LEAST:
        return FITNESS.empty_table()
    return _rows(model.name, fitness_of(model, journeys, end_ms, fit, chosen.seed))


def _some(parts: list[Journeys], ends: list[Ints] | None) -> tuple[Journeys, Ints, float]:
    """Return journeys of at most 5,000 households, when each ended, and which part of all these are."""
    journeys = concatenated(parts)
    end_ms = np.zeros(journeys.n, np.int64) if ends is None else np.concatenate(ends)
    units = np.unique(journeys.unit)
    if len(units) <= _MOST_HOMES:
        return journeys, end_ms, 1.0
    kept = np.random.default_rng(1).permutation(len(units))[:_MOST_HOMES]
    rows = np.flatnonzero(np.isin(journeys.unit, units[kept]))
    return journeys.take(rows), end_ms[rows], _MOST_HOMES / len(units)


def _rows(name: str, found: Fitness) -> pa.Table:
    """Return the three sections of the table, one below the other."""
    bins = [
        ("homes", f"tenth {i + 1}", *values)
        for i, values in enumerate(zip(found.rate, found.foretold, found.seen, strict=True))
    ]
    weeks = [
        ("week", str(np.datetime64(int(ms), "ms").astype("datetime64[D]")), float(ms), foretold, seen)
        for ms, foretold, seen in zip(found.week_ms, found.week_foretold, found.week_seen, strict=True)
    ]
    told = [
        ("likelihood", label, value, None, None)
        for label, value in zip(_LIKELIHOOD, found.likelihood, strict=True)
    ]
    columns = list(zip(*[*bins, *weeks, *told], strict=True))
    arrays = [pa.array(column, kind.type) for column, kind in zip(columns, list(FITNESS)[1:], strict=True)]
    return pa.Table.from_arrays([pa.array([name] * len(columns[0]), pa.string()), *arrays], schema=FITNESS)
