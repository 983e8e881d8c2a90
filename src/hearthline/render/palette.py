"""Colours of channels: seven that all eyes can tell apart, and one for the rest.

Computed, not chosen by eye: at least 15 apart (CIE76) for normal sight and for the three full
deficiencies (Machado, Oliveira and Fernandes 2009), and at least 3:1 against their ground.
"""

from collections.abc import Iterable, Mapping

__all__ = ["DARK", "DARK_GROUND", "LIGHT", "LIGHT_GROUND", "assigned", "most_of"]

LIGHT_GROUND = "#ffffff"
DARK_GROUND = "#14161a"

# The first is for whatever is not a channel with a colour of its own: Other, baseline, the eighth.
LIGHT = ("#7b818b", "#3d5bba", "#9c3b07", "#579977", "#88275b", "#a175cb", "#aa8b27", "#313a27")
DARK = ("#858b96", "#7091fa", "#c88026", "#56b78c", "#fc9dce", "#9ab2f5", "#f1db6c", "#edeade")

_NEUTRAL = ("Other", "No known touch", "Open journeys", "Ordered", "No order", "Baseline")


def assigned(names: Iterable[str]) -> Mapping[str, int]:
    """Return the colour of each name, 1 to 7 by the order of the alphabet; the rest share colour 0.

    >>> assigned(["web", "tv", "Other"])
    {'tv': 1, 'web': 2}
    """
    own = sorted({n for n in names if not n.startswith(_NEUTRAL)})
    return {name: i for i, name in enumerate(own[: len(LIGHT) - 1], start=1)}


def most_of(names: Iterable[str]) -> list[str]:
    """Return the names that get a colour of their own: the first channels, as many as there are colours.

    >>> most_of(["tv", "Other", "web", "tv"])
    ['tv', 'web']
    """
    return list(dict.fromkeys(n for n in names if not n.startswith(_NEUTRAL)))[: len(LIGHT) - 1]
