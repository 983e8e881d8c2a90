"""What a reader's own SQL gives, and what is said where DuckDB does not understand it."""

import re
from collections.abc import Callable, Iterable

import duckdb
import pyarrow as pa

from hearthline.schema.errors import BadConfig, HearthlineError, UnknownName

__all__ = ["asked"]

_NO_TABLE = re.compile(r"Table with name (\S+) does not exist")
_OWN = "SELECT DISTINCT table_name FROM information_schema.tables ORDER BY table_name"


def asked(what: str, connection: duckdb.DuckDBPyConnection, ask: Callable[[], pa.Table]) -> pa.Table:
    """Return what a question in SQL gives.

    Args:
        what: what the SQL is called in messages, such as `the query`.
        connection: whose tables it is about.
        ask: gives the answer.

    Raises:
        UnknownName: the SQL names a table or a column that there is not; the message lists the tables, or the
            columns that are near.
        BadConfig: DuckDB does not understand the SQL. DuckDB's own error is the cause of both.

    >>> connection = duckdb.connect()
    >>> _ = connection.execute("CREATE TABLE orders (net INTEGER)")
    >>> asked("the query", connection, lambda: connection.sql("FROM nope").to_arrow_table())
    Traceback (most recent call last):
    hearthline.schema.errors.UnknownName: the query: there is no table 'nope'; choose one of orders
    """
    try:
        return ask()
    except duckdb.Error as error:
        raise _told(what, error, connection) from error


def _told(what: str, error: duckdb.Error, connection: duckdb.DuckDBPyConnection) -> HearthlineError:
    lines = str(error).splitlines()
    missing = _NO_TABLE.search(lines[0]) if isinstance(error, duckdb.CatalogException) else None
    if missing:
        names = _listed(name for (name,) in connection.execute(_OWN).fetchall())
        return UnknownName(f"{what}: there is no table {missing[1]!r}; choose one of {names}")
    hint = next((line for line in lines if line.startswith(("Did you mean", "Candidate"))), "")
    kind = UnknownName if isinstance(error, duckdb.CatalogException | duckdb.BinderException) else BadConfig
    return kind(f"{what}: {lines[0]}; {hint or 'docs/answer.md lists the tables and columns'}")


def _listed(names: Iterable[str]) -> str:
    """Return the tables that a reader may ask: not those that the answer keeps for itself."""
    return ", ".join(n for n in names if not n.startswith(("empty_", "stored_")))
