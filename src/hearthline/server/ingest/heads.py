"""A request's head, before its body is read, and where it leads."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl

from hearthline import sources

__all__ = ["Head", "Place", "place_of", "query_of"]

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_IN = re.compile(rf"/in(?:/(?P<platform>[a-z0-9_]{{1,64}})(?:/(?P<account>{_NAME}))?)?/?")
_KEYED = re.compile(r"/k/(?P<key>[\x21-\x2e\x30-\x7e]{1,200})(?P<rest>/.*)")
_MOST_FIELDS = 500
_USUAL = 200  # characters of a path


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of a request before its body: `headers` have lower-case names."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


class Place(NamedTuple):
    """Where a request leads: the sources it may be meant for (none: by the payload's shape) and the account.

    `key` is a write key that stood in the path, for clients of which only the address can be set.
    """

    platforms: tuple[str, ...]
    account: str
    path: str
    key: str | None = None


def place_of(path: str) -> Place | None:
    """Return where a path leads, or None where it leads nowhere; senders use few paths, so each is read once.

    >>> place_of("/in/segment/shop-1")
    Place(platforms=('segment',), account='shop-1', path='/in/segment/shop-1', key=None)
    >>> place_of("/k/secret/in").key, place_of("/in/../secret.key"), place_of("/in/nobody")
    ('secret', None, None)
    """
    return _recent_place(path) if len(path) <= _USUAL else _place(path)


def _place(path: str) -> Place | None:
    keyed = _KEYED.fullmatch(path)
    if keyed is not None:
        place = _place(keyed["rest"])
        return place if place is None or place.key else place._replace(key=keyed["key"])
    named = _IN.fullmatch(path)
    if named is not None:
        platform = named["platform"]
        if platform is not None and platform not in sources.names():
            return None
        return Place((platform,) if platform else (), named["account"] or "-", path)
    found = next((found for pattern, found in _client_paths() if pattern.fullmatch(path)), None)
    return None if found is None else Place(found, "-", path)


_recent_place = lru_cache(maxsize=1024)(_place)


@cache
def _client_paths() -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    """Return the paths of platforms' own clients; `{name}` in one stands for any part between slashes."""
    found = []
    for path, platforms in sources.client_paths().items():
        parts = [_NAME if p.startswith("{") else re.escape(p) for p in re.split(r"(\{\w+\})", path)]
        found.append((re.compile("".join(parts) + "/?"), platforms))
    return tuple(found)


def query_of(text: str) -> dict[str, str]:
    """Return the fields of a query string; of a name given twice the last one counts.

    >>> query_of("a=1&b=x%20y&a=2")
    {'a': '2', 'b': 'x y'}
    """
    if not text:
        return {}
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        return {}
