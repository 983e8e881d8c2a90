"""What signals beside the KPIs say of a town, beside what is true of it or comes of it afterwards."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from held import Line, row_of, rows_of
from kpis import spoken_days
from lived import Life, Lived

from hearthline.sim.happenings import What
from hearthline.sim.town import START

__all__ = ["rest"]

_SUBSCRIBED, _REPLENISHED = 2, 1
_DRY = 0.02  # packs under which a home goes out to buy elsewhere
_NOTHING = 0.025  # of a pack: the report's word for empty


def rest(home: Any, town: Lived) -> Iterator[Line]:
    """Yield the lines of what is no KPI."""
    whose = _homes(home)
    yield from _subscriptions(home, town)
    yield from _funnel(home, town)
    yield from _shelves(home, town)
    yield from _moments(home, town, whose)
    yield from _conditions(home, town)
    yield from _offers(home, whose)
    yield from _asked_and_ordered(home, town)


def _homes(home: Any) -> dict[int, int]:
    """Return the number of each household's home, from the numbers of its orders."""
    found = home.sql(
        r"""SELECT unit, mode((regexp_extract(order_id, '\d+$')::BIGINT - 5000000000000) // 8192) AS home
            FROM orders WHERE unit IS NOT NULL GROUP BY unit"""
    ).to_pylist()
    return {r["unit"]: int(r["home"]) for r in found}


def _lasts(town: Lived) -> np.ndarray:
    """Return (n,) for how many days a pack lasts in each home, at the pace of the last eight weeks."""
    season = float(town.block.calendar.season[town.days - 56 : town.days].mean())
    out: np.ndarray = 1 / (town.block.homes.packs_a_day * season)
    return out


def _subscriptions(home: Any, town: Lived) -> Iterator[Line]:
    found = home.sql(
        r"""SELECT regexp_extract(s.enrolment, 'auto(\d{6})\d+$', 1)::INT AS home, s.proposal, s.rhythm,
              s.fits, s.days, s.worth, s.basis, s.orders
            FROM subscriptions s JOIN enrolments e ON e.enrolment_id = s.enrolment
            WHERE e.ended IS NULL"""
    ).to_pylist()
    lasts, running = _lasts(town), _runs(town)
    running &= np.isin(np.arange(town.n), [r["home"] for r in found if r["rhythm"] is not None])
    slow, fast = lasts < 14 / 1.2, lasts > 14 / 0.8  # comes too seldom, comes too often
    true = {"more often": running & slow, "less often": running & fast}
    rows = rows_of(home, "subscription_fit")
    for said, who in (("comes too seldom", running & slow), ("comes too often", running & fast)):
        r = row_of(rows, part="Expected, all running", proposal=said)
        ends = r.get("expected_low"), r.get("expected_high")
        yield Line(
            "subscription_fit", f"running, {said}", "number", r.get("expected"), float(who.sum()), *ends
        )
    changed = [r for r in found if r["proposal"] in true]
    right = sum(bool(true[r["proposal"]][r["home"]]) for r in changed)
    yield Line("subscription_fit", "known well enough to change, right", "count", len(changed), right)
    known = [r for r in found if r["basis"] != "fleet"]
    yield Line("subscription_fit", "days that a pack lasts, median of known", "number",
               float(np.median([r["fits"] for r in known])) if known else None,
               float(np.median([lasts[r["home"]] for r in known])) if known else None)  # fmt: skip
    yield Line("subscription_fit", "what mending is worth a year", "money",
               float(sum(r["worth"] for r in changed)), _mended(town, changed))  # fmt: skip
    wrong = [{"home": h, "days": lasts[h]} for h in np.flatnonzero(running & (slow | fast)).tolist()]
    yield Line("subscription_fit", "what it would be if all wrong ones were known", "money", None,
               _mended(town, wrong))  # fmt: skip


def _runs(town: Lived) -> np.ndarray:
    """Return (n,) who has a subscription after the last day."""
    last, life = town.days - 1, town.life
    out: np.ndarray = (life.kind[last] == _SUBSCRIBED) & ~life.ended[last] & town.there(town.days)
    return out


def _mended(town: Lived, changed: list[dict[str, Any]]) -> float:
    """Return what the proposals bring in a year, in EUR: the same homes lived on with and without them."""
    rhythm = np.full(town.n, 14)
    for row in changed:
        rhythm[row["home"]] = round(row["days"] or 14)
    mended = town.again(rhythms=lambda day: rhythm if day >= town.days else np.full(town.n, 14))
    year = slice(town.days, town.days + 365)
    who = [r["home"] for r in changed]
    both = [(life.by_hand + life.by_machine)[year][:, who].sum() / 100 for life in (mended, town.life)]
    return float(both[0] - both[1])


