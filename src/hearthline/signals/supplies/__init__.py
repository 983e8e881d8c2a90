"""Supplies: what is left of what in each home, how fast it goes, and how sure that is."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline.signals import Asked, Tables
from hearthline.signals._clock import Clock
from hearthline.signals._columns import DAY_US, WHEN, Floats, Ints, made, micros, schema, sorted_by
from hearthline.signals.supplies.counted import before_refills, from_orders, from_schedules, from_uses
from hearthline.signals.supplies.levels import levels_of
from hearthline.signals.supplies.rates import Kinds, factors_of, rates_of
from hearthline.signals.supplies.readings import Crossings, Series, crossings_of, series_of
from hearthline.signals.supplies.replayed import replayed

__all__ = ["NEEDS", "OPTIONS", "PAPER", "READS", "TABLES", "TELLS", "TITLE", "derive"]

TITLE: Final = "Supplies"
TELLS: Final = (
    "What is left of each supply of each home and how fast it goes: from level sensors, from counted uses, "
    "from the calendar where a thing is changed by it, and from orders where nothing else is known."
)
PAPER: Final = (
    "rates weighted to the recent and shrunk to their kind (empirical Bayes: DerSimonian & Laird 1986); the "
    "level by Bayes' rule on a grid from every recent reading with its step and noise"
)
READS: Final = {
    "level_readings": """
        SELECT unit, device_id AS device, coalesce(signal_instance, signal_attribute, 'supply') AS supply,
          coalesce(device_kind, 'unknown') AS kind, lower(coalesce(signal_unit, 'percent')) AS measure, time,
          signal_number AS level
        FROM homed_events
        WHERE type = 'device.inventory.level_reported' AND signal_number >= 0 AND signal_number < 1e12
          AND device_id IS NOT NULL
    """,
    "uses": """
        SELECT unit, device_id AS device, coalesce(signal_instance, signal_attribute, 'supply') AS supply,
          time, CASE WHEN signal_number >= 0 AND signal_number < 1e6 THEN signal_number ELSE 1.0 END AS uses
        FROM homed_events
        WHERE device_id IS NOT NULL AND (type = 'device.inventory.consumed'
          OR regexp_matches(lower(coalesce(signal_attribute, '')), '(job_?state|cycle|operation_?state)$')
            AND regexp_matches(lower(coalesce(signal_value, '')), '(finish|complete|done)'))
    """,
    "schedules": """
        SELECT lower(name) AS product, min(CAST(regexp_extract(text, '[0-9]+') AS DOUBLE)) AS days
        FROM content WHERE kind = 'schedule' AND regexp_matches(coalesce(text, ''), '[0-9]+')
        GROUP BY lower(name)
    """,
    "bought": """
        SELECT o.unit, coalesce(l.product, 'any product') AS product, o.time,
          coalesce(sum(l.quantity), 1.0)::DOUBLE AS quantity
        FROM orders o
        LEFT JOIN (
          SELECT DISTINCT source AS shop, commerce_order AS order_id,
            coalesce(p.name, p.sku, p.product_id) AS product, coalesce(p.quantity, 1) AS quantity
          FROM events, UNNEST(commerce_products) AS u(p)
          WHERE layer = 'commerce' AND commerce_action = 'placed'
          QUALIFY rank() OVER (PARTITION BY source, commerce_order ORDER BY p.name IS NULL) = 1
        ) l USING (shop, order_id)
        WHERE o.status = 'placed' AND o.unit IS NOT NULL
        GROUP BY ALL
    """,
}
NEEDS: Final = ()
TABLES: Final = {
    "supplies": schema(
        unit=(pa.int64(), "key of the household"),
        device=(pa.string(), "id of the device; of supplies known from orders: empty"),
        supply=(pa.string(), "which of the device's supplies, or the product"),
        product=(
            pa.string(),
            "the product that fills it: the one ordered just before its refills; null: not known",
        ),
        kind=(pa.string(), "key of `supply_kinds`: kind of device, measure, step of the sensor"),
        basis=(pa.string(), "`sensor`, `uses`, `schedule` or `orders`: what it is known from"),
        last=(WHEN, "time of the last reading, use or order (UTC)"),
        reading=(pa.float64(), "the last reading, in the sensor's own measure"),
        pack=(pa.float64(), "a full pack in that measure"),
        since=(WHEN, "the moment that `packs` is told for (UTC): the as-of; for orders, the last delivery"),
        packs=(pa.float64(), "what is left then, in packs"),
        packs_sd=(pa.float64(), "its standard deviation"),
        rate=(pa.float64(), "packs used on an average day"),
        rate_sd=(pa.float64(), "standard deviation of the rate"),
        spread=(pa.float64(), "variance of use for each pack used"),
        drift=(pa.float64(), "variance of use for each squared pack used: the rate itself moves"),
        readings=(pa.int64(), "readings, uses or orders behind it"),
        refills=(pa.int64(), "refills seen"),
        refilled=(WHEN, "time of the last refill seen (UTC); null: none"),
    ),
    "lead_times": schema(
        unit=(pa.int64(), "key of the household"),
        product=(pa.string(), "the product that was ordered"),
        days=(pa.float64(), "days from the order to the refill that it made, at most 10"),
    ),
    "reorder_replay": schema(
        unit=(pa.int64(), "key of the household"),
        device=(pa.string(), "id of the device"),
        supply=(pa.string(), "which of the device's supplies"),
        late=(pa.bool_(), "whether the pack was empty before it was filled again"),
        empty_days=(pa.float64(), "days that it was empty"),
        spare_days=(pa.float64(), "days that it would have lasted when it was filled again"),
        policy_late=(pa.bool_(), "the same, had the forecast ordered with the option `service`"),
        policy_empty_days=(pa.float64(), "days that it would have been empty then"),
        policy_spare_days=(pa.float64(), "days left when the delivery would have come"),
    ),
    "supply_kinds": schema(
        kind=(pa.string(), "kind of device, measure, step of the sensor"),
        homes=(pa.int64(), "supplies of this kind"),
        rate=(pa.float64(), "packs that its homes use on an average day"),
        between=(pa.float64(), "standard deviation of that between homes"),
        noise=(pa.float64(), "standard deviation of a reading beside its step, in packs"),
        spread=(pa.float64(), "variance of use for each pack used"),
        drift=(pa.float64(), "variance of use for each squared pack used"),
        weekday=(pa.list_(pa.float64()), "how much is used from Monday to Sunday (UTC); 1 is average"),
        season=(pa.list_(pa.float64()), "the same from January to December; all 1 before 13 months of data"),
    ),
}
OPTIONS: Final = {"rise": 0.15, "half_life": 56.0, "service": 0.95, "lead_days": 3.0}


def derive(seen: Tables, asked: Asked) -> Tables:
    """Return `supplies`, `supply_kinds`, `lead_times` and `reorder_replay`, each sorted by its key.

    One row a supply, one a kind, one a refill that followed an order, one a pack that was filled again.
    Options: `rise` of a level, in parts of a pack, that is a refill and no noise; `half_life` in days of what
    is remembered of use; `service` and `lead_days` of the policy that is replayed.
    """
    bought = _until(seen["bought"], asked)
    sensed, kinds, leads, replay = _from_sensors(seen["level_readings"], bought, asked)
    told = {
        (u, p) for u, p in zip(sensed["unit"].to_pylist(), sensed["product"].to_pylist(), strict=True) if p
    }
    due = from_schedules(bought, seen["schedules"], asked)
    if due is not None:
        told |= set(zip(due["unit"].to_pylist(), due["product"].to_pylist(), strict=True))
    counted = _unsensed(_until(seen["uses"], asked), sensed)
    others = (from_uses(counted, bought, asked), due, from_orders(bought, told, asked))
    parts = [sensed, *(made(TABLES["supplies"], columns) for columns in others if columns is not None)]
    whole = sorted_by(pa.concat_tables(parts), "unit", "device", "supply")
    return {"supplies": whole, "supply_kinds": kinds, "lead_times": leads, "reorder_replay": replay}


def _unsensed(uses: pa.Table, sensed: pa.Table) -> pa.Table:
    """Return the uses of devices that no sensor reads."""
    return uses.filter(pc.invert(pc.is_in(uses["device"], sensed["device"].combine_chunks())))


def _until(rows: pa.Table, asked: Asked) -> pa.Table:
    return rows.filter(pc.less_equal(rows["time"], pa.scalar(asked.as_of, WHEN)))


def _from_sensors(readings: pa.Table, bought: pa.Table, asked: Asked) -> tuple[pa.Table, ...]:
    """Return the supplies that sensors read, their kinds, how long deliveries took, and the replay."""
    rows, series = series_of(readings, asked)
    names, kind = _kinds(rows, series)
    weekday, season = factors_of(series, kind, len(names), asked.as_of)
    clock = Clock(weekday, season, asked.as_of, float(-series.day.min(initial=0.0)))
    ticking = _operational(series, kind, clock)
    crossings = _crossed(crossings_of(series), kind, clock)
    rates, about = rates_of(ticking, crossings, kind, len(names), asked.options["half_life"])
    left, variance = levels_of(ticking, rates)
    at = pa.array(series.last)
    refills, refilled = _refills(series, asked)
    filled, leads = before_refills(rows.filter(pa.array(series.refill)), bought)
    plain = {n: rows[n].take(at).combine_chunks() for n in ("unit", "device", "supply")}
    keys = zip(*(column.to_pylist() for column in plain.values()), strict=True)
    supplies = {
        **plain,
        "product": pa.array([filled.get(key) for key in keys], pa.string()),
        "kind": pa.array(names, pa.string()).take(pa.array(kind)),
        "basis": pa.repeat("sensor", len(at)),
        "last": rows["time"].take(at).combine_chunks(),
        "reading": rows["level"].take(at).combine_chunks(),
        "pack": series.pack,
        "since": pa.repeat(pa.scalar(asked.as_of, WHEN), len(at)),
        "packs": left,
        "packs_sd": np.sqrt(variance),
        "rate": rates.rate,
        "rate_sd": rates.rate * np.sqrt(rates.doubt),
        "spread": rates.spread,
        "drift": rates.drift,
        "readings": series.last - series.first + 1,
        "refills": refills,
        "refilled": refilled,
    }
    told = made(TABLES["supply_kinds"], _told(names, about, (weekday, season)))
    whose, lives = replayed(ticking, crossings, rates, (kind, about), asked)
    lives |= {n: column.take(pa.array(whose)) for n, column in plain.items()}
    replay = made(TABLES["reorder_replay"], lives)
    return made(TABLES["supplies"], supplies), told, made(TABLES["lead_times"], leads), replay


def _kinds(rows: pa.Table, s: Series) -> tuple[list[str], Ints]:
    """Return the names of kinds, sorted, and each supply's."""
    at = pa.array(s.first)
    device, measure = (rows[n].take(at).to_pylist() for n in ("kind", "measure"))
    step = np.round(s.step * 100).astype(int).tolist()
    told = [f"{d} · {m} · step {q} %" for d, m, q in zip(device, measure, step, strict=True)]
    names = sorted(set(told))
    place = {name: i for i, name in enumerate(names)}
    return names, np.array([place[t] for t in told], dtype=np.int64)


