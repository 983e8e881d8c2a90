"""Timelines cut into journeys: one per conversion, and the open one after the last.

A timeline is a household's marks in order, each `milliseconds * 2^20 + code`; codes below `PLACES` are
touches at that touchpoint. An order of a person, or an enrolment, ends a journey; machine-placed
orders never do. Beside its touches a journey knows how long the household spent in which baseline
stratum: trait x time since its last order x enrolled or not x stock x derived conditions.

A model of buying as a process in time reads it otherwise (`reach`): what a touch does goes on after the next
order, so touches count in later journeys as well while their window lasts; and when an enrolment begins or
ends the household's journey is cut, for touches then do less or more.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy import sparse

from hearthline.schema.journey import Bools, Floats, Ints, Journeys

__all__ = ["CONDITION", "ENROLMENT", "ORDER", "PLACES", "RECENCY_H", "Layout", "Split", "split"]

ORDER, ENROLMENT, ENDED, MACHINE_ORDER = 1048575, 1048574, 1048573, 1048570
STOCK, _STOCKS = 1048560, 4  # the first of the codes for what is left at home, and how many
CONDITION = 1048540  # the first of the codes for derived conditions, two each: off, on
PLACES = 1_048_000
"""Codes below this are touchpoints."""

_START, _AGED = 0, 1  # kinds of change that no mark stands for
RECENCY_H = (3 * 24.0, 7 * 24.0, 14 * 24.0, 28 * 24.0)
_RECENCIES = len(RECENCY_H) + 2  # the last: no order seen yet
_HOUR_MS, _AGAIN_MS = 3_600_000.0, 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Layout:
    """What the codes mean and when the data begins and ends.

    Attributes:
        channel: (places,) channel of each touchpoint.
        lookback_h: (channels,) look-back window of each channel.
        direct: (channels,) whether the channel is a direct visit.
        first_ms: start of the data.
        last_ms: end of the data; an open journey ends here.
        segment_unit: units that have a trait, ascending.
        segment_code: their trait, 1 ... segments - 1; all others have 0.
        segments: number of traits, the unknown one included.
        conditions: number of derived conditions.
    """

    channel: Ints
    lookback_h: Floats
    direct: Bools
    first_ms: int
    last_ms: int
    segment_unit: Ints
    segment_code: Ints
    segments: int
    conditions: int = 0

    @property
    def strata(self) -> int:
        """Number of baseline strata."""
        return self.segments * _RECENCIES * 2 * (_STOCKS + 1) * (1 << self.conditions)

    def by_age(self, values: Floats) -> Floats:
        """Return (ages,) sums of (strata,) values by the age of the last order, outside enrolments."""
        apart = values.reshape(self.segments, _RECENCIES, 2, -1)
        found: Floats = apart[:, : _RECENCIES - 1, 0].sum(axis=(0, 2))
        return found


@dataclass(frozen=True, slots=True)
class Split:
    """Journeys, and when each began and ended (milliseconds; the data's end where it stayed open)."""

    journeys: Journeys
    start_ms: Ints
    end_ms: Ints


@dataclass(frozen=True, slots=True)
class _Marks:
    """The marks of a batch: the household's row, the time and the code of each, in order.

    `enrolled` says whether an enrolment went on just before it, `holds` just after it.
    """

    row: Ints
    time_ms: Ints
    code: Ints
    units: int
    enrolled: Bools
    holds: Bools

    @classmethod
    def of(cls, lists: pa.ListArray) -> "_Marks":
        flat = lists.flatten().to_numpy(zero_copy_only=False)
        lengths = np.diff(lists.offsets.to_numpy(zero_copy_only=False))
        row = np.repeat(np.arange(len(lists)), lengths)
        code = flat & 0xFFFFF
        change = (code == ENROLMENT).astype(np.int64) - (code == ENDED)
        going_on = _within(row, np.cumsum(change))
        return cls(row, flat >> 20, code, len(lists), going_on - change > 0, going_on > 0)


def split(units: Ints, lists: pa.ListArray, ending: int, layout: Layout, *, reach: bool = False) -> Split:
    """Return the journeys of a batch of timelines; values are 0, the caller knows the money.

    Args:
        units: (k,) the households' keys.
        lists: (k,) their marks, each list ascending.
        ending: `ORDER` or `ENROLMENT`: what ends a journey. Journeys to an enrolment leave out the
            time during which the household was enrolled already.
        layout: what the codes mean.
        reach: whether touches reach over conversions, and enrolments cut.
    """
    marks = _Marks.of(lists)
    cuts = {ending, ENROLMENT, ENDED} if reach else {ending}
    won, ends = marks.code == ending, np.isin(marks.code, list(cuts))
    counts = np.bincount(marks.row[ends], minlength=marks.units)
    first = np.concatenate([[0], np.cumsum(counts + 1)])
    journey = first[marks.row] + _within(marks.row, np.cumsum(ends)) - ends

    n = int(first[-1])
    end_ms = np.full(n, layout.last_ms, np.int64)
    end_ms[journey[ends]] = marks.time_ms[ends]
    start_ms = np.full(n, layout.first_ms, np.int64)
    start_ms[journey[ends] + 1] = marks.time_ms[ends]
    converted = np.zeros(n, bool)
    converted[journey[won]] = True

    unit = np.repeat(units, counts + 1)
    stratum, strata_h = _strata(units, marks, ending, layout, (first, cuts))
    held = np.zeros(n, bool)
    held[journey[ends] + 1] = marks.holds[ends]
    touch = marks.code < PLACES
    if ending == ENROLMENT and not reach:
        touch &= ~marks.enrolled
    at, time_ms, place = journey[touch], marks.time_ms[touch], marks.code[touch]
    channel = layout.channel[place] if len(place) else place
    again = np.zeros(len(place), bool)
    if reach:
        again = _again(marks.row[touch], channel, time_ms)
        until = time_ms + np.rint(layout.lookback_h[channel] * _HOUR_MS).astype(np.int64)
        at, reached = _reached(at, until, unit, start_ms)
        if ending == ENROLMENT:
            at, reached = at[~held[at]], reached[~held[at]]
        time_ms, place, channel, again = time_ms[reached], place[reached], channel[reached], again[reached]
    return Split(
        Journeys(
            unit=unit,
            converted=converted,
            value=np.zeros(n),
            span_h=(end_ms - start_ms) / _HOUR_MS,
            stratum=stratum,
            strata_h=strata_h,
            offsets=np.concatenate([[0], np.cumsum(np.bincount(at, minlength=n))]).astype(np.int64),
            channel=channel,
            gap_h=(end_ms[at] - time_ms) / _HOUR_MS,
            place=place,
            expired=sparse.csr_array((n, len(layout.lookback_h))),
            lookback_h=layout.lookback_h,
            direct=layout.direct,
            held=held & reach,
            again=again,
        ),
        start_ms,
        end_ms,
    )


def _again(row: Ints, channel: Ints, time_ms: Ints) -> Bools:
    """Return (m,) which touches came within a day after another of the same channel and unit."""
    order = np.lexsort((time_ms, channel, row))
    row, channel, time_ms = row[order], channel[order], time_ms[order]
    alike = (row[1:] == row[:-1]) & (channel[1:] == channel[:-1])
    found = np.zeros(len(order), np.bool_)
    found[order[1:]] = alike & (np.diff(time_ms) < _AGAIN_MS)
    return found


def _reached(at: Ints, until: Ints, unit: Ints, start_ms: Ints) -> tuple[Ints, Ints]:
    """Return journeys in ascending order, and which touch counts in each: its own and those that it reaches.

    Args:
        at: (m,) each touch's own journey.
        until: (m,) when its window is over.
        unit: (n,) the journeys' units.
        start_ms: (n,) when they began.
    """
    touch, now = np.arange(len(at)), at
    journeys, touches = [at], [touch]
    while len(touch):
        now = now + 1
        there = now < len(unit)
        now, touch = now[there], touch[there]
        reaches = (unit[now] == unit[at[touch]]) & (start_ms[now] < until[touch])
        now, touch = now[reaches], touch[reaches]
        journeys.append(now)
        touches.append(touch)
    of, again = np.concatenate(journeys), np.concatenate(touches)
    order = np.lexsort((again, of))
    return of[order], again[order]


def _within(row: Ints, running: Ints) -> Ints:
    """Return a running count that begins anew with each row; rows are ascending."""
    if not len(row):
        return running
    begins = np.flatnonzero(np.diff(row, prepend=-1))
    before = np.concatenate([[0], running])[begins]
    anew: Ints = running - np.repeat(before, np.diff(np.append(begins, len(row))))
    return anew


def _last(row: Ints, set_here: Bools, value: Ints, unset: int) -> Ints:
    """Return at each position the value set last in its row, or `unset`."""
    position = np.where(set_here, np.arange(len(row)), -1)
    latest = np.maximum.accumulate(position) if len(row) else position
    known = latest >= 0
    known[known] = row[latest[known]] == row[known]
    filled: Ints = np.where(known, value[latest], unset)
    return filled


def _strata(
    units: Ints, marks: _Marks, ending: int, layout: Layout, cut: tuple[Ints, set[int]]
) -> tuple[Ints, sparse.csr_array]:
    """Return the stratum at the end of each journey, and the hours each journey spent in each.

    `cut` holds each household's first journey, and the codes that end one.
    """
    first, cuts = cut
    row, time_ms, code, value = _changes(marks, layout)
    ordered = (code == ORDER) | (code == MACHINE_ORDER)
    recency = _last(row, ordered | (code == _AGED), np.where(code == _AGED, value, 0), _RECENCIES - 1)
    stocked = (code >= STOCK) & (code < STOCK + _STOCKS)
    stock = _last(row, stocked, code - STOCK + 1, 0)
    step = (code == ENROLMENT).astype(np.int64) - (code == ENDED)
    enrolled = _within(row, np.cumsum(step)) > 0
    trait = _traits(units, layout)[row]
    stratum = ((trait * _RECENCIES + recency) * 2 + enrolled) * (_STOCKS + 1) + stock
    for number in range(layout.conditions):
        turned = code - CONDITION - 2 * number
        stratum = 2 * stratum + _last(row, (turned == 0) | (turned == 1), turned, 0)

    ends = np.isin(code, list(cuts))
    journey = first[row] + _within(row, np.cumsum(ends))
    until = np.append(time_ms[1:], layout.last_ms) if len(row) else time_ms
    last_of_row = np.append(row[1:] != row[:-1], True) if len(row) else ends
    until = np.where(last_of_row, layout.last_ms, until)
    hours = np.maximum(until - time_ms, 0) / _HOUR_MS
    if ending == ENROLMENT:
        hours[enrolled] = 0.0
    n = int(first[-1])
    strata_h = sparse.coo_array((hours, (journey, stratum)), shape=(n, layout.strata)).tocsr()
    at_end = np.zeros(n, np.int64)
    at_end[journey] = stratum  # positions ascend, so the last one before the end stays
    return at_end, strata_h


def _changes(marks: _Marks, layout: Layout) -> tuple[Ints, Ints, Ints, Ints]:
    """Return row, time, code and value of everything that changes a stratum, in order.

    Beside the marks: the data's start for every household, and the moments at which its last order
    became three days (it may be under way till then), a week, two weeks, four weeks old.
    """
    state = marks.code >= PLACES
    row, time_ms, code = marks.row[state], marks.time_ms[state], marks.code[state]
    ordered = np.flatnonzero((code == ORDER) | (code == MACHINE_ORDER))
    rows, times = row[ordered], time_ms[ordered]
    following = np.append(times[1:], layout.last_ms) if len(times) else times
    if len(rows):
        following[np.append(rows[1:] != rows[:-1], True)] = layout.last_ms
    aged = [times + int(age * _HOUR_MS) for age in RECENCY_H]
    kept = [a < following for a in aged]
    everyone = np.arange(marks.units)
    all_row = np.concatenate([everyone, row, *(rows[k] for k in kept)])
    all_time = np.concatenate(
        [np.full(marks.units, layout.first_ms), time_ms, *(a[k] for a, k in zip(aged, kept, strict=True))]
    )
    ages = [np.full(int(k.sum()), i + 1) for i, k in enumerate(kept)]
    none = [np.full(len(a), _AGED) for a in ages]
    all_code = np.concatenate([np.full(marks.units, _START), code, *none])
    all_value = np.concatenate([np.zeros(marks.units + len(row), np.int64), *ages])
    order = np.lexsort((all_code, all_time, all_row))
    return all_row[order], all_time[order], all_code[order], all_value[order]


def _traits(units: Ints, layout: Layout) -> Ints:
    """Return the trait of each unit, 0 where there is none."""
    if not len(layout.segment_unit):
        return np.zeros(len(units), np.int64)
    at = np.minimum(np.searchsorted(layout.segment_unit, units), len(layout.segment_unit) - 1)
    return np.where(layout.segment_unit[at] == units, layout.segment_code[at], 0)
