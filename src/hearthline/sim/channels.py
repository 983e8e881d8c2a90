"""The nine channels of a simulated town: where they are met, whom they reach and what leads to what.

How much they *cause* is not said here: that is each world's own (`sim.worlds`).
"""

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["CHANNELS", "DEVICES", "NAMES", "OWNED", "STAYS_AT_HOME", "Channel", "index"]

OWNED: Final = {
    "speaker": 0.5,
    "display": 0.25,
    "tv": 0.7,
    "appliance": 0.4,
    "wearable": 0.35,
    "vehicle": 0.3,
    "phone": 1.0,
    "browser": 0.9,
    "sensor": 0.8,
}
"""Share of homes that own each kind of device."""
DEVICES: Final = tuple(OWNED)
STAYS_AT_HOME: Final = frozenset({"speaker", "display", "tv", "appliance", "sensor"})
"""Kinds of device that can report the home that they stand in."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel: what is seen of it, and the chance of a touch on a day in a home with the device.

    Attributes:
        name: as in `touch.channel`.
        stage, modality, device: as in the canonical event.
        kind: the event's type.
        rate: chance a day in an average home.
        tilt: how strongly targeting follows the latent affinity (log-scale).
        need: added chance a day when the stock has run out.
        after_media: added chance a day per remembered awareness touch (mediation).
        after_search: added chance a day per remembered search-ad click (mediation).
        hours: earliest and latest local hour.
        cost_cents: what one touch costs the brand.
    """

    name: str
    stage: Literal["awareness", "consideration"]
    modality: Literal["voice", "screen", "ambient"]
    device: str
    kind: str
    rate: float
    tilt: float
    need: float = 0.0
    after_media: float = 0.0
    after_search: float = 0.0
    hours: tuple[float, float] = (8.0, 21.0)
    cost_cents: float = 0.0


CHANNELS: Final = (
    Channel(
        name="smart-tv",
        stage="awareness",
        modality="screen",
        device="tv",
        kind="media.ad.impression",
        rate=0.1,
        tilt=0.5,
        hours=(17.5, 21.0),
        cost_cents=3.2,
    ),
    Channel(
        name="car-audio",
        stage="awareness",
        modality="ambient",
        device="vehicle",
        kind="media.ad.impression",
        rate=0.09,
        tilt=0.2,
        hours=(6.5, 18.5),
        cost_cents=2.1,
    ),
    Channel(
        name="home-display",
        stage="awareness",
        modality="screen",
        device="display",
        kind="media.ad.impression",
        rate=0.13,
        tilt=0.4,
        hours=(7.0, 20.5),
        cost_cents=1.6,
    ),
    Channel(
        name="voice-search",
        stage="consideration",
        modality="voice",
        device="speaker",
        kind="platform.voice.intent",
        rate=0.02,
        tilt=0.2,
        need=0.05,
        after_media=0.06,
        hours=(7.0, 20.5),
    ),
    Channel(
        name="appliance",
        stage="consideration",
        modality="screen",
        device="appliance",
        kind="device.proposal.shown",
        rate=0.05,
        tilt=0.3,
        need=0.02,
        hours=(7.0, 20.5),
        cost_cents=0.9,
    ),
    Channel(
        name="sensor-alert",
        stage="consideration",
        modality="ambient",
        device="appliance",
        kind="device.alert.shown",
        rate=0.002,
        tilt=0.0,
        need=0.45,
        hours=(7.0, 19.0),
    ),
    Channel(
        name="search-ads",
        stage="consideration",
        modality="screen",
        device="browser",
        kind="platform.page.viewed",
        rate=0.015,
        tilt=0.3,
        need=0.05,
        after_media=0.05,
        cost_cents=38.0,
    ),
    Channel(
        name="retargeting",
        stage="consideration",
        modality="screen",
        device="browser",
        kind="media.ad.impression",
        rate=0.004,
        tilt=0.5,
        need=0.08,
        after_search=0.3,
        cost_cents=1.4,
    ),
    Channel(
        name="wearable",
        stage="awareness",
        modality="screen",
        device="wearable",
        kind="media.ad.impression",
        rate=0.08,
        tilt=0.3,
        hours=(6.5, 20.0),
        cost_cents=0.8,
    ),
)
NAMES: Final = tuple(c.name for c in CHANNELS)


def index(name: str) -> int:
    """Return a channel's row in all arrays.

    >>> index("wearable")
    8
    """
    return NAMES.index(name)
