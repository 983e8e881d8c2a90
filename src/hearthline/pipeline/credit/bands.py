"""Shares with their intervals, over all kinds of order at once, for every model."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from hearthline.attribution import Band, Drawn, Part, Scales, intervals, tuned
from hearthline.pipeline.credit.batches import Owed
from hearthline.pipeline.credit.ledger import decimals
from hearthline.pipeline.credit.orders import Orders
from hearthline.schema.journey import Floats, Ints, Journeys, concatenated
from hearthline.schema.settings import AttributionSettings

__all__ = ["BASELINE", "Sample", "sampled", "shares_table"]

BASELINE = "(baseline)"
MOST_HOMES, MOST_DOUBTED = 200_000, 20_000


def sampled(homes: int, doubted: int) -> float:
    """Return the fraction of households that are resampled: neither they nor those in doubt are too many."""
    return min(1.0, MOST_HOMES / max(homes, 1), MOST_DOUBTED / max(doubted, 1))


@dataclass(slots=True)
class Sample:
    """The households whose journeys are resampled: all of them, or a hashed sample of 200,000.

    `scales` says what replicates draw of what is owed of some orders (kind, rows); `drawn` are the households
    that hang on doubtful links, as draws of the links have them.
    """

    fraction: float
    scales: Callable[[str, Ints], Scales | None]
    fit_order: list[Journeys] = field(default_factory=list)
    fit_enrolment: list[Journeys] = field(default_factory=list)
    ends: list[Ints] = field(default_factory=list)
    owed: dict[str, list[Owed]] = field(default_factory=dict)
    drawn: Drawn | None = None

    def takes(self, units: Ints) -> Ints:
        """Return which rows belong to the sample; a household is in it or not, whoever asks."""
        if self.fraction >= 1.0:
            return np.arange(len(units))
        mixed = (units.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(11)
        return np.flatnonzero(mixed < np.uint64(int(self.fraction * 2**53)))

    def add(self, kind: str, owed: Owed) -> None:
        """Keep the sample's part of some journeys with money."""
        rows = self.takes(owed.journeys.unit)
        columns = {f: getattr(owed, f)[rows] for f in ("order", "micros", "payable", "order_ms", "end_ms")}
        self.owed.setdefault(kind, []).append(Owed(owed.journeys.take(rows), **columns))

    def learn(self, to_order: Journeys, to_enrol: Journeys, end_ms: Ints) -> None:
        """Keep the sample's part of what models are fitted to, and when journeys to orders ended."""
        rows = self.takes(to_order.unit)
        self.fit_order.append(to_order.take(rows))
        self.ends.append(end_ms[rows])
        self.fit_enrolment.append(to_enrol.take(self.takes(to_enrol.unit)))

    def parts(self, kinds: dict[str, Orders] | None = None) -> dict[str, Part]:
        """Return what the bootstrap takes, by kind of order; with the orders, what no journey met, too."""
        found: dict[str, Part] = {}
        to_order = concatenated(self.fit_order)
        to_enrol = concatenated(self.fit_enrolment)
        for kind, owed in self.owed.items():
            journeys = concatenated([o.journeys for o in owed])
            micros, payable = (np.concatenate([getattr(o, f) for o in owed]) for f in ("micros", "payable"))
            other = 0.0
            if kinds is not None:
                other = kinds[kind].total / 1e6 * min(self.fraction, 1.0) - float(micros.sum()) / 1e6
            found[kind] = Part(
                fit=to_order if kind == "person" else to_enrol,
                credit=replace(journeys, value=micros / 1e6),
                scale=payable / np.maximum(micros, 1),
                other=max(other, 0.0),
                beside=None if kind == "person" else "person",
                scales=self.scales(kind, np.concatenate([o.order for o in owed])),
            )
        return found


def shares_table(
    fitted: dict[str, tuple[Any, Any]],
    sample: Sample,
    kinds: dict[str, Orders],
    names: list[str],
    settings: AttributionSettings,
    exact: dict[tuple[str, str], Ints],
) -> pa.Table:
    """Return the table `shares` of the answer.

    Args:
        fitted: the models that could be fitted, with what was fitted to journeys to orders and to enrolments.
        sample: the households to resample.
        kinds: the orders by kind.
        names: the channels' names.
        settings: how many replicates, the seed, how few homes are too few.
        exact: credited millionths by channel for each model and kind, from the ledger.
    """
    parts = {k: p for k, p in sample.parts(kinds).items() if p.credit.n or p.other}
    tables = []
    for model, known in fitted.items():
        own = parts
        if sample.fraction >= 1.0:  # the sample is all there is, so its fit is known
            own = {k: replace(p, parameters=known[k != "person"]) for k, p in parts.items()}
        tried = tuned(model, settings.options.get(model, {}))
        bands = intervals(tried, own, max(settings.replicates, 2), settings.seed, sample.drawn)
        totals = {k: o.total for k, o in kinds.items()}
        sums = {k: exact[model, k] for k in kinds}
        for kind, band in bands.items():
            whole = sum(totals.values()) if kind == "all" else totals[kind]
            earned = np.sum(list(sums.values()), axis=0) if kind == "all" else sums[kind]
            amount = np.append(earned, whole - earned.sum())
            tables.append(_rows((model, kind), names, amount, band, (sample.fraction, settings.min_homes)))
    return pa.concat_tables(tables)


def _rows(
    cell: tuple[str, str], names: list[str], amount: Ints, band: Band, sampled: tuple[float, int]
) -> pa.Table:
    """Return one model's and kind's rows; the sample's deviations are carried to the exact amounts.

    `sampled` holds the sample's part of all households, and how few homes are too few.
    """
    fraction, few = sampled
    whole = int(amount.sum())
    share = amount / whole if whole else np.zeros(len(amount))

    def end(side: Floats, centre: Floats, scale: float) -> Floats:
        return (side - centre) * scale

    def money(side: Floats) -> Ints:
        moved = np.rint(end(side, band.amount, 1e6 / np.sqrt(fraction))).astype(np.int64)
        floor: Ints = np.maximum(amount + moved, np.minimum(amount, 0))
        return floor

    def part(side: Floats) -> Floats:
        floor: Floats = np.maximum(share + end(side, band.share, np.sqrt(fraction)), np.minimum(share, 0.0))
        return floor

    homes = np.rint(band.homes / fraction).astype(np.int64)
    return pa.table(
        {
            "model": [cell[0]] * len(amount),
            "kind": [cell[1]] * len(amount),
            "channel": pa.array([*names, BASELINE], pa.string()),
            "amount": decimals(amount),
            "low": decimals(money(band.low)),
            "high": decimals(money(band.high)),
            "share": share,
            "share_low": part(band.share_low),
            "share_high": part(band.share_high),
            "homes": homes,
            "enough": homes >= few,
        }
    )
