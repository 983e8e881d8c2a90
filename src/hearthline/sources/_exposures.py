"""Advertisements that were shown or played: what a player's event means, and who saw it on what.

Members import these from `hearthline.sources`.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from hearthline.schema.event import (
    Consent,
    Correlation,
    Device,
    Event,
    Exposure,
    Hint,
    Identifier,
    Initiator,
    Modality,
    Raw,
    Stage,
    Touch,
)
from hearthline.sources._pixels import SERVING, TIME, Shown, told_by
from hearthline.sources._reading import (
    content_id,
    identified,
    instant,
    mapping,
    number,
    text,
    unreadable,
    word,
)

__all__ = ["exposure_event", "player_event"]

_EVENT = ("e", "event", "eventtype", "ev")
_DEVICE = ("ifa", "rida", "roku_ads_tracking_id", "idfa", "gaid", "aaid", "deviceid", "did")
_IFA_TYPE = ("ifatype", "ifa_type")
_LIMIT = ("lat", "limitadtracking", "limit_ad_tracking", "roku_ads_limit_tracking", "lmt", "dnt")
_KIDS = ("kids", "coppa", "roku_ads_kids_content")
_IP = ("ip", "deviceip", "roku_ads_external_ip")
_AD = ("ad", "adid", "ad_id")
_CREATIVE = ("creative", "creativeid", "universaladid", "crid")
_CAMPAIGN = ("campaign", "campaignid", "cid")
_SECONDS = ("adplayhead", "seconds", "duration", "mediaplayhead")
_STATE = ("playerstate",)
_KIND = ("adtype", "ad_type")
_MODEL = ("devicemodel", "model", "roku_ads_device_model")
_SESSION = ("session", "sessionid", "podid")
_HOME = ("home", "household")
_CONTENT = ("contentid", "roku_ads_content_id")

_NOBODY = re.compile(r"[0\-]*")
_YES = frozenset(("1", "true", "yes"))
_SCREENS = frozenset(("tv", "phone", "display", "tablet", "browser"))
_TV_IDS = frozenset(("rida", "tifa", "vida", "lgudid", "afai", "vaid", "hbbtv"))
_PHONE_IDS = frozenset(("idfa", "aaid", "gaid", "idfv"))


class _Event(NamedTuple):
    """What one event of a player means."""

    name: str
    stage: Stage = "none"
    by_person: bool = False
    touch: bool = False


_MEANT = {
    "shown": _Event("", "awareness", touch=True),
    "seen": _Event("", "awareness"),
    "wanted": _Event("", "consideration", by_person=True, touch=True),
    "handled": _Event("", by_person=True),
    "other": _Event(""),
}
_NAMES = {
    "shown": "impression",
    "seen": "start first_quartile midpoint third_quartile complete progress creative_view "
    "viewable_impression time_spent_viewing icon_view overlay_view_duration",
    "wanted": "click accept_invitation accept_invitation_linear",
    "handled": "mute unmute pause resume rewind skip fullscreen exit_fullscreen close close_linear expand "
    "collapse ad_expand ad_collapse player_expand player_collapse minimize other_ad_interaction "
    "interactive_start",
    "other": "loaded error not_used not_viewable view_undetermined verification_not_executed pod_start "
    "pod_complete break_start break_end",
}
_EVENTS = {
    name.replace("_", ""): _MEANT[kind]._replace(name=name)
    for kind, names in _NAMES.items()
    for name in names.split()
}
_SAME = {
    "clickthrough": "click",
    "clicktracking": "click",
    "customclick": "click",
    "iconclick": "click",
    "iconclicktracking": "click",
    "companionclick": "click",
    "companionclicktracking": "click",
    "viewable": "viewableimpression",
    "adimpression": "impression",
    "quartile1": "firstquartile",
    "quartile2": "midpoint",
    "quartile3": "thirdquartile",
    "completed": "complete",
    "started": "start",
}


def player_event(shown: Shown) -> str | None:
    """Return the key of the player's event, or None where there is none that we know."""
    spelled = re.sub(r"[^a-z0-9]", "", (shown.first(_EVENT) or "").lower())
    key = _SAME.get(spelled, spelled)
    return key if key in _EVENTS else None


def exposure_event(payload: Mapping[str, Any], place: str, received: datetime) -> Event:
    """Return the event of one address that a player fetched.

    Raises:
        BadPayload: it tells no event that players know.
    """
    shown = told_by(payload, place)
    key = player_event(shown)
    if key is None:
        raise unreadable(
            place, "no event of a player in 'e'", payload, "put e=impression, e=start ... in the address"
        )
    meant = _EVENTS[key]
    own, arrived = instant(shown.first(TIME)), instant(mapping(payload).get("arrived"))
    serving = shown.first(SERVING)
    device = _device(shown, place)
    audio = _is_audio(shown)
    return Event(
        id=_id(shown, payload, place),
        id_origin="native" if serving else "derived",
        source=f"//{place}/-/{word(shown.claim('source'), 'pixel')}",
        type=f"media.ad.{meant.name}",
        subject=shown.first(_CONTENT),
        time=own or arrived or received,
        time_quality="device" if own else "server" if arrived else "received",
        time_received=received,
        layer="media",
        stage=meant.stage,
        modality=_modality(audio, device.kind),
        identifiers=_identifiers(shown),
        household_hints=_hints(shown),
        initiator=Initiator(kind="human", evidence="event") if meant.by_person else Initiator(),
        correlation=Correlation(session=shown.first(_SESSION), token=serving),
        device=device,
        exposure=_exposure(shown, meant, key),
        touch=_touch(shown, meant, audio=audio, kind=device.kind),
        consent=_consent(shown),
        raw=Raw(adapter=place, adapter_version=1, media_type="application/json"),
    )


