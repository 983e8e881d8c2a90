"""Credit from a table of paths, one pass over the file: first, last, linear and Markov.

Made for a table of journeys that exists already (`path, conversions, value, null`), of any size: DuckDB
streams it into counts of steps between channels, and all four models follow from those.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np

from hearthline.attribution._closed_form import closed_form
from hearthline.schema.errors import BadFile

if TYPE_CHECKING:
    from hearthline.schema.journey import Floats

__all__ = ["PathCredit", "credit_paths"]

MOST_CHANNELS = 4_000

# Each path gets an empty name at both ends, so that its steps are (start, a), (a, b), ..., (z, end).
_STEPS = """
SELECT a, b, sum(won + lost), sum(won), sum(value), sum(value / touches)
FROM (
    SELECT unnest(names[:-2]) AS a, unnest(names[2:]) AS b, won, lost, value, len(names) - 2 AS touches
    FROM (
        SELECT string_split(? || path || ?, ?) AS names, conversions AS won, "null" AS lost, value
        FROM read_csv(?, header = true, delim = ',', auto_detect = false, buffer_size = 4194304,
            columns = {'path': 'VARCHAR', 'conversions': 'DOUBLE', 'value': 'DOUBLE', 'null': 'DOUBLE'})
        WHERE path <> ''
    )
)
GROUP BY a, b
ORDER BY a, b
"""


@dataclass(frozen=True, slots=True)
class PathCredit:
    """What each channel earned, channels in the order of their names.

    Attributes:
        channels: their names.
        journeys: number of journeys, converted or not.
        conversions: number of conversions.
        value: their value.
        first: (channels,) value by first touch.
        last: (channels,) value by last touch.
        linear: (channels,) value by linear.
        removal: (channels,) exact removal effects of the first-order chain.
    """

    channels: tuple[str, ...]
    journeys: float
    conversions: float
    value: float
    first: "Floats"
    last: "Floats"
    linear: "Floats"
    removal: "Floats"

    @property
    def markov(self) -> "Floats":
        """(channels,) value in proportion to the removal effects, the classic normalisation."""
        total = float(self.removal.sum())
        return self.removal * (self.value / total if total > 0.0 else 0.0)


def credit_paths(file: str | Path, separator: str = " > ") -> PathCredit:
    r"""Return credit by channel from a CSV file with the columns path, conversions, value, null in order.

    `conversions` and `null` count the journeys along the path that did and did not convert; `value` is
    that of the conversions. Reads in constant memory, about a million journeys a second.

    Raises:
        BadFile: the file is not such a table, or no row has a path.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "paths.csv"
    ...     _ = file.write_text("path,conversions,value,null\ntv > voice,1,30,0\ntv,0,0,1\n")
    ...     found = credit_paths(file)
    >>> found.channels, found.last.tolist(), found.removal.tolist()
    (('tv', 'voice'), [0.0, 30.0], [1.0, 1.0])
    """
    try:
        with duckdb.connect(config={"preserve_insertion_order": False}) as engine:
            steps = engine.execute(_STEPS, [separator, separator, separator, str(file)]).fetchall()
    except duckdb.Error as error:
        raise BadFile(
            f"{file}: no table of paths; {str(error).splitlines()[0]}; the columns are path, conversions, "
            "value, null"
        ) from error
    names = tuple(sorted({name for a, b, *_ in steps for name in (a, b) if name}))
    if not 0 < len(names) <= MOST_CHANNELS:
        raise BadFile(
            f"{file}: a table of paths needs 1 to {MOST_CHANNELS} channels; got {len(names)}; "
            f"separate channels by {separator!r}"
        )
    return _credit(steps, names)


def _credit(
    steps: list[tuple[str, str, float, float, float, float, float]], names: tuple[str, ...]
) -> PathCredit:
    """Return the credit that follows from the steps; number `size` stands for the start and the end."""
    size = len(names)
    number = {name: i for i, name in enumerate(names)} | {"": size}
    table = np.zeros((4, size + 1, size + 1))
    for a, b, *sums in steps:
        table[:, number[a], number[b]] = sums
    taken, won, value, value_each = table
    count = taken.copy()
    count[:, size] = won[:, size]  # of the ends, those that converted
    total = taken.sum(axis=1) - np.diag(taken)
    count[np.diag_indices(size)] = 0.0
    share = np.divide(count, total[:, None], out=np.zeros_like(count), where=total[:, None] > 0.0)
    _, removal = closed_form(share[:size, :size], share[:size, size], share[size, :size], 0.0)
    return PathCredit(
        channels=names,
        journeys=float(taken[size, :size].sum()),
        conversions=float(won[size, :size].sum()),
        value=float(value[size, :size].sum()),
        first=value[size, :size],
        last=value[:size, size],
        linear=value_each[:, :size].sum(axis=0),
        removal=removal,
    )
