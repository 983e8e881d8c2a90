"""The models: one idea, one module, discovered by its file.

A model module defines `MODEL`, an instance of a class with the members of `Model`. Rules need no
fit: their `gather` and `solve` come from `Rule`. Everything works on `schema.journey.Journeys`: arrays
only. Statistics from `gather` add up (`merge`), so journeys may come in batches of any size, and
every replicate of the household bootstrap is one more set of weights.
"""

import pkgutil
from functools import cache
from importlib import import_module
from typing import Any, ClassVar, Protocol, cast

from hearthline.schema.errors import UnknownName
from hearthline.schema.journey import Floats, Journeys

__all__ = ["Model", "Rule", "load", "names"]


class Model(Protocol):
    """What every model offers. `n`, `m` and `channels` are those of the journeys given.

    Journeys come with touches inside the look-back window only; older ones are counted in
    `journeys.expired`.
    """

    name: str
    title: str
    paper: str
    rule: bool
    """True when shares depend on the journey alone, so that no fit is needed."""
    full: bool
    """True when every journey with a touch is credited whole; False when a part may stay unattributed."""

    def gather(self, journeys: Journeys, weight: Floats | None = None) -> Any:
        """Return additive statistics of the journeys, each counted `weight` times ((n,), default 1)."""
        ...

    def merge(self, left: Any, right: Any) -> Any:
        """Return the statistics of both parts together."""
        ...

    def solve(self, statistics: Any) -> Any:
        """Return the fitted parameters."""
        ...

    def credit(self, journeys: Journeys, parameters: Any) -> Floats:
        """Return (m,) shares: of the value of its journey, the part that each touch earns.

        Never negative; they sum to 1 for each converted journey with touches when `full`, else to at
        most 1. Touches of journeys that did not convert get 0.
        """
        ...


class Rule:
    """The half of `Model` that a rule does not need: there is nothing to fit."""

    paper: ClassVar[str] = ""
    rule: ClassVar[bool] = True
    full: ClassVar[bool] = True

    def gather(self, journeys: Journeys, weight: Floats | None = None) -> None:  # noqa: ARG002
        """Return nothing: a rule has no statistics."""
        return

    def merge(self, left: None, right: None) -> None:  # noqa: ARG002
        """Return nothing."""
        return

    def solve(self, statistics: None) -> None:  # noqa: ARG002
        """Return nothing: a rule has no parameters."""
        return


@cache
def names() -> tuple[str, ...]:
    """Return the names of all models, sorted."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


@cache
def load(name: str) -> Model:
    """Return the model of that name.

    Raises:
        UnknownName: there is no such model; the message lists those that there are.
    """
    if name not in names():
        raise UnknownName(
            f"attribution: no model named {name!r}; choose one of {', '.join(names())}"
        )
    return cast("Model", import_module(f"{__name__}.{name}").MODEL)
