"""A town with doubtful links: things of strangers, on which somebody of the town signed in now and then.

The homes at the end of the town are not in view: they order elsewhere, and nobody knows them. What their
devices show and what is done on them is seen, because somebody of the town signs in there: each sign-in names
somebody of a random home. Nothing tells such a device from one of the town's own on which people signed in
as rarely.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

__all__ = ["with_strangers"]

_SIGN_IN = "platform.account.linked"
_PLAIN = ("device", "customer")


def with_strangers(raw: Path, known: int, seed: int, *, seen: bool) -> None:
    """Rewrite a town's files so that homes from number `known` of each block on are strangers.

    Args:
        raw: a folder that `sim.write_lake` wrote.
        known: how many homes of a block stay in view.
        seed: of who signs in where.
        seen: whether the strangers' devices are seen at all; without them nothing else is another.
    """
    for path in sorted(raw.glob("identities-*.parquet")):
        identities = pq.read_table(path)
        rows = identities.to_pylist()
        homes = np.array([_home(row) for row in rows])
        strange = homes >= homes.min() + known
        dice = np.random.default_rng([seed, int(homes.min())])
        named = [_value(r, "customer") for r, s in zip(rows, strange, strict=True) if not s]
        people = sorted({name for name in named if name is not None})
        kept = {r["identity"]: r["identity"] for r, s in zip(rows, strange, strict=True) if not s}
        told = {r["identity"]: r for r, s in zip(rows, strange, strict=True) if not s}
        signing = []
        for row in (r for r, s in zip(rows, strange, strict=True) if s and seen):
            names = sorted(i["namespace"] for i in row["identifiers"])
            if names == ["device"]:
                kept[row["identity"]] = _named(told, row, None)
            elif names == sorted(_PLAIN):
                kept[row["identity"]] = _named(told, row, people[dice.integers(len(people))])
                signing.append(row["identity"])
        pq.write_table(pa.Table.from_pylist(list(told.values()), identities.schema), path)
        events = path.with_name(path.name.replace("identities", "events"))
        pq.write_table(_renamed(pq.read_table(events), kept, signing), events)


def _home(row: dict[str, Any]) -> int:
    """Return the number of the home that an identity is of, as its names tell."""
    digits = [part for i in row["identifiers"] for part in i["value"].replace("SIM", "-").split("-")]
    return int(next(part for part in digits if part.isdigit()))


def _value(row: dict[str, Any], namespace: str) -> str | None:
    return next((i["value"] for i in row["identifiers"] if i["namespace"] == namespace), None)


def _named(told: dict[int, dict[str, Any]], row: dict[str, Any], customer: str | None) -> int:
    """Enter the identity of a stranger's device, with who signs in there or nobody; return its key."""
    from hearthline.schema.arrow import identity_key
    from hearthline.schema.event import Identifier

    plain = [
        {**i, "value": customer if i["namespace"] == "customer" else i["value"]} for i in row["identifiers"]
    ]
    key = identity_key([Identifier(namespace=i["namespace"], value=i["value"]) for i in plain], [])
    told[key] = {"identity": key, "identifiers": plain, "household_hints": []}
    return key


def _renamed(events: pa.Table, kept: dict[int, int], signing: list[int]) -> pa.Table:
    """Return the events of identities that are kept, under their new keys; of strangers no order."""
    old = pa.array(list(kept), pa.int64())
    at = pc.index_in(events["identity"], value_set=old)
    stays = pc.is_valid(at)
    orders = pc.and_(
        pc.is_in(events["identity"], value_set=pa.array(signing, pa.int64())),
        pc.not_equal(events["type"], _SIGN_IN),
    )
    stays = pc.and_(stays, pc.invert(orders))
    new = pa.array(list(kept.values()), pa.int64()).take(at.filter(stays).combine_chunks())
    rows = events.filter(stays)
    return rows.set_column(rows.schema.get_field_index("identity"), rows.schema.field("identity"), new)
