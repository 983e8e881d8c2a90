"""Events that say nothing about consent after it was withdrawn become events whose consent is denied.

Each such event gets the context that is its own but for the consent; everything after this reads it as
what it is. Where nobody ever denied, or unknown is not used anyway, nothing is done.
"""

import pyarrow as pa

from hearthline.identity import WITHDRAWN, Policies, subjects
from hearthline.schema.arrow import IDENTITIES
from hearthline.store.engine import Engine
from hearthline.store.lake import CONTEXT, SCHEMAS, Lake
from hearthline.store.renamed import HEEDED

__all__ = ["heed_withdrawals"]

_DENIED = """SELECT DISTINCT e.identity FROM {events} e JOIN {contexts} c ON e.context = c.context
    WHERE c.consent_measurement = 'denied' AND e.identity <> 0"""
_WORDS = """SELECT DISTINCT e.identity, unix_micros(e.time) AS time_us,
      c.consent_measurement = 'denied' AS denied
    FROM {events} e JOIN concerned n ON e.identity = n.identity JOIN {contexts} c ON e.context = c.context
    WHERE c.consent_measurement IN ('granted', 'denied')"""
_SAID_NO = ("'denied' AS consent_measurement" if c == "consent_measurement" else c for c in CONTEXT)
_TWINS = f"""SELECT context, {", ".join(CONTEXT)} FROM {{contexts}} UNION ALL
    SELECT -context - 1 AS context, {", ".join(_SAID_NO)} FROM {{contexts}}
    WHERE coalesce(consent_measurement, 'unknown') NOT IN ('granted', 'denied')"""


def heed_withdrawals(engine: Engine, lake: Lake, policies: Policies, *, use_unknown: bool) -> pa.Table:
    """Make `raw_events` and `raw_contexts` of `read_events` and the lake; return what is withdrawn."""
    engine.scan("read_contexts", lake.files("contexts"), SCHEMAS["contexts"])
    names = {"events": "read_events", "contexts": "read_contexts"}
    withdrawn = _withdrawn(engine, policies, names) if use_unknown else WITHDRAWN.empty_table()
    if withdrawn.num_rows:
        engine.load("known_withdrawn", withdrawn)
        engine.view("raw_events", HEEDED.format(**names))
        engine.view("raw_contexts", _TWINS.format(**names))
    else:
        engine.view("raw_events", "SELECT * FROM read_events")
        engine.view("raw_contexts", "SELECT * FROM read_contexts")
    return withdrawn


def _withdrawn(engine: Engine, policies: Policies, names: dict[str, str]) -> pa.Table:
    said_no = "SELECT count(*) AS n FROM read_contexts WHERE consent_measurement = 'denied'"
    some = engine.table(said_no)["n"][0].as_py()
    denied = engine.table(_DENIED.format(**names))["identity"].combine_chunks() if some else None
    if denied is None or not len(denied):
        return WITHDRAWN.empty_table()
    named = engine.table("SELECT identity, identifiers, household_hints FROM raw_identities")
    identities = named.cast(IDENTITIES)
    who = subjects(identities, policies)
    engine.load("concerned", pa.table({"identity": who.concerned(denied)}))
    return who.withdrawn(engine.table(_WORDS.format(**names)))
