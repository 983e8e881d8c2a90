"""Advertisements that were shown or played: what a player's event means, and who saw it on what.

Members import these from `hearthline.sources`.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

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
from hearthline.sources._pixels import Shown, told_by
from hearthline.sources._reading import (
    content_id,
    identified,
    instant,
    number,
    unreadable,
    word,
)

__all__ = ["exposure_event", "player_event"]

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
    return _key(shown.told.get("event") or "")


@lru_cache(maxsize=1024)
def _key(event: str) -> str | None:
    spelled = re.sub(r"[^a-z0-9]", "", event.lower())
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
    own, arrived = instant(shown.told.get("time")), instant(shown.arrived)
    serving = shown.told.get("serving")
    device = _device(shown, place)
    audio, limited = _is_audio(shown), _limited(shown)
    return Event(
        id=_id(shown, key, place),
        id_origin="native" if serving else "derived",
        source=f"//{place}/-/{word(shown.signed.get('source'), 'pixel')}",
        type=f"media.ad.{meant.name}",
        subject=shown.told.get("content"),
        time=own or arrived or received,
        time_quality="device" if own else "server" if arrived else "received",
        time_received=received,
        layer="media",
        stage=meant.stage,
        modality=_modality(audio, device.kind),
        identifiers=() if limited else _identifiers(shown),
        household_hints=_hints(shown, is_followed=limited is None),
        initiator=Initiator(kind="human", evidence="event") if meant.by_person else Initiator(),
        correlation=Correlation(session=shown.told.get("session"), token=serving),
        device=device,
        exposure=_exposure(shown, meant, key),
        touch=_touch(shown, meant, audio=audio, kind=device.kind),
        consent=_consent(shown, limited),
        raw=Raw(adapter=place, adapter_version=1, media_type="application/json"),
    )


def _id(shown: Shown, key: str, place: str) -> str:
    """Return the serving with its event, else an id of the address: fetched twice it is one exposure."""
    serving = shown.told.get("serving")
    if serving:
        return f"{serving}:{key}:{shown.told.get('offset') or ''}"
    return content_id(place, [dict(shown.told), dict(shown.signed), shown.arrived])


def _is_audio(shown: Shown) -> bool | None:
    told = (shown.told.get("kind") or "").lower()
    return True if told in ("audio", "daast") else False if told in ("video", "hybrid") else None


def _device(shown: Shown, place: str) -> Device:
    ifa = (shown.told.get("advertising_type") or "").lower()
    by_id = "tv" if ifa in _TV_IDS else "phone" if ifa in _PHONE_IDS else None
    is_roku = place == "roku"
    kind = shown.get("device") or by_id or ("tv" if is_roku else None)
    return Device(kind=kind, make="Roku" if is_roku else None, model=shown.told.get("model"))


def _modality(audio: bool | None, kind: str | None) -> Modality:  # noqa: FBT001 - three answers: yes, no, not told
    if audio:
        return "ambient"
    return "screen" if audio is False or kind in _SCREENS else "unknown"


def _limited(shown: Shown) -> str | None:
    """Return which field says that the person does not want to be followed, or None."""
    for name, evidence in (("limit", "limit_ad_tracking"), ("kids", "kids_content")):
        if (shown.told.get(name) or "").lower() in _YES:
            return evidence
    return "regulations" if "coppa" in (shown.told.get("regulations") or "").lower() else None


def _identifiers(shown: Shown) -> tuple[Identifier, ...]:
    """Return the advertising id. Of who limits tracking it is not even hashed: it exists to follow."""
    device = shown.told.get("advertising")
    if device is None or _NOBODY.fullmatch(device):
        return ()
    return identified("advertising.device", device, personal=True)


def _hints(shown: Shown, *, is_followed: bool) -> tuple[Hint, ...]:
    found: tuple[Hint, ...] = ()
    home, network = shown.told.get("home"), shown.told.get("network")
    if home is not None:
        found += (Hint(kind="home", value=home),)
    if network is not None and is_followed:
        found += (Hint(kind="ip", value=network, personal=True, strength=0.3),)
    return found


def _exposure(shown: Shown, meant: _Event, key: str) -> Exposure:
    state = shown.told.get("state")
    audible = None if state is None else "muted" not in re.split(r"[^a-z]+", state.lower())
    if key in ("mute", "unmute"):
        audible = key == "unmute"
    viewable = {"viewableimpression": True, "notviewable": False}.get(key)
    return Exposure(
        ad=shown.get("ad"),
        creative=shown.get("creative"),
        event=meant.name,
        seconds=_seconds(shown.told.get("seconds")),
        audible=audible,
        viewable=viewable,
    )


def _seconds(value: str | None) -> float | None:
    """Return a play head in seconds, from `hh:mm:ss.mmm` or a plain number.

    >>> _seconds("00:01:30.500"), _seconds("12.5"), _seconds("soon")
    (90.5, 12.5, None)
    """
    if value is None:
        return None
    parts = value.split(":")
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
        channel=shown.get("channel") or usual,
        source=shown.get("source"),
        medium="audio" if audio else "video" if audio is False else None,
        campaign=shown.get("campaign"),
    )


_NO_SALE = re.compile(r"\d[ynYN-][yY][ynYN-]")  # the US Privacy string, of who opted out of a sale


def _consent(shown: Shown, limited: str | None) -> Consent:
    tcf, gpp = shown.told.get("tcf"), shown.told.get("gpp")
    sharing: Literal["denied"] | None = "denied" if _NO_SALE.fullmatch(shown.told.get("sale") or "") else None
    if limited:
        return Consent(
            advertising="denied",
            personalisation="denied",
            sharing=sharing,
            tcf=tcf,
            gpp=gpp,
            source=limited,
        )
    source = "us_privacy" if sharing else "tcf" if tcf else "gpp" if gpp else None
    return Consent(sharing=sharing, tcf=tcf, gpp=gpp, source=source)
