"""What forecasts read of an answer: enrolments and the orders that they brought."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from hearthline.attribution import Enrolled

__all__ = ["Read", "enrolled_in"]

Read = Callable[[str], pa.Table]
_OPEN = np.iinfo(np.int64).max

_ENROLMENTS = f"""
    SELECT enrolment_id, kind, epoch_ms(time) AS began_ms, coalesce(epoch_ms(ended), {_OPEN}) AS ended_ms
    FROM enrolments ORDER BY enrolment_id"""
_ORDERS = """
    SELECT o.shop, o.order_id, o.enrolment, epoch_ms(o.time) AS order_ms, CAST(o.net AS DOUBLE) AS money
    FROM orders o
    WHERE o.enrolment IS NOT NULL AND o.kind <> 'person' AND o.net IS NOT NULL
        AND coalesce(o.status, 'placed') = 'placed' AND o.enrolment IN (SELECT enrolment_id FROM enrolments)
    ORDER BY o.order_id, o.shop"""


def enrolled_in(read: Read) -> tuple[Enrolled, list[tuple[str, str]]]:
    """Return the enrolments by their ids, ascending, with their orders, and these orders' shops and numbers.

    Args:
        read: returns the result of a SELECT over the answer's tables.
    """
    known, orders = read(_ENROLMENTS), read(_ORDERS)
    row = {name: i for i, name in enumerate(known["enrolment_id"].to_pylist())}
    kinds = {kind: i for i, kind in enumerate(sorted(set(known["kind"].to_pylist())))}

    def column(table: pa.Table, name: str) -> Any:
        return table[name].to_numpy(zero_copy_only=False)

    return Enrolled(
        kind=np.array([kinds[k] for k in known["kind"].to_pylist()], dtype=np.int64),
        began_ms=column(known, "began_ms").astype(np.int64),
        ended_ms=column(known, "ended_ms").astype(np.int64),
        of=np.array([row[e] for e in orders["enrolment"].to_pylist()], dtype=np.int64),
        order_ms=column(orders, "order_ms").astype(np.int64),
        money=column(orders, "money").astype(np.float64),
    ), list(zip(*(orders[name].to_pylist() for name in ("shop", "order_id")), strict=True))
