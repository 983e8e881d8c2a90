"""Who used which device, and who gets which part of the credit: probabilities, never a guess.

A session on a person's own browser or phone is that person's. One on a device for everybody goes to
`identity.actors`. A machine's order is the machine's. No number of a household depends on any of this;
intervals of persons' journeys do (`drawing`).
"""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline.identity import actors as model
from hearthline.identity.actors import Sessions
from hearthline.pipeline.core import Core
from hearthline.pipeline.making import make
from hearthline.schema.select import selects
from hearthline.store.duckdb import DuckEngine

__all__ = ["ACTORS", "MOST_MEMBERS", "find_actors", "keep_actors"]

MOST_MEMBERS = 6
"""So many members of a household, the most active ones, can be the actor; the rest is somebody else."""
ON_ENGINE = selects(
    "hearthline.pipeline.actors", "sessions", "residents", "presences", "bought", "order_places"
)
IN_ANSWER = selects("hearthline.pipeline.actors", "order_actors", "person_credit")
_HALF_HOUR_US = 1_800_000_000
_DAY_US = 86_400_000_000
_BATCH = 20_000

ACTORS = pa.schema(
    [
        ("unit", pa.int64()),
        ("bucket_us", pa.int64()),
        ("kind", pa.string()),
        ("device", pa.int64()),
        ("time_us", pa.int64()),
        ("actor", pa.string()),
        ("person", pa.int64()),
        ("probability", pa.float64()),
        ("basis", pa.string()),
        ("events", pa.int64()),
    ]
)


def find_actors(core: Core) -> None:
    """Load the engine with `actors_found` (schema `ACTORS`) and `order_places` (the sessions of orders)."""
    for select in ON_ENGINE:
        make(core.engine, select, {})
    found = ACTORS.empty_table()
    if core.settings.identity.actors:
        found = _assigned(core, core.engine.table("SELECT * FROM sessions ORDER BY unit, bucket, kind"))
    core.engine.load("actors_found", found)


def keep_actors(core: Core, writer: DuckEngine) -> None:
    """Keep the tables `actors`, `order_actors` and `person_credit` in the answer, of what was found."""
    for table in ("actors_found", "order_places"):
        writer.load(table, core.engine.table(f"SELECT * FROM {table}"))
    kept = {name: writer.kept(name) for name in ("touch_credits", "orders", "touchpoints", "models")}
    for select in IN_ANSWER:
        make(writer, replace(select, table=f"draft_{select.table}"), kept)
        writer.append(select.table, writer.table(f"SELECT * FROM draft_{select.table}"))
    columns = (
        "unit, make_timestamptz(time_us) AS time, kind, device, actor, person, probability, basis, events"
    )
    writer.append("actors", writer.table(f"SELECT {columns} FROM actors_found"))


def _assigned(core: Core, found: pa.Table) -> pa.Table:
    """Return the actors of all sessions, one row an actor (schema `ACTORS`)."""
    residents = core.engine.table("SELECT * FROM residents ORDER BY unit, events DESC, person")
    owned = pc.and_(pc.equal(found["own"], 1), pc.is_valid(found["owner"]))
    parts = [_certain(found.filter(owned))]
    shared = found.filter(pc.invert(owned))
    if shared.num_rows:
        presences = core.engine.table("SELECT * FROM presences")
        parts += _shared(shared, residents, presences)
    return pa.concat_tables(parts)


def _certain(rows: pa.Table) -> pa.Table:
    """Return sessions on devices of one person: theirs."""
    return _rows(
        rows, pa.repeat("person", rows.num_rows), rows["owner"], np.ones(rows.num_rows), "own device"
    )


def _rows(rows: pa.Table, actor: pa.Array, person: pa.Array, chance: np.ndarray, basis: str) -> pa.Table:
    named = {
        "actor": actor,
        "person": person,
        "probability": chance,
        "basis": pa.repeat(basis, rows.num_rows),
        "bucket_us": rows["bucket"],
    }
    return pa.table(
        {f.name: named.get(f.name, rows[f.name] if f.name in rows.column_names else None) for f in ACTORS}
    ).cast(ACTORS)


def _shared(rows: pa.Table, residents: pa.Table, presences: pa.Table) -> list[pa.Table]:
    """Return sessions on devices for everybody, some households at a time."""
    units, home = np.unique(rows["unit"].to_numpy(), return_inverse=True)
    seats, enrolled = _seats(units, residents)
    sessions = _sessions(rows, home, (units, seats, enrolled), presences)
    several = (seats >= 0).sum(axis=1) > 1
    told = _told_apart(sessions, several)
    habits = model.fit(told)
    chance = model.at_once(sessions, habits)
    at = np.flatnonzero(several[home])
    for first in range(0, int(several.sum()), _BATCH):
        part = told.of_homes(first, first + _BATCH)
        begin = int(np.searchsorted(told.home, first))
        chance[at[begin : begin + part.n]] = model.assign(part, habits)
    parts = []
    for first in range(0, len(units), _BATCH):
        last = min(first + _BATCH, len(units))
        begin, end = np.searchsorted(home, [first, last])
        parts += _told(rows.slice(begin, end - begin), seats[home[begin:end]], chance[begin:end])
    return parts


