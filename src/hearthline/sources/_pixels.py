"""Addresses that a player fetches (pixels): what the advertiser signed, and what the player filled in.

Whoever knows an address can fetch it, so what must not be made up (campaign, creative, channel) stands in a
token that the advertiser signed; the player fills in the rest (time, device, event) by macros. Members import
these from `hearthline.sources`.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import msgspec

from hearthline.schema.errors import Unproven
from hearthline.sources._door import Account, Proof, Sent, json_payloads, key_id, one_secret
from hearthline.sources._reading import Payload, mapping, number, text

__all__ = ["Shown", "pixel_payloads", "pixel_proof", "signed_claims", "told_by"]

_NAMES = {
    "event": "e event eventtype ev",
    "time": "ts timestamp roku_ads_timestamp time",
    "once": "cb cachebusting cachebuster roku_ads_cache_buster rnd",
    "serving": "asid adservingid transactionid",
    "offset": "offset",
    "advertising": "ifa rida roku_ads_tracking_id idfa gaid aaid deviceid did",
    "advertising_type": "ifatype ifa_type",
    "limit": "lat limitadtracking limit_ad_tracking roku_ads_limit_tracking lmt dnt",
    "kids": "kids coppa roku_ads_kids_content",
    "regulations": "regulations",
    "tcf": "gdprconsent gdpr_consent tcf",
    "gpp": "gpp gppstring",
    "sale": "us_privacy usprivacy ccpa",
    "network": "ip deviceip roku_ads_external_ip",
    "ad": "ad adid ad_id",
    "creative": "creative creativeid universaladid crid",
    "campaign": "campaign campaignid cid",
    "channel": "channel",
    "source": "source",
    "device": "devicetype device_type",
    "seconds": "adplayhead seconds duration mediaplayhead",
    "state": "playerstate",
    "kind": "adtype ad_type",
    "model": "devicemodel model roku_ads_device_model",
    "session": "session sessionid podid",
    "home": "home household",
    "content": "contentid roku_ads_content_id",
}
_MEANT = {name: meant for meant, names in _NAMES.items() for name in names.split()}
"""What a parameter means, by the names that players, VAST's macros and Roku's give it."""

_UNFILLED = re.compile(
    r"\[[\w.]*\]|%%[\w.]*%%|\{\{?[\w.]*\}?\}|\$\{[\w.]*\}|ROKU_ADS_\w+|-[12]|null|undefined|N/A",
    re.IGNORECASE,
)
_BLANK = frozenset("[%{$-RrNnUu")
_CLAIMS = ("campaign", "creative", "ad", "channel", "device", "source", "exp")
_TOKEN = "t"  # noqa: S105 - the parameter's name


def signed_claims(secret: str, **claims: str | int) -> str:
    """Return the token of an address: what it says is readable, and cannot be changed without the secret.

    Args:
        secret: one of the account's secrets.
        **claims: `campaign`, `creative`, `ad`, `channel`, `device` (its kind), `source`; and `exp`, seconds
            since 1970 after which the address counts for nothing.

    >>> signed_claims("s", campaign="spring") == signed_claims("s", campaign="spring")
    True
    """
    unknown = sorted(set(claims) - set(_CLAIMS))
    if unknown:
        raise ValueError(f"token: no claim named {unknown[0]!r}; claims are {', '.join(_CLAIMS)}")
    body = _plain(msgspec.json.encode(claims, order="deterministic"))
    return f"{body}.{_plain(_mac(secret, body))}"


def _mac(secret: str, body: str) -> bytes:
    return hmac.new(secret.encode(), b"hearthline pixel\0" + body.encode("utf-8", "replace"), sha256).digest()


def _plain(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes_of(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return b""


def _claims_of(token: str) -> dict[str, Any]:
    try:
        told = mapping(msgspec.json.decode(_bytes_of(token.partition(".")[0])))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}
    return {name: told[name] for name in _CLAIMS if isinstance(told.get(name), str | int)}


def pixel_proof(sent: Sent, account: Account, place: str) -> Proof:
    """Return the proof of an address whose token the account's secret signed.

    Raises:
        Unproven: no token, one that another secret signed, or one that is past its time.
    """
    token = sent.query.get(_TOKEN, "")
    body, _, given = token.partition(".")
    found = None
    for secret in one_secret(account, place):
        if hmac.compare_digest(_mac(secret, body), _bytes_of(given)):
            found = key_id(secret)
    if found is None:
        raise Unproven(
            place, "no token of this account in the address", f"sign one as 't': see docs of {place}"
        )
    until = number(_claims_of(token).get("exp"))
    if until is not None and sent.received.timestamp() > until:
        raise Unproven(place, "the address is past its time", "sign a new one with a later 'exp'")
    return Proof(scheme="pixel-token", key_id=found)


def pixel_payloads(sent: Sent, place: str) -> Iterator[Payload]:
    """Yield what an address tells: its parameters under the platform's name, its claims as `signed`.

    Where the player told neither a time nor anything that is new each time, the time of arrival is added, so
    that two exposures are two. A body is read as JSON objects in that form.
    """
    if sent.body.strip():
        yield from json_payloads(sent, place)
        return
    told = {name.lower(): value for name, value in sent.query.items() if name != _TOKEN}
    payload: dict[str, Any] = {place: told}
    claims = _claims_of(sent.query.get(_TOKEN, ""))
    if claims:
        payload["signed"] = claims
    if not told_by(payload, place).told.keys() & {"time", "once", "serving"}:
        payload["arrived"] = sent.received.isoformat()
    yield payload


# What was told ----------------------------------------------------------------


class Shown(NamedTuple):
    """What an address told by what it means (unfilled macros left out), and what its token claims."""

    told: Mapping[str, str]
    signed: Mapping[str, Any]
    arrived: str | None

    def get(self, meant: str) -> str | None:
        """Return the signed claim, else the parameter, else None."""
        claimed = self.signed.get(meant) if self.signed else None
        return self.told.get(meant) if claimed is None else text(claimed)


def told_by(payload: object, place: str) -> Shown:
    """Return what a payload tells: parameters under the platform's name, or an address as `url`.

    >>> told_by({"vast": {"E": "start", "ifa": "[IFA]"}}, "vast").told
    {'event': 'start'}
    """
    body = mapping(payload)
    told, signed = mapping(body.get(place)), mapping(body.get("signed"))
    address = None if told else text(body.get("url"))
    if address is not None:
        told = _parameters(address)
        signed = signed or _claims_of(told.pop(_TOKEN, ""))
    filled: dict[str, str] = {}
    for name, value in told.items():
        known = text(value)
        if known is None or (known[0] in _BLANK and _UNFILLED.fullmatch(known)):
            continue
        meant = _MEANT.get(name.lower(), name.lower())
        # A no to being followed counts, wherever it stands.
        if meant not in filled or (meant == "limit" and filled[meant] == "0"):
            filled[meant] = known
    return Shown(filled, signed, text(body.get("arrived")))


def _parameters(address: str) -> dict[str, Any]:
    try:
        return dict(parse_qsl(urlsplit(address).query, max_num_fields=200))
    except ValueError:
        return {}
