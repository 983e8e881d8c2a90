"""Made-up rows of the signals' tables: each column by its type, single columns by what they mean."""

import random
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from hearthline import signals

START = datetime(2026, 4, 6, tzinfo=UTC)
WORDS = ["Coffee capsules", "Dishwasher tabs", "<b>Detergent</b>"]
MEANT = {
    ("run_outs", "basis"): ["sensor", "uses", "orders"],
    ("run_outs", "product"): [*WORDS, None],
    ("run_outs", "days"): [5.0, 9.0, None],
    ("run_outs", "low"): [1.0, 2.0],
    ("run_outs", "high"): [19.0, 40.0, None],
    ("subscriptions", "proposal"): ["keep", "more often", "less often", "watch", "pause"],
    ("subscriptions", "worth"): [12.5, 0.0],
}
"""Values of columns that must mean something, by table and column."""


def tables():
    """Return every table of every signal with its schema."""
    return {table: schema for name in signals.names() for table, schema in signals.load(name).TABLES.items()}


def create(database):
    """Create all tables of signals, empty."""
    for table, schema in tables().items():
        database.register("incoming", schema.empty_table())
        database.execute(f"CREATE TABLE {table} AS FROM incoming")
        database.unregister("incoming")


def _value(rng, table, field, row, homes):  # noqa: PLR0911 - one return a type
    if (table, field.name) in MEANT:
        return rng.choice(MEANT[table, field.name])
    if field.name == "unit":
        return row % homes
    if field.name in ("enrolment", "enrolment_id"):
        return f"e{row}"
    if pa.types.is_string(field.type):
        return rng.choice(WORDS)
    if pa.types.is_timestamp(field.type):
        return START + timedelta(days=rng.uniform(-60, 0))
    if pa.types.is_date(field.type):
        return (START + timedelta(days=rng.uniform(-60, 0))).date()
    if pa.types.is_boolean(field.type):
        return rng.random() < 0.5
    if pa.types.is_integer(field.type):
        return rng.randrange(1, 60)
    if pa.types.is_decimal(field.type):
        return rng.randrange(1, 9000) / 100
    if pa.types.is_list(field.type):
        return [rng.random() for _ in range(7)]
    return rng.random()


def fill(answer, homes, seed=5):
    """Fill the tables with rows; intervals hold their values."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    for table, schema in tables().items():
        rows = [{f.name: _value(rng, table, f, i, homes) for f in schema} for i in range(60)]
        for row in rows:
            for name in [n for n in row if n.endswith("_low")]:
                ends = sorted(row[n] for n in (name, name.replace("_low", "_high")))
                row[name], row[name.replace("_low", "_high")] = ends
                if name.removesuffix("_low") in row:
                    row[name.removesuffix("_low")] = sum(ends) / 2
        answer.database.register("incoming", pa.Table.from_pylist(rows, schema=schema))
        answer.database.execute(f"INSERT INTO {table} SELECT * FROM incoming")
        answer.database.unregister("incoming")
