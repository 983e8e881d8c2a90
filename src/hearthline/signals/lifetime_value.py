"""Lifetime value: orders and revenue to come of each household, with and without what its devices tell."""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa

from hearthline.signals import Asked, Tables, _buying, _spending
from hearthline.signals._buying import History
from hearthline.signals._chances import ends_of
from hearthline.signals._columns import Floats, Ints, made, schema, sorted_by

__all__ = ["NEEDS", "OPTIONS", "PAPER", "READS", "TABLES", "TELLS", "TITLE", "derive"]

TITLE: Final = "Lifetime value"
TELLS: Final = (
    "For each household that ordered: revenue so far, the chance that it is still a customer, and orders and "
    "revenue expected over the next twelve months, with intervals, with and without the use of its devices."
)
PAPER: Final = (
    "BG/NBD (Fader, Hardie & Lee 2005) or Pareto/NBD (Schmittlein, Morrison & Colombo 1987), with covariates "
    "(Fader & Hardie 2007); Gamma-Gamma (Fader & Hardie 2013)"
)
READS: Final = {
    "spent": """
        SELECT unit, day, CAST(sum(net) AS DOUBLE) AS net, kind FROM orders
        WHERE unit IS NOT NULL AND net IS NOT NULL AND coalesce(status, 'placed') = 'placed'
        GROUP BY unit, day, kind""",
    "used_days": """
        SELECT unit, kind, count(DISTINCT day) AS days, min(day) AS first, max(day) AS last
        FROM device_uses WHERE uses > 0 AND kind NOT IN ('phone', 'browser') GROUP BY unit, kind""",
}
NEEDS: Final = ()
TABLES: Final = {
    "lifetime_values": schema(
        unit=(pa.int64(), "key of the household"),
        orders=(pa.int64(), "days with an order so far, of any kind"),
        first=(pa.date32(), "day of the first order (UTC)"),
        last=(pa.date32(), "day of the last order (UTC)"),
        spent=(pa.float64(), "net revenue so far"),
        devices=(pa.int64(), "kinds of connected devices used (phones and browsers are none)"),
        engagement=(pa.float64(), "days of use of them a week, since the first"),
        alive=(pa.float64(), "chance that it is still a customer"),
        expected_orders=(pa.float64(), "orders expected over the horizon, with engagement"),
        orders_low=(pa.float64(), "90 % of households' orders lie above"),
        orders_high=(pa.float64(), "and below (with `orders_low`: a 90 % interval)"),
        expected=(pa.float64(), "net revenue expected over the horizon, with engagement"),
        low=(pa.float64(), "low end of its 90 % interval"),
        high=(pa.float64(), "high end"),
        expected_plain=(pa.float64(), "net revenue expected without engagement"),
    ),
    "lifetime_totals": schema(
        group=(pa.string(), "all, connected (uses a connected device) or not connected"),
        households=(pa.int64(), "households that ordered"),
        spent=(pa.float64(), "their net revenue so far"),
        expected=(pa.float64(), "net revenue expected over the horizon"),
        low=(pa.float64(), "low end of its 90 % interval: the model's parameters and chance"),
        high=(pa.float64(), "high end"),
        expected_plain=(pa.float64(), "without engagement"),
        horizon_days=(pa.int64(), "the horizon"),
        held_out_orders=(pa.float64(), "hold-out: orders in the last third of the days, as foretold before"),
        held_out_low=(pa.float64(), "low end of the 90 % interval of that"),
        held_out_high=(pa.float64(), "high end"),
        held_out_true=(pa.int64(), "orders that there were"),
        story=(pa.string(), "`bg_nbd`: customers leave after an order; `pareto_nbd`: at any moment"),
        log_likelihood=(pa.float64(), "of the orders, with engagement"),
        log_likelihood_plain=(pa.float64(), "without"),
    ),
}
OPTIONS: Final = {"horizon_days": 365.0, "draws": 100.0, "pareto": -1.0}
_ENOUGH: Final = 30
_JUDGED: Final = 20_000
"""The story is chosen by so many households at most, every k-th: the second one is slower to fit."""
_EPOCH: Final = 719_163


