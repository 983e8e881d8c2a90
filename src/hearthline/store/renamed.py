"""What is stored, read as if no key had ever been rotated: one name for each value.

What goes by another name is said by the tables `known_moved`, `known_names` and `known_rewritten`.
"""

from hearthline.store.lake import SCHEMAS

__all__ = ["AS_ONE", "HEEDED", "SAID_AS_ONE"]

_EVENT = ", ".join(f"e.{name}" for name in SCHEMAS["events"].names if name != "identity")
_NAMED = ", ".join(SCHEMAS["identities"].names)

AS_ONE = {
    "events": f"SELECT {_EVENT}, coalesce(m.canonical, e.identity) AS identity "
    "FROM {source} e LEFT JOIN known_moved m ON e.identity = m.identity",
    "identities": "SELECT s.identity, s.identifiers, s.household_hints FROM {source} s "
    "LEFT JOIN known_moved m ON s.identity = m.identity WHERE m.identity IS NULL "
    f"UNION ALL SELECT {_NAMED} FROM known_rewritten",
}
"""By table of the lake, the SELECT over `{source}` that both engines understand."""

HEEDED = (
    f"SELECT {', '.join(f'e.{name}' for name in SCHEMAS['events'].names if name != 'context')}, "
    "CASE WHEN w.identity IS NULL OR coalesce(e.consent_measurement, 'unknown') IN ('granted', 'denied') "
    "THEN e.context ELSE -e.context - 1 END AS context "
    "FROM {events} e LEFT JOIN known_withdrawn w ON e.identity = w.identity "
    "AND unix_micros(e.time) >= w.from_us AND unix_micros(e.time) < w.to_us"
)
"""Events that say nothing about consent after it was withdrawn, with the context of one who denied."""

SAID_AS_ONE = {
    "statements": 'SELECT s.* REPLACE (coalesce(l.canonical, s."left") AS "left", '
    'coalesce(r.canonical, s."right") AS "right") FROM {source} s '
    'LEFT JOIN known_names l ON s."left" = l.id LEFT JOIN known_names r ON s."right" = r.id',
    "assignments": "SELECT a.* REPLACE (coalesce(n.canonical, a.identifier) AS identifier) FROM {source} a "
    "LEFT JOIN known_names n ON a.identifier = n.id",
}
"""The same of what was said, for DuckDB."""
