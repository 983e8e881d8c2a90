"""Households as they would be if some doubtful links did not hold: a small core for each draw.

Only what could be otherwise is made again: the parts (`identity.parts`) in which some link is doubtful, their
touches, orders and conditions. Everything else is the core's in every draw. What comes apart and neither
orders nor enrols is left out of a draw: it was somebody's whose home is not in view. Where journeys are
persons', a draw also says who used the devices for everybody (`actors.drawing`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline import identity, journeys
from hearthline.identity import BEFORE, Doubt
from hearthline.pipeline.actors.drawing import GIVEN, Shared, shared_sessions
from hearthline.pipeline.conditioning import keep_conditions
from hearthline.pipeline.core import Core, members_of, traits_of
from hearthline.pipeline.making import make
from hearthline.pipeline.resolving import judged_again
from hearthline.schema.journey import Ints
from hearthline.store.duckdb import DuckEngine

__all__ = ["DRAWS", "Doubted", "doubted"]

DRAWS = 4
_AGAIN = ("touches", "homed_enrolments", "orders", "stock", "segments", "marks", "timelines")
_SELECTS = {s.table: s for s in journeys.AFTER_IDENTITY}
_MEMBERS = ("identity", "unit", "person", "valid_from_us", "valid_to_us")
_TAKEN = {
    "kinds": "SELECT * FROM kinds",
    "context_counts": "SELECT context, events, first_us, last_us FROM context_counts",
    "context_places": "SELECT * FROM context_places",
    "places": "SELECT * FROM places",
    "clean": "SELECT c.* FROM clean c JOIN doubted_identities d ON c.identity = d.identity "
    "JOIN (SELECT DISTINCT context FROM context_places) p ON c.context = p.context",
    "enrolments": "SELECT e.* FROM enrolments e JOIN doubted_identities d ON e.identity = d.identity",
    "priced_orders": "SELECT o.* FROM priced_orders o JOIN doubted_identities d ON o.identity = d.identity",
    "lineage": "SELECT l.* FROM lineage l JOIN (SELECT o.shop, o.order_id FROM priced_orders o "
    "JOIN doubted_identities d ON o.identity = d.identity) m ON l.shop = m.shop AND l.order_id = m.order_id",
    "raw_events": "SELECT e.key, e.identity, e.context, e.time, e.time_received, e.signal_number, "
    "e.signal_unit, e.segment FROM raw_events e JOIN doubted_identities d ON e.identity = d.identity "
    "LEFT JOIN (SELECT context FROM kinds WHERE usable AND ({kinds})) k ON e.context = k.context "
    "WHERE e.segment IS NOT NULL OR k.context IS NOT NULL",
}
_ORDER_PLACES = (
    "SELECT DISTINCT p.* FROM order_places p "
    "JOIN priced_orders o ON o.shop = p.shop AND o.order_id = p.order_id "
    "JOIN doubted_identities d ON o.identity = d.identity"
)
_IN_VIEW = (
    "SELECT t.* FROM timelines_drawn t WHERE unit IN (SELECT unit FROM known_units) "
    "OR unit IN (SELECT unit FROM orders WHERE unit IS NOT NULL) "
    "OR unit IN (SELECT unit FROM homed_enrolments WHERE unit IS NOT NULL)"
)
_LEVELS = "signal_attribute = 'level'"
_ACTS = _LEVELS + " OR initiator_kind = 'human' OR modality IN ('voice', 'gesture')"


@dataclass(frozen=True, slots=True)
class Doubted:
    """What hangs on doubtful links, or on who used what.

    Attributes:
        units: keys of the journeys' units that do, ascending.
        home: (units,) key of the household that each is of.
        identities: those of their parts.
        doubt: the links.
        shared: sessions on devices for everybody; None where journeys are the household's.
    """

    units: Ints
    home: Ints
    identities: pa.Array
    doubt: Doubt
    shared: Shared | None

    def among(self, core: Core, units: Ints) -> "Doubted":
        """Return what hangs on doubtful links in some of the households, and in those that go with them."""
        core.engine.load("wanted_units", pa.table({"unit": units}))
        parts = core.engine.table(
            "SELECT DISTINCT d.part FROM doubted_identities d JOIN members m ON m.identity = d.identity "
            "JOIN wanted_units w ON m.unit = w.unit"
        )
        known = np.sort(parts["part"].to_numpy().astype(np.int64))
        return _of_parts(core, _with_lineage(core, known), self.doubt, self.shared)

    def cores(self, core: Core, seed: int) -> Iterator[Core]:
        """Yield `DRAWS` cores that hold these households alone, each as one draw of the links has them.

        A core is good until the next one is asked for.
        """
        judged = judged_again(core.engine, core.settings.identity, core.who, self.identities)
        before = core.engine.table(
            f"SELECT {', '.join(BEFORE.names)} FROM identifiers_found i "
            "JOIN doubted_parts p ON i.part = p.part"
        ).cast(BEFORE)
        names = core.engine.table("SELECT DISTINCT segment FROM segments")["segment"].to_pylist()
        with _beside(core) as engine:
            engine.load("known_units", pa.table({"unit": self.units}))
            if self.shared is not None:
                engine.load("order_places", core.engine.table(_ORDER_PLACES))
            for number, held in enumerate(self.doubt.held(DRAWS, seed).T):
                found, _ = identity.steady(judged(self.doubt.taken_back(held)), before)
                _remade(engine, core, found.members, self.shared and self.shared.drawn(number, seed))
                engine.create("timelines", _IN_VIEW)
                traits = engine.table("SELECT unit, segment FROM segments ORDER BY unit")
                unit, code = traits_of(traits, sorted(names)[: core.layout.segments - 1])
                layout = replace(core.layout, segment_unit=unit, segment_code=code)
                yield replace(core, engine=engine, layout=layout)


def doubted(core: Core) -> Doubted | None:
    """Return what hangs on doubtful links, and persons on who used what; None where nothing does."""
    found = core.who.found
    doubt = identity.doubt_in(found.links, found.identifiers)
    shared = shared_sessions(core) if core.settings.journeys.unit == "person" else None
    parts = np.unique(doubt.part)
    if shared is not None:
        core.engine.load("wanted_units", pa.table({"unit": np.unique(shared.sessions["unit"].to_numpy())}))
        core.engine.load("all_parts", found.parts.select(["identity", "part"]))
        more = core.engine.table(
            "SELECT DISTINCT p.part FROM all_parts p JOIN members_all m ON p.identity = m.identity "
            "JOIN wanted_units w ON m.unit = w.unit"
        )
        parts = np.union1d(parts, more["part"].to_numpy().astype(np.int64))
    if not len(parts):
        return None
    return _of_parts(core, _with_lineage(core, parts), doubt, shared)


def _of_parts(core: Core, parts: Ints, doubt: Doubt, shared: Shared | None) -> Doubted:
    """Return what is in doubt in some parts; the engine learns which they are."""
    found = core.who.found.parts
    some = found.filter(pc.is_in(found["part"], value_set=pa.array(parts)))
    core.engine.load("doubted_identities", some.select(["identity", "part"]))
    core.engine.load("doubted_parts", pa.table({"part": parts}))
    units = core.engine.table(
        "SELECT m.unit, min(a.unit) AS home FROM members m "
        "JOIN doubted_identities d ON m.identity = d.identity "
        "JOIN members_all a ON m.identity = a.identity AND m.valid_from_us = a.valid_from_us "
        "GROUP BY m.unit ORDER BY m.unit"
    )
    unit, home = (units[name].to_numpy().astype(np.int64) for name in ("unit", "home"))
    return Doubted(unit, home, some["identity"].combine_chunks(), doubt, shared)


def _with_lineage(core: Core, parts: Ints) -> Ints:
    """Return the parts with those that their machine-placed orders' enrolments are of, and the other way."""
    pairs = core.engine.table(
        "SELECT DISTINCT o.identity AS bought, e.identity AS enrolled FROM priced_orders o "
        "JOIN lineage l ON o.shop = l.shop AND o.order_id = l.order_id "
        "JOIN enrolments e ON l.enrolment_id = e.enrolment_id WHERE o.identity <> e.identity"
    )
    known = core.who.found.parts
    order = np.argsort(known["identity"].to_numpy())
    identities, part = known["identity"].to_numpy()[order], known["part"].to_numpy()[order].astype(np.int64)
    ends = [pairs[name].to_numpy().astype(np.int64) for name in pairs.column_names]
    at = [np.minimum(np.searchsorted(identities, end), len(identities) - 1) for end in ends]
    seen = (identities[at[0]] == ends[0]) & (identities[at[1]] == ends[1])
    one, other = (part[place[seen]] for place in at)
    while True:
        touched = np.isin(one, parts) | np.isin(other, parts)
        more = np.union1d(parts, np.concatenate([one[touched], other[touched]]))
        if len(more) == len(parts):
            return parts
        parts = more


@contextmanager
def _beside(core: Core) -> Iterator[DuckEngine]:
    """Give an engine with these households' events and orders, as before anybody's home is known."""
    chosen = core.settings.engine
    engine = DuckEngine(chosen.memory, chosen.threads)
    try:
        conditions = core.settings.journeys.conditions
        for table, sql in _TAKEN.items():
            engine.load(table, core.engine.table(sql.replace("{kinds}", _ACTS if conditions else _LEVELS)))
        yield engine
    finally:
        engine.close()


def _remade(engine: DuckEngine, core: Core, members: pa.Table, sessions: pa.Table | None) -> None:
    """Make the households again, as these members have them; with `sessions`, as these persons used what."""
    engine.load("members_all", members.select(_MEMBERS))
    engine.view("members", members_of(core.settings))
    if sessions is not None:
        engine.load("sessions_drawn", sessions)
    for table in _AGAIN:
        if table == "marks":
            keep_conditions(engine, core.settings.journeys)
        select, given = _SELECTS[table], sessions is not None and table in GIVEN
        if given or table == "timelines":
            select = replace(select, table=f"{table}_drawn")
        make(engine, select, {"currency": core.currency})
        if given:
            engine.create(table, GIVEN[table].format(made=select.table))
