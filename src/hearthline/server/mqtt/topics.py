"""Which platform and account a topic belongs to, by the settings' patterns or by the topic's own words."""

from collections.abc import Mapping
from typing import NamedTuple

from hearthline.schema.errors import BadConfig

__all__ = ["LONGEST", "Route", "Topics", "fits"]

LONGEST = 1024
"""Bytes that a topic may have."""
_MOST_KNOWN = 4096


class Route(NamedTuple):
    """Whose payloads a topic carries."""

    platform: str
    account: str = "-"


def fits(pattern: str, topic: str) -> bool:
    """Return whether a topic filter of MQTT fits a topic; wildcards never fit a first `$`.

    >>> fits("dt/+/levels", "dt/fridge-7/levels"), fits("dt/#", "dt"), fits("#", "$aws/things")
    (True, True, False)
    """
    if topic.startswith("$") and pattern[:1] in ("+", "#"):
        return False
    ours, theirs = pattern.split("/"), topic.split("/")
    for index, word in enumerate(ours):
        if word == "#":
            return True
        if index >= len(theirs) or word not in ("+", theirs[index]):
            return False
    return len(ours) == len(theirs)


class Topics:
    """The routes of topics: `hearthline/<platform>[/<account>[/...]]`, and patterns for all others.

    Args:
        patterns: topic filters, each with `<platform>` or `<platform>/<account>`; the first that fits wins.
        platforms: the sources that there are.

    Raises:
        BadConfig: a pattern is no topic filter, or leads to a source that does not exist.

    >>> topics = Topics({"dt/+/levels": "aws_iot_core"}, ("aws_iot_core", "segment"))
    >>> topics.route(b"dt/fridge-7/levels"), topics.route(b"hearthline/segment/shop/web").account
    (Route(platform='aws_iot_core', account='-'), 'shop')
    >>> topics.route(b"weather/berlin") is None
    True
    """

    def __init__(self, patterns: Mapping[str, str], platforms: tuple[str, ...]) -> None:
        self._platforms = frozenset(platforms)
        self._patterns = [(pattern, self._target(pattern, target)) for pattern, target in patterns.items()]
        self._known: dict[bytes, Route | None] = {}

    def _target(self, pattern: str, target: str) -> Route:
        words = pattern.split("/")
        for index, word in enumerate(words):
            alone = word in ("+", "#") or not {"+", "#"} & set(word)
            if not alone or (word == "#" and index + 1 < len(words)):
                raise BadConfig(
                    f"[mqtt.topics] {pattern!r}: no topic filter; got {word!r} in it; "
                    "a wildcard stands alone between slashes, '#' at the end"
                )
        platform, _, account = target.partition("/")
        if platform not in self._platforms:
            raise BadConfig(
                f"[mqtt.topics] {pattern!r}: no source {platform!r}; choose one of "
                f"{', '.join(sorted(self._platforms))}"
            )
        return Route(platform, account or "-")

    def route(self, topic: bytes) -> Route | None:
        """Return the route of a topic, or None where nothing leads anywhere."""
        try:
            return self._known[topic]
        except KeyError:
            pass
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        route = self._known[topic] = self._found(topic.decode("utf-8", "replace"))
        return route

    def _found(self, topic: str) -> Route | None:
        for pattern, route in self._patterns:
            if fits(pattern, topic):
                return route
        words = topic.split("/")
        if words[0] == "hearthline" and len(words) > 1 and words[1] in self._platforms:
            return Route(words[1], words[2] if len(words) > 2 and words[2] else "-")
        return None