def _id(shown: Shown, payload: Mapping[str, Any], place: str) -> str:
    """Return the serving with its event, else an id of the address: fetched twice it is one exposure."""
    serving = shown.first(SERVING)
    if serving:
        return f"{serving}:{player_event(shown)}:{shown.first(('offset',)) or ''}"
    arrived = text(mapping(payload).get("arrived"))
    return content_id(place, [dict(shown.told), dict(shown.signed), arrived])


def _is_audio(shown: Shown) -> bool | None:
    told = (shown.first(_KIND) or "").lower()
    return True if told in ("audio", "daast") else False if told in ("video", "hybrid") else None


def _device(shown: Shown, place: str) -> Device:
    ifa = (shown.first(_IFA_TYPE) or "").lower()
    by_id = "tv" if ifa in _TV_IDS else "phone" if ifa in _PHONE_IDS else None
    is_roku = place == "roku"
    kind = shown.claim("device", ("devicetype", "device_type")) or by_id or ("tv" if is_roku else None)
    return Device(kind=kind, make="Roku" if is_roku else None, model=shown.first(_MODEL))


def _modality(audio: bool | None, kind: str | None) -> Modality:  # noqa: FBT001 - three answers: yes, no, not told
    if audio:
        return "ambient"
    return (
        "screen" if audio is False or kind in ("tv", "phone", "display", "tablet", "browser") else "unknown"
    )


def _limited(shown: Shown) -> str | None:
    """Return which field says that the person does not want to be followed, or None."""
    for names, evidence in ((_LIMIT, "limit_ad_tracking"), (_KIDS, "kids_content")):
        if (shown.first(names) or "").lower() in _YES:
            return evidence
    return "regulations" if "coppa" in (shown.first(("regulations",)) or "").lower() else None


def _identifiers(shown: Shown) -> tuple[Identifier, ...]:
    device = shown.first(_DEVICE)
    # Who limits tracking is not followed by the id that exists to follow: it is not even hashed.
    if device is None or _NOBODY.fullmatch(device) or _limited(shown):
        return ()
    return identified("advertising.device", device, personal=True)


def _hints(shown: Shown) -> tuple[Hint, ...]:
    found: tuple[Hint, ...] = ()
    home, network = shown.first(_HOME), shown.first(_IP)
    if home is not None:
        found += (Hint(kind="home", value=home),)
    if network is not None and not _limited(shown):
        found += (Hint(kind="ip", value=network, personal=True, strength=0.3),)
    return found


def _exposure(shown: Shown, meant: _Event, key: str) -> Exposure:
    states = re.split(r"[^a-z]+", (shown.first(_STATE) or "").lower())
    audible = None if states == [""] else "muted" not in states
    if key in ("mute", "unmute"):
        audible = key == "unmute"
    viewable = {"viewableimpression": True, "notviewable": False}.get(key)
    return Exposure(
        ad=shown.claim("ad", _AD),
        creative=shown.claim("creative", _CREATIVE),
        event=meant.name,
        seconds=_seconds(shown.first(_SECONDS)),
        audible=audible,
        viewable=viewable,
    )


def _seconds(value: str | None) -> float | None:
    """Return a play head in seconds, from `hh:mm:ss.mmm` or a plain number.

    >>> _seconds("00:01:30.500"), _seconds("12.5"), _seconds("soon")
    (90.5, 12.5, None)
    """
    parts = (value or "").split(":")
    amounts = [number(part) for part in parts]
    if len(parts) > 3 or any(amount is None or not 0 <= amount < 1e6 for amount in amounts):
        return None
    total = 0.0
    for amount in amounts:
        total = total * 60 + (amount or 0.0)
    return total


def _touch(shown: Shown, meant: _Event, *, audio: bool | None, kind: str | None) -> Touch:
    if not meant.touch:
        return Touch()
    usual = "smart-tv" if kind == "tv" else "audio-ads" if audio else "video-ads"
    if audio and kind == "vehicle":
        usual = "car-audio"
    return Touch(
        channel=shown.claim("channel", ("channel",)) or usual,
        source=shown.claim("source", ("source",)),
        medium="audio" if audio else "video" if audio is False else None,
        campaign=shown.claim("campaign", _CAMPAIGN),
    )


def _consent(shown: Shown) -> Consent:
    tcf, gpp = shown.first(("gdprconsent", "gdpr_consent", "tcf")), shown.first(("gpp", "gppstring"))
    limited = _limited(shown)
    if limited:
        return Consent(advertising="denied", personalisation="denied", tcf=tcf, gpp=gpp, source=limited)
    return Consent(tcf=tcf, gpp=gpp, source="tcf" if tcf else "gpp" if gpp else None)
