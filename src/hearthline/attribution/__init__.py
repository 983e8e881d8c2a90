"""The models: one idea, one module, discovered by its file.

A model module defines `MODEL`, an instance of a class with the members of `Model`. Rules need no
fit: their `gather` and `solve` come from `Rule`. Everything works on `schema.journey.Journeys`: arrays
only. Statistics from `gather` add up (`merge`), so journeys may come in batches of any size, and
every replicate of the household bootstrap is one more set of weights. Modules whose names begin with
an underscore hold what models share.
"""

import pkgutil
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

from hearthline.schema.errors import BadConfig, MissingExtra, UnknownName

if TYPE_CHECKING:
    from hearthline.attribution._blocks import Blocks, block_of
    from hearthline.attribution._diagnosis import Effect, Fitness, effects_of, fitness_of
    from hearthline.attribution._displaced import Estimate, Spells, by_itself_an_hour, displaced_part
    from hearthline.attribution._federated import Federated, Sums, Terms, fitted_on_sums, sums_of
    from hearthline.attribution._flower import flower_client, flower_sums
    from hearthline.attribution._homes import Ask, HomeSums
    from hearthline.attribution._intervals import Band, intervals
    from hearthline.attribution._model import Baselined, Model, Rule
    from hearthline.attribution._paths import PathCredit, credit_paths
    from hearthline.attribution._private import Privacy, fitted_privately
    from hearthline.attribution._split import split
    from hearthline.attribution._survival import (
        Ahead,
        Enrolled,
        Life,
        Survival,
        ahead_of,
        lives_of,
        survival_of,
    )
    from hearthline.attribution._town import Drawn, Part, Scales
    from hearthline.attribution._weights import replicate_weights

__all__ = [
    "Ahead",
    "Ask",
    "Band",
    "Baselined",
    "Blocks",
    "Drawn",
    "Effect",
    "Enrolled",
    "Estimate",
    "Federated",
    "Fitness",
    "HomeSums",
    "Life",
    "Model",
    "Part",
    "PathCredit",
    "Privacy",
    "Rule",
    "Scales",
    "Spells",
    "Sums",
    "Survival",
    "Terms",
    "ahead_of",
    "block_of",
    "by_itself_an_hour",
    "credit_paths",
    "displaced_part",
    "effects_of",
    "fitness_of",
    "fitted_on_sums",
    "fitted_privately",
    "flower_client",
    "flower_sums",
    "intervals",
    "lives_of",
    "load",
    "names",
    "replicate_weights",
    "split",
    "sums_of",
    "survival_of",
    "tuned",
    "usual",
]

# Imported when asked for: a list of models, or a table of paths, should not wait for scipy.
_HOLDS = {
    "_blocks": ("Blocks", "block_of"),
    "_diagnosis": ("Effect", "Fitness", "effects_of", "fitness_of"),
    "_displaced": ("Estimate", "Spells", "by_itself_an_hour", "displaced_part"),
    "_federated": ("Federated", "Sums", "Terms", "fitted_on_sums", "sums_of"),
    "_flower": ("flower_client", "flower_sums"),
    "_homes": ("Ask", "HomeSums"),
    "_intervals": ("Band", "intervals"),
    "_model": ("Baselined", "Model", "Rule"),
    "_paths": ("PathCredit", "credit_paths"),
    "_private": ("Privacy", "fitted_privately"),
    "_split": ("split",),
    "_survival": ("Ahead", "Enrolled", "Life", "Survival", "ahead_of", "lives_of", "survival_of"),
    "_town": ("Drawn", "Part", "Scales"),
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
def usual() -> tuple[str, ...]:
    """Return the names of the models that run unless others are named: not those that take long.

    >>> sorted(set(names()) - set(usual()))
    ['attention_hazard', 'neural_hazard']
    """
    return tuple(name for name in names() if not getattr(load(name), "asked", False))


@cache
def load(name: str) -> "Model":
    """Return the model of that name.

    Raises:
        UnknownName: there is no such model; the message lists those that there are.
    """
    if name not in names():
        raise UnknownName(f"attribution: no model named {name!r}; choose one of {', '.join(names())}")
    return cast("Model", import_module(f"{__name__}.{name}").MODEL)


def tuned(name: str, options: Mapping[str, Any]) -> "Model":
    """Return the model of that name with some of its options set.

    Raises:
        UnknownName: there is no such model.
        BadConfig: the model has no such option, or not of such a kind; the message says which it has.
        MissingExtra: the model needs a package that is not installed.

    >>> tuned("markov", {"order": 3})
    Markov(order=3)
    """
    model: Any = load(name)
    package, extra = getattr(model, "needs", ("", ""))
    if package and find_spec(package) is None:
        raise MissingExtra(f"attribution: {name} needs {package}; pip install 'hearthline[{extra}]'")
    own = {f.name: getattr(model, f.name) for f in fields(model)} if is_dataclass(model) else {}
    for option, value in options.items():
        usual = own.get(option)
        if usual is None or isinstance(value, list) != isinstance(usual, tuple) or not _fits(value, usual):
            known = ", ".join(f"{o} ({v})" for o, v in own.items()) or "none"
            raise BadConfig(
                f"attribution.options.{name}: {option} = {value!r} cannot be set; options are {known}"
            )
    told = {o: tuple(map(float, v)) if isinstance(v, list) else type(own[o])(v) for o, v in options.items()}
    return cast("Model", replace(model, **told) if told else model)


def _fits(value: Any, usual: Any) -> bool:
    """Tell whether an option's value is of the usual kind and positive."""
    several = value if isinstance(value, list) else [value]
    if isinstance(usual, int) and not all(float(v).is_integer() for v in several):
        return False
    return bool(several) and all(v > 0 for v in several)