def _funnel(home: Any, town: Lived) -> Iterator[Line]:
    life, days = town.life, town.days
    able = town.owns("appliance")
    on = (life.enrolled[:days] == _REPLENISHED).any(axis=0)
    runs = (life.kind[days - 1] == _REPLENISHED) & ~life.ended[days - 1] & town.there(days)
    nth = _most_orders(life, days)
    true = {
        "Sensor homes that enrolled": on.sum() / able.sum(),
        "Enrolled homes with a first machine-placed order": (on & (nth > 0)).sum() / on.sum(),
        "Of these with a second one": (on & (nth > 1)).sum() / (on & (nth > 0)).sum(),
        "Enrolled homes still on": (on & runs).sum() / on.sum(),
    }
    rows = rows_of(home, "replenishment_growth")
    for what, value in true.items():
        yield _shared("enrolments", what, "percent", row_of(rows, what=what), float(value))


def _most_orders(life: Life, days: int) -> np.ndarray:
    """Return (n,) the most orders that one replenishment of each home placed."""
    now, most = np.zeros(life.hand.shape[1]), np.zeros(life.hand.shape[1])
    for day in range(days):
        now = np.where(life.enrolled[day] > 0, 0, now)
        now = now + (life.machine[day] & (life.kind[day] == _REPLENISHED))
        most = np.maximum(most, now)
    return most


def _shared(report: str, what: str, form: str, row: dict[str, Any], true: float) -> Line:
    return Line(report, what, form, row.get("share"), true, row.get("low"), row.get("high"))


def _shelves(home: Any, town: Lived) -> Iterator[Line]:
    days, life = town.days, town.life
    own = town.owns("appliance")[None, :] & (town.gone.day[None, :] > np.arange(days)[:, None])
    stock = life.stock[:days]
    before = np.concatenate([stock[:1], stock[:-1]])
    filled = stock - before > 0.15
    # whoever ran dry within the day bought elsewhere in it: the shelf was empty, though no evening shows it
    elsewhere = filled & (stock > 1 - 1e-6) & (stock < 1 + _DRY) & (before < 0.5)
    late = filled & ((before <= _NOTHING) | elsewhere)
    on = life.kind[:days] == _REPLENISHED
    rows = rows_of(home, "replenishment_growth")
    for who, flag in (("with replenishment", on), ("without", ~on)):
        there = own & flag
        fills = (filled & there).sum()
        row = row_of(rows, what=f"Refills in time, {who}")
        true = float(1 - (late & there).sum() / fills)
        yield _shared("replenishment_growth", f"refills in time, {who}", "percent", row, true)
        row = row_of(rows, what=f"Empty days a home and year, {who}")
        empty = 365 * float((there & (stock <= _NOTHING)).sum() / there.sum())
        what = f"empty days a home and year, {who}"
        yield Line("replenishment_growth", what, "number", row.get("number"), empty)


def _moments(home: Any, town: Lived, whose: dict[int, int]) -> Iterator[Line]:
    """Yield what is expected in the said two hours beside what came in them in the year after."""
    acts = _acts(town)
    said = home.sql("SELECT unit, weekend, hour, share FROM moments WHERE acts >= 10").to_pylist()
    fleet = acts.sum(axis=0)
    usual = [int(np.argmax(f + np.roll(f, -1))) for f in fleet]
    hits, expected, total, popular = 0.0, 0.0, 0.0, 0.0
    for row in said:
        if row["unit"] not in whose:
            continue
        own = acts[whose[row["unit"]], int(row["weekend"])]
        hour, best = row["hour"], usual[int(row["weekend"])]
        total += own.sum()
        expected += row["share"] * own.sum()
        hits += own[hour] + own[(hour + 1) % 24]
        popular += own[best] + own[(best + 1) % 24]
    yield Line("recommendations", "of what a home does by hand, in its two best hours", "percent",
               expected / total, hits / total)  # fmt: skip
    said_of_all = [f[[h, (h + 1) % 24]].sum() / f.sum() for f, h in zip(fleet, usual, strict=True)]
    yield Line("recommendations", "the same in the best two hours of all homes", "percent",
               float(np.mean(said_of_all)), popular / total)  # fmt: skip


