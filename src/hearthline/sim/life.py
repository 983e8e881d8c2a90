"""How a block of homes lives: need, touches, orders, enrolments; all homes at once, day by day.

Order of a day: use and deliveries, touches at their hours, the decisions to order by hand and to enrol
at hours that no touch moves (only touches before that hour act on it), the machine's own order at
night, its end. What is written here is the same in all worlds; a world turns the urge and the
remembered touches into rates, and says how strong the habits are.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtri

from hearthline.sim.channels import CHANNELS, NAMES
from hearthline.sim.draws import Flags, Singles, Whole, uniform
from hearthline.sim.town import Calendar, Homes, calendar, homes_of
from hearthline.sim.worlds import World

__all__ = ["ALL_ON", "Block", "Day", "Switches", "block_of", "live"]

ALL_ON: Final = np.ones(len(NAMES), dtype=np.bool_)
Switches = Flags | Callable[[int], Flags]
"""Which channels are on: (channels,) for all homes, (channels, n) by home, or what gives a day's."""
REPLENISHMENT, SUBSCRIPTION = 1, 2
_BY_HAND_WHEN_ENROLLED: Final = np.float32(0.2)
_CHURN: Final = 0.08
_CALENDAR_DAYS: Final = 14
_REORDER_AT: Final = np.float32(0.25)
_DELIVERY: Final = 2
_NEED = np.array([[c.need] for c in CHANNELS], dtype=np.float32)
_LED = np.array([[c.after_media, c.after_search] for c in CHANNELS], dtype=np.float32)
_MEDIA = [NAMES.index("smart-tv"), NAMES.index("home-display")]
_SEARCH = NAMES.index("search-ads")
_PROPOSAL = NAMES.index("appliance")


@dataclass(frozen=True)
class Block:
    """Homes and every draw of their lives: what does not depend on which channels are on.

    `touch` is (days, channels, n) uniforms and `hour` the local hours of those touches; `order_hour` and
    `enrol_hour` are (days, n) hours of the decisions; `order`, `enrol` are (days, n) unit exponentials to
    compare with a rate; `person_cents` and `machine_cents` are (days, n) values of an order on that
    day; `kept` is the part in thousandths that is not refunded or cancelled later.
    """

    homes: Homes
    calendar: Calendar
    touch: Singles
    hour: Singles
    order_hour: Singles
    enrol_hour: Singles
    order: Singles
    enrol: Singles
    churn: Singles
    rival: Singles
    use: Singles
    person_cents: Whole
    machine_cents: Whole
    kept: Whole
    cancelled: Flags

    @property
    def days(self) -> int:
        """Number of days."""
        return len(self.order)


def _threshold(draw: Singles) -> Singles:
    """Return unit exponentials: a rate above one of these is an event, with chance 1 - exp(-rate)."""
    out: Singles = -np.log1p(-draw)
    return out


def _hours(draw: Singles, evening: Singles, earliest: float, latest: float) -> Singles:
    """Return local hours between the two, later in homes that live in the evening."""
    hour: Singles = np.float32(earliest) + np.float32(latest - earliest) * (0.6 * draw + 0.4 * evening)
    return hour.astype(np.float32)


