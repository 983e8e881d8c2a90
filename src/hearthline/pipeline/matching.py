"""Links by likeness: records of people are compared outside the lake, and only what follows is kept.

Names, birth days and streets are read from a file, compared, and forgotten; what enters the lake are
statements about identifiers, each with the parts of its weight.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from hearthline.identity import BY_HAND, Policies
from hearthline.identity.matching import FIELDS, matched
from hearthline.pipeline.identities import in_use, write_statements
from hearthline.schema.errors import BadFile, HomeMissing
from hearthline.schema.records import Statement
from hearthline.schema.settings import Settings
from hearthline.store.answer import PublishedAnswer
from hearthline.store.engine import engine_named
from hearthline.store.home import HomeFolder
from hearthline.store.lake import SCHEMAS, Lake
from hearthline.store.spark import SparkEngine

__all__ = ["Compare", "Matched", "match"]

_ALSO = {
    **dict.fromkeys(("first_name", "firstname", "forename"), "given_name"),
    **dict.fromkeys(("last_name", "lastname", "family_name"), "surname"),
    **dict.fromkeys(("dob", "birth_date", "birthday"), "date_of_birth"),
    **dict.fromkeys(("zip", "zip_code", "postal_code"), "postcode"),
    **dict.fromkeys(("town", "suburb"), "city"),
    **dict.fromkeys(("identifier",), "id"),
}
_READERS = {
    ".parquet": "read_parquet($file)",
    ".csv": "read_csv($file, all_varchar = true)",
    ".tsv": "read_csv($file, all_varchar = true)",
    ".json": "read_json_auto($file)",
    ".ndjson": "read_json_auto($file)",
}


@dataclass(frozen=True, slots=True)
class Compare:
    """What to compare, how sure to be, and on what basis the two may be linked."""

    file: Path
    precision: float = 0.995
    consent: str | None = None
    engine: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Matched:
    """What a comparison found.

    Attributes:
        records: how many records were read.
        pairs: how many pairs are one person.
        threshold: the probability from which on.
        precision: what part of the pairs is right, as the model estimates it; None without pairs.
        held_back: how many good pairs a login, or what people said, forbids.
        written: how many new statements were kept; 0 in a dry run.
        rule: the model with its version.
    """

    records: int
    pairs: int
    threshold: float
    precision: float | None
    held_back: int
    written: int
    rule: str


def match(home: HomeFolder, settings: Settings, wanted: Compare) -> Matched:
    """Say which identifiers are one person, by a file of records about them; see `Home.match`."""
    runs = engine_named(wanted.engine, settings.engine.name)
    records = _read(home, wanted.file)
    policies = Policies(settings.identity.policies, settings.identity.blocked)
    said = _in_force(home)
    by_hand = [s for s in said if s["rule"] == BY_HAND and s["kind"] in ("not_same", "take_back")]
    apart = [(s["left"], s["right"]) for s in by_hand]
    engine = SparkEngine(settings.engine.threads) if runs == "spark" else None
    try:
        found = matched(records, policies, wanted.precision, apart, engine.session if engine else None)
    finally:
        if engine:
            engine.close()
    known = {(s["left"], s["right"]): s for s in said}
    new = list(_statements(found.pairs, found.rule, wanted.consent, known))
    if not wanted.dry_run and new:
        with home.writing():
            write_statements(home, new)
    return Matched(
        records=records.num_rows,
        pairs=found.pairs.num_rows,
        threshold=found.threshold,
        precision=found.precision,
        held_back=found.held_back,
        written=0 if wanted.dry_run else len(new),
        rule=found.rule,
    )


def _read(home: HomeFolder, file: Path) -> pa.Table:
    """Return the records with stored identifiers, one row each; of those that repeat, the last."""
    if file.suffix not in _READERS:
        raise BadFile(f"match: {file.name} is no table; give a file of {', '.join(_READERS)}")
    table: Any
    try:
        with duckdb.connect() as con:
            table = con.sql(
                f"SELECT * FROM {_READERS[file.suffix]}", params={"file": str(file)}
            ).to_arrow_table()
    except (duckdb.IOException, duckdb.InvalidInputException) as wrong:
        raise BadFile(f"match: {file.name} cannot be read; check that it is there and whole") from wrong
    simple = [n.strip().lower().replace(" ", "_") for n in table.column_names]
    table = table.rename_columns([_ALSO.get(n, n) for n in simple])
    if "id" not in table.column_names:
        raise BadFile(
            f"match: {file.name} has no column 'id'; add one with NAMESPACE:VALUE in it, such as customer:17"
        )
    table = table.select(["id", *(f for f in FIELDS if table.column_names.count(f) == 1)])
    table = table.filter(pc.is_valid(table["id"]))
    ids = in_use(home, table["id"].cast(pa.string()).to_pylist())
    last = sorted({name: row for row, name in enumerate(ids)}.values())
    return table.set_column(0, "id", pa.array(ids, pa.string())).take(pa.array(last, pa.int64()))


def _in_force(home: HomeFolder) -> list[dict[str, str]]:
    """Return the latest statement about each pair."""
    names = ", ".join(f'"{n}"' for n in SCHEMAS["statements"].names if n not in ("left", "right"))
    sql = f"""SELECT least("left", "right") AS "left", greatest("left", "right") AS "right", {names}
        FROM statements
        QUALIFY row_number() OVER (
          PARTITION BY least("left", "right"), greatest("left", "right") ORDER BY made DESC, id DESC) = 1"""
    try:
        answer = PublishedAnswer(home)
    except HomeMissing:
        return _in_force_unanswered(home, sql)
    try:
        rows: list[dict[str, str]] = answer.table(sql).to_pylist()
        return rows
    finally:
        answer.close()


def _in_force_unanswered(home: HomeFolder, sql: str) -> list[dict[str, str]]:
    files = [str(f) for f in Lake(home.lake).files("statements")]
    if not files:
        return []
    named = ", ".join("'" + f.replace("'", "''") + "'" for f in files)
    with duckdb.connect() as con:
        con.execute(
            f"CREATE TEMP VIEW statements AS SELECT * FROM read_parquet([{named}], hive_partitioning = false)"
        )
        found: Any = con.sql(sql).to_arrow_table()
    rows: list[dict[str, str]] = found.to_pylist()
    return rows


def _statements(
    pairs: pa.Table, rule: str, consent: str | None, known: dict[tuple[str, str], dict[str, str]]
) -> Iterator[Statement]:
    """Yield a statement for each pair of which people said nothing, and the model nothing like it."""
    made = datetime.now(UTC)
    for pair in pairs.to_pylist():
        left, right = sorted((pair["left"], pair["right"]))
        before = known.get((left, right))
        if before and (before["rule"] == BY_HAND or before["weight"] == pair["weight"]):
            continue
        yield Statement(
            id=uuid4().hex,
            left=left,
            right=right,
            kind="same",
            level="person",
            weight=pair["weight"],
            rule=rule,
            made=made,
            reason=f"records alike, probability {pair['probability']:.4f}",
            consent=consent,
            evidence=dict(pair["evidence"]),
        )
