"""Service alerts: bursts of errors and breaks in use of a device that precede silence or a call for help."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from hearthline.signals import DERIVED, Asked, Tables
from hearthline.signals._columns import Floats, Ints, schema, sorted_by

__all__ = ["NEEDS", "OPTIONS", "PAPER", "READS", "TABLES", "TELLS", "TITLE", "derive"]

TITLE: Final = "Service alerts"
TELLS: Final = (
    "Alarms on devices whose errors rise above their own rate, and how good such alarms were so far: the "
    "part that was followed by silence of the device or a call for help, and how many days before."
)
PAPER: Final = "an exponentially weighted Poisson control chart (Borror, Champ & Rigdon 1998)"
READS: Final = {
    "device_days": """
        SELECT device, min(unit) AS unit, min(kind) AS kind, day, sum(uses) AS uses, sum(errors) AS errors
        FROM device_uses GROUP BY device, day""",
    "contacts": """
        SELECT DISTINCT unit, CAST(time AS DATE) AS day FROM homed_events
        WHERE regexp_matches(type, '(ticket|support|complaint|service|help)') AND initiator_kind = 'human'""",
    "span": "SELECT first_day, last_day FROM run",
}
NEEDS: Final = ()
TABLES: Final = {
    "service_alerts": schema(
        device=(pa.string(), "id of the device"),
        unit=(pa.int64(), "key of the household"),
        kind=(pa.string(), "kind of device"),
        day=(pa.date32(), "day of the alarm (UTC)"),
        errors=(pa.int64(), "errors in the seven days up to it"),
        usual=(pa.float64(), "errors that seven days usually have on this device"),
        outcome=(pa.string(), "silence, contact, none, or open: not four weeks ago yet"),
        lead_days=(pa.int64(), "days from the alarm to the outcome"),
    ),
    "service_quality": schema(
        alarms=(pa.int64(), "alarms whose four weeks are over"),
        right=(pa.int64(), "of them followed by silence or a contact"),
        precision=(pa.float64(), "right / alarms"),
        expected=(pa.float64(), "the same part on days of devices without an alarm"),
        lead_days=(pa.float64(), "median days from a right alarm to the outcome"),
        devices=(pa.int64(), "devices watched"),
        a_device_year=(pa.float64(), "alarms a device and year"),
    ),
    "derived": DERIVED,
}
OPTIONS: Final = {"limit": 4.0, "least": 3.0}
_EPOCH: Final = 719_163
_AHEAD: Final = 28
_SPARE: Final = 28


@dataclass(frozen=True, slots=True)
class _Watched:
    """Device-days with a use or an error, sorted; the device's last use, the next call for help."""

    rows: pa.Table
    device: Ints
    day: Ints
    begin: Ints
    end: Ints
    contact: Ints
    now: int


def derive(seen: Tables, asked: Asked) -> Tables:
    """Return the alarms, how good they were, and an event for each alarm of the last week."""
    rows = sorted_by(seen["device_days"], "device", "day")
    if not rows.num_rows:
        return {name: kind.empty_table() for name, kind in TABLES.items()}
    device, begin = _devices(rows)
    day, errors, uses = _ints(rows["day"], pa.int32()), _floats(rows["errors"]), _floats(rows["uses"])
    contact = _contacts(seen["contacts"], _ints(rows["unit"], pa.int64()), day)
    end = _ends(device, day, uses, len(begin))[device]
    one = _Watched(rows, device, day, begin, end, contact, asked.as_of.date().toordinal() - _EPOCH)
    recent, usual = _rates(device, day, errors, begin)
    fires = (recent >= asked.options["least"]) & (errors > 0)
    fires &= recent - usual > asked.options["limit"] * np.sqrt(usual + 0.25)
    alarms = [_alarm(one, i, recent[i], usual[i]) for i in _rested(device, day, fires).tolist()]
    fresh = [a for a in alarms if a["outcome"] == "open" and one.now - (a["day"].toordinal() - _EPOCH) <= 7]
    return {
        "service_alerts": pa.Table.from_pylist(alarms, schema=TABLES["service_alerts"]),
        "service_quality": pa.Table.from_pylist([_quality(alarms, one)], schema=TABLES["service_quality"]),
        "derived": _events(fresh, asked),
    }


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.combine_chunks().cast(pa.float64()).to_numpy(), dtype=np.float64)


def _ints(column: pa.ChunkedArray, kind: pa.DataType) -> Ints:
    return np.asarray(column.combine_chunks().cast(kind).to_numpy(), dtype=np.int64)


def _devices(rows: pa.Table) -> tuple[Ints, Ints]:
    names = rows["device"].combine_chunks().dictionary_encode().indices.to_numpy()
    new = np.diff(names, prepend=-1) != 0
    out: Ints = np.cumsum(new) - 1
    return out, np.flatnonzero(new)


