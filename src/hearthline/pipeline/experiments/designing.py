"""How long an experiment must last: measured on the home's own past, not assumed."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from hearthline.experiments import KINDS, Power, chosen, detectable, keys_of, needed, power_of
from hearthline.pipeline.experiments.believing import credit_of
from hearthline.pipeline.experiments.book import Planned
from hearthline.pipeline.experiments.expecting import expected_in
from hearthline.pipeline.experiments.reading import (
    Arms,
    Read,
    arms_of,
    days_of,
    money_of,
    of_households,
    takings,
)
from hearthline.pipeline.experiments.tables import learned
from hearthline.schema import text
from hearthline.schema.errors import NothingToAnswer
from hearthline.schema.figure import Column, Figure
from hearthline.schema.journey import Floats, Ints
from hearthline.store.answer import PublishedAnswer

__all__ = ["Design", "design_figure", "planned_errors"]

_PAST = (14, 28, 42, 56, 84)
_TESTED = 56
"""Days of an experiment where channels are compared by what it would teach."""
_WEEKS = (2, 4, 6, 8, 12, 16, 26)
_ENOUGH = 0.8
QUESTION = "How long must an experiment on this channel last, and what will it be able to see?"
DEFINITION = (
    "Each row is an experiment of that many weeks in which chance leaves the channel off in one part of the "
    "households. Expected = what the default model (calibrated, where there were experiments) says the "
    "channel causes for one household of the experiment in that time, with its interval (90%); where a list "
    "names regions, these are the households that it names, with the credit of their own orders, and the "
    "interval is as much wider as they are fewer. Error = the standard error that the difference between "
    "the arms will have: measured on the last 2, 4, 6, 8 and 12 weeks of the data, as far as as many weeks "
    "before them are there to adjust by, and carried on from these. Power = chance that the interval "
    "(90%) leaves out 0 if the expected effect is true: with one look at the end, and for those who look "
    "every day with the interval that allows for it. Smallest = the effect that one look sees in 80% of "
    "cases. Forgone = the expected revenue that is lost where the channel is off."
)
COLUMNS = (
    Column("weeks", "Weeks", "count"),
    Column("expected", "Expected a home", "money", low="expected_low", high="expected_high"),
    Column("error", "Error", "money"),
    Column("power", "Power, one look", "number"),
    Column("power_always", "Power, looking daily", "number"),
    Column("smallest", "Smallest seen", "money"),
    Column("forgone", "Forgone", "money"),
)


@dataclass(frozen=True, slots=True)
class Design:
    """What is asked: the channel, the part that is off, regions by identifier, one more duration."""

    channel: str
    off: float = 0.5
    regions: dict[str, str] | None = None
    weeks: int | None = None


def errors_at(read: Read, days: list[int], off: float, arms: Arms, kind: str = "all") -> Floats:
    """Return the standard errors of a difference after so many days, from the last days of the data.

    They are those of one kind of orders; all of them 0 where the past has none.

    Raises:
        NothingToAnswer: the data are shorter than four weeks.
    """
    first, last = days_of(read)
    have = (last - first).days + 1
    past = _measured(have)
    if not past or len(arms.unit) < 6:
        raise NothingToAnswer(
            f"experiment: too little to plan with; got {have} days and {len(arms.unit)} households; "
            "wait for four weeks of data"
        )
    windows = [np.stack(_window(read, arms, (last, d), kind)) for d in past]
    history = np.stack(windows, axis=2).transpose(1, 0, 2)
    known = needed(history, off, arms.cluster)
    tells = known > 0.0  # a window without such orders tells nothing
    if not tells.any():
        return np.zeros(len(days))
    past, known = [d for d, told in zip(past, tells, strict=True) if told], known[tells]
    slope = 0.5
    if len(past) > 1:
        slope = float(np.clip(np.log(known[-1] / known[0]) / np.log(past[-1] / past[0]), 0.4, 1.0))
    wanted = np.array(days, np.float64)
    inside = np.exp(np.interp(np.log(wanted), np.log(past), np.log(known)))
    beyond = known[-1] * (wanted / past[-1]) ** slope
    short = known[0] * (wanted / past[0]) ** slope
    return np.asarray(
        np.where(wanted > past[-1], beyond, np.where(wanted < past[0], short, inside)), np.float64
    )


def _measured(have: int) -> list[int]:
    """Return the days on whose error so many days of data can be asked."""
    return [d for d in _PAST if 2 * d <= have]


def _window(read: Read, arms: Arms, until: tuple[date, int], kind: str) -> tuple[Floats, Floats]:
    last, days = until
    start = last - timedelta(days=days - 1)
    spans = ((start, last), (start - timedelta(days=days), start - timedelta(days=1)))
    now, before = (takings(read, arms, *span, kind)[: len(arms.unit)] for span in spans)
    return now, before


def planned_errors(read: Read, planned: Planned) -> dict[str, float]:
    """Return by kind of orders the standard error planned for the end, where the past tells it."""
    days = [planned.days(planned.end)]
    try:
        arms = arms_of(read, planned)
        found = {kind: float(errors_at(read, days, planned.off, arms, kind)[0]) for kind in KINDS}
    except NothingToAnswer:
        return {}
    return {kind: error for kind, error in found.items() if error > 0.0}


def _everybody(read: Read, regions: dict[str, str] | None) -> Arms:
    """Return all households, or those whose region is known."""
    of_households(read)
    unit: Ints = read("SELECT unit FROM {households} ORDER BY unit")["unit"].to_numpy().astype(np.int64)
    if regions is None:
        return Arms(unit, np.zeros(len(unit), np.bool_))
    rows = read("SELECT id, unit FROM {identifiers} WHERE unit IS NOT NULL ORDER BY id")
    found: dict[int, str] = {}
    for name, key in zip(rows["id"].to_pylist(), rows["unit"].to_pylist(), strict=True):
        if name in regions:
            found.setdefault(key, regions[name])
    known = np.array(sorted(found), np.int64)
    return Arms(known, np.zeros(len(known), np.bool_), keys_of([found[u] for u in known.tolist()]))


def powers(read: Read, asked: Design, arms: Arms, each: float) -> list[Power]:
    """Return what experiments of several durations can see of so much money a household in all days."""
    first, last = days_of(read)
    each_day = each / ((last - first).days + 1)
    weeks = sorted({*_WEEKS, *([asked.weeks] if asked.weeks else [])})
    errors = errors_at(read, [7 * w for w in weeks], asked.off, arms)
    return [
        Power(
            *(7 * w, each_day * 7 * w, float(e)),
            once=power_of(each_day * 7 * w, float(e)),
            always=power_of(each_day * 7 * w, float(e), always=True),
            smallest=detectable(float(e)),
        )
        for w, e in zip(weeks, errors, strict=True)
    ]


def usual_error(found: list[Power]) -> float:
    """Return the error at which channels are compared: after eight weeks, whatever else is shown."""
    return next(p.error for p in found if p.days == _TESTED)


def first_to_test(read: Read, count: int, errors: float, part: float = 1.0) -> list[str]:
    """Return the channels whose experiments would leave least doubt, best first.

    Args:
        read: reads the answer.
        count: how many.
        errors: the standard error that a lift, in money for all homes of the experiment, would have.
        part: which part of a channel's effect an experiment shows.
    """
    default = read("SELECT model FROM {models} WHERE is_default AND state = 'ok'")["model"].to_pylist()
    model = learned(read, []).get(default[0]) if default else None
    if model is None:
        return []
    names, n = model.credit.channels, len(model.credit.channels)
    both = np.hstack([np.eye(n), np.eye(n)])
    belief = type(model.after)(both @ model.after.mean, both @ model.after.covariance @ both.T)
    return [names[i] for i in chosen(belief, np.full(n, part), np.full(n, errors), count).tolist()]


def design_figure(read: Read, asked: Design, answer: PublishedAnswer) -> Figure:
    """Return the design as a figure; see `Experiments.design`."""
    arms = _everybody(read, asked.regions)
    expected = expected_in(read, asked.channel, arms.unit, whole=asked.regions is None)
    found = powers(read, asked, arms, expected.each)
    homes, total = expected.homes, expected.each
    ratio = (expected.low / total, expected.high / total) if total else (0.0, 0.0)
    rows = [_row(p, ratio, homes * asked.off) for p in found]
    enough = next((p for p in found if p.once >= _ENOUGH), None)
    often = next((p for p in found if p.always >= _ENOUGH), None)
    if enough is None:
        title = f"No experiment on {asked.channel} of up to {found[-1].days // 7} weeks sees what is expected"
    else:
        weeks = text.plural(enough.days // 7, "week")
        title = f"{weeks} are enough to see what {asked.channel} is expected to cause"
    doubt = usual_error(found) * homes
    first = first_to_test(read, max(len(credit_channels(read)) // 3, 1), doubt, expected.part)
    extra = {
        "Enough, one look": text.plural(enough.days // 7, "week") if enough else "none of these",
        "Enough, looking daily": text.plural(often.days // 7, "week") if often else "none of these",
        "Households": text.count(homes),
        "Test first": ", ".join(first) or text.MISSING,
    }
    return Figure(
        name="experiment_design",
        title=title,
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=pa.Table.from_pylist(rows, schema=_SCHEMA),
        notes=_notes(read, asked, found),
        source=answer.source,
        currency=answer.currency,
        extra=extra,
        command=f"hearthline experiment design {asked.channel}",
    )


_SCHEMA = pa.schema(
    [
        ("weeks", pa.int64()),
        *((n, pa.decimal128(24, 6)) for n in ("expected", "expected_low", "expected_high", "error")),
        ("power", pa.float64()),
        ("power_always", pa.float64()),
        ("smallest", pa.decimal128(24, 6)),
        ("forgone", pa.decimal128(24, 6)),
    ]
)


def _row(power: Power, ratio: tuple[float, float], homes_off: float) -> dict[str, Any]:
    ends = sorted(power.expected * r for r in ratio)
    money = {
        "expected": power.expected,
        "expected_low": min(ends[0], power.expected),
        "expected_high": max(ends[1], power.expected),
        "error": power.error,
        "smallest": power.smallest,
        "forgone": power.expected * homes_off,
    }
    said = {"weeks": power.days // 7}
    rounded = {"power": round(power.once, 3), "power_always": round(power.always, 3)}
    return {**said, **rounded, **{n: money_of(v) for n, v in money.items()}}


def credit_channels(read: Read) -> tuple[str, ...]:
    """Return the channels that models credit."""
    found = credit_of(read)
    return next(iter(found.values())).channels if found else ()


def _notes(read: Read, asked: Design, found: list[Power]) -> tuple[str, ...]:
    first, last = days_of(read)
    have = (last - first).days + 1
    measured, whole = (text.plural(days // 7, "week") for days in (max(_measured(have)), have))
    notes = [f"Beyond {measured} the error is carried on, not measured: the data are {whole} long."]
    if found[-1].expected <= 0.0:
        notes.append(
            f"The model credits {asked.channel} with nothing: an experiment can only say that it is small."
        )
    if asked.regions is not None:
        notes.append("Regions are the sample: more households in the same regions hardly help.")
    return tuple(notes)
