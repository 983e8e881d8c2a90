"""One event of Snowplow's: who, where, what and for how much, whichever way its keys are spelled."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from hearthline.schema.event import Consent, Device, Hint, Identifier, Intent, Product, Touch
from hearthline.sources import (
    Bought,
    Meaning,
    clocks_of,
    consented,
    currency,
    device_kind,
    identified,
    instant,
    meaning_of,
    money,
    text,
    touch_of,
)
from hearthline.sources.snowplow.entities import entities_in, event_in
from hearthline.sources.snowplow.vocabulary import (
    ACTIONS,
    KINDS,
    LONG,
    PAGE,
    SCHEMAS,
    STRUCTURED,
    UNSTRUCTURED,
)

__all__ = ["Tracked"]

_PLATFORMS = {"web": "browser", "mob": "phone", "pc": "browser", "tv": "tv", "cnsl": "tv"}


class Tracked:
    """One event of the protocol, short keys or long, and the entities that came with it."""

    def __init__(self, item: dict[str, Any], agent: str | None) -> None:
        self.item = item
        self.agent = self.get("ua") or agent
        self.schema, self.data = event_in(item)
        self.entities = entities_in(item)

    def get(self, key: str) -> str | None:
        """Return a text by its short key, whichever way it is spelled here."""
        return text(self.item.get(key)) or text(self.item.get(LONG.get(key, key)))

    def amount(self, key: str) -> Decimal | None:
        """Return an amount by its short key."""
        found = money(self.item.get(key))
        return found if found is not None else money(self.item.get(LONG.get(key, key)))

    def entity(self, name: str) -> dict[str, Any]:
        """Return the first entity of that schema's name, or an empty object."""
        return next(iter(self.entities.get(name, [])), {})

    def meaning(self) -> Meaning:
        """Return what the event means."""
        kind = self.get("e") or ""
        if kind in STRUCTURED:
            return meaning_of(self.get("se_ac") or self.get("se_ca") or "structured event")
        if kind in UNSTRUCTURED or (kind not in KINDS and self.schema):
            if self.schema == "snowplow_ecommerce_action":
                action = text(self.data.get("type")) or "ecommerce action"
                return meaning_of(ACTIONS.get(action, action.replace("_", " ")))
            return SCHEMAS.get(self.schema) or meaning_of(self.schema.replace("_", " ") or "custom event")
        return KINDS.get(kind) or meaning_of(kind.replace("_", " "))

    def clocks(self, received: datetime) -> tuple[datetime, Any, datetime | None]:
        """Return the time, its clock and when it was sent; an enriched event has a corrected time already."""
        derived = instant(self.item.get("derived_tstamp"))
        if derived is not None:
            return derived, "platform", instant(self.item.get("dvce_sent_tstamp"))
        true = instant(self.item.get("ttm")) or instant(self.item.get("true_tstamp"))
        if true is not None:
            return true, "device", instant(self.item.get("stm"))
        call = {
            "timestamp": self.get("dtm") or self.item.get("dvce_created_tstamp"),
            "sentAt": self.get("stm") or self.item.get("dvce_sent_tstamp"),
            "receivedAt": self.item.get("collector_tstamp"),
        }
        return clocks_of({k: v for k, v in call.items() if v is not None}, {}, received)

    def touch(self, meaning: Meaning) -> Touch:
        """Return the touch: by campaign, click id or referrer of a page view."""
        campaign = {
            "source": self.get("mkt_source"),
            "medium": self.get("mkt_medium"),
            "name": text(self.item.get("mkt_campaign")),
            "content": text(self.item.get("mkt_content")),
            "term": text(self.item.get("mkt_term")),
        }
        page = {"url": self.get("url") or text(self.data.get("url")), "referrer": self.get("refr")}
        known = {key: value for key, value in campaign.items() if value}
        return touch_of(known, page, arrives=meaning is PAGE)

    def people(self) -> tuple[Identifier, ...]:
        """Return the user, the browser and the app's installation."""
        mobile, session = self.entity("mobile_context"), self.entity("client_session")
        advertising = text(mobile.get("appleIdfa")) or text(mobile.get("androidIdfa"))
        found = (
            identified("snowplow.user", self.get("uid"), authenticated=True)
            + identified("snowplow.domain_user", self.get("duid") or session.get("userId"))
            + identified("snowplow.network_user", self.get("tnuid") or text(self.item.get("nuid")))
            + identified("email", self.entity("user").get("email"), personal=True)
        )
        if advertising is not None and advertising.strip("0-"):
            found += identified("advertising.device", advertising, personal=True)
        return tuple(dict.fromkeys(found))

    def homes(self) -> tuple[Hint, ...]:
        """Return the network address as a hint."""
        network = self.get("ip")
        return (Hint(kind="ip", value=network, personal=True, strength=0.3),) if network else ()

    def device(self) -> Device:
        """Return the device, by the mobile entity, the browser's name or the platform's code."""
        mobile = self.entity("mobile_context")
        kind = device_kind(text(mobile.get("osType")), self.agent)
        return Device(
            kind=kind or _PLATFORMS.get(self.get("p") or ""),
            make=text(mobile.get("deviceManufacturer")),
            model=text(mobile.get("deviceModel")),
        )

    def session(self) -> str | None:
        """Return the session's id."""
        return self.get("sid") or text(self.entity("client_session").get("sessionId"))

    def intent(self, meaning: Meaning) -> Intent:
        """Return what was searched for."""
        if meaning.type != "platform.products.searched":
            return Intent()
        terms = self.data.get("terms")
        words = [w for w in terms if isinstance(w, str)] if isinstance(terms, list) else []
        return Intent(name="search", utterance=" ".join(words) or text(self.data.get("term")))

    def bought(self, meaning: Meaning) -> Bought:
        """Return the money of a transaction, new form or old, and the products that came with it."""
        deal = self.entity("transaction") or self.entity("refund")
        lines = [_product(line) for line in self.entities.get("product", [])]
        if meaning.type in ("platform.product.added", "platform.product.removed") and "sku" in self.data:
            lines = lines or [_product(self.data | {"price": self.data.get("unitPrice")})]
        if (self.get("e") or "") in ("ti", "transaction_item"):
            lines = [self._old_line()]
        total = money(deal.get("revenue"))
        return Bought(
            order=text(deal.get("transaction_id")) or self.get("tr_id") or self.get("ti_id"),
            total=total if total is not None else money(deal.get("refund_amount")) or self.amount("tr_tt"),
            tax=_either(money(deal.get("tax")), self.amount("tr_tx")),
            shipping=_either(money(deal.get("shipping")), self.amount("tr_sh")),
            discount=money(deal.get("discount_amount")),
            coupon=text(deal.get("discount_code")),
            currency=currency(deal.get("currency"))
            or currency(self.get("tr_cu"))
            or currency(self.get("ti_cu")),
            cart=text(self.entity("cart").get("cart_id")),
            products=lines or None,
        )

    def _old_line(self) -> Product:
        return Product(
            sku=self.get("ti_sk"),
            name=self.get("ti_nm"),
            category=self.get("ti_ca"),
            quantity=self.amount("ti_qu"),
            price=self.amount("ti_pr"),
        )

    def consent(self) -> Consent:
        """Return what a consent event says was allowed or refused, by purpose.

        Implied, pending and expired consent was not given by anybody, so it stays unknown. A refusal
        that names no purpose of ours refuses them all.
        """
        if self.schema == "consent_withdrawn":
            return self._withdrawn(self._documents())
        if self.schema != "consent_preferences":
            return Consent()
        what = text(self.data.get("eventType")) or text(self.data.get("event_type"))
        listed = self.data.get("consentScopes") or self.data.get("consent_scopes")
        scopes = [s for s in listed if isinstance(s, str)] if isinstance(listed, list) else []
        if what in ("allow_all", "allow_selected"):
            return consented(dict.fromkeys(scopes, True), "consent_preferences")
        if what == "deny_all":  # its scopes are what stays allowed, such as "necessary"
            return consented(_NOTHING, "consent_preferences")
        return self._withdrawn(scopes) if what == "withdrawn" else Consent()

    def _withdrawn(self, purposes: list[str]) -> Consent:
        found = consented(dict.fromkeys(purposes, False), self.schema)
        everything = self.data.get("all") is True or found.source is None
        return consented(_NOTHING, self.schema) if everything else found

    def _documents(self) -> list[str]:
        """Return the names of the documents that a mobile tracker says were agreed to, or no longer are."""
        told = [self.data, *self.entities.get("consent_document", [])]
        return [name for one in told for key in ("name", "id") if (name := text(one.get(key)))]


_NOTHING = dict.fromkeys(("analytics", "marketing", "preferences", "sharing"), False)


def _either(first: Decimal | None, second: Decimal | None) -> Decimal | None:
    return second if first is None else first


def _product(line: dict[str, Any]) -> Product:
    return Product(
        product_id=text(line.get("id")),
        sku=text(line.get("sku")),
        name=text(line.get("name")),
        category=text(line.get("category")),
        quantity=money(line.get("quantity")),
        price=money(line.get("price")),
    )
