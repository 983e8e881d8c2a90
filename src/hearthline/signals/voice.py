"""Voice: sessions from question to order, what was asked in vain, who comes back, which assistant is best."""

from itertools import combinations
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline.signals import Asked, Tables
from hearthline.signals._asks import ASKS, SESSIONS
from hearthline.signals._chances import Z90, difference, holm, wilson
from hearthline.signals._columns import Floats, Ints, made, micros, schema, sorted_by

__all__ = ["NEEDS", "OPTIONS", "PAPER", "READS", "TABLES", "TELLS", "TITLE", "derive"]

TITLE: Final = "Voice"
TELLS: Final = (
    "Voice sessions from question to order by assistant, skill, locale, device and room, what was asked in "
    "vain, how many homes come back in the twelve weeks after their first session, and which assistants "
    "differ."
)
PAPER: Final = "Wilson (1927) intervals; ratios over households (Cochran 1977), compared with Holm (1979)"
READS: Final = {
    "sessions": SESSIONS,
    "demand": f"""
        SELECT assistant, intent, coalesce(nullif(trim(lower(said)), ''), '(not told)') AS said,
          count(*) AS asked,
          count(*) FILTER (misunderstood OR handled IS NOT DISTINCT FROM false) AS unhandled,
          count(*) FILTER (repeated) AS repeated, count(handled) + count(*) FILTER (misunderstood) AS told,
          count(DISTINCT unit) AS homes, bool_or(commerce) AS commerce
        FROM ({ASKS}) GROUP BY ALL""",
}
NEEDS: Final = ()
_COUNT: Final = pa.int64()
TABLES: Final = {
    "voice_funnel": schema(
        part=(pa.string(), "all, assistant, skill, locale, device or room"),
        what=(pa.string(), "which one"),
        sessions=(_COUNT, "voice sessions"),
        homes=(_COUNT, "households with one"),
        asks=(_COUNT, "questions in them"),
        understood=(_COUNT, "sessions with a question that was understood"),
        told=(_COUNT, "sessions of which the platform says whether they were handled"),
        handled=(_COUNT, "of those, sessions in which something was"),
        commerce=(_COUNT, "sessions with a question about products or orders"),
        engaged=(_COUNT, "sessions in which such a question was handled (not denied)"),
        engaged_share=(pa.float64(), "engaged / sessions"),
        engaged_low=(pa.float64(), "low end of its 90 % interval over households"),
        engaged_high=(pa.float64(), "high end"),
        offered=(_COUNT, "sessions with an offer, a cart or a purchase begun by voice"),
        ordered=(_COUNT, "sessions with an order confirmed by voice"),
        elsewhere=(_COUNT, "sessions followed within a day by an order by hand on another device"),
    ),
    "voice_demand": schema(
        assistant=(pa.string(), "platform"),
        intent=(pa.string(), "what it was taken for"),
        said=(pa.string(), "words or slots, where they are told"),
        asked=(_COUNT, "times asked"),
        unhandled=(_COUNT, "times not understood or not handled"),
        repeated=(_COUNT, "of those, asked anew within two minutes: misheard"),
        told=(_COUNT, "times of which it is told whether it was handled"),
        homes=(_COUNT, "households that asked"),
        commerce=(pa.bool_(), "whether it is about products or orders"),
    ),
    "voice_retention": schema(
        week=(_COUNT, "weeks after a household's first voice session, 1 to 12"),
        homes=(_COUNT, "households seen through that week"),
        active=(_COUNT, "of them with a session in it"),
        share=(pa.float64(), "active / homes"),
        low=(pa.float64(), "low end of the 90 % interval (Wilson)"),
        high=(pa.float64(), "high end"),
    ),
    "voice_comparison": schema(
        measure=(pa.string(), "handled or engaged: shares of sessions"),
        one=(pa.string(), "an assistant"),
        other=(pa.string(), "another assistant"),
        difference=(pa.float64(), "share of the one less share of the other"),
        low=(pa.float64(), "low end of its 90 % interval over households"),
        high=(pa.float64(), "high end"),
        p=(
            pa.float64(),
            "chance of such a difference if there were none, all read together (Holm)",
        ),
        homes=(_COUNT, "households of both"),
    ),
}
OPTIONS: Final = {"min_homes": 30.0}
_WEEK_US: Final = 7 * 86_400_000_000
_PARTS: Final = ("assistant", "skill", "locale", "device", "room")
_FLAGS: Final = ("understood", "handled", "commerce", "engaged", "offered", "ordered", "elsewhere")


def derive(seen: Tables, asked: Asked) -> Tables:
    """Return the funnel, demand, retention and comparison of assistants."""
    sessions = sorted_by(seen["sessions"], "unit", "began")
    rest = [(n, "ascending") for n in ("assistant", "intent", "said")]
    demand = seen["demand"].sort_by([("unhandled", "descending"), ("asked", "descending"), *rest])
    columns = {n: demand[n].combine_chunks() for n in demand.column_names}
    return {
        "voice_funnel": _funnel(sessions),
        "voice_demand": made(TABLES["voice_demand"], columns),
        "voice_retention": _retention(sessions, micros(asked.as_of)),
        "voice_comparison": _comparison(sessions, int(asked.options["min_homes"])),
    }  # fmt: skip


