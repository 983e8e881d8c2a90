"""Draws of who used the devices for everybody: there a person's journey is as doubtful as a link."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.special import ndtr

from hearthline.pipeline.core import NOBODYS, Core
from hearthline.schema.journey import Bools, Floats, Ints

__all__ = ["GIVEN", "Shared", "shared_sessions"]

TOGETHER = 0.15
"""How far the sessions of one home lean the same way in a draw (correlation of their normal scores).

A sum over some sixty sessions spreads two and a half times as far as if each had a die of its own: so far,
the truth was found to lie off (`person_credit`).
"""
GIVEN = {
    "touches": "SELECT coalesce(s.person, t.unit) AS unit, t.time_ms, t.place FROM {made} t "
    "LEFT JOIN places p ON t.place = p.place LEFT JOIN sessions_drawn s ON s.nobodys = t.unit "
    "AND s.bucket_us = t.time_ms * 1000 - (t.time_ms * 1000) % 1800000000 "
    "AND s.kind = coalesce(p.device_kind, 'unknown')",
    "homed_enrolments": "SELECT e.* REPLACE (coalesce(s.person, e.unit) AS unit) FROM {made} e "
    "LEFT JOIN (SELECT nobodys, bucket_us, min_by(person, kind) AS person FROM sessions_drawn "
    "GROUP BY nobodys, bucket_us) s "
    "ON s.nobodys = e.unit AND s.bucket_us = e.time_us - e.time_us % 1800000000",
    "orders": "SELECT o.* REPLACE (coalesce(s.person, o.unit) AS unit) FROM {made} o "
    "LEFT JOIN order_places p ON p.order_kind = 'person' AND o.shop = p.shop AND o.order_id = p.order_id "
    "LEFT JOIN sessions_drawn s ON s.nobodys = o.unit AND s.bucket_us = p.bucket "
    "AND s.kind = coalesce(p.kind, 'unknown')",
}
"""By table, what gives the household's own rows to the persons in the table `sessions_drawn`; `{made}` is
the table as the members alone have it."""
_DOUBTFUL = (
    f"SELECT unit, {NOBODYS} AS nobodys, bucket_us, kind, person, probability FROM actors_found "
    "WHERE basis = 'estimated' ORDER BY unit, bucket_us, kind, person NULLS LAST"
)


@dataclass(frozen=True, slots=True)
class Shared:
    """Sessions on devices for everybody, and who may have had them.

    Attributes:
        sessions: `unit` (the household), `nobodys` (the unit of what is nobody's alone there), `bucket_us`,
            `kind`; one row a session.
        first: (n + 1,) where each session's actors begin.
        person: (rows,) the actors, ascending in each session; somebody else is null.
        until: (rows,) chance that it was this actor or one before.
        home: (n,) which household, numbered from 0.
    """

    sessions: pa.Table
    first: Ints
    person: pa.Array
    until: Floats
    home: Ints

    def drawn(self, number: int, seed: int) -> pa.Table:
        """Return the sessions that somebody known had in this draw, with the `person`."""
        dice = np.random.default_rng([seed, number])
        common = dice.standard_normal(int(self.home.max(initial=-1)) + 1)[self.home]
        own = dice.standard_normal(len(self.home))
        chance = ndtr(np.sqrt(TOGETHER) * common + np.sqrt(1.0 - TOGETHER) * own)
        session = np.repeat(np.arange(len(self.home)), np.diff(self.first))
        before: Bools = self.until <= chance[session]
        passed = np.bincount(session[before], minlength=len(self.home))
        at = np.minimum(self.first[:-1] + passed, self.first[1:] - 1)
        table = self.sessions.append_column("person", self.person.take(pa.array(at)))
        return table.filter(table["person"].is_valid())


def shared_sessions(core: Core) -> Shared:
    """Return the sessions whose actor is estimated."""
    rows = core.engine.table(_DOUBTFUL).combine_chunks()
    names = ["unit", "nobodys", "bucket_us", "kind"]
    kind = rows["kind"].combine_chunks().dictionary_encode().indices.to_numpy()
    key = np.stack([rows["unit"].to_numpy(), rows["bucket_us"].to_numpy(), kind.astype(np.int64)])
    begins = np.append(True, (key[:, 1:] != key[:, :-1]).any(axis=0)) if rows.num_rows else np.zeros(0, bool)
    first = np.append(np.flatnonzero(begins), rows.num_rows)
    running = np.cumsum(rows["probability"].to_numpy())
    before = np.append(0.0, running)[first[:-1]]
    until = running - np.repeat(before, np.diff(first))
    sessions = rows.select(names).take(pa.array(first[:-1]))
    _, home = np.unique(sessions["unit"].to_numpy(), return_inverse=True)
    return Shared(sessions, first, rows["person"].combine_chunks(), until, home.astype(np.int64))