def derive(seen: Tables, asked: Asked) -> Tables:
    """Return `lifetime_values`, one row a household that ordered, sorted, and `lifetime_totals`.

    Options: `horizon_days`; `draws` for the intervals; `pareto`: whether customers may leave at any moment
    (1: Pareto/NBD) or only after an order (0: BG/NBD); -1 takes the story that makes the orders likelier.
    """
    one = _bought(seen, asked)
    if one is None:
        return {name: kind.empty_table() for name, kind in TABLES.items()}
    columns = _so_far(one)
    if len(one.units) < _ENOUGH or one.plain.repeats.sum() < _ENOUGH:
        nothing = np.full(len(one.units), np.nan)
        columns |= {f.name: nothing for f in TABLES["lifetime_values"] if f.name not in columns}
        totals = TABLES["lifetime_totals"].empty_table()
    else:
        ahead, totals = _ahead(one, asked)
        columns |= ahead
    return {"lifetime_values": made(TABLES["lifetime_values"], columns), "lifetime_totals": totals}


@dataclass(frozen=True, slots=True)
class _Bought:
    """Households with orders: their keys, the row and day of each order, and what came of them."""

    units: Ints
    at: Ints
    day: Ints
    now: int
    spent: Floats
    plain: History
    kinds: Ints
    week: Floats

    @property
    def often(self) -> Floats:
        return self.plain.repeats + 1

    @property
    def worth(self) -> Floats:
        return np.asarray(np.maximum(self.spent, 0.0) / self.often, dtype=np.float64)


def _bought(seen: Tables, asked: Asked) -> _Bought | None:
    orders = sorted_by(seen["spent"], "unit", "day")
    if not orders.num_rows:
        return None
    units, at = np.unique(_ints(orders["unit"], pa.int64()), return_inverse=True)
    day, now = _ints(orders["day"], pa.int32()), asked.as_of.date().toordinal() - _EPOCH
    net = np.asarray(orders["net"].combine_chunks().to_numpy(zero_copy_only=False), dtype=np.float64)
    kinds, week = _engagement(sorted_by(seen["used_days"], "unit", "kind"), units, now)
    spent = np.bincount(at, weights=net, minlength=len(units)).astype(np.float64)
    return _Bought(units, at, day, now, spent, _buying.history(at, day / 7, now / 7), kinds, week)


def _so_far(one: _Bought) -> dict[str, Any]:
    begin = np.flatnonzero(np.diff(one.at, prepend=-1))
    last = np.append(begin[1:], len(one.at)) - 1
    return {
        "unit": one.units,
        "orders": one.often.astype(np.int64),
        "first": pa.array(one.day[begin].astype(np.int32)),
        "last": pa.array(one.day[last].astype(np.int32)),
        "spent": one.spent,
        "devices": one.kinds,
        "engagement": one.week,
    }


def _ahead(one: _Bought, asked: Asked) -> tuple[dict[str, Any], pa.Table]:
    """Return the columns of what is to come, and the totals."""
    weeks, draws = asked.options["horizon_days"] / 7, int(asked.options["draws"])
    engaged = replace(one.plain, traits=_standard(one.week, one.kinds))
    story = _story(one.plain, asked)
    model, bare = _buying.fit(engaged, story), _buying.fit(one.plain, story)
    spending = _spending.fit(one.often, one.worth)
    value = _spending.expected_values(spending, one.often, one.worth)
    buys = _buying.expected_orders(model, engaged, weeks)
    counts = _buying.drawn_orders(model, engaged, weeks, draws, seed=1)
    money = counts * _spending.drawn_values(spending, one.often, one.worth, draws, seed=2)
    (fewest, most), (low, high) = (ends_of(d) for d in (counts, money))
    columns = {
        "alive": buys.alive,
        "expected_orders": buys.orders,
        "orders_low": fewest,
        "orders_high": most,
        "expected": buys.orders * value,
        "low": low,
        "high": high,
        "expected_plain": _buying.expected_orders(bare, one.plain, weeks).orders * value,
    }
    likelihoods = {
        "log_likelihood": model.log_likelihood,
        "log_likelihood_plain": bare.log_likelihood,
        "horizon_days": round(weeks * 7),
        "story": story,
    }
    return columns, _totals(one, columns, money, (story, likelihoods))


