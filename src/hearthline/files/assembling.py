"""Columns put together as the schema `EVENTS`, and the identities that rows point to."""

from collections.abc import Mapping

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline.files.typed import Typed
from hearthline.schema.arrow import EVENTS, IDENTITIES
from hearthline.schema.journey import Ints

__all__ = ["assembled", "combination", "identities_of"]

_DEFAULTS = {"id_origin": "native", "time_quality": "platform", "stage": "none", "modality": "unknown",
             "initiator_kind": "unknown"}  # fmt: skip
# field -> (namespace, personal), in the order of the namespaces' names, in which the key is made.
_NAMESPACES = (
    ("customer", "customer", False),
    ("device_id", "device", False),
    ("email", "email", True),
    ("household", "household", False),
    ("ip", "ip", True),
    ("person", "person", False),
    ("phone", "phone", True),
)


def assembled(columns: Mapping[str, pa.Array], n: int) -> pa.Table:
    """Return `n` events from the columns that are known; the others are null or have their defaults.

    >>> assembled({}, 2).column("stage").to_pylist()
    ['none', 'none']
    """
    arrays = []
    for field in EVENTS:
        column = columns.get(field.name)
        default = _DEFAULTS.get(field.name)
        if column is None:
            column = pa.nulls(n, field.type) if default is None else pa.repeat(default, n)
        elif default is not None:
            column = pc.fill_null(column, default)
        arrays.append(column if column.type == field.type else column.cast(field.type))
    return pa.Table.from_arrays(arrays, schema=EVENTS)


def _named_by(typed: Typed) -> list[tuple[str, str, bool]]:
    """Return the identifying fields that the table has."""
    return [n for n in _NAMESPACES if typed.has(n[0])]


def combination(typed: Typed) -> pa.DictionaryArray:
    """Return each row's combination of identifiers as a code; the dictionary holds each once."""
    parts = [pc.fill_null(typed.get(field), "") for field, _, _ in _named_by(typed)]
    if len(parts) < 2:
        return (parts[0] if parts else pa.repeat("", typed.n)).dictionary_encode()
    return pc.binary_join_element_wise(*parts, "\x1f").dictionary_encode()


def _sql_key(fields: list[tuple[str, str, bool]]) -> str:
    """Return SQL for the text whose hash is `schema.arrow.identity_key`."""
    parts = [f"'i' || chr(31) || '{ns}' || chr(31) || {field}" for field, ns, _ in fields]
    if any(field == "household" for field, _, _ in fields):
        parts.append("'h' || chr(31) || 'home' || chr(31) || household")
    return f"concat_ws(chr(30), {', '.join(parts)})"


def _keys(connection: duckdb.DuckDBPyConnection, who: pa.Table, fields: list[tuple[str, str, bool]]) -> Ints:
    """Return the key of each combination; 0 where it names nobody."""
    connection.register("who", who)
    known = f"coalesce({', '.join(f for f, _, _ in fields)}) is not null"
    sql = (
        f"select case when {known} then unhex(substr(sha256({_sql_key(fields)}), 1, 16)) end as key from who"
    )
    key = connection.sql(sql).to_arrow_table().column("key")
    connection.unregister("who")
    raw = pc.fill_null(key, bytes(8)).cast(pa.binary(8)).combine_chunks()
    return np.frombuffer(raw.buffers()[1], ">i8", len(raw), raw.offset * 8).astype(np.int64)


def _listed(columns: list[pa.Array], structs: list[pa.Array]) -> pa.Array:
    """Return for each row the list of those of its structs whose column is not null."""
    n = len(columns[0])
    given = np.stack([np.asarray(c.is_valid()) for c in columns], axis=1)
    offsets = np.concatenate([[0], np.cumsum(given.sum(axis=1))]).astype(np.int32)
    # Row after row, one struct a namespace: the flat position of a value is column * n + row.
    flat = (np.arange(len(columns))[None, :] * n + np.arange(n)[:, None])[given]
    return pa.ListArray.from_arrays(pa.array(offsets), pa.concat_arrays(structs).take(pa.array(flat)))


def _identifiers(who: pa.Table, fields: list[tuple[str, str, bool]]) -> pa.Array:
    kinds = list(IDENTITIES.field("identifiers").type.value_type)
    n = who.num_rows
    columns, structs = [], []
    for field, namespace, personal in fields:
        value = who.column(field).combine_chunks()
        given = {"namespace": pa.repeat(namespace, n), "value": value, "personal": pa.repeat(personal, n),
                 "primary": pa.repeat(pa.scalar(value=False), n)}  # fmt: skip
        columns.append(value)
        structs.append(
            pa.StructArray.from_arrays([given.get(k.name, pa.nulls(n, k.type)) for k in kinds], fields=kinds)
        )
    return _listed(columns, structs)


def _hints(who: pa.Table) -> pa.Array:
    kinds = list(IDENTITIES.field("household_hints").type.value_type)
    n = who.num_rows
    home = (
        who.column("household").combine_chunks()
        if "household" in who.column_names
        else pa.nulls(n, pa.string())
    )
    given = {"kind": pa.repeat("home", n), "value": home, "personal": pa.repeat(pa.scalar(value=False), n),
             "strength": pa.repeat(1.0, n)}  # fmt: skip
    struct = pa.StructArray.from_arrays([given[k.name] for k in kinds], fields=kinds)
    return _listed([home], [struct])


def identities_of(connection: duckdb.DuckDBPyConnection, typed: Typed) -> tuple[pa.Array, pa.Table]:
    """Return each row's identity and the table of identities, each distinct combination once.

    A row without any identifier has the identity 0, which is not in the table.
    """
    fields = _named_by(typed)
    if not fields or not typed.n:
        return pa.repeat(0, typed.n).cast(pa.int64()), IDENTITIES.empty_table()
    codes = np.asarray(combination(typed).indices)
    # Codes are given in the order of first appearance, so a first row is one that raises the maximum.
    highest = np.concatenate([[-1], np.maximum.accumulate(codes)[:-1]])
    firsts = pa.array(np.flatnonzero(codes > highest))
    who = pa.table({f: typed.get(f).take(firsts) for f, _, _ in fields})
    keys = _keys(connection, who, fields)
    identities = pa.table([pa.array(keys), _identifiers(who, fields), _hints(who)], schema=IDENTITIES).filter(
        pa.array(keys != 0)
    )
    return pa.array(keys[codes]), identities
