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
from typing import TYPE_CHECKING, Any, cast

from hearthline.schema.errors import UnknownName

if TYPE_CHECKING:
    from hearthline.attribution._intervals import Band, Part, intervals
    from hearthline.attribution._model import Model, Rule
    from hearthline.attribution._paths import PathCredit, credit_paths
    from hearthline.attribution._split import split
    from hearthline.attribution._weights import replicate_weights

__all__ = [
    "Band",
    "Model",
    "Part",
    "PathCredit",
    "Rule",
    "credit_paths",
    "intervals",
    "load",
    "names",
    "replicate_weights",
    "split",
]

# Imported when asked for: a list of models, or a table of paths, should not wait for scipy.
_HOLDS = {
    "_intervals": ("Band", "Part", "intervals"),
    "_model": ("Model", "Rule"),
    "_paths": ("PathCredit", "credit_paths"),
    "_split": ("split",),
    "_weights": ("replicate_weights",),
}


def __getattr__(name: str) -> Any:
    for module, held in _HOLDS.items():
        if name in held:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@cache
def names() -> tuple[str, ...]:
    """Return the names of all models, sorted."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


@cache
def load(name: str) -> "Model":
    """Return the model of that name.

    Raises:
        UnknownName: there is no such model; the message lists those that there are.
    """
    if name not in names():
        raise UnknownName(f"attribution: no model named {name!r}; choose one of {', '.join(names())}")
    return cast("Model", import_module(f"{__name__}.{name}").MODEL)
