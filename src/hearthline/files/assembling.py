"""Columns put together as the schema `EVENTS`, and the identities that rows point to."""

from collections.abc import Mapping

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline.files.typed import Typed
from hearthline.schema.arrow import EVENTS, IDENTITIES

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


def combination(typed: Typed) -> pa.DictionaryArray:
    """Return each row's combination of identifiers as a code; the dictionary holds each once."""
    parts = [typed.get(field) for field, _, _ in _NAMESPACES]
    joined = pc.binary_join_element_wise(
        *(pc.fill_null(p, "") for p in parts), "\x1f", null_handling="emit_null"
    )
    return joined.dictionary_encode()


def _sql_key() -> str:
    """Return SQL for the text whose hash is `schema.arrow.identity_key`."""
    parts = [f"'i' || chr(31) || '{ns}' || chr(31) || {field}" for field, ns, _ in _NAMESPACES]
    parts.append("'h' || chr(31) || 'home' || chr(31) || household")
    return f"concat_ws(chr(30), {', '.join(parts)})"


def _sql_identifier(field: str, namespace: str, *, personal: bool) -> str:
    return (
        f"case when {field} is not null then {{'namespace': '{namespace}', 'value': {field}, "
        f"'personal': {str(personal).lower()}, 'scope': null::varchar, 'authenticated': null::boolean, "
        "'primary': false} end"
    )


def identities_of(connection: duckdb.DuckDBPyConnection, typed: Typed) -> tuple[pa.Array, pa.Table]:
    """Return each row's identity and the table of identities, each distinct combination once.

    A row without any identifier has the identity 0, which is not in the table.
    """
    coded = combination(typed)
    codes = np.asarray(coded.indices)
    _, firsts = np.unique(codes, return_index=True)
    chosen = pa.array(firsts)
    who = pa.table({f: typed.get(f).take(chosen) for f, _, _ in _NAMESPACES})
    connection.register("who", who)
    listed = ", ".join(_sql_identifier(f, ns, personal=p) for f, ns, p in _NAMESPACES)
    table = connection.sql(
        f"select unhex(substr(sha256({_sql_key()}), 1, 16)) as key, "
        f"coalesce({', '.join(f for f, _, _ in _NAMESPACES)}) is not null as known, "
        f"list_filter([{listed}], lambda x: x is not null) as identifiers, "
        "case when household is null then [] else "
        "[{'kind': 'home', 'value': household, 'personal': false, 'strength': 1.0::double}] end as hints "
        "from who"
    ).to_arrow_table()
    connection.unregister("who")
    known = np.asarray(table.column("known"))
    raw = b"".join(table.column("key").to_pylist())
    keys = np.where(known, np.frombuffer(raw, ">i8").astype(np.int64), 0)
    identities = pa.table(
        [pa.array(keys), table.column("identifiers"), table.column("hints")],
        names=IDENTITIES.names,
    ).filter(pa.array(known))
    return pa.array(keys[codes]), identities.cast(IDENTITIES)
