"""What an ExperienceEvent means: by its `eventType`, else by the measures that it sets."""

from typing import Any

from hearthline.sources import Meaning, mapping, meaning_of, number, text

__all__ = ["meaning_of_event"]

_PAGE = Meaning("platform.page.viewed", "consideration", browsing=True)
_DIRECT = {
    "web.webpagedetails.pageviews": _PAGE,
    "web.webinteraction.linkclicks": Meaning("platform.link.clicked", browsing=True),
    "web.formfilledout": Meaning("platform.form.submitted", browsing=True),
    "application.launch": Meaning("platform.app.opened", browsing=True),
    "application.close": Meaning("platform.app.state_changed"),
    "application.install": Meaning("platform.app.installed"),
    "useraccount.login": Meaning("platform.user.identified"),
    "useraccount.logout": Meaning("platform.user.signed_out"),
    "useraccount.createprofile": Meaning("platform.user.registered"),
    "consent": Meaning("platform.consent.changed"),
    "advertising.clicks": meaning_of("ad clicked"),
    "advertising.impressions": meaning_of("ad viewed"),
    "advertising.starts": meaning_of("video ad started"),
    "advertising.firstquartiles": Meaning("media.ad.played", exposure="first_quartile"),
    "advertising.midpoints": Meaning("media.ad.played", exposure="midpoint"),
    "advertising.thirdquartiles": Meaning("media.ad.played", exposure="third_quartile"),
    "advertising.completes": meaning_of("video ad completed"),
    "media.adstart": meaning_of("video ad started"),
    "media.adcomplete": meaning_of("video ad completed"),
    "media.adskip": Meaning("media.video_ad.skipped", exposure="skip"),
}
# Event types of Adobe's list, by the e-commerce words that they stand for.
_WORDS = {
    "commerce.productviews": "product viewed",
    "commerce.productlistviews": "cart viewed",
    "commerce.productlistopens": "cart opened",
    "commerce.productlistreopens": "cart reopened",
    "commerce.productlistadds": "product added",
    "commerce.productlistremovals": "product removed",
    "commerce.checkouts": "checkout started",
    "commerce.purchases": "order completed",
    "commerce.order": "order completed",
    "commerce.saveforlaters": "product added to wishlist",
    "commerce.backofficeorderitemsshipped": "order shipped",
    "commerce.cancels": "order cancelled",
    "commerce.refunds": "order refunded",
    "commerce.backofficeorderplaced": "order completed",
    "commerce.backofficeordercancelled": "order cancelled",
    "commerce.backofficecreditmemoissued": "order refunded",
    "directmarketing.emailopened": "email opened",
    "directmarketing.emailclicked": "email link clicked",
    "directmarketing.emaildelivered": "email delivered",
    "directmarketing.emailsent": "email sent",
    "directmarketing.emailbounced": "email bounced",
    "directmarketing.emailunsubscribed": "email unsubscribed",
    "pushtracking.applicationopened": "push notification tapped",
    "pushtracking.customaction": "push notification tapped",
    "web.sitesearch": "products searched",
    "search": "products searched",
}
_MEASURES = (
    ("commerce", "purchases", "commerce.purchases"),
    ("commerce", "order", "commerce.purchases"),
    ("commerce", "checkouts", "commerce.checkouts"),
    ("commerce", "productListAdds", "commerce.productlistadds"),
    ("commerce", "productListRemovals", "commerce.productlistremovals"),
    ("commerce", "productListViews", "commerce.productlistviews"),
    ("commerce", "productViews", "commerce.productviews"),
    ("commerce", "saveForLaters", "commerce.saveforlaters"),
    ("advertising", "clicks", "advertising.clicks"),
    ("advertising", "completes", "advertising.completes"),
    ("advertising", "thirdQuartiles", "advertising.thirdquartiles"),
    ("advertising", "midpoints", "advertising.midpoints"),
    ("advertising", "firstQuartiles", "advertising.firstquartiles"),
    ("advertising", "starts", "advertising.starts"),
    ("advertising", "impressions", "advertising.impressions"),
    ("directMarketing", "clicks", "directmarketing.emailclicked"),
    ("directMarketing", "opens", "directmarketing.emailopened"),
    ("application", "launches", "application.launch"),
    ("application", "installs", "application.install"),
)


def meaning_of_event(entity: dict[str, Any]) -> tuple[Meaning, str]:
    """Return what an event means, and the field that says so.

    >>> meaning, evidence = meaning_of_event({"commerce": {"purchases": {"value": 1}}})
    >>> meaning.type, evidence
    ('platform.order.completed', 'commerce.purchases')
    """
    told = text(entity.get("eventType"))
    if told is not None and told.lower() != "display":
        return _named(told), "eventType"
    for group, measure, kind in _MEASURES:
        found = mapping(mapping(entity.get(group)).get(measure))
        if _is_set(found):
            return _named("commerce.cancels" if "cancelDate" in found else kind), f"{group}.{measure}"
    if "pushNotificationTracking" in entity:
        return meaning_of("push notification received"), "pushNotificationTracking"
    web = mapping(entity.get("web"))
    if _is_set(mapping(web.get("webInteraction")).get("linkClicks")):
        return _DIRECT["web.webinteraction.linkclicks"], "web.webInteraction"
    if mapping(web.get("webPageDetails")):
        return _PAGE, "web.webPageDetails"
    return Meaning("platform.experience.told"), "timestamp"


def _named(kind: str) -> Meaning:
    spelled = kind.lower()
    if spelled in _DIRECT:
        return _DIRECT[spelled]
    if spelled in _WORDS:
        return meaning_of(_WORDS[spelled])
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in kind.replace(".", " ").replace("_", " "))
    return meaning_of(words)


def _is_set(measure: object) -> bool:
    """Return whether a measure counts something; an order counts by being there."""
    found = mapping(measure)
    if "value" in found:
        value = number(found["value"])
        return value is not None and value > 0
    return not found.keys().isdisjoint(("id", "purchaseID", "purchaseOrderNumber"))
