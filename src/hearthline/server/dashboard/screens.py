"""The nine screens: what each asks, where it lies, and what to do where it has nothing to show yet."""

from dataclasses import dataclass

__all__ = ["SCREENS", "Screen", "screen_of"]


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen.

    Attributes:
        key: its name in addresses, and in a report's `SCREEN`.
        name: its name for people.
        question: what it answers in its first line.
        letter: the key that opens it after `g`.
        icon: the path of its sign, drawn with a pen in a square of 16.
        empty: what would be here, said where nothing is.
        command: what to run to get it.
    """

    key: str
    name: str
    question: str
    letter: str
    icon: str
    empty: str
    command: str

    @property
    def path(self) -> str:
        """Its address."""
        return "/" if self.key == "overview" else f"/{self.key}"


SCREENS = (
    Screen(
        "overview", "Overview", "What changed, how sure is it, and does it add up?", "o",
        "M2.5 13.5h11M4 11V8M8 11V3.5M12 11V6",
        "Net revenue, who earned it, and whether it adds up with the shop.",
        "hearthline run events.csv orders.csv",
    ),
    Screen(
        "attribution", "Attribution", "Who earned how much, under which model, and how sure is that?", "a",
        "M2.5 4.5h7M6 3v3M4.5 11.5h9M10 10v3M2.5 8h11M7.5 6.5v3",
        "Each channel's share of revenue with its interval, models side by side.",
        "hearthline run events.csv orders.csv",
    ),
    Screen(
        "paths", "Paths", "How do orders come about?", "p",
        "M2 4c5 0 6 8 12 8M2 12c3 0 4-3 5.5-4.5M9.5 5.5C10.5 4.5 12 4 14 4",
        "The channels that homes touch before an order, in their order.",
        "hearthline run events.csv orders.csv",
    ),
    Screen(
        "household", "Household", "What did one home do, and why did its order get this credit?", "h",
        "M2.5 7.5 8 3l5.5 4.5M4 6.5v6.5h8V6.5M6.75 13V9.5h2.5V13",
        "One home's devices, touches and orders over time.",
        "hearthline run events.csv orders.csv",
    ),
    Screen(
        "devices", "Devices & voice", "Which devices lead to buying, and where does voice break?", "d",
        "M5.5 2.5h5v11h-5zM7.5 11h1M2.5 6.5v3M13.5 6.5v3",
        "What each kind of device leads to, and what people ask by voice.",
        "hearthline sources",
    ),
    Screen(
        "replenishment", "Replenishment", "Is automatic ordering growing, who enrols, and who stays?", "r",
        "M13 6.5A5.2 5.2 0 0 0 3.6 5M3 2.5V5.5h3M3 9.5A5.2 5.2 0 0 0 12.4 11M13 13.5v-3h-3",
        "Enrolments, what machine-placed orders owe to whom, and who stays.",
        "hearthline report machine_orders",
    ),
    Screen(
        "identity", "Identity", "Who shares what, and how sure are we who it was?", "i",
        "M6 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM1.5 13.5c.3-3 2-4.5 4.5-4.5s4.2 1.5 4.5 4.5"
        "M10.5 2.9a2.4 2.4 0 0 1 0 4.4M12 9.4c1.5.6 2.3 2 2.5 4.1",
        "Homes, their devices and persons, and the links that hold them together.",
        "hearthline report homes",
    ),
    Screen(
        "stream", "Stream & rejects", "Is data arriving, what was refused, and how is it fixed?", "s",
        "M1.5 8h3l1.5-4 3 8 1.8-4h3.7",
        "What comes in as it comes, and every input that was refused, with its cure.",
        "hearthline add messages.ndjson",
    ),
    Screen(
        "trust", "Trust", "What do the numbers mean, do they add up, and how wrong can they be?", "t",
        "M8 1.8 13 3.8v4c0 3.2-2 5.2-5 6.4-3-1.2-5-3.2-5-6.4v-4ZM5.7 8l1.7 1.7 3-3.2",
        "Definitions, reconciliation, freshness, and each model's error where the truth is known.",
        "hearthline truth",
    ),
)  # fmt: skip
"""In the order of the day: first what happened, then why, then whether to believe it."""


def screen_of(key: str) -> Screen:
    """Return the screen with that key.

    >>> screen_of("trust").letter
    't'
    """
    return next(s for s in SCREENS if s.key == key)
