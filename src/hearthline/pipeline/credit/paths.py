"""How orders come about: distinct paths, time lags, and how many homes each touchpoint reached."""

import duckdb
import numpy as np
import pyarrow as pa

from hearthline.pipeline.core import Core
from hearthline.pipeline.credit.batches import Owed
from hearthline.pipeline.credit.ledger import decimals
from hearthline.schema.journey import Ints

__all__ = ["Paths"]

_SHOWN = 12
_LAGS_DAYS = (0, 1, 2, 3, 7, 14, 30)


_SPELLED = """
    SELECT (
        SELECT array_agg(n.name ORDER BY u.position)
        FROM (SELECT unnest(path) AS channel, generate_subscripts(path, 1) AS position) u
        JOIN names n ON n.channel = u.channel
      ) AS path, length, CAST(sum(journeys) AS BIGINT) AS journeys,
      CAST(sum(conversions) AS BIGINT) AS conversions, CAST(sum(micros) AS BIGINT) AS micros
    FROM paths
    GROUP BY ALL
"""


class Paths:
    """Counts of paths, lags and reach, added up batch by batch."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.connection = duckdb.connect(config={"threads": 2})
        self.connection.execute(
            "CREATE TABLE paths "
            "(path BIGINT[], length BIGINT, journeys BIGINT, conversions BIGINT, micros HUGEINT)"
        )
        self.lags = np.zeros(len(_LAGS_DAYS), np.int64)
        self.places = np.zeros(core.places.num_rows, np.int64)
        self.channels = np.zeros(core.channels.num_rows, np.int64)

    def take(self, owed: Owed) -> None:
        """Count the journeys of a batch; a household is in one batch only."""
        journeys = owed.journeys
        lists = pa.ListArray.from_arrays(pa.array(journeys.offsets, pa.int32()), pa.array(journeys.channel))
        part = pa.table({"path": lists, "won": journeys.converted, "micros": owed.micros})
        self.connection.register("part", part)
        self.connection.execute(
            f"INSERT INTO paths SELECT path[1:{_SHOWN}], len(path), count(*), "
            "sum(CAST(won AS BIGINT)), sum(micros) FROM part WHERE len(path) > 0 OR won GROUP BY ALL"
        )
        self.connection.unregister("part")
        longest = np.zeros(journeys.n)
        np.maximum.at(longest, journeys.row, journeys.gap_h)
        won = journeys.converted & (journeys.lengths > 0)
        bucket = np.searchsorted(np.array(_LAGS_DAYS) * 24.0, longest[won], "right") - 1
        self.lags += np.bincount(np.maximum(bucket, 0), minlength=len(_LAGS_DAYS))
        unit = journeys.unit[journeys.row]
        self.places += _homes(journeys.place, unit, len(self.places))
        self.channels += _homes(journeys.channel, unit, len(self.channels))

    def tables(self) -> dict[str, pa.Table]:
        """Return `paths`, `gaps`, `place_reach` and `channel_reach`."""
        self.connection.register("names", self.core.channels)
        found: pa.Table = self.connection.sql(_SPELLED).to_arrow_table()
        money = decimals(found["micros"].to_numpy().astype(np.int64))
        layout = self.core.layout
        return {
            "paths": found.drop_columns("micros").append_column("value", money),
            "gaps": pa.table({"days": pa.array(_LAGS_DAYS, pa.int64()), "orders": self.lags}),
            "place_reach": pa.table({"place": np.arange(len(self.places)), "homes": self.places}),
            "channel_reach": pa.table(
                {
                    "channel": np.arange(len(self.channels)),
                    "homes": self.channels,
                    "lookback_days": layout.lookback_h / 24.0,
                    "direct": layout.direct,
                }
            ),
        }


def _homes(code: Ints, unit: Ints, count: int) -> Ints:
    """Return (count,) how many distinct households each code was seen in."""
    if not len(code):
        return np.zeros(count, np.int64)
    order = np.lexsort((unit, code))
    code, unit = code[order], unit[order]
    fresh = np.ones(len(code), bool)
    fresh[1:] = (code[1:] != code[:-1]) | (unit[1:] != unit[:-1])
    return np.bincount(code[fresh], minlength=count)
