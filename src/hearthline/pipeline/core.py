"""The relational core on an engine: from the lake's files to orders, lineage and timelines."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np
import pyarrow as pa

from hearthline import identity, journeys
from hearthline.identity import LINKS, Known, Policies, Renamed, Resolution
from hearthline.journeys import Layout
from hearthline.pipeline.conditioning import keep_conditions
from hearthline.pipeline.making import make
from hearthline.pipeline.renaming import read_as_one
from hearthline.pipeline.resolving import Resolved, resolved
from hearthline.pipeline.withdrawing import heed_withdrawals
from hearthline.schema.errors import BadConfig, NothingToAnswer
from hearthline.schema.journey import Ints
from hearthline.schema.settings import Settings
from hearthline.store.engine import Engine
from hearthline.store.lake import Lake

__all__ = [
    "MOST_CHANNELS",
    "NOBODYS",
    "RESOLVED",
    "Core",
    "Progress",
    "build_core",
    "make",
    "members_of",
    "silent",
    "traits_of",
]

MOST_CHANNELS = 250
NOBODYS = "(-1 - unit)"
"""Key of what a household did without anybody known, where journeys are persons'."""
_RATE, _OFF = Decimal("1e-8"), Decimal("1e-4")
RESOLVED = ("members_all", "links_found", "homes_found", "devices_found", "identifiers_found")
Progress = Callable[[str], None]


def silent(stage: str) -> None:
    """Show nothing."""


@dataclass(slots=True)
class Core:
    """What the relational core left on the engine, and what is needed to read it.

    Tables on the engine: those of `journeys.BEFORE_IDENTITY` and `AFTER_IDENTITY`, `members`, and those
    of identity's answer (`RESOLVED`): the engine can spill what Python would have to hold.
    """

    engine: Engine
    settings: Settings
    currency: str
    layout: Layout
    channels: pa.Table
    places: pa.Table
    changes: pa.Table
    who: Resolved
    stages: dict[str, float] = field(default_factory=dict)


def build_core(
    engine: Engine,
    lake: Lake,
    settings: Settings,
    progress: Progress = silent,
    before: tuple[pa.Table | None, Known | None] = (None, None),
) -> Core:
    """Return the core over everything in the lake.

    Args:
        engine: what runs it.
        lake: what came in.
        settings: the home's settings.
        progress: called with the name of each stage.
        before: of the run before, identity's `BEFORE`, so that households and persons keep their keys, and
            what it knew, so that only what is touched by news is judged anew.

    Raises:
        NothingToAnswer: the lake holds no event.
        BadConfig: a rate of the settings is too small to be kept.
    """
    if not lake.files("events"):
        if lake.files("rejects"):
            raise NothingToAnswer(
                f"{lake.folder.parent}: no events: all that came was refused; `hearthline rejects --home "
                f"{lake.folder.parent}` says why and what to do"
            )
        raise NothingToAnswer(
            f"{lake.folder.parent}: no events yet; add some with `hearthline run events.csv orders.csv`"
        )
    renamed = read_as_one(engine, lake)
    policies = Policies(settings.identity.policies, settings.identity.blocked)
    withdrawn = heed_withdrawals(engine, lake, policies, use_unknown=settings.consent.unknown == "use")
    parameters = {
        "use_unknown": "TRUE" if settings.consent.unknown == "use" else "FALSE",
        "most_channels": str(MOST_CHANNELS),
        "currency": "",
    }
    progress("removing duplicates")
    for select in journeys.BEFORE_IDENTITY:
        make(engine, select, parameters)
    progress("finding homes and devices")
    keys, known = before
    who = resolved(engine, lake, settings.identity, (known, renamed))
    who.kept["known_withdrawn"] = withdrawn
    if keys is not None:
        keys = keys.set_column(0, "id", renamed.of(keys["id"]))
    found, changes = identity.steady(who.found, keys)
    _load_resolution(engine, replace(found, links=_with_names(found.links, renamed)), settings)
    currency = ""
    for select in journeys.AFTER_IDENTITY:
        progress(f"making {select.table.replace('_', ' ')}")
        make(engine, select, parameters)
        if select.table == "stock":
            keep_conditions(engine, settings.journeys)
        if select.table == "order_versions":
            currency = parameters["currency"] = _load_rates(engine, settings)
    channels = engine.table("SELECT channel, name, touches, stage FROM channels ORDER BY channel")
    places = engine.table("SELECT * FROM places ORDER BY place")
    layout = _layout(engine, settings, channels, places)
    return Core(engine, settings, currency, layout, channels, places, changes, who)