def _rates(device: Ints, day: Ints, errors: Floats, begin: Ints) -> tuple[Floats, Floats]:
    """Return for each row errors in the seven days up to it, and what seven days before usually had."""
    key = device * 100_000 + day
    total = np.concatenate([[0.0], np.cumsum(errors)])

    def until(back: int) -> Floats:
        at = np.maximum(np.searchsorted(key, key - back, side="right"), begin[device])
        out: Floats = total[at]
        return out

    here = total[np.arange(len(key)) + 1]
    recent, past = here - until(7), until(7) - until(91)
    known = np.clip(day - day[begin[device]] - 7, 7, 84)
    return recent, (past + 0.1) / known * 7


def _rested(device: Ints, day: Ints, fires: Any) -> Ints:
    """Return the rows that fire and are no repetition of an alarm in the four weeks before."""
    rows, kept = np.flatnonzero(fires), []
    last: tuple[int, int] = (-1, -(10**9))
    for i in rows.tolist():
        if device[i] != last[0] or day[i] - last[1] >= _SPARE:
            kept.append(i)
            last = (int(device[i]), int(day[i]))
    return np.array(kept, dtype=np.int64)


def _ends(device: Ints, day: Ints, uses: Floats, n: int) -> Ints:
    """Return each device's last day of use; a very early day where there is none."""
    out = np.full(n, -(10**6))
    used = uses > 0
    np.maximum.at(out, device[used], day[used])
    return out


def _contacts(contacts: pa.Table, unit: Ints, day: Ints) -> Ints:
    """Return for each row the next day on which its household asked for help; far away where none did."""
    rows = sorted_by(contacts, "unit", "day")
    if not rows.num_rows:
        return np.full(len(unit), 10**6)
    who, when = _ints(rows["unit"], pa.int64()), _ints(rows["day"], pa.int32())
    homes = np.unique(who)
    key = np.searchsorted(homes, who) * 100_000 + when
    at = np.searchsorted(key, np.searchsorted(homes, unit) * 100_000 + day, side="left")
    near = np.minimum(at, len(key) - 1)
    same = (at < len(key)) & (who[near] == unit)
    return np.where(same, when[near], 10**6)


def _outcome(day: int, now: int, end: int, contact: int) -> tuple[str, int | None]:
    if contact - day <= _AHEAD:
        return "contact", contact - day
    if now - day < _AHEAD:
        return "open", None
    if day - _AHEAD <= end <= day + _AHEAD and now - end >= _AHEAD:
        return "silence", max(end - day, 0)
    return "none", None


def _alarm(one: _Watched, i: int, recent: float, usual: float) -> dict[str, Any]:
    told = {n: one.rows[n][i].as_py() for n in ("device", "unit", "kind", "day")}
    outcome, lead = _outcome(int(one.day[i]), one.now, int(one.end[i]), int(one.contact[i]))
    return {**told, "errors": int(recent), "usual": float(usual), "outcome": outcome, "lead_days": lead}


def _quality(alarms: list[dict[str, Any]], one: _Watched) -> dict[str, Any]:
    """Return how good the alarms were whose four weeks are over, beside all device-days."""
    over = [a for a in alarms if a["outcome"] != "open"]
    leads = [a["lead_days"] for a in over if a["lead_days"] is not None]
    day, end, old = one.day, one.end, one.now - one.day >= _AHEAD
    silent = (end >= day - _AHEAD) & (end <= day + _AHEAD) & (one.now - end >= _AHEAD)
    bad = silent | (one.contact - day <= _AHEAD)
    years = len(one.begin) * max(int(day.max() - day.min()), 1) / 365
    return {
        "alarms": len(over),
        "right": len(leads),
        "precision": len(leads) / len(over) if over else None,
        "expected": float(bad[old].mean()) if old.any() else None,
        "lead_days": float(np.median(leads)) if leads else None,
        "devices": len(one.begin),
        "a_device_year": len(alarms) / years,
    }


def _events(alarms: list[dict[str, Any]], asked: Asked) -> pa.Table:
    rows = [
        {
            "id": f"service-{a['day'].isoformat()}-{a['device']}",
            "source": "//hearthline/signals/service_alerts",
            "type": "derived.service.needed",
            "time": asked.as_of,
            "layer": "derived",
            "unit": a["unit"],
            "device_id": a["device"],
            "device_kind": a["kind"],
            "signal_capability": "service",
            "signal_attribute": "errors",
            "signal_number": float(a["errors"]),
            "signal_unit": "count",
        }
        for a in alarms
    ]
    return pa.Table.from_pylist(rows, schema=DERIVED)