def _story(plain: History, asked: Asked) -> str:
    """Return which story of leaving is told: the one asked for, or the likelier one of the two."""
    if asked.options["pareto"] >= 0:
        return "pareto_nbd" if asked.options["pareto"] else "bg_nbd"
    step = -(-len(plain) // _JUDGED)
    some = History(plain.repeats[::step], plain.last[::step], plain.known[::step], plain.traits[::step])
    return max(("bg_nbd", "pareto_nbd"), key=lambda story: _buying.fit(some, story).log_likelihood)


def _totals(
    one: _Bought, ahead: dict[str, Any], money: Floats, about: tuple[str, dict[str, Any]]
) -> pa.Table:
    """Return sums over groups of households; the hold-out stands with all of them."""
    story, same = about
    held, rows = _held_out(one.at, one.day, one.now, story), []
    for group, inside in (
        ("all", one.kinds >= 0),
        ("connected", one.kinds > 0),
        ("not connected", one.kinds == 0),
    ):
        low, high = ends_of(money[:, inside].sum(axis=1))
        sums = {n: float(ahead[n][inside].sum()) for n in ("expected", "expected_plain")}
        own = {"group": group, "households": int(inside.sum()), "spent": float(one.spent[inside].sum())}
        ends = {"low": float(low), "high": float(high)}
        rows.append(own | sums | ends | same | (held if group == "all" else dict.fromkeys(held)))
    return pa.Table.from_pylist(rows, schema=TABLES["lifetime_totals"])


def _ints(column: pa.ChunkedArray, kind: pa.DataType) -> Ints:
    return np.asarray(column.combine_chunks().cast(kind).to_numpy(), dtype=np.int64)


def _engagement(used: pa.Table, units: Ints, now: int) -> tuple[Ints, Floats]:
    """Return how many kinds of connected device each household uses, and its days of use a week."""
    unit = _ints(used["unit"], pa.int64())
    keep = np.isin(unit, units)
    at = np.searchsorted(units, unit[keep])
    days, first = _ints(used["days"], pa.int64())[keep], _ints(used["first"], pa.int32())[keep]
    weeks = np.maximum((now - first) / 7, 1.0)
    kinds = np.bincount(at, minlength=len(units)).astype(np.int64)
    return kinds, np.bincount(at, weights=days / weeks, minlength=len(units)).astype(np.float64)


def _standard(week: Floats, kinds: Ints) -> Floats:
    """Return (n, 1): the logarithm of engagement, mean 0 and spread 1; (n, 0) where all are alike."""
    raw = np.log1p(week)
    if raw.std() < 1e-9 or not kinds.any():
        return np.zeros((len(week), 0))
    out: Floats = ((raw - raw.mean()) / raw.std())[:, None]
    return out


def _held_out(at: Ints, day: Ints, now: int, story: str) -> dict[str, float | int | None]:
    """Return what the orders of the first two thirds foretell of the last third, and what came."""
    nothing: dict[str, float | int | None] = dict.fromkeys(
        ("held_out_orders", "held_out_low", "held_out_high", "held_out_true")
    )
    cut = int(day.min() + (now - day.min()) * 2 // 3)
    early = day <= cut
    known, inside = np.unique(at[early], return_inverse=True)
    if len(known) < _ENOUGH or now - cut < 7:
        return nothing
    data = _buying.history(inside, day[early] / 7, cut / 7)
    model, weeks = _buying.fit(data, story), (now - cut) / 7
    later = np.unique(np.stack([at[~early], day[~early]], axis=1), axis=0)
    drawn = _buying.drawn_orders(model, data, weeks, 200, seed=3).sum(axis=1)
    low, high = ends_of(drawn)
    return {
        "held_out_orders": float(_buying.expected_orders(model, data, weeks).orders.sum()),
        "held_out_low": float(low),
        "held_out_high": float(high),
        "held_out_true": int(np.isin(later[:, 0], known).sum()),
    }
