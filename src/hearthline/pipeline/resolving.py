"""Who is who over a lake: all of it, or what is new on top of what the answer before knew."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.metadata import version

import duckdb
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline import identity
from hearthline.identity import Known, Observed, Policies, Renamed, Resolution
from hearthline.pipeline.making import make
from hearthline.pipeline.renaming import RENAMING, renaming_tables
from hearthline.schema.arrow import IDENTITIES
from hearthline.schema.errors import HomeDamaged, HomeMissing
from hearthline.schema.settings import IdentitySettings
from hearthline.store.answer import PublishedAnswer
from hearthline.store.engine import Engine
from hearthline.store.home import HomeFolder
from hearthline.store.lake import SCHEMAS, Lake

__all__ = ["KNOWN", "Resolved", "judged_again", "known_before", "resolved"]

_FOUND = ("members", "links", "homes", "devices", "identifiers", "parts")
KNOWN = (
    *(f"known_{name}" for name in _FOUND),
    "known_seen",
    "known_crowded",
    "known_statements",
    "known_rules",
    *RENAMING,
    "known_withdrawn",
)
"""Tables of an answer in which a run leaves what the next one builds on."""
_SAMPLE = 30_000


@dataclass(frozen=True, slots=True)
class Resolved:
    """Who is who under keys of its content, what the next run needs to know, and what was looked at.

    `looked_at` is the number of identities that were judged anew, of `identities` in all; `statements` are
    those that were read.
    """

    found: Resolution
    kept: dict[str, pa.Table]
    looked_at: int
    identities: int
    statements: pa.Table


def _rules(own: IdentitySettings) -> str:
    """Return what a resolution follows from beside its data: other rules are another resolution."""
    return sha256(msgspec.json.encode([version("hearthline"), own])).hexdigest()


def known_before(home: HomeFolder, own: IdentitySettings) -> Known | None:
    """Return what the published answer knows; None where there is none, or it followed other rules."""
    try:
        answer = PublishedAnswer(home)
    except HomeMissing:
        return None
    try:
        if answer.table("SELECT rules FROM known_rules")["rules"].to_pylist() != [_rules(own)]:
            return None
        tables = {name: answer.table(f"SELECT * FROM known_{name}") for name in _FOUND}
        none = pa.table({"identity": pa.array([], pa.int64()), "id": pa.array([], pa.string())})
        texts = {n: answer.table(f"SELECT id FROM known_{n}")["id"] for n in ("crowded", "statements")}
        return Known(
            Resolution(**tables, on_networks=none, crowded=texts["crowded"].combine_chunks()),
            answer.table("SELECT * FROM known_seen ORDER BY identity"),
            texts["statements"].combine_chunks(),
        )
    except (duckdb.CatalogException, HomeDamaged):  # an answer of an earlier version, or one that broke
        return None
    finally:
        answer.close()


def resolved(
    engine: Engine, lake: Lake, own: IdentitySettings, before: tuple[Known | None, Renamed]
) -> Resolved:
    """Return who is who: the engine counts, identity decides; only parts with news, where that can be.

    `before` is what the last run knew, and what goes by another name since a key was rotated.
    """
    known, renamed = before
    if known is not None and _now_by_another_name(known, renamed):
        known = None
    for select in identity.SELECTS:
        make(engine, select, {})
    engine.scan("raw_statements", lake.files("statements"), SCHEMAS["statements"])
    statements = engine.table("SELECT * FROM raw_statements").cast(SCHEMAS["statements"])
    statements = _under_names(statements, renamed)
    observed = Observed(
        engine.table("SELECT * FROM observations"), IDENTITIES.empty_table(), None, statements
    )
    policies = Policies(own.policies, own.blocked)
    found = _with_news(engine, observed, (policies, own.max_devices), known) if known else None
    if found is None:
        identities = _identities(engine, None)
        whole = replace(observed, identities=identities, nights=_nights(engine, identities, policies))
        result = identity.resolve(whole, policies, own.max_devices)
        found = result, identity.seen_now(whole), whole.observations.num_rows
    result, seen, looked_at = found
    kept = _kept(result, seen, statements, own)
    kept["cross_device"] = _accuracy(engine, result, (observed, seen), (policies, own.max_devices))
    kept |= renaming_tables(renamed)
    return Resolved(result, kept, looked_at, seen.num_rows, statements)


def judged_again(
    engine: Engine, own: IdentitySettings, who: Resolved, some: pa.Array
) -> Callable[[pa.Table], Resolution]:
    """Return what judges some identities, whole parts of them, under further statements."""
    identities, policies = _identities(engine, some), Policies(own.policies, own.blocked)
    seen = engine.table("SELECT o.* FROM observations o JOIN wanted_identities w ON o.identity = w.identity")
    observed = Observed(
        seen, identities, _nights(engine, identities, policies), None, crowded=who.found.crowded
    )

    def judged(further: pa.Table) -> Resolution:
        said = pa.concat_tables([who.statements, further])
        return identity.resolve(replace(observed, statements=said), policies, own.max_devices)

    return judged


def _now_by_another_name(known: Known, renamed: Renamed) -> bool:
    """Return whether what the run before knew by one name goes by another: an old hash came late."""
    new = pc.is_in(renamed.names["id"], value_set=known.found.identifiers["id"].combine_chunks())
    return bool(pc.any(new).as_py())


def _under_names(statements: pa.Table, renamed: Renamed) -> pa.Table:
    """Return statements about identifiers under their names in use, the lower one on the left."""
    if not renamed.names.num_rows or not statements.num_rows:
        return statements
    left, right = (renamed.of(statements[side]) for side in ("left", "right"))
    ends = {"left": pc.min_element_wise(left, right), "right": pc.max_element_wise(left, right)}
    for name, end in ends.items():
        statements = statements.set_column(statements.schema.get_field_index(name), name, end)
    return statements


def _with_news(
    engine: Engine, observed: Observed, rules: tuple[Policies, int], known: Known
) -> tuple[Resolution, pa.Table, int] | None:
    """Return the resolution with the news in it, what was seen, and how many were looked at; or None."""
    policies, max_devices = rules
    fresh = identity.changed(known, identity.seen_now(observed))
    if fresh is None:
        return None
    named = _identities(engine, fresh)
    nights = _nights(engine, named, policies)
    slept = known.seen.select(["identity", "nights"])
    slept = slept.filter(pc.and_(pc.is_valid(slept["nights"]), pc.invert(pc.is_in(slept["identity"], fresh))))
    nights = slept if nights is None else pa.concat_tables([slept, nights.cast(slept.schema)])
    seen = identity.seen_now(replace(observed, nights=nights))
    touched = identity.news(known, seen, replace(observed, identities=named))
    if touched is None:
        return None
    mine = pa.array(touched.identities)
    part = Observed(
        observed.observations.filter(pc.is_in(observed.observations["identity"], value_set=mine)),
        _identities(engine, mine),
        nights.filter(pc.is_in(nights["identity"], value_set=mine)),
        observed.statements,
        known.found.crowded,
    )
    again = identity.resolve(part, policies, max_devices)
    return identity.together_again(known, touched, again), seen, len(mine)


def _accuracy(
    engine: Engine, found: Resolution, told: tuple[Observed, pa.Table], rules: tuple[Policies, int]
) -> pa.Table:
    """Return how devices find home when their logins are hidden, from a sample of whole parts."""
    observed, seen = told
    part, many = np.unique(found.parts["part"].to_numpy(), return_counts=True)
    order = np.argsort(part.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15), kind="stable")
    chosen = order[np.cumsum(many[order]) <= _SAMPLE]
    mine = found.parts["identity"].filter(pc.is_in(found.parts["part"], value_set=pa.array(part[chosen])))
    mine = mine.combine_chunks()
    nights = seen.filter(pc.and_(pc.is_valid(seen["nights"]), pc.is_in(seen["identity"], value_set=mine)))
    some = Observed(
        observed.observations.filter(pc.is_in(observed.observations["identity"], value_set=mine)),
        _identities(engine, mine),
        nights.select(["identity", "nights"]),
        observed.statements,
        found.crowded,
    )
    return identity.found_without_logins(some, found.identifiers, *rules)


def _identities(engine: Engine, wanted: pa.Array | None) -> pa.Table:
    """Return who is named by these identities, or by all."""
    sql = "SELECT r.identity, r.identifiers, r.household_hints FROM raw_identities r"
    if wanted is not None:
        engine.load("wanted_identities", pa.table({"identity": wanted}))
        sql += " JOIN wanted_identities w ON r.identity = w.identity"
    return engine.table(sql).cast(IDENTITIES)


def _nights(engine: Engine, identities: pa.Table, policies: Policies) -> pa.Table | None:
    """Return on how many nights the identities that name a network were seen; None where none does."""
    found = identity.networked(identities, policies)
    if not len(found):
        return None
    engine.load("networked", pa.table({"identity": found.unique()}))
    for select in identity.NIGHTS:
        make(engine, select, {})
    return engine.table("SELECT * FROM nights")


def _kept(
    found: Resolution, seen: pa.Table, statements: pa.Table, own: IdentitySettings
) -> dict[str, pa.Table]:
    """Return the tables that the next run reads (`KNOWN`)."""
    whole = {f"known_{name}": getattr(found, name) for name in _FOUND}
    return whole | {
        "known_seen": seen,
        "known_crowded": pa.table({"id": found.crowded}),
        "known_statements": statements.select(["id"]),
        "known_rules": pa.table({"rules": [_rules(own)]}),
    }
