"""Batches cut to size, without cutting an order in two."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa

from hearthline.files.rows import Batch
from hearthline.files.typed import text_of

__all__ = ["sliced", "whole_orders"]

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
        place=lambda i, column: batch.place(start + i, column),
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
        place=lambda i, column: one.place(i, column) if i < n else other.place(i - n, column),
    )