def _operational(s: Series, kind: Ints, clock: Clock) -> Series:
    """Return the series with operational days."""
    day = clock.ticks(s.day, kind[s.group])
    return Series(s.first, s.last, s.group, day, s.x, s.pack, s.step, s.refill, s.cycle)


def _crossed(c: Crossings, kind: Ints, clock: Clock) -> Crossings:
    """Return the crossings with operational days."""
    day = clock.ticks(c.day, kind[c.group])
    span = np.zeros_like(day)
    span[1:] = np.where(np.diff(c.cycle) == 0, np.diff(day), 0)
    return Crossings(c.group, c.cycle, day, c.x, c.used, span)


def _refills(s: Series, asked: Asked) -> tuple[Ints, pa.Array]:
    """Return how many refills each supply saw, and when the last one was seen."""
    count = np.bincount(s.group, s.refill, len(s.first)).astype(np.int64)
    latest = np.full(len(s.first), -np.inf)
    np.maximum.at(latest, s.group[s.refill], s.day[s.refill])
    none = np.isinf(latest)
    when = micros(asked.as_of) + np.round(np.where(none, 0, latest) * DAY_US).astype(np.int64)
    return count, pa.array(when, mask=none).cast(WHEN)


def _told(names: list[str], about: Kinds, factors: tuple[Floats, Floats]) -> dict[str, object]:
    return {
        "kind": names,
        "homes": about.homes,
        "rate": about.mean,
        "between": np.sqrt(about.between),
        "noise": np.sqrt(about.noise),
        "spread": about.spread,
        "drift": about.drift,
        "weekday": pa.array(factors[0].tolist(), pa.list_(pa.float64())),
        "season": pa.array(factors[1].tolist(), pa.list_(pa.float64())),
    }
