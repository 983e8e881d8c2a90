"""The models: one idea, one module, discovered by its file.

A model module defines `MODEL`, an instance of a class with the members of `Model`. Rules need no
fit: their `gather` and `solve` come from `Rule`. Everything works on `schema.journey.Journeys`: arrays
only. Statistics from `gather` add up (`merge`), so journeys may come in batches of any size, and
every replicate of the household bootstrap is one more set of weights. Modules whose names begin with
an underscore hold what models share.
"""

import pkgutil
from functools import cache
from importlib import import_module
from typing import cast

from hearthline.attribution._intervals import Band, Part, intervals
from hearthline.attribution._model import Model, Rule
from hearthline.attribution._split import split
from hearthline.attribution._weights import replicate_weights
from hearthline.schema.errors import UnknownName

__all__ = ["Band", "Model", "Part", "Rule", "intervals", "load", "names", "replicate_weights", "split"]


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
        raise UnknownName(f"attribution: no model named {name!r}; choose one of {', '.join(names())}")
    return cast("Model", import_module(f"{__name__}.{name}").MODEL)
