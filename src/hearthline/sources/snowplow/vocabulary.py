"""What Snowplow's short names mean: kinds of events, schemas of events, e-commerce actions, keys."""

from hearthline.sources import Meaning, meaning_of

__all__ = ["ACTIONS", "KINDS", "LONG", "PAGE", "SCHEMAS", "STRUCTURED", "UNSTRUCTURED"]

PAGE = Meaning("platform.page.viewed", "consideration", browsing=True)
KINDS = {
    "pv": PAGE,
    "page_view": PAGE,
    "pp": Meaning("platform.page.stayed", browsing=True),
    "page_ping": Meaning("platform.page.stayed", browsing=True),
    "tr": meaning_of("order completed"),
    "transaction": meaning_of("order completed"),
    "ti": Meaning("platform.order.line_added"),
    "transaction_item": Meaning("platform.order.line_added"),
}
STRUCTURED, UNSTRUCTURED = ("se", "struct"), ("ue", "unstruct")
SCHEMAS = {
    "link_click": Meaning("platform.link.clicked", browsing=True),
    "screen_view": Meaning("platform.screen.viewed", "consideration", browsing=True, channel="app"),
    "site_search": meaning_of("products searched"),
    "add_to_cart": meaning_of("product added"),
    "remove_from_cart": meaning_of("product removed"),
    "ad_impression": meaning_of("ad viewed"),
    "ad_click": meaning_of("ad clicked"),
    "submit_form": Meaning("platform.form.submitted", browsing=True),
    "application_install": Meaning("platform.app.installed"),
    "application_background": Meaning("platform.app.state_changed"),
    "application_foreground": Meaning("platform.app.state_changed"),
    "consent_preferences": Meaning("platform.consent.changed"),
    "consent_granted": Meaning("platform.consent.changed"),
    "consent_withdrawn": Meaning("platform.consent.changed"),
}
# Types of the snowplow_ecommerce_action event, by the e-commerce words that they stand for.
ACTIONS = {
    "product_view": "product viewed",
    "list_view": "product list viewed",
    "list_click": "product clicked",
    "add_to_cart": "product added",
    "remove_from_cart": "product removed",
    "checkout_step": "checkout step completed",
    "transaction": "order completed",
    "refund": "order refunded",
    "trns_error": "transaction failed",
    "promo_view": "promotion viewed",
    "promo_click": "promotion clicked",
}
# The short keys of the tracker protocol, and the columns of an enriched event that mean the same.
LONG = {
    "e": "event",
    "eid": "event_id",
    "aid": "app_id",
    "p": "platform",
    "uid": "user_id",
    "duid": "domain_userid",
    "tnuid": "network_userid",
    "sid": "domain_sessionid",
    "ip": "user_ipaddress",
    "ua": "useragent",
    "url": "page_url",
    "page": "page_title",
    "refr": "page_referrer",
    "tz": "os_timezone",
    "se_ca": "se_category",
    "se_ac": "se_action",
    "se_la": "se_label",
    "se_pr": "se_property",
    "se_va": "se_value",
    "tr_id": "tr_orderid",
    "tr_tt": "tr_total",
    "tr_tx": "tr_tax",
    "tr_sh": "tr_shipping",
    "tr_cu": "tr_currency",
    "ti_id": "ti_orderid",
    "ti_sk": "ti_sku",
    "ti_nm": "ti_name",
    "ti_ca": "ti_category",
    "ti_pr": "ti_price",
    "ti_qu": "ti_quantity",
    "ti_cu": "ti_currency",
    "mkt_me": "mkt_medium",
    "mkt_so": "mkt_source",
}
