"""Journeys to credit: fit every model, credit every order exactly, draw the intervals, check the sums.

Households come in batches, twice: once for the statistics that the models are fitted to, once to be
credited. Nothing is kept of a batch but sums, so memory does not grow with the number of households.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from hearthline import attribution
from hearthline.attribution import Baselined, Model
from hearthline.pipeline.core import Core, Progress
from hearthline.pipeline.credit.bands import Sample, sampled, shares_table
from hearthline.pipeline.credit.batches import Batch, Owed, batches
from hearthline.pipeline.credit.doubts import draw, sample_of
from hearthline.pipeline.credit.fitness import EFFECTS, FITNESS, effects_table, fitness_table
from hearthline.pipeline.credit.ledger import Ledger, decimals
from hearthline.pipeline.credit.lifetime import Lifetime
from hearthline.pipeline.credit.orders import Book, open_book
from hearthline.pipeline.credit.owing import Baseline, Owing, owing_of
from hearthline.pipeline.credit.paths import Paths
from hearthline.pipeline.doubting import doubted
from hearthline.schema.errors import BadConfig, NothingToAnswer
from hearthline.schema.journey import Floats, Ints, Journeys
from hearthline.schema.settings import AttributionSettings

__all__ = ["chosen_models", "credit"]

Keep = Callable[[str, pa.Table], None]
_DETAILED = 3_000_000
_MONEY, _TIME = pa.decimal128(24, 6), pa.timestamp("us", tz="UTC")
_WORD, _WHOLE, _PART = pa.string(), pa.int64(), pa.float64()
_ALWAYS: dict[str, dict[str, pa.DataType]] = {
    "journeys": {
        "unit": _WHOLE,
        "kind": _WORD,
        "conversion": _WORD,
        "shop": _WORD,
        "start_ms": _WHOLE,
        "end_ms": _WHOLE,
        "value": _MONEY,
        "touches": _WHOLE,
    },
    "touch_credits": {
        "order_id": _WORD,
        "shop": _WORD,
        "unit": _WHOLE,
        "kind": _WORD,
        "model": _WORD,
        "time": _TIME,
        "place": _WHOLE,
        "amount": _MONEY,
    },
    "shares": {
        "model": _WORD,
        "kind": _WORD,
        "channel": _WORD,
        "amount": _MONEY,
        "low": _MONEY,
        "high": _MONEY,
        "share": _PART,
        "share_low": _PART,
        "share_high": _PART,
        "homes": _WHOLE,
        "enough": pa.bool_(),
    },
    "enrolment_credit": {
        "model": _WORD,
        "channel": _WORD,
        "enrolments": _PART,
        "booked": _MONEY,
        "ahead": _MONEY,
        "low": _MONEY,
        "high": _MONEY,
        "lifetime": _MONEY,
    },
}
"""Tables that every answer has, also where no home or touch was found, or no model could be fitted."""


@dataclass(slots=True)
class _Fit:
    """One model with what was fitted to journeys to orders and to enrolments."""

    model: Model
    to_order: Any = None
    to_enrol: Any = None
    state: str = "ok"


def credit(core: Core, keep: Keep, progress: Progress) -> None:
    """Credit all orders and keep the tables that come out.

    Args:
        core: the relational core.
        keep: takes a table of the answer, by name; parts of one table add up.
        progress: called with the name of each stage.

    Raises:
        DoesNotAddUp: a ledger does not sum to the shop's total.
        UnknownName: the settings name a model that there is not.
        BadConfig: the default model is not among those that run.
    """
    chosen = core.settings.attribution
    book = open_book(core.engine)
    for table, columns in _ALWAYS.items():
        keep(table, pa.schema(columns).empty_table())
    keep("effects", EFFECTS.empty_table())
    keep("fitness", FITNESS.empty_table())
    progress("fitting models")
    fits = _fitted(core, book, chosen_models(chosen))
    keep("models", _models(fits, chosen.default))
    able = [f for f in fits if f.state == "ok"]

    owing = owing_of(core, book, _baseline(fits, "to_order"), _baseline(fits, "to_enrol"))
    keep("owing", owing.table())

    progress("crediting orders")
    homes = core.engine.table("SELECT count(*) AS n FROM timelines")["n"][0].as_py()
    open_ = doubted(core) if chosen.identity_doubt and able else None
    fraction = sampled(homes, 0 if open_ is None else len(open_.units))
    samples = (
        sample_of(fraction, owing, book, reaching=False),
        sample_of(fraction, owing, book, reaching=True),
    )
    if open_ is not None and fraction < 1.0:
        open_ = open_.among(core, open_.units[samples[0].takes(open_.units)])
    run = _Crediting(core, book, able, samples, owing, keep)
    for batch in batches(core, book, reaching=any(f.model.reaches for f in able)):
        run.take(batch)
    run.finish(Lifetime(book, core.layout.last_ms, chosen.horizon_days))

    progress("drawing intervals")
    names = core.channels["name"].to_pylist()
    kinds = book.kinds()
    if able and homes and any(o.n for o in kinds.values()):
        channel = core.layout.channel
        exact = {
            (f.model.name, k): run.ledger.by_channel(f.model.name, k, channel, len(names))
            for f in able
            for k in kinds
        }
        for fit in able:
            if isinstance(fit.model, Baselined) and fit.model.reaches:
                _doubt(fit, run.samples[True], names, chosen, keep)
        if open_ is not None:
            draw(core, open_, owing, run.samples, {f.model.reaches for f in able})
        for reaches, sample in enumerate(run.samples):
            fitted = {f.model.name: (f.to_order, f.to_enrol) for f in able if f.model.reaches == reaches}
            if fitted:
                keep("shares", shares_table(fitted, sample, kinds, names, chosen, exact))


def _doubt(fit: _Fit, sample: Sample, names: list[str], chosen: AttributionSettings, keep: Keep) -> None:
    """Keep what those who doubt a model ask for."""
    fits = {"orders": fit.to_order, "enrolments": fit.to_enrol}
    keep("effects", effects_table(fit.model, sample, fits, names, chosen))
    keep("fitness", fitness_table(fit.model, sample, fit.to_order, chosen))


def chosen_models(settings: AttributionSettings) -> list[Model]:
    """Return the models that the settings name, all where they name none, with their options.

    Raises:
        UnknownName: they name a model that there is not.
        BadConfig: the default model is none, or is not among those that run.
        MissingExtra: a model needs a package that is not installed.
    """
    known, run = attribution.names(), settings.models or attribution.usual()
    for name in (*settings.options, *run):
        attribution.load(name)
    if settings.default not in known:
        wrong = f"[attribution] default: there is no model {settings.default!r}"
        raise BadConfig(f"{wrong}; choose one of {', '.join(run)}")
    if settings.default not in run:
        wrong = f"[attribution] default: {settings.default} is not among the models that run"
        raise BadConfig(f"{wrong}; add it to [attribution] models, or choose one of {', '.join(run)}")
    return [attribution.tuned(name, settings.options.get(name, {})) for name in run]


def _fitted(core: Core, book: Book, models: list[Model]) -> list[_Fit]:
    fits = [_Fit(m) for m in models]
    learning = [f for f in fits if not f.model.rule]
    sums: dict[str, list[Any]] = {f.model.name: [None, None] for f in learning}
    for batch in batches(core, book, reaching=any(f.model.reaches for f in learning)):
        for fit in learning:
            view = batch.view(fit.model)
            for slot, journeys in enumerate((view.to_order, view.to_enrol)):
                part = fit.model.gather(journeys)
                before = sums[fit.model.name][slot]
                sums[fit.model.name][slot] = part if before is None else fit.model.merge(before, part)
    for fit in learning:
        to_order, to_enrol = sums[fit.model.name]
        try:
            fit.to_order = fit.model.solve(to_order) if to_order is not None else None
        except NothingToAnswer as error:
            fit.state = str(error)
        try:
            fit.to_enrol = (
                fit.model.solve_beside(to_enrol, fit.to_order)
                if to_enrol is not None and len(book.enrolments.id)
                else None
            )
        except NothingToAnswer:
            fit.to_enrol = None
    return fits


def _baseline(fits: list[_Fit], to: str) -> Baseline | None:
    """Return how households order or enrol by themselves, by the first model that knows."""
    for fit in fits:
        found = getattr(fit, to)
        if isinstance(fit.model, Baselined) and found is not None:
            return fit.model.baseline(found)
    return None


def _models(fits: list[_Fit], default: str) -> pa.Table:
    return pa.table(
        {
            "model": [f.model.name for f in fits],
            "title": [f.model.title for f in fits],
            "paper": [f.model.paper for f in fits],
            "is_default": [f.model.name == default for f in fits],
            "state": [f.state for f in fits],
        }
    )


@dataclass(slots=True)
class _Crediting:
    """Credits batch after batch; what it remembers are sums, and the samples for the intervals.

    `samples` holds that of models which read journeys apart, and that of those which reach over conversions.
    """

    core: Core
    book: Book
    fits: list[_Fit]
    samples: tuple[Sample, Sample]
    owing: Owing
    keep: Keep
    ledger: Ledger = field(default_factory=Ledger)
    met: dict[str, list[Ints]] = field(default_factory=lambda: defaultdict(list))
    enrolled: dict[str, list[tuple[Ints, Ints, Floats]]] = field(default_factory=lambda: defaultdict(list))
    rows: int = 0
    paths: Paths = field(init=False)

    def __post_init__(self) -> None:
        self.paths = Paths(self.core)

    def take(self, batch: Batch) -> None:
        """Credit one batch."""
        for reaches in (False, True):
            fits = [f for f in self.fits if f.model.reaches == reaches]
            if fits:
                self._take(batch, fits, reaching=reaches)
        for kind, part in self.owing.owed(batch.apart, self.book, reaching=False).items():
            self.met[kind].append(part.order[part.order >= 0])
        self.keep("journeys", self._journeys(batch))
        self.paths.take(batch.apart.orders)

    def _take(self, batch: Batch, fits: list[_Fit], *, reaching: bool) -> None:
        """Credit one batch by the models that read it so."""
        view, sample = batch.reaching if reaching else batch.apart, self.samples[reaching]
        for kind, part in self.owing.owed(view, self.book, reaching=reaching).items():
            sample.add(kind, part)
            for fit in fits:
                self._credit(kind, part, fit)
        sample.learn(view.to_order, view.to_enrol, view.orders.end_ms)
        for fit in fits:
            self._enrol(fit, view.enrolments.journeys, view.enrolment)

    def _credit(self, kind: str, part: Owed, fit: _Fit) -> None:
        chosen = self.core.settings.attribution
        parameters = fit.to_order if kind == "person" else fit.to_enrol
        shares = self._shares(fit.model, part.journeys, parameters)
        amount = self.ledger.credit(fit.model.name, kind, part, shares)
        paid = np.flatnonzero(amount)
        if fit.model.name == chosen.default or self.rows + len(paid) <= _DETAILED:
            self.rows += len(paid)
            self.keep("touch_credits", self._details(kind, fit.model.name, part, amount, paid))

    def _shares(self, model: Model, journeys: Journeys, parameters: Any) -> Floats:
        if parameters is None and not model.rule:
            return np.zeros(len(journeys.channel))
        return model.credit(journeys, parameters)

    def _enrol(self, fit: _Fit, journeys: Journeys, enrolment: Ints) -> None:
        shares = self._shares(fit.model, journeys, fit.to_enrol)
        row = journeys.row
        earned = np.flatnonzero((shares > 0) & (enrolment[row] >= 0))
        self.enrolled[fit.model.name].append(
            (enrolment[row[earned]], journeys.channel[earned], shares[earned])
        )

    def _details(self, kind: str, model: str, part: Owed, amount: Ints, paid: Ints) -> pa.Table:
        """Return the log-level credit: one row an order, model and touch that earned."""
        row = part.journeys.row[paid]
        orders, order = self.book.kinds()[kind], part.order[row]
        touched = part.end_ms[row] - np.rint(part.journeys.gap_h[paid] * 3_600_000).astype(np.int64)
        return pa.table(
            {
                "order_id": orders.id.take(pa.array(order)),
                "shop": orders.shop.take(pa.array(order)).dictionary_decode(),
                "unit": pa.array(orders.unit[order], mask=~orders.housed[order]),
                "kind": pa.array([kind] * len(paid), pa.string()),
                "model": pa.array([model] * len(paid), pa.string()),
                "time": pa.array(touched * 1000, pa.timestamp("us", tz="UTC")),
                "place": part.journeys.place[paid],
                "amount": decimals(amount[paid]),
            }
        )

    def _journeys(self, batch: Batch) -> pa.Table:
        owed = batch.apart.orders
        journeys = owed.journeys
        order = pa.array(owed.order, mask=owed.order < 0)
        return pa.table(
            {
                "unit": journeys.unit,
                "kind": pa.array(np.where(owed.order >= 0, "order", "open"), pa.string()),
                "conversion": self.book.person.id.take(order),
                "shop": self.book.person.shop.take(order).dictionary_decode(),
                "start_ms": batch.start_ms,
                "end_ms": owed.end_ms,
                "value": decimals(owed.micros),
                "touches": journeys.lengths,
            }
        )

    def finish(self, lifetime: Lifetime) -> None:
        """Enter what no journey met, check the sums, and keep the tables that are sums."""
        kinds = self.book.kinds()
        models = [f.model.name for f in self.fits]
        for kind, orders in kinds.items():
            met = np.concatenate(self.met[kind]) if self.met[kind] else np.zeros(0, np.int64)
            for model in models:
                self.ledger.leave(model, kind, orders, met)
        self.ledger.check(models, kinds)
        self.keep("credits", self.ledger.credits(self.core.layout.channel))
        self.keep("ledger", self.ledger.summary(models, kinds))
        self.keep("unattributed", self.ledger.unattributed())
        self.keep("enrolment_ledger", lifetime.table())
        names = self.core.channels["name"].to_pylist()
        for model in models:
            self.keep("enrolment_credit", lifetime.by_channel(model, names, self.enrolled[model]))
        for name, table in self.paths.tables().items():
            self.keep(name, table)