def _flag(sessions: pa.Table, name: str) -> Floats:
    filled = pc.fill_null(sessions[name], False).combine_chunks()  # noqa: FBT003
    return np.asarray(filled.cast(pa.float64()).to_numpy(), dtype=np.float64)


def _whole(sessions: pa.Table, name: str) -> Ints:
    return np.asarray(sessions[name].combine_chunks().cast(pa.int64()).to_numpy(), dtype=np.int64)


def _sums(at: Ints, values: Floats) -> Floats:
    return np.bincount(at, weights=values).astype(np.float64)


def _funnel(sessions: pa.Table) -> pa.Table:
    if not sessions.num_rows:
        return TABLES["voice_funnel"].empty_table()
    flags = {n: _flag(sessions, n) for n in _FLAGS}
    told = pc.is_valid(sessions["handled"]).combine_chunks().cast(pa.float64()).to_numpy()
    unit, asks = _whole(sessions, "unit"), _whole(sessions, "asks")
    rows: list[dict[str, Any]] = []
    parts = (("all", None), *((p, "kind" if p == "device" else p) for p in _PARTS))
    for part, column in parts:
        labels = sessions[column].to_pylist() if column else ["all voice sessions"] * sessions.num_rows
        for what in sorted(set(labels)):
            inside = np.array([label == what for label in labels])
            counts = {n: int(f[inside].sum()) for n, f in flags.items()}
            _, at = np.unique(unit[inside], return_inverse=True)
            x, y = _sums(at, flags["engaged"][inside]), _sums(at, np.ones(len(at)))
            share = x.sum() / y.sum()
            _, error, _ = difference((x, y), (np.zeros(0), np.zeros(0)))
            low, high = max(0.0, share - Z90 * error), min(1.0, share + Z90 * error)
            rows.append({
                "part": part, "what": what, "sessions": int(inside.sum()), "homes": len(x),
                "asks": int(asks[inside].sum()), "told": int(told[inside].sum()), **counts,
                "engaged_share": float(share), "engaged_low": low, "engaged_high": high,
            })  # fmt: skip
    return pa.Table.from_pylist(rows, schema=TABLES["voice_funnel"])


def _retention(sessions: pa.Table, now: int) -> pa.Table:
    """Return how many households of those seen long enough had a session in each week after their first."""
    unit, at = _whole(sessions, "unit"), _whole(sessions, "began")
    _, row = np.unique(unit, return_inverse=True)
    first = np.full(int(row.max()) + 1 if len(row) else 0, np.iinfo(np.int64).max)
    np.minimum.at(first, row, at)
    week = (at - first[row]) // _WEEK_US if len(row) else at
    homes, active = np.zeros(12), np.zeros(12)
    for k in range(1, 13):
        seen_through = first + (k + 1) * _WEEK_US <= now
        there = np.zeros(len(first), dtype=np.bool_)
        there[row[week == k]] = True
        homes[k - 1], active[k - 1] = seen_through.sum(), (there & seen_through).sum()
    low, high = wilson(active, homes)
    keep = np.flatnonzero(homes > 0)
    share = active / np.maximum(homes, 1)
    columns = {
        "week": keep + 1,
        "homes": homes[keep].astype(np.int64),
        "active": active[keep].astype(np.int64),
    }
    return made(
        TABLES["voice_retention"], columns | {"share": share[keep], "low": low[keep], "high": high[keep]}
    )


def _comparison(sessions: pa.Table, needed: int) -> pa.Table:
    unit, names = _whole(sessions, "unit"), np.array(sessions["assistant"].to_pylist(), dtype=object)
    told = pc.is_valid(sessions["handled"]).combine_chunks().to_numpy(zero_copy_only=False)
    rows: list[dict[str, Any]] = []
    for measure, counted in (("handled", told), ("engaged", np.ones(len(unit), dtype=np.bool_))):
        value, sums = _flag(sessions, measure), {}
        for name in sorted(set(names.tolist())):
            inside = (names == name) & counted
            _, at = np.unique(unit[inside], return_inverse=True)
            if len(at) and at.max() + 1 >= needed:
                sums[name] = (_sums(at, value[inside]), _sums(at, np.ones(len(at))))
        for one, other in combinations(sums, 2):
            gap, error, p = difference(sums[one], sums[other])
            rows.append({
                "measure": measure, "one": one, "other": other, "difference": gap, "low": gap - Z90 * error,
                "high": gap + Z90 * error, "p": p, "homes": len(sums[one][0]) + len(sums[other][0]),
            })  # fmt: skip
    for row, p in zip(rows, holm([r["p"] for r in rows]), strict=True):
        row["p"] = p
    return pa.Table.from_pylist(rows, schema=TABLES["voice_comparison"])