def _acts(town: Lived) -> np.ndarray:
    """Return (n, 2, 24) what each home does by hand after the last day, by weekend and local hour."""
    log, out = town.ahead, np.zeros((town.n, 2, 24))
    searched = (log.what == What.TOUCH) & np.isin(log.channel, (3, 6))
    some = log.take(searched | np.isin(log.what, (What.ORDER, What.ENROL, What.QUESTION, What.OPENED)))
    hour = (some.time / 1e6 - START) / 3600 + 1
    later = hour >= town.days * 24
    day = (hour[later] // 24).astype(np.int64)
    np.add.at(out, (some.home[later], (day % 7 > 4).astype(np.int64), (hour[later] % 24).astype(np.int64)), 1)
    return out


def _conditions(home: Any, town: Lived) -> Iterator[Line]:
    """Yield rate ratios beside those of the same homes lived eight times with other luck in ordering."""
    lives = [town.again(luck=k) for k in range(1, 9)]
    days = town.days
    there = town.gone.day[None, :] > np.arange(days)[:, None]
    day = np.arange(days)
    weekend = np.broadcast_to((day % 7 > 4)[:, None], there.shape)
    warm = town.block.calendar.temperature[:days]
    own = there & town.owns("appliance")[None, :]
    ratios = {
        "level": [_ratio(life.hand[:days], _above(_shown(life.stock[:days]), day), own) for life in lives],
        "temperature": [
            _ratio(life.hand[:days], _above(np.broadcast_to(warm[:, None], there.shape), day), there)
            for life in lives
        ],
        "weekend": [_ratio(life.hand[:days], np.where(weekend, 1, -1), there) for life in lives],
    }
    rows = rows_of(home, "conditions")
    for name, true in ratios.items():
        r = row_of(rows, condition=name, product="any product")
        yield Line("conditions", f"{name}: orders above / below", "times", r.get("ratio"),
                   float(np.mean(true)), r.get("ratio_low"), r.get("ratio_high"))  # fmt: skip


def _shown(stock: np.ndarray) -> np.ndarray:
    """Return what a sensor without noise would say of a shelf: no more than full, in steps of 5 %."""
    out: np.ndarray = np.round(np.clip(stock, 0, 1) * 20) / 20
    return out


def _periods(day: np.ndarray) -> np.ndarray:
    """Return the report's four weeks, which count from Monday, 6 January 2020."""
    out: np.ndarray = (day + START // 86_400 - 18_267) // 28
    return out


def _above(value: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Return (days, n) 1 above the home's middle of its four weeks, -1 below, 0 at it."""
    out = np.zeros(value.shape, dtype=np.int64)
    period = _periods(day)
    for p in np.unique(period):
        rows = period == p
        out[rows] = np.sign(value[rows] - np.median(value[rows], axis=0))
    return out


def _ratio(hand: np.ndarray, side: np.ndarray, there: np.ndarray) -> float:
    """Return the rate ratio of Mantel and Haenszel over homes and four weeks."""
    period, x, y = _periods(np.arange(len(hand))), 0.0, 0.0
    for p in np.unique(period):
        rows = period == p
        up, down = (there[rows] & (side[rows] == s) for s in (1, -1))
        n, m = up.sum(axis=0), down.sum(axis=0)
        a, b = (hand[rows] & up).sum(axis=0), (hand[rows] & down).sum(axis=0)
        good = n + m > 0
        x += float((a * m / np.maximum(n + m, 1))[good].sum())
        y += float((b * n / np.maximum(n + m, 1))[good].sum())
    return x / y


def _offers(home: Any, whose: dict[int, int]) -> Iterator[Line]:
    titles = ("Coffee capsules", "Dishwasher tabs", "Detergent refill")
    said = home.sql("SELECT unit, product, chance FROM recommendations").to_pylist()
    known = [r for r in said if r["unit"] in whose]
    right = sum(r["product"] == titles[whose[r["unit"]] % 3] for r in known)
    yield Line("recommendations", "next orders for what is offered", "percent",
               float(np.mean([r["chance"] for r in known])), right / len(known))  # fmt: skip


def _asked_and_ordered(home: Any, town: Lived) -> Iterator[Line]:
    days, window = town.days, 7
    asked = spoken_days(town)[: days - window]
    hand = [life.hand[:days] for life in (town.life, town.again(off="voice-search"))]
    after = [_within(orders, window)[: days - window] for orders in hand]
    row = row_of(rows_of(home, "query_to_purchase"), intent="all questions")
    yield Line("query_to_purchase", "ordered within 7 days after a question", "percent", row.get("ordered"),
               float(after[0][asked].mean()), row.get("ordered_low"), row.get("ordered_high"))  # fmt: skip
    caused = 100 * float(after[0][asked].mean() - after[1][asked].mean())
    yield Line("query_to_purchase", "against like days; true: caused by voice", "points", row.get("lift"),
               caused, row.get("low"), row.get("high"))  # fmt: skip


def _within(orders: np.ndarray, window: int) -> np.ndarray:
    """Return (days, n) whether there is an order on one of the days after."""
    total = np.cumsum(np.pad(orders, ((1, window), (0, 0))), axis=0)
    out: np.ndarray = total[window + 1 :] > total[1:-window]
    return out
