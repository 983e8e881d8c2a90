"""Every error that Hearthline raises on purpose, as one tree.

```
HearthlineError
├── BadPayload      (ValueError)         a sender's payload is no event of its platform
├── Unproven        (PermissionError)    a sender did not prove who it is
├── BadFile         (ValueError)         a file cannot be read as a table of anything
├── BadConfig       (ValueError)         hearthline.toml or a flag says something impossible
├── UnknownName     (LookupError)        no such report, source, model, order
├── NothingToAnswer (ValueError)         the question needs data that is not there
├── HomeMissing     (FileNotFoundError)  the folder holds no home, or no answer yet
│   └── HomeDamaged                      a part of it is gone or cannot be read
├── HomeBusy        (RuntimeError)       another process is writing to this home
├── LogUnavailable  (OSError)            what came in cannot be made durable; acknowledge nothing
├── QueueFull       (RuntimeError)       a door has more to write than it may hold
├── NodeAway        (ConnectionError)    a node of a federated fit failed or did not answer
├── OldLake         (RuntimeError)       the lake was written by a version that we cannot read
├── MissingExtra    (ImportError)        an optional dependency is not installed
└── DoesNotAddUp    (ArithmeticError)    a ledger does not sum to the shop's total
```

A message reads `place: what was wrong; what we got; what to do` and never holds a personal identifier.
"""

__all__ = [
    "BadConfig",
    "BadFile",
    "BadPayload",
    "DoesNotAddUp",
    "HearthlineError",
    "HomeBusy",
    "HomeDamaged",
    "HomeMissing",
    "LogUnavailable",
    "MissingExtra",
    "NodeAway",
    "NothingToAnswer",
    "OldLake",
    "QueueFull",
    "UnknownName",
    "Unproven",
]


class HearthlineError(Exception):
    """The root: catch this to catch everything that Hearthline raises on purpose."""


class BadPayload(HearthlineError, ValueError):
    """A payload that is no event of its platform, with the place and the cure.

    Args:
        place: the platform, and the path inside the payload where there is one.
        wrong: what was wrong and what we got, without any personal identifier.
        cure: what the sender can do about it.
        reason: a short code that groups rejects (`not-an-event`, `missing-field`, ...).

    >>> str(BadPayload("segment.track", "no 'event'; got keys ['type']", "send the event's name"))
    "segment.track: no 'event'; got keys ['type']; send the event's name"
    """

    def __init__(self, place: str, wrong: str, cure: str, reason: str = "bad-payload") -> None:
        super().__init__(f"{place}: {wrong}; {cure}")
        self.place, self.wrong, self.cure, self.reason = place, wrong, cure, reason


class Unproven(HearthlineError, PermissionError):
    """A request whose sender did not prove who it is; nothing of it is taken in.

    >>> str(Unproven("shopify", "the signature does not fit", "check the app's secret"))
    "shopify: the signature does not fit; check the app's secret"
    """

    def __init__(self, place: str, wrong: str, cure: str) -> None:
        super().__init__(f"{place}: {wrong}; {cure}")
        self.place, self.wrong, self.cure = place, wrong, cure


class BadFile(HearthlineError, ValueError):
    """A file that cannot be read as a table of events, orders or spend."""


class BadConfig(HearthlineError, ValueError):
    """A setting that says something impossible."""


class UnknownName(HearthlineError, LookupError):
    """A name that nothing answers to; the message lists what does."""


class NothingToAnswer(HearthlineError, ValueError):
    """The question needs data that is not there, such as a single order."""


class HomeMissing(HearthlineError, FileNotFoundError):
    """The folder holds no Hearthline home, or a home without an answer yet."""


class HomeDamaged(HomeMissing):
    """A part of a home is gone or cannot be read; the message says which, and what makes it whole."""


class HomeBusy(HearthlineError, RuntimeError):
    """Another process is writing to this home."""


class LogUnavailable(HearthlineError, OSError):
    """The log cannot be written: nothing of this append may be acknowledged, the next one tries anew."""


class QueueFull(HearthlineError, RuntimeError):
    """More waits to be written than a door may hold; nothing was kept, and the sender must send again."""


class NodeAway(HearthlineError, ConnectionError):
    """A node of a federated fit failed, is gone or did not answer in time; the fit cannot go on."""


class OldLake(HearthlineError, RuntimeError):
    """The lake was written by a version whose files we cannot read."""


class MissingExtra(HearthlineError, ImportError):
    """An optional dependency is not installed; the message says how to install it."""


class DoesNotAddUp(HearthlineError, ArithmeticError):
    """A ledger does not sum to the shop's total; nothing is published."""
