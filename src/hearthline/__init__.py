"""Hearthline: what made this household buy, and how sure are we?

>>> import hearthline as hl
>>> hl.open_home("/nowhere")
Traceback (most recent call last):
    ...
hearthline.schema.errors.HomeMissing: /nowhere: no Hearthline home here; make one with ...
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hearthline.api import Home, Result, init, open_home
    from hearthline.pipeline import (
        Check,
        Explanation,
        Forgot,
        Household,
        Intake,
        Kept,
        LinkExplanation,
        Rebuilt,
    )
    from hearthline.remote import Remote, connect
    from hearthline.schema.errors import (
        BadConfig,
        BadFile,
        BadPayload,
        DoesNotAddUp,
        HearthlineError,
        HomeBusy,
        HomeMissing,
        LogUnavailable,
        MissingExtra,
        NothingToAnswer,
        OldLake,
        UnknownName,
    )
    from hearthline.schema.event import Event
    from hearthline.schema.figure import Figure
    from hearthline.schema.settings import Settings

    __version__: str

__all__ = [
    "BadConfig",
    "BadFile",
    "BadPayload",
    "Check",
    "DoesNotAddUp",
    "Event",
    "Explanation",
    "Figure",
    "Forgot",
    "HearthlineError",
    "Home",
    "HomeBusy",
    "HomeMissing",
    "Household",
    "Intake",
    "Kept",
    "LinkExplanation",
    "LogUnavailable",
    "MissingExtra",
    "NothingToAnswer",
    "OldLake",
    "Rebuilt",
    "Remote",
    "Result",
    "Settings",
    "UnknownName",
    "__version__",
    "connect",
    "init",
    "open_home",
]

_HOLDS = {
    "hearthline.api": ("Home", "Result", "init", "open_home"),
    "hearthline.pipeline": (
        "Check",
        "Explanation",
        "Forgot",
        "Household",
        "Intake",
        "Kept",
        "LinkExplanation",
        "Rebuilt",
    ),
    "hearthline.remote": ("Remote", "connect"),
    "hearthline.schema.event": ("Event",),
    "hearthline.schema.figure": ("Figure",),
    "hearthline.schema.settings": ("Settings",),
}
_LIVES_IN = {name: module for module, names in _HOLDS.items() for name in names}


def __getattr__(name: str) -> object:
    # Loaded when first used: the engines behind `Home` take longer to import than all else.
    if name == "__version__":
        value: object = import_module("importlib.metadata").version("hearthline")
    elif name in __all__:
        value = getattr(import_module(_LIVES_IN.get(name, "hearthline.schema.errors")), name)
    else:
        raise AttributeError(f"module 'hearthline' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
