"""Batches cut to size, without cutting an order in two.

A file is read in parts. An order whose rows stand in more than one of them, because other orders lie
between, is looked for first (`Apart`); its rows are left out of the parts and come together at the end.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice

import duckdb
import numpy as np
import pyarrow as pa

from hearthline.files.rows import Batch
from hearthline.files.typed import text_of
from hearthline.schema.journey import Ints
from hearthline.schema.records import Reject

__all__ = ["Apart", "sliced", "whole_orders"]

_MOST = 10_000
"""Rows of one order that are held back for its next ones; an order with more is cut."""


def sliced(batches: Iterable[Batch], chunk_rows: int) -> Iterator[Batch]:
    """Yield batches of at most `chunk_rows` rows; what could not be split comes with the first."""
    for batch in batches:
        n = batch.table.num_rows
        if n <= chunk_rows:
            yield batch
            continue
        for start in range(0, n, chunk_rows):
            yield _slice(batch, start, min(n, start + chunk_rows))


def _slice(batch: Batch, start: int, stop: int) -> Batch:
    rejects = [] if start else batch.rejects
    return Batch(
        table=batch.table.slice(start, stop - start),
        lines=batch.lines[start:stop],
        rejects=rejects,
        read=stop - start + len(rejects),
        raw=lambda i: batch.raw(start + i),
        spot=batch.spot,
    )


def whole_orders(batches: Iterable[Batch], column: str) -> Iterator[Batch]:
    """Yield the batches so that rows of one order that follow each other are in one batch."""
    held: Batch | None = None
    for batch in batches:
        if held is not None:
            n = held.table.num_rows
            begins = n - _last_ones(held, column)
            if n - begins > _MOST:
                begins = n
            if begins or held.rejects:
                yield _slice(held, 0, begins)
            if begins < n:
                rest = replace(_slice(held, begins, n), rejects=[], read=n - begins)
                batch = _both(rest, batch)  # noqa: PLW2901 # the order goes on in it
        held = batch
    if held is not None:
        yield held


def _last_ones(batch: Batch, column: str) -> int:
    """Return how many rows at the end are of the last row's order."""
    n = batch.table.num_rows
    orders = text_of(batch.table.column(column).slice(max(0, n - _MOST - 1))).to_pylist()
    alike = 0
    while alike < len(orders) and orders[-1] is not None and orders[-1 - alike] == orders[-1]:
        alike += 1
    return alike


def _both(one: Batch, other: Batch) -> Batch:
    n = one.table.num_rows
    return Batch(
        table=pa.concat_tables([one.table, other.table], promote_options="permissive"),
        lines=np.concatenate([one.lines, other.lines]),
        rejects=[*one.rejects, *other.rejects],
        read=one.read + other.read,
        raw=lambda i: one.raw(i) if i < n else other.raw(i - n),
        spot=one.spot,
    )


class Apart:
    """The orders of a file whose rows stand in several of its parts, and their rows put together.

    Args:
        connection: what counts; the file's own is not disturbed.
        parts: gives the file's parts, from the beginning each time it is called.
        column: the one with the order's number.
        most: how many of these rows are in memory at a time; the file is read again for each so many.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        parts: Callable[[], Iterator[Batch]],
        column: str,
        most: int,
    ) -> None:
        self._connection, self._parts, self._column, self._most = connection.cursor(), parts, column, most
        self.orders = 0

    def together(self) -> Iterator[Batch]:
        """Yield the parts so that all rows of an order are in one of them.

        A file of one part is read once. `orders` is then how many orders were put together.
        """
        parts = self._parts()
        begin = list(islice(parts, 2))
        if len(begin) < 2:
            yield from begin
            return
        self._find(chain(begin, parts))
        if not self.orders:
            yield from self._parts()
            return
        for batch in self._parts():
            own = self._which(batch) < 0
            if own.any() or batch.rejects:
                yield _only(batch, np.flatnonzero(own), batch.rejects)
        for (turn,) in self._connection.execute("SELECT DISTINCT turn FROM apart ORDER BY turn").fetchall():
            yield self._gathered(turn)

    def _find(self, batches: Iterable[Batch]) -> None:
        """Keep in `apart` the hashes of numbers in more than one part, each with the turn it comes in."""
        con = self._connection
        con.execute("CREATE OR REPLACE TEMP TABLE numbers (part INTEGER, h UBIGINT, n BIGINT)")
        for part, batch in enumerate(batches):
            self._look(batch)
            counted = "hash(o), count(*) FROM looked WHERE o IS NOT NULL GROUP BY o"
            con.execute(f"INSERT INTO numbers SELECT {part}, {counted}")
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE apart AS
            SELECT h, CAST(floor((sum(n) OVER (ORDER BY h) - 1) / {self._most}) AS INTEGER) AS turn
            FROM (SELECT h, sum(n) AS n FROM numbers GROUP BY h HAVING count(DISTINCT part) > 1)""")
        con.execute("DROP TABLE numbers")
        ((self.orders,),) = con.execute("SELECT count(*) FROM apart").fetchall()

    def _look(self, batch: Batch) -> None:
        numbers = text_of(batch.table.column(self._column))
        rows = pa.array(np.arange(batch.table.num_rows))
        self._connection.register("looked", pa.table({"i": rows, "o": numbers}))

    def _which(self, batch: Batch) -> Ints:
        """Return (n,) the turn in which each row's order comes together; -1 where it needs none."""
        self._look(batch)
        found = self._connection.sql("SELECT i, turn FROM looked JOIN apart ON hash(o) = h").to_arrow_table()
        which = np.full(batch.table.num_rows, -1, np.int64)
        which[np.asarray(found["i"])] = np.asarray(found["turn"])
        return which

    def _gathered(self, turn: int) -> Batch:
        """Return the rows of a turn's orders, order by order, each in the order of the file."""
        held: list[tuple[pa.Table, Ints]] = []
        raws: list[bytes] = []
        for batch in self._parts():
            spot = batch.spot
            rows = np.flatnonzero(self._which(batch) == turn)
            held.append((batch.table.take(pa.array(rows)), batch.lines[rows]))
            raws += [batch.raw(i) for i in rows.tolist()]  # the part itself is not held
        table = pa.concat_tables([t for t, _ in held], promote_options="permissive")
        line = np.concatenate([n for _, n in held])
        codes = text_of(table.column(self._column)).combine_chunks().dictionary_encode().indices
        order = np.argsort(np.asarray(codes), kind="stable")
        table = table.take(pa.array(order)).combine_chunks()
        return Batch(table, line[order], [], len(order), lambda i: raws[order[i]], spot)


def _only(batch: Batch, rows: Ints, rejects: list[Reject]) -> Batch:
    """Return some rows of a batch."""
    if len(rows) == batch.table.num_rows:
        return batch
    return Batch(
        table=batch.table.take(pa.array(rows)),
        lines=batch.lines[rows],
        rejects=rejects,
        read=len(rows) + len(rejects),
        raw=lambda i: batch.raw(int(rows[i])),
        spot=batch.spot,
    )
