"""Channel names from the evidence that web analytics carries: campaign, click ids, referrer."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from hearthline.schema.event import Touch
from hearthline.sources._reading import mapping, text

__all__ = ["AWARENESS", "named", "slug", "touch_of"]

AWARENESS = frozenset({"display-ads", "video-ads", "tv-ads", "audio-ads", "social-ads", "print"})
"""Channels that reach people who were not looking for anything."""

_MEDIUMS = {
    "email": "email e-mail newsletter e-newsletter mail",
    "search-ads": "cpc ppc sem paid paid-search paidsearch search-ads adwords",
    "social-ads": "paid-social paidsocial social-paid social-ads",
    "display-ads": "display banner cpm programmatic native retargeting remarketing",
    "social": "social social-network social-media sm organic-social",
    "organic-search": "organic search organic-search seo",
    "affiliate": "affiliate affiliates partner",
    "referral": "referral link",
    "sms": "sms mms text",
    "push": "push push-notification web-push",
    "video-ads": "video paid-video video-ads",
    "tv-ads": "tv ctv ott connected-tv",
    "audio-ads": "audio podcast radio streaming-audio",
    "voice": "voice alexa smart-speaker voice-assistant",
    "print": "print catalog catalogue direct-mail",
    "qr-code": "qr qr-code qrcode",
}
_BY_MEDIUM = {word: channel for channel, words in _MEDIUMS.items() for word in words.split()}
_NOTHING = frozenset({"", "none", "not-set", "null", "undefined"})
_SEARCH = re.compile(r"(^|\.)(google|bing|duckduckgo|yahoo|ecosia|baidu|yandex|qwant|brave)(\.|$)")
_SOCIAL = re.compile(
    r"(^|\.)(facebook|fb|instagram|ig|twitter|x|t|linkedin|lnkd|pinterest|reddit|tiktok|snapchat)"
    r"(\.com|\.co|\.in|\.me|$)"
)
_VIDEO = re.compile(r"(^|\.)(youtube|twitch|vimeo)(\.|$)")
_CLICK_IDS = {
    "gclid": "search-ads",
    "gbraid": "search-ads",
    "wbraid": "search-ads",
    "msclkid": "search-ads",
    "dclid": "display-ads",
    "ttclid": "social-ads",
    "fbclid": "social",
}
_UTM = {key: f"utm_{key}" for key in ("source", "medium", "content", "term")} | {"name": "utm_campaign"}
_NOWHERE, _DIRECT = Touch(), Touch(channel="direct")


def slug(value: str) -> str:
    """Return the words in lower case, joined by hyphens.

    >>> slug("Paid Search_(US)")
    'paid-search-us'
    """
    return re.sub(r"[\W_]+", "-", value.lower()).strip("-")[:80]


@lru_cache(maxsize=4096)
def named(source: str | None, medium: str | None) -> str | None:
    """Return the channel that a campaign's source and medium name, or None.

    >>> named("google", "cpc"), named("facebook", "cpc"), named("Newsletter", None)
    ('search-ads', 'social-ads', 'email')
    """
    word, origin = slug(medium or ""), (source or "").lower().strip()
    if word in _NOTHING:
        word = slug(origin)
        if word in _NOTHING:
            return None
    channel = _BY_MEDIUM.get(word, word)
    if channel == "search-ads":
        return "social-ads" if _SOCIAL.search(origin) else _paid_video(origin)
    return channel


def _paid_video(origin: str) -> str:
    return "video-ads" if _VIDEO.search(origin) else "search-ads"


def _host(url: str) -> str | None:
    """Return the host of an address, without `www.`; pages are many, their hosts few."""
    return _host_of(_site(url))


def _site(url: str) -> str:
    """Return the address up to its path, by the first slash after that of its scheme."""
    if url.startswith("http"):
        path = url.find("/", 8)
        return url if path < 0 else url[:path]
    return "/".join(url.split("/", 3)[:3])


@lru_cache(maxsize=4096)
def _host_of(url: str) -> str | None:
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return None
    return host.removeprefix("www.") if host else None


def _referred(referrer: str, page: str | None) -> str | None:
    """Return the channel of a referrer; None where it is the same site, so no arrival."""
    host = _host(referrer)
    if host is None:
        return "referral"
    if page is not None and _host(page) == host:
        return None
    return _linked(host)


@lru_cache(maxsize=4096)
def _linked(host: str) -> str:
    if host.startswith(("mail.", "outlook.")):
        return "email"
    if _SEARCH.search(host):
        return "organic-search"
    return "social" if _SOCIAL.search(host) or _VIDEO.search(host) else "referral"


def _fields(query: str) -> Mapping[str, str]:
    try:
        return dict(parse_qsl(query, max_num_fields=100))
    except ValueError:
        return {}


def touch_of(campaign: Mapping[str, Any], page: Mapping[str, Any], *, arrives: bool) -> Touch:
    """Return the touch that the evidence tells; without evidence its channel is None.

    `arrives`: the call is a page view, so that a referrer or its absence (`direct`) is evidence too.

    >>> touch_of({}, {"url": "https://shop.example.com/?gclid=1"}, arrives=False).channel
    'search-ads'
    >>> touch_of({}, {"referrer": "https://www.google.com/"}, arrives=True).channel
    'organic-search'
    >>> touch_of({}, {}, arrives=True).channel
    'direct'
    """
    url = text(page.get("url")) or ""
    if "?" in url and ("utm_" in url or "clid" in url or "braid" in url):
        touch = _queried_touch(campaign, url)
    elif campaign:
        touch = _by_campaign(campaign)
    else:
        touch = _NOWHERE
    if touch.channel is not None or not arrives:
        return touch
    arrival = _arrival(text(page.get("referrer")), url or None)
    return arrival if touch is _NOWHERE else msgspec.structs.replace(touch, channel=arrival.channel)


_KEYS = ("source", "medium", "name", "content", "term")


def _by_campaign(campaign: Mapping[str, Any]) -> Touch:
    parts = [campaign.get(key) for key in _KEYS]
    try:
        return _campaigned(*parts)
    except TypeError:  # a part that is a list or an object is no text
        return _campaigned(*map(text, parts))


@lru_cache(maxsize=4096, typed=True)
def _campaigned(*parts: object) -> Touch:
    source, medium, campaign, content, term = map(text, parts)
    return Touch(
        channel=named(source, medium),
        source=source,
        medium=medium,
        campaign=campaign,
        content=content,
        term=term,
    )


def _queried_touch(campaign: Mapping[str, Any], url: str) -> Touch:
    query = url.partition("#")[0].partition("?")[2]
    if not campaign:
        return _told_by(query)
    parts = [campaign.get(key) for key in _KEYS]
    try:
        return _told_by(query, *parts)
    except TypeError:  # a part that is a list or an object is no text
        return _told_by(query, *map(text, parts))


@lru_cache(maxsize=4096, typed=True)
def _told_by(query: str, *parts: object) -> Touch:
    """Return the touch that a query tells beside a campaign's parts; a campaign is shown often."""
    told = _fields(query)
    named = [text(part) for part in parts] or [None] * len(_KEYS)
    touch = _campaigned(*(p or text(told.get(_UTM[k])) for k, p in zip(_KEYS, named, strict=True)))
    clicks = {name: told[name][:200] for name in _CLICK_IDS if told.get(name)}
    if not clicks:
        return touch
    channel = touch.channel or next(_CLICK_IDS[name] for name in clicks)
    return msgspec.structs.replace(touch, channel=channel, click_ids=clicks)


def _arrival(referrer: str | None, page: str | None) -> Touch:
    if referrer is None:
        return _DIRECT
    return _led(_site(referrer), None if page is None else _site(page))


@lru_cache(maxsize=4096)
def _led(referrer: str, page: str | None) -> Touch:
    return Touch(channel=_referred(referrer, page))


def campaign_of(context: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the campaign block, from the context or (attributed installs) the properties."""
    return mapping(context.get("campaign")) or mapping(properties.get("campaign"))
