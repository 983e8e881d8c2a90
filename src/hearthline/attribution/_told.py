"""What groups of homes tell a fit when homes are weighed anew: statistics of b replicates, which add up.

A group's journeys are looked at once. Under weights it tells its part; the parts of all groups of a town are
added and refitted. So homes that are the same in many towns are worked through once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol, Self

import numpy as np
from scipy import sparse

from hearthline.attribution._model import Relearning
from hearthline.attribution._sums import product
from hearthline.schema.journey import Floats, Ints, Journeys, concatenated

__all__ = [
    "Counted",
    "Counts",
    "Refit",
    "Relearner",
    "Resampling",
    "Solver",
    "Tells",
    "counting",
    "together",
]


class Adds(Protocol):
    """Statistics of b replicates."""

    def __add__(self, other: Self, /) -> Self:
        """Return those of both groups."""
        ...


class Solvable(Protocol):
    """The part of `Model` that a fit from scratch needs."""

    def gather(self, journeys: Journeys, weight: Floats | None = None) -> Any:
        """Return additive statistics."""
        ...

    def merge(self, left: Any, right: Any) -> Any:
        """Return the statistics of both parts together."""
        ...

    def solve(self, statistics: Any) -> Any:
        """Return the fitted parameters."""
        ...


Tells = Callable[[Floats], Any]
"""From (rows, b) weights of a group's homes to what it tells: something that `Adds`."""

Refit = Callable[[Sequence[Any]], list[Any]]
"""From what all groups told together, block of replicates by block, to each block's fits.

Fits are in whatever form the model's crediting takes them; all blocks are given at once, since some models
find many replicates together in the time of a few.
"""


class Resampling(Protocol):
    """How a model is refitted near its fit to unweighted homes."""

    def tells(self, journeys: Journeys, index: Ints) -> Tells:
        """Return what a group of homes tells; `index` is (n,) which row of its weights each journey's is."""
        ...

    def refit(self, usual: Sequence[Tells]) -> Refit:
        """Return what refits; `usual` are the groups that the model was fitted to."""
        ...

    def as_fitted(self) -> Any:
        """Return the fit to unweighted homes, as one replicate."""
        ...


@dataclass(frozen=True, slots=True)
class Counts:
    """Columns of sums by key, keys ascending: (k,) and (k, c)."""

    key: Ints
    sums: Floats

    def __add__(self, other: "Counts") -> "Counts":
        """Return the sums over both."""
        key = np.union1d(self.key, other.key)
        sums = np.zeros((len(key), self.sums.shape[1]))
        for part in (self, other):
            sums[np.searchsorted(key, part.key)] += part.sums
        return Counts(key, sums)


def counting(key: Ints, row: Ints, columns: Sequence[Floats]) -> Tells:
    """Return what sums (n,) columns by key under weights: for each column b sums, side by side.

    >>> tells = counting(np.array([5, 2, 5]), np.array([0, 1, 1]), [np.ones(3)])
    >>> told = tells(np.array([[1.0, 0.0], [1.0, 2.0]]))
    >>> told.key.tolist(), told.sums.tolist()
    ([2, 5], [[1.0, 2.0], [2.0, 2.0]])
    """
    distinct, place = np.unique(key, return_inverse=True)
    rows = int(row.max(initial=-1)) + 1
    each = [sparse.csr_array((column, (place, row)), shape=(len(distinct), rows)) for column in columns]
    return lambda weights: Counts(distinct, np.hstack([product(part, weights[:rows]) for part in each]))


@dataclass(frozen=True, slots=True)
class Counted:
    """A model that is fitted from sums by key.

    Attributes:
        count: what counts a group of homes; see `Resampling.tells`.
        solve: from `Counts` to the fits.
        point: the fit to unweighted homes.
    """

    count: Callable[[Journeys, Ints], Tells]
    solve: Callable[[Counts], list[Any]]
    point: Any

    def tells(self, journeys: Journeys, index: Ints) -> Tells:
        """Return what counts a group."""
        return self.count(journeys, index)

    def refit(self, usual: Sequence[Tells]) -> Refit:  # noqa: ARG002
        """Return what solves."""
        return lambda blocks: [self.solve(told) for told in blocks]

    def as_fitted(self) -> Any:
        """Return the fit."""
        return [self.point]


@dataclass(frozen=True, slots=True)
class Gatherings:
    """A model's statistics in each of b replicates."""

    model: Solvable
    each: tuple[Any, ...]

    def __add__(self, other: "Gatherings") -> "Gatherings":
        """Return the statistics of both groups."""
        pairs = zip(self.each, other.each, strict=True)
        return Gatherings(self.model, tuple(self.model.merge(left, right) for left, right in pairs))


@dataclass(frozen=True, slots=True)
class Solver:
    """A model of which nothing more is known: replicates are fitted from scratch."""

    model: Solvable
    point: Any

    def tells(self, journeys: Journeys, index: Ints) -> Tells:
        """Return what gathers a group's statistics under weights."""
        gather = self.model.gather
        return lambda weights: Gatherings(
            self.model, tuple(gather(journeys, column[index]) for column in weights.T)
        )

    def refit(self, usual: Sequence[Tells]) -> Refit:  # noqa: ARG002
        """Return what solves."""
        return lambda blocks: [[self.model.solve(statistics) for statistics in told.each] for told in blocks]

    def as_fitted(self) -> Any:
        """Return the fit."""
        return [self.point]


@dataclass(frozen=True, slots=True)
class Weighed:
    """Groups of journeys with (n, b) weights of theirs."""

    groups: tuple[tuple[Journeys, Floats], ...]

    def __add__(self, other: "Weighed") -> "Weighed":
        """Return all groups."""
        return Weighed(self.groups + other.groups)


@dataclass(frozen=True, slots=True)
class Relearner:
    """A model whose fit takes long, and that finds replicates near it from all journeys at once."""

    model: Relearning
    point: Any

    def tells(self, journeys: Journeys, index: Ints) -> Tells:
        """Return what puts weights beside the journeys."""
        return lambda weights: Weighed(((journeys, weights[index]),))

    def refit(self, usual: Sequence[Tells]) -> Refit:  # noqa: ARG002
        """Return what learns again, from the journeys of all groups."""

        def again(told: Weighed) -> list[Any]:
            journeys = [j for j, _ in told.groups]
            whole = journeys[0] if len(journeys) == 1 else concatenated(journeys)
            return self.model.refits(whole, np.concatenate([w for _, w in told.groups]), self.point)

        return lambda blocks: [again(told) for told in blocks]

    def as_fitted(self) -> Any:
        """Return the fit."""
        return [self.point]


def together(told: Sequence[Any]) -> Any:
    """Return what several groups told together."""
    return reduce(lambda left, right: left + right, told)
