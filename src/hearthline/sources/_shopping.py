"""What Segment's specified event names mean: type, place in the journey, what was done to a cart or order."""

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from hearthline.schema.event import Stage

__all__ = ["Meaning", "meaning_of"]

Action = Literal["placed", "updated", "cancelled", "refunded", "viewed", "added", "checkout", "paid"]


class Meaning(NamedTuple):
    """What one event name means.

    `browsing`: only a person at a screen does this. `order`: it is the sale or follows it, so it is
    no touch whatever campaign it carries. `channel`: the channel that the name itself tells.
    `advertising`: what the name itself says of consent to advertising.
    """

    type: str
    stage: Stage = "none"
    action: Action | None = None
    browsing: bool = False
    order: bool = False
    channel: str | None = None
    exposure: str | None = None
    role: Literal["enrol", "end"] | None = None
    advertising: Literal["granted", "denied"] | None = None


def _seen(name: str, stage: Stage = "consideration", action: Action | None = None) -> Meaning:
    return Meaning(f"platform.{name}", stage, action, browsing=True)


def _sold(name: str, action: Action | None, stage: Stage = "post_purchase") -> Meaning:
    return Meaning(f"platform.{name}", stage, action, order=True)


def _ad(name: str, channel: str | None, exposure: str) -> Meaning:
    return Meaning(f"media.{name}", "awareness", channel=channel, exposure=exposure)


_UNSUBSCRIBED = Meaning("platform.consent.withdrawn", advertising="denied")
_MEANINGS: dict[str, Meaning] = {
    "products searched": _seen("products.searched"),
    "product list viewed": _seen("product_list.viewed", action="viewed"),
    "product list filtered": _seen("product_list.filtered"),
    "product clicked": _seen("product.clicked"),
    "product viewed": _seen("product.viewed", action="viewed"),
    "product added": _seen("product.added", action="added"),
    "product removed": _seen("product.removed"),
    "cart viewed": _seen("cart.viewed", action="viewed"),
    "product added to wishlist": _seen("product.added_to_wishlist"),
    "product removed from wishlist": _seen("product.removed_from_wishlist"),
    "wishlist product added to cart": _seen("product.added", action="added"),
    "product shared": _seen("product.shared"),
    "cart shared": _seen("cart.shared"),
    "checkout started": _seen("checkout.started", "purchase", "checkout"),
    "checkout step viewed": _seen("checkout.step_viewed", "purchase"),
    "checkout step completed": _seen("checkout.step_completed", "purchase"),
    "payment info entered": _seen("payment.info_entered", "purchase"),
    "coupon entered": _seen("coupon.entered", "purchase"),
    "coupon applied": _seen("coupon.applied", "purchase"),
    "coupon denied": _seen("coupon.denied", "purchase"),
    "coupon removed": _seen("coupon.removed", "purchase"),
    "order completed": _sold("order.completed", "placed", "purchase"),
    "order updated": _sold("order.updated", "updated"),
    "order cancelled": _sold("order.cancelled", "cancelled"),
    "order refunded": _sold("order.refunded", "refunded"),
    "product reviewed": _sold("product.reviewed", None),
    "order shipped": _sold("order.shipped", None),
    "order delivered": _sold("order.delivered", None),
    "promotion viewed": _ad("promotion.viewed", None, "impression"),
    "promotion clicked": Meaning("media.promotion.clicked", "consideration", browsing=True, exposure="click"),
    "video ad started": _ad("video_ad.started", "video-ads", "start"),
    "video ad playing": Meaning("media.video_ad.playing", exposure="progress"),
    "video ad completed": Meaning("media.video_ad.completed", exposure="complete"),
    "ad viewed": _ad("ad.viewed", "display-ads", "impression"),
    "ad clicked": Meaning("media.ad.clicked", "consideration", channel="display-ads", exposure="click"),
    "email opened": Meaning("platform.email.opened", "awareness", channel="email"),
    "email link clicked": Meaning("platform.email.link_clicked", "consideration", channel="email"),
    "push notification tapped": Meaning("platform.push_notification.tapped", "consideration", channel="push"),
    "push notification received": Meaning("platform.push_notification.received"),
    "email delivered": Meaning("platform.email.delivered"),
    "unsubscribe": _UNSUBSCRIBED,
    "email unsubscribe": _UNSUBSCRIBED,
    "sms unsubscribe": _UNSUBSCRIBED,
    "email marked as spam": _UNSUBSCRIBED,
    "subscription started": Meaning("platform.subscription.started", "purchase", role="enrol"),
    "subscription created": Meaning("platform.subscription.started", "purchase", role="enrol"),
    "subscription cancelled": Meaning("platform.subscription.ended", order=True, role="end"),
    "subscription ended": Meaning("platform.subscription.ended", order=True, role="end"),
}
_FIRST_EDITION = {
    "completed order": "order completed",
    "refunded order": "order refunded",
    "viewed product": "product viewed",
    "viewed product category": "product list viewed",
    "added product": "product added",
    "removed product": "product removed",
    "started checkout": "checkout started",
    "order canceled": "order cancelled",
    "subscription canceled": "subscription cancelled",
}


@lru_cache(maxsize=4096)
def meaning_of(name: str) -> Meaning:
    """Return what an event name means; an unknown name keeps its own words as its type.

    >>> meaning_of("Order Completed").action, meaning_of("Report Submitted").type
    ('placed', 'platform.report.submitted')
    >>> meaning_of("Unsubscribed from SMS").advertising
    'denied'
    """
    words = re.sub(r"[\W_]+", " ", name).lower().split()
    known = " ".join(words)
    found = _MEANINGS.get(_FIRST_EDITION.get(known, known))
    if found is not None:
        return found
    if known.startswith("unsubscribed from ") or words[-1:] == ["unsubscribed"]:
        return _UNSUBSCRIBED
    if len(words) < 2:
        return Meaning(f"platform.track.{words[0][:60] if words else 'unnamed'}")
    return Meaning(f"platform.{'_'.join(words[:-1])[:80]}.{words[-1][:40]}")
