"""Device retention: how many connected devices are still used so many weeks after they were first used."""

from typing import Any, Final

import numpy as np
import pyarrow as pa

from hearthline.signals import Asked, Tables
from hearthline.signals._chances import wilson
from hearthline.signals._columns import Floats, Ints, schema, sorted_by

__all__ = ["NEEDS", "OPTIONS", "PAPER", "READS", "TABLES", "TELLS", "TITLE", "derive"]

TITLE: Final = "Device retention"
TELLS: Final = (
    "For each week after a device was first used: how many devices of those seen that long were used in it, "
    "and how many had not been used for the last time yet, by kind of device."
)
PAPER: Final = (
    "Wilson (1927); last use by Kaplan & Meier (1958), a device unused for four weeks counts as lost"
)
READS: Final = {
    "device_weeks": """
        WITH uses AS (SELECT unit, device, kind, day FROM device_uses WHERE uses > 0),
        firsts AS (SELECT device, min(unit) AS unit, min(kind) AS kind, min(day) AS first, max(day) AS last
                   FROM uses WHERE kind NOT IN ('phone', 'browser') GROUP BY device)
        SELECT f.device, f.kind, f.first, f.last, list(DISTINCT (u.day - f.first) // 7) AS weeks
        FROM firsts f JOIN uses u USING (device) GROUP BY ALL"""
}
NEEDS: Final = ()
TABLES: Final = {
    "device_retention": schema(
        kind=(pa.string(), "kind of device, or all"),
        week=(pa.int64(), "weeks after the first use: 0 is the first seven days"),
        devices=(pa.int64(), "devices that were seen through that week"),
        active=(pa.int64(), "of them used in it"),
        share=(pa.float64(), "active / devices"),
        low=(pa.float64(), "low end of the 90 % interval (Wilson)"),
        high=(pa.float64(), "high end"),
        kept=(pa.float64(), "part not used for the last time before that week's end (Kaplan-Meier)"),
    )
}
OPTIONS: Final = {"weeks": 12.0, "lost_days": 28.0, "min_devices": 30.0}
_EPOCH: Final = 719_163


def derive(seen: Tables, asked: Asked) -> Tables:
    """Return `device_retention` by kind and week; kinds with too few devices are in `all` alone."""
    rows = sorted_by(seen["device_weeks"].drop_columns("weeks"), "device", "kind")
    weeks_of = dict(
        zip(
            seen["device_weeks"]["device"].to_pylist(), seen["device_weeks"]["weeks"].to_pylist(), strict=True
        )
    )
    now, most = asked.as_of.date().toordinal() - _EPOCH, int(asked.options["weeks"])
    first, last = (np.asarray(rows[n].combine_chunks().cast(pa.int32()).to_numpy(), dtype=np.int64)
                   for n in ("first", "last"))  # fmt: skip
    used = np.zeros((len(first), most + 1), dtype=np.bool_)
    for row, device in enumerate(rows["device"].to_pylist()):
        used[row, [w for w in weeks_of[device] if w <= most]] = True
    kinds, out = np.array(rows["kind"].to_pylist(), dtype=object), []
    for kind in ("all", *sorted(set(kinds.tolist()))):
        inside = np.ones(len(first), dtype=np.bool_) if kind == "all" else kinds == kind
        if inside.sum() >= (1 if kind == "all" else asked.options["min_devices"]):
            out += _curve(kind, first[inside], last[inside], used[inside], now, asked.options["lost_days"])
    return {"device_retention": pa.Table.from_pylist(out, schema=TABLES["device_retention"])}


def _curve(kind: str, first: Ints, last: Ints, used: Any, now: int, lost: float) -> list[dict[str, Any]]:
    out, kept = [], 1.0
    gone = now - last >= lost
    life = np.where(gone, last, now) - first
    for week in range(used.shape[1]):
        seen = first + 7 * (week + 1) <= now
        n, active = int(seen.sum()), int(used[seen, week].sum())
        if not n:
            break
        at_risk = int((life >= 7 * week).sum())
        ended = int((gone & (life >= 7 * week) & (life < 7 * (week + 1))).sum())
        kept *= 1 - ended / at_risk if at_risk else 1.0
        low, high = (float(end[0]) for end in wilson(_one(active), _one(n)))
        out.append(
            {"kind": kind, "week": week, "devices": n, "active": active, "share": active / n, "low": low}
            | {"high": high, "kept": kept}
        )
    return out


def _one(value: int) -> Floats:
    return np.array([float(value)])
