"""What was refused, counted twice, unknown or late, with the cure for each."""

from collections.abc import Sequence

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._reading import Row, rows, run, table
from hearthline.schema import text
from hearthline.schema.figure import Column, Figure

POSITION = 100
SCREEN = "stream"
TITLE = "Data quality"
QUESTION = "What was refused, counted twice, unknown or late, and what cures it?"
DEFINITION = (
    "Rejects are inputs that could not become an event; each is kept whole with its reason, place and cure. "
    "Duplicates have the same sender and id as an event before, and are used once. Checks count what was "
    "found of how many were looked at; a check that this run did not make is a dash and not a zero. These "
    "are complete counts and no samples: they carry no interval."
)
COLUMNS = (
    Column("part", "Part"),
    Column("what", "What"),
    Column("found", "Found", "count", why="why"),
    Column("of", "Of", "count"),
    Column("rejects", "Rejected", "count"),
    Column("duplicates", "Duplicates", "count"),
    Column("severity", "State"),
    Column("place", "First place"),
    Column("cure", "Cure"),
)
EXPECTED = (
    "consent unknown",
    "consent denied",
    "orders without household",
    "late events",
    "refunds without order",
)
"""Checks that every run should make, by name."""

_REJECTS = "Rejected inputs, by reason"
_INTAKE = "What was read"
_CHECKS = "Checks"


def _rejects(answer: Answer) -> list[Row]:
    sql = """SELECT source || ': ' || reason AS what, count(*) AS found, min_by(place, received) AS place,
                    any_value(wrong) AS message, any_value(cure) AS cure
             FROM rejects GROUP BY source, reason ORDER BY found DESC, what"""
    return [r | {"part": _REJECTS, "severity": "warning"} for r in rows(answer, sql)]


def _file(origin: str | None) -> str:
    """Return an origin without the folders that it lay in."""
    return (origin or "").rpartition("/")[2]


def _intake(answer: Answer) -> list[Row]:
    sql = "SELECT * FROM intake ORDER BY source, origin"
    kept = ("duplicates", "rejects")
    return [
        {"part": _INTAKE, "what": f"{r['source']}: {_file(r['origin'])}", "found": r["events"]}
        | {k: r.get(k) for k in kept}
        for r in rows(answer, sql)
    ]


def _checks(answer: Answer) -> list[Row]:
    """Return all checks, the worst first, and those that should have been made and were not."""
    sql = """SELECT name AS what, "found"::BIGINT AS found, "of"::BIGINT AS "of", severity, message, cure
             FROM checks
             ORDER BY CASE severity WHEN 'warning' THEN 0 WHEN 'note' THEN 1 ELSE 2 END, what"""
    made = [r | {"part": _CHECKS} for r in rows(answer, sql)]
    done = {r["what"] for r in made}
    if "orders without household" not in done:
        (lost,) = rows(answer, 'SELECT count(*) FILTER (unit IS NULL) AS found, count(*) AS "of" FROM orders')
        made.append(lost | {"part": _CHECKS, "what": "orders without household", "severity": _severity(lost)})
        done.add("orders without household")
    made += [{"part": _CHECKS, "what": n, "why": "not checked"} for n in EXPECTED if n not in done]
    return made


def _severity(row: Row) -> str:
    return "note" if row["found"] else "ok"


def _title(about: Row, made: Sequence[Row]) -> str:
    rejects = about.get("rejects") or sum(r["found"] for r in made if r["part"] == _REJECTS)
    read = (about.get("events") or 0) + (about.get("duplicates") or 0) + rejects
    if not read:
        return TITLE
    used = f"{text.count(about.get('events') or 0)} of {text.plural(read, 'row')} were used"
    return f"{used}, {text.count(rejects)} rejected, {text.plural(about.get('duplicates') or 0, 'duplicate')}"


def build(answer: Answer) -> Figure:
    """Return rejects by reason with their cure, what was read, and all checks."""
    about = run(answer)
    made = [*_checks(answer), *_rejects(answer), *_intake(answer)]
    bad = [r for r in made if r["part"] == _CHECKS and r.get("severity") in ("warning", "note")]
    notes = [
        f"{r['what']}: {text.count(r['found'])} of {text.count(r['of'])} ({r['message']})."
        for r in bad
        if r.get("message")
    ]
    if not any(r["part"] == _REJECTS for r in made):
        notes.append("Nothing was rejected.")
    return Figure(
        name="data_quality",
        title=_title(about, made),
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, {"message": pa.string()}),
        notes=tuple(notes),
        source=answer.source,
        currency=answer.currency,
        group="part",
    )