def _with_names(links: pa.Table, renamed: Renamed) -> pa.Table:
    """Return the links with those that join two hashes of one value."""
    shown = links.select(LINKS.names)
    return pa.concat_tables([shown, renamed.links()]) if renamed.names.num_rows else shown


def _load_resolution(engine: Engine, found: Resolution, settings: Settings) -> None:
    """Load who is who; `members` has the unit that journeys are made for, household or person."""
    for name, rows in zip(RESOLVED, found.tables(), strict=True):
        engine.load(name, rows)
    engine.view("members", members_of(settings))


def members_of(settings: Settings) -> str:
    """Return the SELECT of `members`: who was of which unit when, a household's or a person's.

    A household has the key of one of its persons. Where units are persons, what is nobody's alone has a key
    of its own: a device for everybody is nobody's.
    """
    unit = f"coalesce(person, {NOBODYS})" if settings.journeys.unit == "person" else "unit"
    return f"SELECT identity, {unit} AS unit, person, valid_from_us, valid_to_us FROM members_all"


def _load_rates(engine: Engine, settings: Settings) -> str:
    """Load what one unit of each currency is worth in the reporting currency; return that currency.

    Raises:
        BadConfig: a rate is too small to be kept.
    """
    counted = engine.table(
        "SELECT currency, count(*) AS n FROM order_versions WHERE currency IS NOT NULL "
        "GROUP BY currency ORDER BY n DESC, currency"
    )
    money = settings.money
    most = counted["currency"][0].as_py() if counted.num_rows else "EUR"
    currency: str = money.currency or most
    rates = {**money.rates, currency: 1.0}
    decimals = [_kept_rate(name, currency, rate) for name, rate in rates.items()]
    engine.load(
        "rates",
        pa.table(
            {"currency": pa.array(list(rates), pa.string()), "rate": pa.array(decimals, pa.decimal128(18, 8))}
        ),
    )
    return currency


def _kept_rate(name: str, currency: str, rate: float) -> Decimal:
    """Return a rate as it is kept, to the eighth decimal.

    Raises:
        BadConfig: that is not the rate any more: it is more than a ten-thousandth off.
    """
    said = Decimal(str(rate))
    kept = said.quantize(_RATE)
    if abs(kept - said) > _OFF * abs(said):
        raise BadConfig(
            f"settings: [money] rates are kept to the eighth decimal, so {name} = {said:f} would count as "
            f"{kept:f} {currency}; round it, leave it out where nothing is in {name}, or report in another "
            "currency ([money] currency)"
        )
    return kept


def _layout(engine: Engine, settings: Settings, channels: pa.Table, places: pa.Table) -> Layout:
    names = channels["name"].to_pylist()
    stages = channels["stage"].to_pylist()
    chosen = settings.journeys
    days = [
        chosen.lookback.get(name, chosen.lookback.get(f"stage:{stage}", chosen.lookback_days))
        for name, stage in zip(names, stages, strict=True)
    ]
    span = engine.table("SELECT min(first_us) AS first_us, max(last_us) AS last_us FROM context_counts")
    traits = engine.table("SELECT unit, segment FROM segments ORDER BY unit")
    distinct = sorted(set(traits["segment"].to_pylist()))[:7]
    unit, code = traits_of(traits, distinct)
    return Layout(
        channel=places["channel"].to_numpy().astype(np.int64),
        lookback_h=np.array(days, dtype=np.float64) * 24.0,
        direct=np.array([n in chosen.direct for n in names], dtype=np.bool_),
        first_ms=span["first_us"][0].as_py() // 1000,
        last_ms=span["last_us"][0].as_py() // 1000 + 1,
        segment_unit=unit,
        segment_code=code,
        segments=len(distinct) + 1,
        conditions=len(chosen.conditions),
    )


def traits_of(traits: pa.Table, distinct: list[str]) -> tuple[Ints, Ints]:
    """Return the units that have a trait, ascending, and its code: its place among `distinct`, from 1."""
    code = {name: i + 1 for i, name in enumerate(distinct)}
    codes = np.array([code.get(s, 0) for s in traits["segment"].to_pylist()], dtype=np.int64)
    return traits["unit"].to_numpy().astype(np.int64), codes
