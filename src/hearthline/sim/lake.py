"""The town as a lake: canonical events and identities as Parquet files, streamed block by block."""

from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from hearthline.schema.arrow import EVENTS, MONEY
from hearthline.sim.channels import CHANNELS, DEVICES
from hearthline.sim.draws import BLOCK, Flags, Whole
from hearthline.sim.faces import FACES, Face, code_of
from hearthline.sim.happenings import Log, What, happenings
from hearthline.sim.labels import PERIOD_US, campaign_id, device_id, enrolment_id, order_id
from hearthline.sim.life import ALL_ON
from hearthline.sim.telemetry import CHUNK, delivered, readings
from hearthline.sim.town import SEGMENTS, START, TZ_MINUTES, Homes
from hearthline.sim.trials import Trial
from hearthline.sim.whose import Register
from hearthline.sim.worlds import World, load

__all__ = ["events_of", "write_lake"]

_FACE_COLUMNS: Final = tuple(Face.__dataclass_fields__)
_VOCABULARY: Final = {
    name: pa.array([None if face is None else getattr(face, name) for face in FACES], pa.string())
    for name in _FACE_COLUMNS
}
_ADS: Final = [i for i, c in enumerate(CHANNELS) if c.kind == "media.ad.impression"]


def write_lake(  # noqa: PLR0913 # a town has four numbers and a name
    world: str | World,
    homes: int | range,
    days: int,
    seed: int,
    folder: Path | str,
    *,
    telemetry: float = 4.0,
    trial: Trial | None = None,
) -> int:
    """Write the town's events and identities into a folder; return the number of event rows.

    Files `events-*.parquet` have the schema `EVENTS`, files `identities-*.parquet` the schema
    `IDENTITIES`; one of each for a block of 2,048 homes, in the order of blocks; zstd. Memory does not
    grow with the number of homes. Same arguments, same bytes.

    Args:
        world: the name of a world.
        homes: number of homes, or the numbers of those to write: other homes of the same town, under
            the same weather. They begin with a block, a multiple of 2,048.
        days: number of days, at most 4,000.
        seed: the seed of every draw.
        folder: where to write; made when absent.
        telemetry: about how many readings, heartbeats and sightings a home sends a day, beside one
            level reading a day of each appliance.
        trial: the experiment that is run in the town, if there is one.
    """
    place, total = Path(folder), 0
    place.mkdir(parents=True, exist_ok=True)
    wanted = homes if isinstance(homes, range) else range(homes)
    for first in range(wanted.start, wanted.stop, BLOCK):
        number, size = first // BLOCK, min(BLOCK, wanted.stop - first)
        on = ALL_ON if trial is None else trial.on(number, size)
        block, log, stock = happenings(load(world), seed, number, size, days, on)
        register = Register(block.homes)
        path = place / f"events-{number:05d}.parquet"
        with pq.ParquetWriter(path, EVENTS, compression="zstd", compression_level=1) as writer:
            spoken = (readings(seed, block, stock, d, telemetry) for d in range(0, days, CHUNK))
            for part, rows in enumerate(chain((log,), spoken)):
                arrived = delivered(seed, number, rows, part)
                table = events_of(arrived, block.homes, register, seed)
                writer.write_table(table, row_group_size=131_072)
                total += table.num_rows
        pq.write_table(register.table(), place / f"identities-{number:05d}.parquet", compression="zstd")
    return total


def events_of(log: Log, homes: Homes, register: Register, seed: int) -> pa.Table:
    """Return the rows of a log as canonical events (schema `EVENTS`), in their order."""
    m = len(log)
    face = pa.array(code_of(log.what, log.channel, log.kind))
    columns: dict[str, Any] = {name: vocabulary.take(face) for name, vocabulary in _VOCABULARY.items()}
    columns |= _envelope(log, seed) | _device(log) | _money(log) | _lineage(log)
    columns["identity"] = pa.array(register.keys(log))
    columns["segment"] = _looked_up(
        *(log.what == What.LINK, homes.segment[log.home - homes.first], pa.array(SEGMENTS))
    )
    columns["signal_number"] = pa.array(
        log.number.astype(np.float64), mask=~np.isin(log.what, (What.LEVEL, What.TEMPERATURE))
    )
    columns["touch_campaign"] = _campaign(log)
    columns["exposure_seconds"] = pa.array(
        5.0 + log.id % 26, mask=~((log.what == What.TOUCH) & np.isin(log.channel, _ADS))
    )
    columns["consent_measurement"] = pa.repeat(pa.scalar("granted"), m)
    return pa.Table.from_arrays(
        [columns[f.name] if f.name in columns else pa.nulls(m, f.type) for f in EVENTS], schema=EVENTS
    )


