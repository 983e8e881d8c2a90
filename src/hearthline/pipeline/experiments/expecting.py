"""What the default model expects of a channel in the households of an experiment."""

from dataclasses import dataclass
from math import sqrt

from hearthline.pipeline.experiments.believing import part_of
from hearthline.pipeline.experiments.reading import Read
from hearthline.schema.errors import UnknownName
from hearthline.schema.journey import Ints

__all__ = ["Expected", "expected_in", "expected_of"]


@dataclass(frozen=True, slots=True)
class Expected:
    """What the default model says a channel caused among the households of an experiment, in all days.

    Attributes:
        homes: how many households these are.
        each: money for one of them.
        low, high: its interval (90 %).
        part: which part of the channel's whole effect is theirs.
    """

    homes: int
    each: float
    low: float
    high: float
    part: float


def expected_in(read: Read, channel: str, units: Ints, *, whole: bool) -> Expected:
    """Return what is expected of a channel among the households of an experiment.

    Args:
        read: reads the answer.
        channel: the channel's name.
        units: the households of the experiment.
        whole: whether these are all households; else theirs is the credit of their own orders, and the
            interval is as much wider as they have less of it.

    Raises:
        UnknownName: no touch of such a channel is known.
    """
    amount, low, high = expected_of(read, channel)
    part = 1.0 if whole else _part_of(read, channel, units)
    own, wide = amount * part, sqrt(part)
    money = (own, own - wide * (amount - low), own + wide * (high - amount))
    homes = len(units)
    each, least, most = (v / max(homes, 1) for v in money)
    return Expected(homes, each, least, most, part)


def _part_of(read: Read, channel: str, units: Ints) -> float:
    """Return which part of a channel's effect some households have: as any have, where no credit tells."""
    told = part_of(read, channel, units)
    if told is not None:
        return max(told, 0.0)
    homes: int = read("SELECT count(*) AS n FROM {households}")["n"][0].as_py()
    return len(units) / max(homes, 1)


def expected_of(read: Read, channel: str) -> tuple[float, float, float]:
    """Return what the default model says a channel caused in all the data, with its interval.

    Raises:
        UnknownName: no touch of such a channel is known.
    """
    name = channel.replace("'", "''")
    for table, amount in (("calibrated", "amount"), ("shares", "amount")):
        rows = read(
            f"""SELECT {amount}::DOUBLE AS amount, low::DOUBLE AS low, high::DOUBLE AS high FROM {{{table}}}
                JOIN {{models}} m USING (model) WHERE m.is_default AND kind = 'all' AND channel = '{name}'"""
        ).to_pylist()
        if rows:
            return rows[0]["amount"], rows[0]["low"], rows[0]["high"]
    known = ", ".join(read("SELECT name FROM {channels} ORDER BY name")["name"].to_pylist()) or "none"
    raise UnknownName(f"experiment: no channel named {channel!r}; there are: {known}")
