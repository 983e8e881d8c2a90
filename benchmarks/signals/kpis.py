"""The eight KPIs of a town that came in as its platforms' payloads, beside what is true of it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from held import Line, row_of, rows_of
from lived import CONNECTED, Lived, channels_on

from hearthline.sim.asking import QUESTIONS
from hearthline.sim.beside import word_of
from hearthline.sim.channels import CHANNELS
from hearthline.sim.happenings import Log, What
from hearthline.sim.town import START

__all__ = ["kpis", "spoken_days"]

HOURS = 24
_IOT = channels_on(*(k for k in CONNECTED if k != "sensor"))
_BY_VOICE = [c.name for c in CHANNELS].index("voice-search")


def kpis(home: Any, town: Lived, unsigned: dict[str, tuple[int, int, int]]) -> Iterator[Line]:
    """Yield the lines of the eight KPIs; `unsigned` is what became of devices without a sign-in."""
    yield _conversion(home, town)
    yield from _voice_revenue(home, town)
    yield from _growth(home, town)
    yield from _cross_device(home, unsigned)
    yield from _value(home, town)
    yield from _penetration(home, town)
    yield from _engagement(home, town)
    yield from _retention(home, town)


def _line(report: str, what: str, form: str, row: dict[str, Any], true: float | None, **names: str) -> Line:
    """Return the line of a row; `names` says under which names the value and its ends stand in it."""
    value, low, high = (row.get(names.get(n, n)) for n in ("share", "low", "high"))
    said = [None if v is None else float(v) for v in (value, low, high)]
    return Line(report, what, form, said[0], true, said[1], said[2])


def _ordered_at(town: Lived) -> np.ndarray:
    """Return (days, n) hours since the town's first midnight at which a home ordered by hand; else nan."""
    days = town.days
    at = np.arange(days)[:, None] * HOURS + town.block.order_hour[:days]
    return np.where(town.life.hand[:days], at, np.nan)


def _met(town: Lived, channels: list[int]) -> np.ndarray:
    """Return (n,) the hour at which each home first met one of the channels; inf: never."""
    days = town.days
    at = np.arange(days)[:, None, None] * HOURS + town.block.hour[:days][:, channels]
    at = np.where(town.life.touches[:days][:, channels], at, np.inf)
    out: np.ndarray = at.min(axis=(0, 1))
    return out


def _conversion(home: Any, town: Lived) -> Line:
    first, orders = _met(town, _IOT), _ordered_at(town)
    watched: np.ndarray = np.asarray(first + 30 * HOURS <= town.days * HOURS)
    with np.errstate(invalid="ignore"):
        bought = np.asarray(np.any((orders >= first) & (orders <= first + 30 * HOURS), axis=0))
    row = row_of(rows_of(home, "iot_conversion"), part="All")
    true = float(bought[watched].mean())
    what = "homes that met the brand on a connected device and ordered within 30 days"
    return _line("iot_conversion", what, "percent", row, true, share="rate")


