"""What was asked by voice or chat, as several assistants tell it: an intent's stage, its words and slots.

Members import these from `hearthline.sources`.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from hearthline.schema.event import Intent, Stage
from hearthline.sources._reading import text

__all__ = ["Standing", "asked", "standing"]

# Which words in an intent's name place it in the journey; the first group that matches decides.
_GROUPS = {
    "control": "stop cancel pause resume no yes next previous repeat home help",
    "after": "track status delivery return refund setup troubleshoot support warranty",
    "buy": "order buy purchase reorder checkout pay subscribe cart basket",
    "search": "search find discover browse recommend recommendation deals news list",
}
_CONTROL, _AFTER, _BUY, _SEARCH = (frozenset(words.split()) for words in _GROUPS.values())
_BUILT_IN = ("AMAZON.", "actions.intent.")
PERSONAL_SLOT = re.compile(
    r"^name$|(first|last|full|given|family|user|person|sur).?name|(?:^|[._-])person$|e-?mail|address|street|zip"
    r"|postal|birth|(?<!head)(?<!micro)(?<!smart)phone(?!s$)",
    re.IGNORECASE,
)


class Standing(NamedTuple):
    """Where an intent stands in the journey, and whether asking for it could influence a decision."""

    stage: Stage
    touch: bool


@lru_cache(maxsize=4096)
def standing(name: str) -> Standing:
    """Return where an intent stands in the journey, by the words of its name.

    >>> [standing(n).stage for n in ("ReorderIntent", "TrackOrderIntent", "search.products", "Compare")]
    ['purchase', 'post_purchase', 'awareness', 'consideration']
    >>> standing("AMAZON.StopIntent")
    Standing(stage='none', touch=False)
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    words = frozenset(re.sub(r"[\W_]+", " ", spaced).lower().split())
    if "fallback" in words:  # nobody knows what was asked
        return Standing("none", touch=False)
    if words & _AFTER or {"cancel", "order"} <= words or {"cancel", "subscription"} <= words:
        return Standing("post_purchase", touch=False)
    if words & _BUY:
        return Standing("purchase", touch=True)
    if name.startswith(_BUILT_IN) and not words & _SEARCH and words & _CONTROL:
        return Standing("none", touch=False)
    return Standing("awareness" if words & _SEARCH else "consideration", touch=True)


def asked(name: str | None, slots: Mapping[str, object], utterance: object = None, **told: Any) -> Intent:
    """Return the intent without what names a person: such slots are left out, of the utterance too.

    >>> found = asked("Order", {"product": "tea", "given-name": "Ada", "n": 2}, "tea for Ada")
    >>> found.slots, found.utterance
    ({'product': 'tea', 'n': '2'}, 'tea for ...')
    """
    said, kept = text(utterance), {}
    for key, value in slots.items():
        known = _plain(value)
        if known is None:
            continue
        if not PERSONAL_SLOT.search(key):
            kept[key] = known
        elif said is not None:
            said = re.sub(rf"\b{re.escape(known)}\b", "...", said, flags=re.IGNORECASE)
    return Intent(name=name, utterance=said, slots=kept or None, **told)


def _plain(value: object) -> str | None:
    """Return a slot's value as text; of a list, its texts; of anything else, None."""
    if isinstance(value, list):
        return ", ".join(known for part in value[:20] if (known := text(part))) or None
    if isinstance(value, float):
        return f"{value:g}"
    return text(value)
