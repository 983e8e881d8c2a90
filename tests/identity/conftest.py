"""Who was named when, told in a few words; and what resolution makes of it."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pyarrow as pa

from hearthline.identity import STATEMENTS, Observed, Policies, Resolution, resolve
from hearthline.schema.arrow import Names, identities_table, identity_key
from hearthline.schema.event import Hint, Identifier

DAY = 86_400_000_000
Row = tuple[Names, float, float, int]


def ids(*texts: str) -> Names:
    found = [t.split(":", 1) for t in texts]
    return Names(
        tuple(Identifier(namespace=n, value=v) for n, v in found if not n.startswith("hint.")),
        tuple(Hint(kind=n[5:], value=v) for n, v in found if n.startswith("hint.")),
    )


def observed(
    rows: Sequence[Row],
    kinds: dict[str, str] | None = None,
    nights: dict[int, int] | None = None,
    statements: Sequence[dict[str, object]] = (),
) -> Observed:
    """Rows: who was named, first day, last day, events. `kinds` by device, `nights` by row number."""
    keys = [identity_key(*r[0]) for r in rows]
    by_device = [
        next((kinds[i.value] for i in r[0].identifiers if kinds and i.value in kinds), None) for r in rows
    ]
    observations = pa.table(
        {
            "identity": pa.array(keys, pa.int64()),
            "first_us": pa.array([int(r[1] * DAY) for r in rows], pa.int64()),
            "last_us": pa.array([int(r[2] * DAY) for r in rows], pa.int64()),
            "events": pa.array([r[3] for r in rows], pa.int64()),
            "device_kind": pa.array(by_device, pa.string()),
        }
    )
    slept = None
    if nights:
        slept = pa.table({"identity": [keys[i] for i in nights], "nights": list(nights.values())})
    return Observed(observations, identities_table([r[0] for r in rows]), slept, said(*statements))


def said(*statements: dict[str, object]) -> pa.Table:
    whole = [
        {
            "id": f"s{n}",
            "kind": "same",
            "level": "household",
            "weight": 9.0,
            "rule": "by hand",
            "made": datetime(2026, 3, 1, n % 24, tzinfo=UTC),
            "events": [],
            "evidence": [],
            **s,
        }
        for n, s in enumerate(statements)
    ]
    for s in whole:
        s["left"], s["right"] = sorted((s["left"], s["right"]))
    return pa.Table.from_pylist(whole, schema=STATEMENTS)


def resolved(rows: Sequence[Row], policies: Policies | None = None, **more: object) -> Resolution:
    return resolve(observed(rows, **more), policies or Policies({}))


def unit(resolution: Resolution, who: Names, day: float = 0) -> int | None:
    key = identity_key(*who)
    for row in resolution.members.to_pylist():
        if row["identity"] == key and row["valid_from_us"] <= day * DAY < row["valid_to_us"]:
            return row["unit"]
    return None


def person(resolution: Resolution, who: Names) -> int | None:
    key = identity_key(*who)
    return next(r["person"] for r in resolution.members.to_pylist() if r["identity"] == key)


def notes(resolution: Resolution, state: str = "demoted") -> list[str]:
    return sorted({r["note"] for r in resolution.links.to_pylist() if r["state"] == state})
