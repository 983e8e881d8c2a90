"""The town as the platforms would send it: one NDJSON file a platform, and a spend CSV.

Shapes follow each platform's public documentation. A module a platform; each turns one happening
into the payloads that the platform would send about it. About forty lines are broken on purpose.
"""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Final

import msgspec

from hearthline.sim.beside import LATER, beside, ended, seen
from hearthline.sim.draws import BLOCK
from hearthline.sim.happenings import happenings, joined
from hearthline.sim.layers import Layers, departures
from hearthline.sim.life import ALL_ON
from hearthline.sim.payloads import alexa, automations, segment, shopify, smartthings
from hearthline.sim.payloads.broken import break_some
from hearthline.sim.payloads.row import Row, rows_of
from hearthline.sim.payloads.spend import spend_lines
from hearthline.sim.telemetry import CHUNK, delivered, readings
from hearthline.sim.trials import Trial
from hearthline.sim.worlds import load

__all__ = ["FILES", "write_payloads"]

FILES: Final = (
    "alexa_skill.ndjson",
    "alexa_smart_home.ndjson",
    "smartthings.ndjson",
    "segment.ndjson",
    "shopify.ndjson",
    "dash.ndjson",
    "stripe.ndjson",
)
_SPOKEN: Final = 0.3
_WRITERS: Final = (alexa.told, smartthings.told, segment.told, shopify.told, automations.told)


def write_payloads(  # noqa: PLR0913 # a town has four numbers and a name
    world: str,
    homes: int,
    days: int,
    seed: int,
    folder: Path | str,
    *,
    trial: Trial | None = None,
    layers: Layers | None = None,
) -> dict[str, int]:
    """Write the town as platform payloads into a folder; return the number of lines of each file.

    NDJSON files in the order in which the platforms would deliver, and `ad_spend.csv`. Same arguments,
    same bytes. About 35 microseconds a line; made for towns of some thousand homes. `trial` is the
    experiment that is run in the town, if there is one; `layers` what is told beside touches and orders.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    lines: dict[str, list[bytes]] = {name: [] for name in FILES}
    encode = msgspec.json.Encoder().encode
    spent: list[Row] = []
    for row in _everything(world, homes, days, seed, trial, layers):
        if row.channel >= 0:
            spent.append(row)
        for name, payload in _told(row):
            lines[name].append(encode(payload))
    break_some(lines, seed)
    for name, told in lines.items():
        (place / name).write_bytes(b"".join(line + b"\n" for line in told))
    csv = spend_lines(spent)
    (place / "ad_spend.csv").write_text("".join(csv), encoding="utf-8")
    return {name: len(told) for name, told in lines.items()} | {"ad_spend.csv": len(csv) - 1}


def _told(row: Row) -> Iterator[tuple[str, dict[str, Any]]]:
    return chain.from_iterable(told(row) for told in _WRITERS)


def _everything(
    world: str, homes: int, days: int, seed: int, trial: Trial | None, layers: Layers | None
) -> Iterator[Row]:
    """Yield every happening of the town in the order of arrival within a block of homes."""
    for number, first in enumerate(range(0, homes, BLOCK)):
        size = min(BLOCK, homes - first)
        on = ALL_ON if trial is None else trial.on(number, size)
        block, log, stock = happenings(load(world), seed, number, size, days, on)
        spoken = [readings(seed, block, stock, d, _SPOKEN) for d in range(0, days, CHUNK)]
        arrived = delivered(seed, number, joined([log, *spoken]))
        if layers is not None:
            gone = departures(seed, block.homes, layers)
            left = seen(log, gone, first)
            more = joined([beside(seed, block, left, layers), ended(left, gone, first, days)])
            arrived = joined([seen(arrived, gone, first), delivered(seed, number, more, LATER)])
        yield from rows_of(arrived, block.homes, seed)