def _told_apart(sessions: Sessions, several: np.ndarray) -> Sessions:
    """Return the sessions of households with several members, those numbered anew."""
    at = several[sessions.home]
    columns = ("hour", "device", "category", "presence", "voice", "naming", "label", "time_s")
    return Sessions(
        home=(np.cumsum(several) - 1)[sessions.home[at]],
        known=sessions.known[several],
        enrolled=sessions.enrolled[several],
        **{name: getattr(sessions, name)[at] for name in columns},
    )


def _seats(units: np.ndarray, residents: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """Return (homes, members) the persons of each household (-1: an empty seat), and who can be named."""
    most = max(1, MOST_MEMBERS)
    seats = np.full((len(units), most), -1, np.int64)
    enrolled = np.zeros((len(units), most), bool)
    unit = residents["unit"].to_numpy()
    at = np.searchsorted(units, unit)
    here = (at < len(units)) & (units[np.minimum(at, len(units) - 1)] == unit)
    first = np.append(True, unit[1:] != unit[:-1])
    begin = np.maximum.accumulate(np.where(first, np.arange(len(unit)), 0)) if len(unit) else at
    place = np.arange(len(unit)) - begin
    kept = here & (place < most)
    seats[at[kept], place[kept]] = residents["person"].to_numpy()[kept]
    enrolled[at[kept], place[kept]] = residents["enrolled"].to_numpy()[kept] > 0
    return seats, enrolled


def _sessions(
    rows: pa.Table, home: np.ndarray, who: tuple[np.ndarray, np.ndarray, np.ndarray], presences: pa.Table
) -> Sessions:
    """Return the sessions as the model wants them; times become local hours."""
    units, seats, enrolled = who
    local = rows["time_us"].to_numpy() + pc.fill_null(rows["tz_offset_min"], 0).to_numpy() * 60_000_000
    weekend = (local // _DAY_US + 3) % 7 >= 5  # 1 January 1970 was a Thursday
    said = pc.fill_null(rows["said"], -1).to_numpy()
    named = (seats[home] == said[:, None]) & (said >= 0)[:, None]
    kind = rows["kind"].combine_chunks()
    tv = pc.is_in(kind, value_set=pa.array(["tv", "display"])).to_numpy(zero_copy_only=False)
    categories = rows["category"].combine_chunks().dictionary_encode().indices
    devices = pc.binary_join_element_wise(
        pa.array(home).cast(pa.string()),
        kind,
        pc.fill_null(rows["device"], 0).combine_chunks().cast(pa.string()),
        ":",
    )
    return Sessions(
        home=home.astype(np.int64),
        hour=local % _DAY_US // 3_600_000_000 + 24 * weekend,
        device=devices.dictionary_encode().indices.to_numpy().astype(np.int64),
        category=pc.fill_null(categories, -1).to_numpy(zero_copy_only=False).astype(np.int64),
        presence=_presence(rows, home, (units, seats), presences),
        voice=np.where(named.any(axis=1), named.argmax(axis=1), -1),
        naming=tv.astype(np.int64),
        label=np.full(len(home), -1),
        time_s=rows["time_us"].to_numpy() // 1_000_000,
        known=seats >= 0,
        enrolled=enrolled,
    )


def _presence(
    rows: pa.Table, home: np.ndarray, who: tuple[np.ndarray, np.ndarray], presences: pa.Table
) -> np.ndarray:
    """Return (n, members) whether each member's own device showed itself in that or the last half hour."""
    units, seats = who
    unit, person = presences["unit"].to_numpy(), presences["person"].to_numpy()
    slot = presences["bucket"].to_numpy() // _HALF_HOUR_US
    first = int(slot.min(initial=0))
    people, seat = np.unique(np.stack([unit, person], axis=1), axis=0, return_inverse=True)
    span = int(slot.max(initial=0)) - first + 3
    shown = np.unique(seat.reshape(-1) * span + slot - first)
    found = np.full(seats.shape, -1, np.int64)
    at = np.searchsorted(units, people[:, 0])
    for number, (row, (_, one)) in enumerate(zip(at.tolist(), people.tolist(), strict=True)):
        if row < len(units) and units[row] == people[number, 0]:
            found[row, seats[row] == one] = number
    carrier = found[home]
    now = rows["bucket"].to_numpy()[:, None] // _HALF_HOUR_US - first
    code = np.where(carrier < 0, model.NO_DEVICE, model.SILENT)
    for back in (0, 1):
        here = (now >= back) & (now < span + back) & (carrier >= 0)
        code[here & np.isin(carrier * span + now - back, shown)] = model.HERE
    return code


def _told(rows: pa.Table, seats: np.ndarray, chance: np.ndarray) -> list[pa.Table]:
    """Return the rows of each member with a chance worth telling, and of somebody else."""
    parts = []
    for place in range(chance.shape[1]):
        if place < seats.shape[1]:
            at = np.flatnonzero(seats[:, place] >= 0)
            person, actor = pa.array(seats[at, place]), "person"
        else:
            at, actor = np.arange(len(seats)), "unknown"
            person = pa.nulls(len(at), pa.int64())
        if len(at):
            some = rows.take(pa.array(at))
            parts.append(_rows(some, pa.repeat(actor, len(at)), person, chance[at, place], "estimated"))
    return parts