def _spoken(town: Lived, log: Log) -> np.ndarray:
    """Return (days, n) whether the order by hand of the day was spoken, as the platforms are told."""
    placed = log.of(What.ORDER)
    spoken = town.block.homes.owns["speaker"][placed.home] & (placed.home % 2 == 1) & (placed.id % 7 < 2)
    out = np.zeros((town.days, town.n), dtype=bool)
    out[placed.order[spoken] // 2 % 4096, placed.home[spoken]] = True
    return out


def _asked_at(town: Lived) -> tuple[np.ndarray, np.ndarray]:
    """Return home and hour of each question by voice that was understood, sorted by home and hour."""
    said = town.log.take(
        (town.log.what == What.QUESTION) | (town.log.what == What.TOUCH) & (town.log.channel == _BY_VOICE)
    )
    hour = (said.time / 1e6 - START) / 3600 + 1  # local
    order = np.lexsort((hour, said.home))
    return said.home[order], hour[order]


def _voice_revenue(home: Any, town: Lived) -> Iterator[Line]:
    from hearthline import sim

    life, days = town.life, town.days
    net, spoken = life.by_hand[:days], _spoken(town, town.log)
    who, hour = _asked_at(town)
    far = 100_000.0
    at = _ordered_at(town)
    day, owner = np.nonzero(life.hand[:days] & ~spoken)
    place = np.searchsorted(who * far + hour, owner * far + at[day, owner], side="right") - 1
    near = (place >= 0) & (who[place] == owner) & (at[day, owner] - hour[place] <= 24)
    whole = net.sum()
    effects = sim.truth("additive", town.n, days, town.seed, shapley=False, layers=sim.Layers.lively())
    caused = next(e for e in effects.effects if (e.channel, e.kind) == ("voice-search", "person"))
    rows = rows_of(home, "voice_revenue")
    found = [row_of(rows, part="All", how=r["how"]) for r in rows if r["part"] == "All"]
    true = (net[spoken].sum() / whole, net[day[near], owner[near]].sum() / whole,
            float(caused.off_revenue) * 100 / whole)  # fmt: skip
    names = ("direct, of the net revenue by hand", "initiated, of the same", "assisted, of the same")
    for row, what, value in zip(found, names, true, strict=True):
        yield _line("voice_revenue", what, "percent", row, float(value))


def _growth(home: Any, town: Lived) -> Iterator[Line]:
    life, last = town.life, town.days
    made = life.machine & (life.kind == 1)
    now, before = slice(last - 28, last), slice(last - 56, last - 28)
    sums = [float((life.by_machine * made)[part].sum()) for part in (now, before)]
    homes = [int(made[part].any(axis=0).sum()) for part in (now, before)]
    orders = [int(made[part].sum()) for part in (now, before)]
    part = "Growth: 28 days against 28 before"
    rows = rows_of(home, "replenishment_growth")
    row = row_of(rows, part=part, what="Machine-placed")
    what = "machine-placed revenue, 28 days against 28 before"
    yield _line("replenishment_growth", what, "percent", row, sums[0] / sums[1] - 1)
    factors = {
        "homes": homes[0] / homes[1],
        "orders a home": orders[0] / homes[0] * homes[1] / orders[1],
        "value of an order": sums[0] / orders[0] * orders[1] / sums[1],
    }
    for name, factor in factors.items():
        row = row_of(rows, part=part, what=f"Machine-placed: times {name}")
        yield _line("replenishment_growth", f"of it, times {name}", "times", row, factor, share="number")


def _cross_device(home: Any, unsigned: dict[str, tuple[int, int, int]]) -> Iterator[Line]:
    """Yield the report's measure beside what became of every third device when nobody signed in on it."""
    every, came, right = (sum(found[i] for found in unsigned.values()) for i in range(3))
    row = row_of(rows_of(home, "cross_device"), kind="All")
    for name, of in (("precision", came), ("recall", every)):
        yield _line("cross_device", name, "percent", row, right / of if of else None, share=name,
                    low=f"{name}_low", high=f"{name}_high")  # fmt: skip


def _value(home: Any, town: Lived) -> Iterator[Line]:
    life, days = town.life, town.days
    net = (life.by_hand + life.by_machine) / 100
    so_far, ahead = net[:days].sum(axis=0), net[days : days + 365].sum(axis=0)
    bought = (life.hand | life.machine)[:days].any(axis=0)
    connected = bought & town.owns(*(k for k in CONNECTED))
    rows = rows_of(home, "lifetime_value")
    for what, who in (("all", bought), ("connected", connected)):
        row = row_of(rows, part="Groups", what=what)
        name = "a home that ordered" if what == "all" else "a connected one"
        worth = float((so_far + ahead)[who].mean())
        ends = {"share": "value", "low": "value_low", "high": "value_high"}
        yield _line("lifetime_value", f"{name}, so far and 12 months", "euros", row, worth, **ends)
    row = row_of(rows, part="Groups", what="all")
    yield _line("lifetime_value", "expected of all in 12 months", "money", row, float(ahead[bought].sum()),
                share="expected")  # fmt: skip
    (said,) = home.sql("SELECT sum(alive) AS n FROM lifetime_values").to_pylist()
    true = float((bought & town.there(days - 1)).sum())
    yield Line("lifetime_value", "still customers", "count", float(said["n"]), true)


def _penetration(home: Any, town: Lived) -> Iterator[Line]:
    life, days = town.life, town.days
    bought = (life.hand | life.machine)[:days].any(axis=0)
    kinds = np.sum([town.block.homes.owns[k] for k in CONNECTED], axis=0) * (town.gone.day > days - 28)
    rows = rows_of(home, "ecosystems")
    row = row_of(rows, part="Penetration")
    true = float((kinds[bought] > 0).mean())
    yield _line("ecosystems", "customer homes with an active connected device", "percent", row, true)
    breadth = float(kinds[bought & (kinds > 0)].mean())
    yield Line("ecosystems", "kinds of device in them; true: owned", "times", row.get("breadth"), breadth)
    worth = (life.by_hand + life.by_machine)[:days].sum(axis=0) / 100 * 28 / days
    names = {"share": "value", "low": "value_low", "high": "value_high"}
    for what in ("1", "3", "5"):
        row = row_of(rows, part="By number of kinds", what=what)
        true = float(worth[bought & (kinds == int(what))].mean())
        yield _line("ecosystems", f"28 days of a home with {what} kinds", "euros", row, true, **names)
    row = row_of(rows, part="By kind of device", what="appliance")
    active = bought & town.owns("appliance") & (town.gone.day > days - 28)
    true = float(worth[active].mean())
    yield _line("ecosystems", "28 days of one with an appliance", "euros", row, true, **names)


def _engagement(home: Any, town: Lived) -> Iterator[Line]:
    log = town.log
    searches = int(((log.what == What.TOUCH) & (log.channel == _BY_VOICE)).sum())
    asked = log.of(What.QUESTION).number.astype(np.int64)
    answered = sum(QUESTIONS[word_of(code)[0]].answered for code in asked.tolist())
    given_up = int((log.of(What.MISHEARD).about < 0).sum())
    bought = int(_spoken(town, log).sum())
    whole = searches + len(asked) + given_up + bought
    row = row_of(rows_of(home, "voice_engagement"), part="all")
    names = {"share": "rate"}
    true = (searches + len(asked) + bought) / whole
    yield _line("voice_engagement", "sessions with a question understood", "percent", row, true, **names)
    answer = row_of(rows_of(home, "voice_engagement"), part="answered")
    true = (searches + answered + bought) / whole
    yield _line("voice_engagement", "and answered by what the brand has", "percent", answer, true, **names)


def spoken_days(town: Lived) -> np.ndarray:
    """Return (days, n) whether a home asked something by voice that was understood."""
    out = town.life.touches[: town.days, _BY_VOICE].copy()
    said = town.log.of(What.QUESTION)
    out[((said.time / 1e6 - START) // 86_400).astype(np.int64), said.home] = True
    return out


def _retention(home: Any, town: Lived) -> Iterator[Line]:
    used, owners = _use(town)
    first = np.where(used.any(axis=0), used.argmax(axis=0), town.days)
    rows = rows_of(home, "device_retention")
    for week in (4, 12):
        begin = first + 7 * week
        seen = np.asarray(first + 7 * (week + 1) <= town.days)
        inside = (np.arange(town.days)[:, None] >= begin) & (np.arange(town.days)[:, None] < begin + 7)
        active = np.asarray(np.any(used & inside, axis=0))
        row = row_of(rows, kind="all", week=week)
        yield _line("device_retention", f"used in week {week}", "percent", row, float(active[seen].mean()))
    stays = np.asarray(town.gone.day[owners] > first + 7 * 13)
    row = row_of(rows, kind="all", week=12)
    true = 100 * float(stays[first < town.days - 91].mean())
    yield Line("device_retention", "not lost by the end of week 12, %", "number", row.get("kept"), true)


def _use(town: Lived) -> tuple[np.ndarray, np.ndarray]:
    """Return (days, devices) on which days each connected device was used, and the home of each."""
    days, used, homes = town.days, [], []
    asked = np.zeros((days, town.n), dtype=bool)
    said = town.log.of(What.QUESTION, What.MISHEARD)
    asked[((said.time / 1e6 - START) // 86_400).astype(np.int64), said.home] = True
    for kind in CONNECTED:
        own = np.flatnonzero(town.block.homes.owns[kind])
        on = np.asarray(np.any(town.life.touches[:days][:, channels_on(kind)], axis=1))
        if kind == "speaker":
            on = on | asked
        if kind == "appliance":  # something is taken from the shelf every day, as long as there is something
            on = on | (town.gone.day[None, :] > np.arange(days)[:, None])
        used.append(on[:, own])
        homes.append(own)
    return np.concatenate(used, axis=1), np.concatenate(homes)