def _envelope(log: Log, seed: int) -> dict[str, pa.Array]:
    m = len(log)
    clock = pa.timestamp("us", tz="UTC")
    prefix = pa.scalar(f"sim{seed}-")
    numbers = pa.array(log.id).cast(pa.string())
    return {
        "id": pa.compute.binary_join_element_wise(prefix, numbers, ""),
        "id_origin": pa.repeat(pa.scalar("native"), m),
        "time": pa.array(log.time).cast(clock),
        "time_received": pa.array(log.received).cast(clock),
        "time_quality": pa.array(["platform", "device"]).take(pa.array(log.skewed.astype(np.int8))),
        "time_uncertainty_ms": pa.array(np.full(m, 3_600_000), mask=~log.skewed),
        "tz_offset_min": pa.array(np.full(m, TZ_MINUTES)),
    }


def _device(log: Log) -> dict[str, pa.Array]:
    none = log.device < 0
    device = np.where(none, 0, log.device)
    member = np.where(device == DEVICES.index("phone"), log.member, 0)
    codes, inverse = np.unique((log.owner * 16 + device) * 8 + member, return_inverse=True)
    names = [device_id(c // 8 % 16, c // 128, c % 8) for c in codes.tolist()]
    return {
        "device_id": pa.array(names, pa.string()).take(pa.array(inverse, mask=none)),
        "device_kind": pa.array(DEVICES).take(pa.array(device, mask=none)),
    }


def _money(log: Log) -> dict[str, pa.Array]:
    """Return order ids and amounts; refunds carry a positive amount and name their order."""
    has = log.order >= 0
    told = has & ~np.isin(log.what, (What.SHIPPED, What.CANCEL))
    amount = _euros(np.abs(log.cents), told)
    refund = log.what == What.REFUND
    order = _texts(has, [order_id(n) for n in log.order[has].tolist()])
    return {
        "commerce_order": order,
        "commerce_refund_of": pa.compute.if_else(pa.array(refund), order, pa.scalar(None, pa.string())),
        "commerce_total": amount,
        "commerce_revenue": amount,
        "commerce_currency": pa.array(["EUR"]).take(pa.array(np.zeros(len(log), np.int8), mask=~told)),
        "commerce_value_known": pa.array(told, mask=~told),
    }


def _lineage(log: Log) -> dict[str, pa.Array]:
    has = log.since >= 0
    acts = has & np.isin(log.what, (What.MACHINE, What.ENROL, What.END))
    pairs = zip(log.home[acts].tolist(), log.since[acts].tolist(), strict=True)
    names = _texts(acts, [enrolment_id(home, since) for home, since in pairs])
    return {
        "automation_ref_id": names,
        "automation_cycle": pa.array(log.cycle, mask=~(acts & (log.what == What.MACHINE))),
    }


def _campaign(log: Log) -> pa.Array:
    """Return the campaign of paid touches: one a channel and four weeks."""
    touch = (log.what == What.TOUCH) & np.array([c.cost_cents > 0 for c in CHANNELS])[log.channel]
    period = (log.time - START * 1_000_000) // PERIOD_US
    code = np.where(touch, log.channel * 1000 + period, 0)
    codes, inverse = np.unique(code, return_inverse=True)
    names = [campaign_id(c // 1000, START * 1_000_000 + c % 1000 * PERIOD_US) for c in codes.tolist()]
    return pa.array(names, pa.string()).take(pa.array(inverse, mask=~touch))


def _looked_up(has: Flags, code: Whole, words: pa.Array) -> pa.Array:
    return words.take(pa.array(code, mask=~has))


def _texts(has: Flags, texts: list[str]) -> pa.Array:
    """Return a column with these texts where `has` is set, in order, and null elsewhere."""
    return pa.array(texts, pa.string()).take(pa.array(np.cumsum(has) - 1, mask=~has))


def _euros(cents: Whole, has: Flags) -> pa.Array:
    """Return exact decimals of the lake's money type from whole cents; null where `has` is not set."""
    unscaled: NDArray[np.int64] = np.zeros((int(has.sum()), 2), dtype="<i8")
    unscaled[:, 0] = cents[has] * 10 ** (MONEY.scale - 2)
    values = pa.Array.from_buffers(MONEY, len(unscaled), [None, pa.py_buffer(unscaled.tobytes())])
    return values.take(pa.array(np.cumsum(has) - 1, mask=~has))
