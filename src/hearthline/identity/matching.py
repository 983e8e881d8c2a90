"""Probabilistic links: which records are of one person though no identifier says so (extra `identity`).

Fellegi and Sunter's model (1969), fitted without labels by expectation maximisation, by Splink. It works
inside the deterministic constraints: two logins of one namespace are never compared, and of the pairs that
it finds, the best go first and none may break a limit or bring together what was said to be apart.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline.identity.evidence import Ints
from hearthline.identity.merging import Limit, merged
from hearthline.identity.policies import Policies
from hearthline.schema.errors import BadFile, MissingExtra

__all__ = ["FIELDS", "Matches", "matched"]

FIELDS = (
    *("given_name", "surname", "date_of_birth", "national_id", "email", "phone"),
    *("street", "house_number", "city", "postcode"),
)
"""What a record may say of a person; whatever is there is compared."""
_BLOCKS = (
    *(("national_id",), ("email",), ("phone",), ("date_of_birth",), ("given_name", "surname")),
    *(("street", "house_number"), ("postcode", "house_number"), ("surname", "postcode"), ("surname", "city")),
    *(("given_name", "postcode"), ("given_name", "city"), ("surname", "house_number")),
    ("given_name", "house_number"),
)
"""Records that agree on one of these are compared."""
_TRAINED_BY = (("date_of_birth",), ("surname",), ("email",), ("postcode",))
_SURE = (("national_id",), ("email",), ("phone",), ("given_name", "surname", "date_of_birth"))
_FEWEST = 20
_SAMPLE = 200_000
_NO_PAIRS = pa.schema(
    [
        ("left", pa.string()),
        ("right", pa.string()),
        ("probability", pa.float64()),
        ("weight", pa.float64()),
        ("evidence", pa.map_(pa.string(), pa.float64())),
    ]
)


@dataclass(frozen=True, slots=True)
class Matches:
    """Pairs of identifiers that are one person.

    Attributes:
        pairs: `left`, `right`, `probability`, `weight` (log-odds that they are one), `evidence` (the parts of
            the weight: the prior, and each comparison); the best first.
        threshold: the probability from which on pairs are taken.
        precision: what part of these pairs is right, as the model estimates it; None where there are none.
        looked_at: how many pairs were compared.
        held_back: how many good pairs a limit or a statement forbids.
        rule: the model with its version.
    """

    pairs: pa.Table
    threshold: float
    precision: float | None
    looked_at: int
    held_back: int
    rule: str


def matched(
    records: pa.Table,
    policies: Policies,
    precision: float = 0.995,
    apart: Sequence[tuple[str, str]] = (),
    spark: Any = None,
) -> Matches:
    """Return which identifiers are one person, by what is known of those who have them.

    Args:
        records: `id` (NAMESPACE:VALUE, once each) and columns of `FIELDS`, as text; null where unknown.
        policies: what each namespace may join.
        precision: what part of the pairs must be right: the threshold is the lowest at which the mean
            probability of all pairs above it is that, and never below 0.5.
        apart: pairs of identifiers that are known not to be one.
        spark: a Spark session that compares; the model is fitted by DuckDB, on 200,000 records at most.

    Raises:
        MissingExtra: Splink is not installed.
        BadFile: fewer than two columns can be compared, or fewer than 20 records.
    """
    try:
        rule = f"splink {version('splink')}"
    except PackageNotFoundError as missing:
        raise MissingExtra("match: needs Splink; pip install 'hearthline[identity]'") from missing
    fields = [f for f in FIELDS if f in records.column_names and records[f].null_count < records.num_rows]
    if len(fields) < 2 or records.num_rows < _FEWEST:
        raise BadFile(
            f"match: {records.num_rows} records with {len(fields)} columns to compare; give at least "
            f"{_FEWEST} records and two of {', '.join(FIELDS)}"
        )
    whole = _prepared(records, fields, policies)
    found = _compared(whole, fields, spark)
    if not found.num_rows:
        return Matches(_NO_PAIRS.empty_table(), 1.0, None, 0, 0, rule)
    chance = found["match_probability"].to_numpy()
    order = np.argsort(-chance, kind="stable")
    found, chance = found.take(pa.array(order)), chance[order]
    many, threshold = _above(chance, precision)
    good = found.slice(0, many)
    used = _allowed(whole["id"].combine_chunks(), good, policies, apart)
    pairs = _told(good.filter(pa.array(used)))
    right = float(chance[:many][used].mean()) if used.any() else None
    return Matches(pairs, threshold, right, found.num_rows, int((~used).sum()), rule)


def _above(chance: np.ndarray, precision: float) -> tuple[int, float]:
    """Return how many of the pairs, best first, to take, and the probability of the last.

    >>> _above(np.array([1.0, 0.99, 0.8, 0.2]), 0.92)
    (3, 0.8)
    """
    mean = np.cumsum(chance) / np.arange(1, len(chance) + 1)
    good = np.flatnonzero((mean >= precision) & (chance >= 0.5))
    many = int(good[-1]) + 1 if len(good) else 0
    return many, float(chance[many - 1]) if many else 1.0


def _prepared(records: pa.Table, fields: Sequence[str], policies: Policies) -> pa.Table:
    """Return the records in lower case, sorted, each with its namespace where that is one of logins."""
    ids = records["id"].cast(pa.string())
    space = pc.list_element(pc.split_pattern(ids, ":", max_splits=1), 0)
    names = space.unique().to_pylist()
    logins = [n for n in names if policies.of(n).limit == 1]
    columns = {"id": ids, "login": pc.if_else(pc.is_in(space, pa.array(logins, pa.string())), space, None)}
    for name in fields:
        text = pc.utf8_lower(pc.utf8_trim_whitespace(records[name].cast(pa.string())))
        columns[name] = pc.if_else(pc.equal(text, ""), None, text)
    return pa.table(columns).sort_by("id")


def _comparisons(fields: Sequence[str]) -> list[Any]:
    import splink.comparison_library as cl  # noqa: PLC0415 # an extra

    alike = {"street": 0.75, "city": 0.75, "email": 0.88}
    slips = {"date_of_birth": 2, "national_id": 2, "phone": 2, "house_number": 1, "postcode": 2}
    made: list[Any] = []
    for name in fields:
        if name in slips:
            made.append(cl.DamerauLevenshteinAtThresholds(name, list(range(1, slips[name] + 1))))
        else:
            near = cl.JaroWinklerAtThresholds(name, [0.92, alike.get(name, 0.8)])
            made.append(near.configure(term_frequency_adjustments=True))
    return made


def _blocks(fields: Sequence[str]) -> list[str]:
    may = "NOT coalesce(l.login = r.login, false)"
    rules = [" AND ".join(f"l.{f} = r.{f}" for f in block) for block in _BLOCKS if set(block) <= {*fields}]
    if {"given_name", "surname"} <= {*fields}:
        rules.append("l.given_name = r.surname AND l.surname = r.given_name")
    return [f"{rule} AND {may}" for rule in rules]


def _settings(fields: Sequence[str]) -> Any:
    """Return what is compared how, with nothing fitted yet."""
    from splink import SettingsCreator  # noqa: PLC0415

    rules: list[Any] = list(_blocks(fields))
    return SettingsCreator(
        "dedupe_only",
        comparisons=_comparisons(fields),
        blocking_rules_to_generate_predictions=rules,
        unique_id_column_name="id",
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=True,
    )


def _spoken(model: dict[str, Any], fields: Sequence[str], dialect: str) -> dict[str, Any]:
    """Return a fitted model in the words of another engine."""
    there: dict[str, Any] = _settings(fields).create_settings_dict(dialect)
    there["probability_two_random_records_match"] = model["probability_two_random_records_match"]
    for ours, fitted in zip(there["comparisons"], model["comparisons"], strict=True):
        for level, known in zip(ours["comparison_levels"], fitted["comparison_levels"], strict=True):
            level |= {k: known[k] for k in ("m_probability", "u_probability") if k in known}
    return there


def _fitted(records: pa.Table, fields: Sequence[str]) -> dict[str, Any]:
    """Return the model, fitted without labels."""
    import duckdb  # noqa: PLC0415
    from splink import DuckDBAPI, Linker, block_on  # noqa: PLC0415

    chosen = _settings(fields)
    with duckdb.connect() as con:
        con.register("given", records.slice(0, _SAMPLE))
        con.execute("CREATE TABLE records AS SELECT * FROM given")
        linker = Linker(DuckDBAPI(con).register("records"), chosen, log_level=50)
        have = {*fields}
        sure: list[Any] = [block_on(*b) for b in _SURE if {*b} <= have]
        if sure:
            linker.training.estimate_probability_two_random_records_match(sure, recall=0.9)
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=7)
        for block in _TRAINED_BY:
            if {*block} <= have:
                linker.training.estimate_parameters_using_expectation_maximisation(block_on(*block))
        model: dict[str, Any] = linker.misc.save_model_to_json()
    return model


def _compared(records: pa.Table, fields: Sequence[str], spark: Any) -> pa.Table:
    """Return every pair worth looking at with its probability and the parts of its weight."""
    import splink  # noqa: PLC0415

    model = _fitted(records, fields)
    made: Any
    if spark is not None:
        api: Any = splink.SparkAPI
        frame = spark.createDataFrame(records.to_pylist(), _spark_schema(records.column_names))
        there = api(spark_session=spark, break_lineage_method="persist")
        made = _pairs(there.register(frame), _spoken(model, fields, "spark"))
        rows = [row.asDict() for row in made.as_spark_dataframe().collect()]
        return _in_order(pa.Table.from_pylist(rows) if rows else _NO_PAIRS.empty_table())
    import duckdb  # noqa: PLC0415

    with duckdb.connect() as con:
        con.register("given", records)
        con.execute("CREATE TABLE records AS SELECT * FROM given")
        made = _pairs(splink.DuckDBAPI(con).register("records"), model)
        return _in_order(made.as_pyarrow_table())


def _pairs(records: Any, model: dict[str, Any]) -> Any:
    from splink import Linker  # noqa: PLC0415

    return Linker(records, model, log_level=50).inference.predict(threshold_match_probability=0.01)


def _spark_schema(names: Sequence[str]) -> str:
    return ", ".join(f"{name} STRING" for name in names)


def _in_order(found: pa.Table) -> pa.Table:
    """Return the pairs sorted by both ends, so that ties never depend on threads."""
    return found.sort_by([("id_l", "ascending"), ("id_r", "ascending")]) if found.num_rows else found


def _allowed(
    ids: pa.StringArray, good: pa.Table, policies: Policies, apart: Sequence[tuple[str, str]]
) -> np.ndarray:
    """Return which pairs hold when the best go first and nothing forbidden is brought together."""

    def code(texts: pa.Array | pa.ChunkedArray) -> Ints:
        whole: Ints = pc.fill_null(pc.index_in(texts, value_set=ids), -1).to_numpy().astype(np.int64)
        return whole

    spaces = pc.list_element(pc.split_pattern(ids, ":", max_splits=1), 0).dictionary_encode()
    place = spaces.indices.to_numpy()
    known = [policies.of(n) for n in spaces.dictionary.to_pylist()]
    limits = [Limit(place == i, p.limit) for i, p in enumerate(known) if p.limit]
    foes = np.stack([code(pa.array([p[side] for p in apart], pa.string())) for side in (0, 1)], axis=1)
    foes = foes[(foes >= 0).all(axis=1)]
    ends = code(good["id_l"]), code(good["id_r"])
    _, used = merged(ends, np.arange(good.num_rows), np.zeros(len(ids), np.int64), limits, foes)
    return used


def _told(found: pa.Table) -> pa.Table:
    """Return the pairs as `Matches.pairs`; weights become natural log-odds."""
    fields = [f for f in FIELDS if f"mw_{f}" in found.column_names]
    weight = found["match_weight"].to_numpy() * math.log(2)
    parts = {f: _part(found, f) for f in fields}
    prior = weight - sum(parts.values(), np.zeros(found.num_rows))
    told = {"prior": prior, **parts}
    names = np.tile(np.array(list(told)), found.num_rows)
    values = np.stack(list(told.values()), axis=1).ravel()
    offsets = np.arange(0, len(names) + 1, len(told), dtype=np.int32)
    evidence = pa.MapArray.from_arrays(offsets, pa.array(names, pa.string()), np.round(values, 3))
    columns = [found["id_l"], found["id_r"], found["match_probability"], np.round(weight, 3), evidence]
    return pa.table(dict(zip(_NO_PAIRS.names, columns, strict=True))).cast(_NO_PAIRS)


def _part(found: pa.Table, field: str) -> np.ndarray:
    """Return what a comparison adds to the weight, how rare the value is included."""
    whole = np.zeros(found.num_rows)
    for name in (f"mw_{field}", f"mw_tf_adj_{field}"):
        if name in found.column_names:
            whole += pc.fill_null(found[name].cast(pa.float64()), 0.0).to_numpy() * math.log(2)
    return whole