def block_of(seed: int, block: int, n: int, days: int) -> Block:
    """Return the first n homes of a block with all their draws."""

    def draw(process: str) -> Singles:
        return uniform(seed, process, block, days)[:, :n]

    homes = homes_of(seed, block, n)
    value = np.exp(0.45 * ndtri(np.clip(draw("value"), 1e-4, 1 - 1e-4)))
    cents = (1850 * value * (0.8 + 0.1 * homes.size)).astype(np.int64) // 5 * 5 + 4
    refund, clock = draw("refund"), draw("clock")
    return Block(
        homes=homes,
        calendar=calendar(seed, days),
        touch=np.stack([draw(f"touch{i}") for i in range(len(NAMES))], axis=1),
        hour=np.stack(
            [_hours(draw(f"hour{i}"), homes.evening, *c.hours) for i, c in enumerate(CHANNELS)], axis=1
        ),
        order_hour=_hours(clock, homes.evening, 7.5, 21.9),
        enrol_hour=_hours(clock * 997 % 1, homes.evening, 7.5, 21.9),
        order=_threshold(draw("order")),
        enrol=_threshold(draw("enrol")),
        churn=draw("churn"),
        rival=draw("rival"),
        use=homes.packs_a_day * (0.5 + draw("use")),
        person_cents=cents,
        machine_cents=(1690 + cents // 20 * 5),
        kept=np.select([refund < 0.02, refund < 0.03, refund > 0.993], [0, 500, 0], 1000),
        cancelled=refund > 0.993,
    )


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on one day in n homes.

    `enrolled` is the kind that began today (0: none); `since` is the day of the enrolment that a
    machine's order or an end belongs to; `cycle` counts machine orders after the enrolment.
    """

    day: int
    touches: Flags
    person: Flags
    enrolled: Whole
    machine: Flags
    ended: Flags
    since: Whole
    cycle: Whole
    kind: Whole
    stock: Singles


@dataclass(slots=True)
class _State:
    stock: Singles
    coming: Singles  # (_DELIVERY + 1, n) packs by day of arrival, a ring
    memory: Singles
    media: Singles
    search: Singles
    kind: Whole
    since: Whole
    cycle: Whole
    due: Whole


def _begin(block: Block, world: World) -> _State:
    n = block.homes.n
    zeros = np.zeros(n, dtype=np.float32)
    return _State(
        stock=block.homes.stock.copy(),
        coming=np.zeros((_DELIVERY + 1, n), dtype=np.float32),
        memory=world.blank(n),
        media=zeros,
        search=zeros,
        kind=np.zeros(n, dtype=np.int64),
        since=np.full(n, -1, dtype=np.int64),
        cycle=np.zeros(n, dtype=np.int64),
        due=np.zeros(n, dtype=np.int64),
    )


def _use_up(state: _State, block: Block, day: int) -> Singles:
    """Let deliveries arrive and the day's use go; return (n,) need from 0 to 1."""
    slot = day % (_DELIVERY + 1)
    state.stock += state.coming[slot]
    state.coming[slot] = 0
    np.maximum(state.stock - block.use[day] * block.calendar.season[day], 0, out=state.stock)
    rival = (state.stock <= 0.02) & (block.rival[day] < 0.3) & ~state.coming.any(axis=0)
    state.stock += rival
    need: Singles = np.clip(1 - 2 * (state.stock + state.coming.sum(axis=0)), 0, 1)
    return need


@dataclass(frozen=True)
class _Meeting:
    """How touches come about in a world: `reach` is (channels, n) what targeting alone gives."""

    reach: Singles
    need: Singles
    led: Singles
    density: np.float32

    @classmethod
    def of(cls, homes: Homes, world: World) -> "_Meeting":
        """Return how a world's touches meet these homes."""
        h = world.habits
        need, led = np.float32(h.needing) * _NEED, np.float32(h.leading) * _LED
        return cls(homes.reach(h.targeting), need, led, np.float32(h.density))


def _meet(state: _State, block: Block, meeting: _Meeting, need: Singles, on: Flags) -> Singles:
    """Return (channels, n) chances of a touch today."""
    led = meeting.led @ np.stack([state.media, state.search])
    chance: Singles = meeting.reach + block.homes.meets * (meeting.need * need + led)
    chance *= meeting.density
    chance[_PROPOSAL] *= state.kind == 0
    chance *= on.reshape(len(NAMES), -1)
    return chance


def _carry_on(state: _State, touches: Flags) -> None:
    """Let earlier media and searches lead to later searches and retargeting (mediation)."""
    heard = touches[_MEDIA[0]].astype(np.float32) + touches[_MEDIA[1]]
    state.media = np.minimum(state.media * np.float32(0.8) + heard, 2)
    state.search = np.minimum(state.search * np.float32(0.7) + touches[_SEARCH], 1.5)


def _act(state: _State, block: Block, day: int, rhythm: Whole) -> tuple[Flags, Flags]:
    """Let machines and calendars order, and some enrolments end; return both as flags."""
    expected = state.stock + state.coming.sum(axis=0)
    by_stock = (state.kind == REPLENISHMENT) & (expected < _REORDER_AT) & (state.since < day)
    by_date = (state.kind == SUBSCRIPTION) & (state.due <= day)
    machine: Flags = by_stock | by_date
    state.cycle += machine
    state.due[machine] = day + rhythm[machine]
    ended: Flags = machine & (block.churn[day] < _CHURN)
    return machine, ended


def live(
    block: Block,
    world: World,
    on: Switches = ALL_ON,
    *,
    enrolling: bool = True,
    rhythms: Callable[[int], Whole] | None = None,
) -> Iterator[Day]:
    """Yield the days of a block of homes with only the channels of `on` switched on.

    With `enrolling=False` nobody may enrol, so no machine ever orders. `rhythms` gives on a day (n,) in how
    many days each home's subscription orders next; fourteen for all if it is not given.
    """
    usual = np.full(block.homes.n, _CALENDAR_DAYS)
    homes, state = block.homes, _begin(block, world)
    meeting = _Meeting.of(homes, world)
    liking = np.exp(0.35 * homes.affinity - 0.06).astype(np.float32)
    enrol_urge = liking * np.where(homes.owns["appliance"], 1.0, 0.6).astype(np.float32)
    flights = np.array([c.stage == "awareness" for c in CHANNELS])
    for day in range(block.days):
        need = _use_up(state, block, day)
        chance = _meet(state, block, meeting, need, on(day) if callable(on) else on)
        chance[flights] *= block.calendar.airing[day]
        touches = block.touch[day] < chance
        _carry_on(state, touches)
        before = world.remember(state.memory, touches & (block.hour[day] < block.order_hour[day]))
        sooner = world.remember(state.memory, touches & (block.hour[day] < block.enrol_hour[day]))
        state.memory = world.remember(state.memory, touches)
        urge = liking * (np.float32(0.4) + 2 * need) * block.calendar.shopping[day]
        rate = world.order_rate(urge, before)
        rate *= np.where(state.kind > 0, _BY_HAND_WHEN_ENROLLED, np.float32(1))
        person = block.order[day] < rate
        joins = (state.kind == 0) & (block.enrol[day] < world.enrol_rate(enrol_urge, sooner))
        joins &= enrolling
        began = np.where(joins, np.where(homes.owns["appliance"], REPLENISHMENT, SUBSCRIPTION), 0)
        state.kind += began
        state.since[joins], state.cycle[joins], state.due[joins] = day, 0, day + 1
        state.coming[(day + _DELIVERY) % (_DELIVERY + 1)] += person
        machine, ended = _act(state, block, day, rhythms(day) if rhythms else usual)
        state.coming[(day + _DELIVERY) % (_DELIVERY + 1)] += machine
        yield Day(
            *(day, touches, person, began, machine, ended),
            *(state.since.copy(), state.cycle.copy(), state.kind.copy(), state.stock.copy()),
        )
        state.kind[ended] = 0
