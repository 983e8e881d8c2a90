"""Statistics by block of journeys: what changed is gathered again, and the fit is to the bit that of all.

Sums of floating-point numbers do not subtract exactly, so nothing is subtracted: a block whose journeys
changed is gathered anew, one whose journeys are gone is dropped, and blocks are merged in a fixed order. The
result cannot tell what came late, twice or was forgotten. Blocks are households by hash, and by when a
journey ended: a new day changes the open journeys and adds the days' blocks, a late event or an erased
household changes those of its bucket.
"""

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np

from hearthline.attribution._model import Model
from hearthline.attribution._weights import bucket_of
from hearthline.schema.journey import Floats, Ints, Journeys, Sparse

__all__ = ["Blocks", "block_of"]

_PERIODS = 2**20


def block_of(journeys: Journeys, end_ms: Ints, buckets: int = 64, days: float = 7.0) -> Ints:
    """Return the (n,) block of each journey: its household's bucket, and when it ended.

    Args:
        journeys: those to be gathered.
        end_ms: (n,) when each ended, UTC milliseconds; of open ones it does not matter.
        buckets: how many buckets of households.
        days: length of a period.
    """
    period = 1 + end_ms // round(days * 86_400_000) % (_PERIODS - 1)
    return bucket_of(journeys.unit, buckets) * _PERIODS + np.where(journeys.converted, period, 0)


@dataclass
class Blocks:
    """A model's statistics, block by block.

    Attributes:
        model: whose they are.
        held: of each block, a digest of its journeys and their statistics.

    >>> from hearthline.attribution import load
    >>> from hearthline.schema.journey import journeys_of
    >>> journeys, end = journeys_of([(0,), (0, 1), (1,)]), np.array([1, 2, 3]) * 86_400_000
    >>> blocks = Blocks(load("markov"))
    >>> blocks.bring(journeys, block_of(journeys, end)), blocks.bring(journeys, block_of(journeys, end))
    (3, 0)
    """

    model: Model
    held: dict[int, tuple[bytes, Any]] = field(default_factory=dict)

    def bring(self, journeys: Journeys, block: Ints) -> int:
        """Bring the statistics up to date; return how many blocks were gathered anew.

        Args:
            journeys: all that there are now.
            block: (n,) block of each, as of `block_of`.
        """
        order = np.argsort(block, kind="stable")
        cuts = np.flatnonzero(np.diff(block[order])) + 1
        anew, held = 0, {}
        for rows in np.split(order, cuts) if len(order) else []:
            label = int(block[rows[0]])
            mine = journeys.take(rows)
            digest = _digest(mine)
            known = self.held.get(label)
            if known is None or known[0] != digest:
                known = (digest, self.model.gather(mine))
                anew += 1
            held[label] = known
        self.held = held
        return anew

    def total(self) -> Any:
        """Return the statistics of all journeys, merged two by two in the order of blocks.

        Raises:
            ValueError: there is no journey.
        """
        level = [self.held[label][1] for label in sorted(self.held)]
        if not level:
            raise ValueError("attribution.blocks: nothing was brought; got no journey; bring some first")
        while len(level) > 1:
            pairs = [self.model.merge(a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
            level = pairs + level[len(pairs) * 2 :]
        return level[0]


def _digest(journeys: Journeys) -> bytes:
    """Return a digest of everything that a model may look at."""
    found = blake2b(digest_size=16)
    columns = ("unit", "converted", "value", "span_h", "stratum", "offsets", "channel", "gap_h")
    for name in (*columns, "place", "lookback_h", "direct", "held", "again"):
        _fed(found, getattr(journeys, name))
    for matrix in (journeys.strata_h, journeys.expired):
        _fed_sparse(found, matrix)
    return found.digest()


def _fed(digest: Any, column: Floats | Ints) -> None:
    digest.update(f"{column.dtype}{column.shape}".encode())
    digest.update(np.ascontiguousarray(column).data)


def _fed_sparse(digest: Any, matrix: Sparse) -> None:
    for part in (matrix.data, matrix.indices.astype(np.int64), matrix.indptr.astype(np.int64)):
        _fed(digest, part)
    digest.update(str(matrix.shape).encode())
