"""Which column means what: the usual names in many dialects, and the near ones when one is missing."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import cast

from hearthline.files.currencies import CODES, named_in
from hearthline.files.rows import Kind
from hearthline.schema.errors import BadConfig, BadFile

__all__ = [
    "FIELDS",
    "SETTINGS",
    "Field",
    "Found",
    "found_in",
    "likeliest",
    "missing",
    "recognise",
    "simplified",
]


@dataclass(frozen=True)
class Field:
    """One field of a table, what it means, and the names it goes by (simplified), best first."""

    name: str
    meaning: str
    names: tuple[str, ...]


def _field(name: str, meaning: str, names: str) -> Field:
    return Field(name, meaning, tuple(dict.fromkeys([simplified(name), *names.split()])))


def simplified(name: str) -> str:
    """Return a column's name without case, accents, spaces and signs.

    >>> simplified("Device-ID "), simplified("Beträge (EUR)")
    ('deviceid', 'betrageeur')
    """
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(c for c in plain if c.isalnum())


_WHO = (
    _field("household", "the home; two rows with the same one belong together",
           "householdid home homeid hh hhid householdkey haushalt haushaltid"),
    _field("person", "a person of the home, as your system knows them",
           "personid memberid profileid profile visitorid anonymousid"),
    _field("customer", "the customer's or user's account",
           "customerid customernumber customerno user userid clientid accountid account kundennummer kunde"),
    _field("email", "e-mail address; hashed with your key before anything is stored",
           "emailaddress mail customeremail useremail billingemail"),
    _field("phone", "telephone number; hashed like the e-mail",
           "phonenumber telephone tel mobile customerphone"),
    _field("ip", "IP address; hashed like the e-mail", "ipaddress ipaddr clientip remoteaddr"),
    _field("device_id", "the device",
           "device deviceid deviceserial serialnumber thingname tvid gerat gerateid"),
)  # fmt: skip

_AUTOMATION = (
    _field("subscription_id", "the subscription that an order or enrolment belongs to",
           "subscription subscriptionnumber contractid"),
    _field("automation_id", "the replenishment slot, routine or rule",
           "automation replenishmentid slotid routineid ruleid"),
    _field("enrolment_id", "the decision to let a machine or schedule buy",
           "enrolment enrollmentid enrollment"),
    _field("cycle", "how many orders the enrolment has placed; 1 is the first",
           "ordercycle renewalnumber billingcycle"),
)  # fmt: skip

_MONEY = (
    _field("order_id", "the order's number",
           "order orderid ordernumber orderno ordername transactionid transaction bestellnummer "
           "purchaseid"),
    _field("net", "revenue after discounts, without tax and shipping",
           "netrevenue netsales netamount subtotal subtotalprice revenue netto"),
    _field("total", "what was paid, tax and shipping included",
           "amount ordertotal grandtotal totalprice totalamount amounttotal amountpaid ordervalue "
           "value price paid betrag summe gesamt"),
    _field("gross", "revenue before discounts, without tax and shipping",
           "grosssales grossrevenue grossamount brutto"),
    _field("currency", "ISO 4217 code", "currencycode ordercurrency curr wahrung isocurrency"),
    _field("tax", "tax in the total", "taxes totaltax taxamount vat mwst"),
    _field("shipping", "shipping in the total", "shippingamount shippingcost totalshipping freight versand"),
    _field("discount", "discounts given", "discountamount discounts totaldiscount totaldiscounts rabatt"),
    _field("refunded", "how much of this order was paid back",
           "refundedamount refundamount refund amountrefunded totalrefunded"),
    _field("refund_of", "the order that this row pays back", "refundedorder originalorder originalorderid"),
    _field("status", "cancelled and refunded orders are told by it",
           "financialstatus orderstatus paymentstatus state zahlungsstatus bestellstatus"),
    _field("coupon", "coupon code", "couponcode discountcode promocode vouchercode"),
    _field("product", "product of the line",
           "productid productname lineitemname item itemid itemname artikel artikelnummer produkt"),
    _field("sku", "stock keeping unit", "lineitemsku productsku asin"),
    _field("quantity", "how many of it", "qty lineitemquantity units menge"),
    _field("unit_price", "price of one of it", "lineitemprice itemprice priceperunit"),
)  # fmt: skip

_ORDERS = (
    *_MONEY,
    _field("ts", "when it was placed, with zone; a day alone is taken as an interval",
           "createdat orderedat orderdate orderts ordertime placedat purchasedate processedat timestamp "
           "time datetime date created paidat transactiondate bestelldatum datum"),
    _field("placed_by", "person, machine or subscription; or that the row is an enrolment or a refund",
           "origin ordertype kind type trigger orderedby initiator"),
    _field("via", "through what it was placed: voice, web, app, tv, appliance, store",
           "channeloforder orderchannel saleschannel orderedvia source sourcename platform"),
    *_WHO,
    *_AUTOMATION,
    _field("segment", "a stable trait of the customer", "customersegment cohort tier"),
    _field("consent", "yes, no or unknown: use for measurement", "consentmeasurement measurementconsent"),
    _field("event_id", "id of this row, when your system gives one", "rowid messageid"),
)  # fmt: skip

_EVENTS = (
    _field("ts", "when it happened, with zone",
           "timestamp time eventtime eventts eventtimestamp occurredat datetime date createdat created "
           "sentat startedat starttime airedat viewedat exposuretime start zeit zeitstempel datum"),
    _field("event", "what happened; its words tell the stage and whether it is a touch",
           "eventname eventtype action activity type name ereignis"),
    _field("event_id", "id of the row, when your system gives one", "id messageid uuid rowid"),
    *_WHO,
    _field("device_type", "speaker, tv, display, phone, browser, appliance, button, sensor, ...",
           "devicekind devicecategory deviceclass platform geratetyp"),
    _field("device_make", "who made the device", "manufacturer make brand"),
    _field("device_model", "the device's model", "model"),
    _field("room", "where in the home the device stands", "deviceroom raum"),
    _field("channel", "the channel, as you call it; without one see below", "marketingchannel kanal"),
    _field("source", "where the visit came from", "utmsource trafficsource"),
    _field("medium", "kind of marketing", "utmmedium trafficmedium"),
    _field("campaign", "campaign", "utmcampaign campaignname campaignid kampagne"),
    _field("content", "which variant", "utmcontent"),
    _field("term", "search term paid for", "utmterm keyword"),
    _field("ad", "the advertisement; with it a row without an event is an impression",
           "adid adname spotid commercialid"),
    _field("creative", "its creative", "creativeid creativename"),
    _field("seconds", "how long it ran",
           "durationseconds watchedseconds secondsviewed secondswatched exposureseconds"),
    _field("intent", "voice intent", "intentname"),
    _field("locale", "language and country", "language lang"),
    _field("modality", "voice, screen, gesture, ambient, automated", "mode interactiontype"),
    _field("stage", "awareness, consideration, purchase, post_purchase", "journeystage funnelstage"),
    _field("initiator", "human, machine, scheduled, predicted", "initiatedby triggeredby actor"),
    _field("session_id", "session", "session visitid"),
    _field("consent", "yes, no or unknown: use for measurement", "consentmeasurement measurementconsent"),
    _field("segment", "a stable trait of the home or customer", "customersegment cohort tier"),
    _field("value", "a reading's value", "reading measurement"),
    _field("unit", "a reading's unit", "uom"),
    *(f for f in _MONEY if f.name not in ("sku", "quantity", "product", "unit_price", "status")),
    _field("placed_by", "who placed the order of this row", "orderedby ordertype"),
    _field("via", "through what the order was placed", "orderchannel orderedvia"),
    *_AUTOMATION,
)  # fmt: skip

_SPEND = (
    _field("channel", "the channel, as in your events", "source utmsource platform publisher kanal network"),
    _field("day", "the day", "date reportingstarts datestart segmentsdate reportdate startdate datum tag ts"),
    _field("cost", "what was spent",
           "spend amount amountspent adspend totalspend kosten costs mediacost ausgaben"),
    _field("cost_micros", "what was spent, in millionths", "costmicros spendmicros metricscostmicros"),
    _field("campaign", "the campaign", "campaignname utmcampaign campaignid kampagne"),
    _field("currency", "ISO 4217 code",
           "currencycode accountcurrency wahrung accountcurrencycode campaignbudgetcurrencycode "
           "customercurrencycode"),
)  # fmt: skip

FIELDS: Mapping[Kind, tuple[Field, ...]] = {"events": _EVENTS, "orders": _ORDERS, "spend": _SPEND}
"""The fields of each kind of table, in the order in which columns are given to them."""

SETTINGS = {
    "tz": "the zone of times that carry none, such as Europe/Berlin",
    "encoding": "the text's encoding where it is not UTF-8, such as latin-1",
    "decimal": "`comma` or `point`, where 1,234 could be read both ways",
    "dates": "`day-first` or `month-first`, where no day of the file tells how 3/4/2026 is meant",
    "delimiter": "the sign between columns, where it is not found by itself",
    "currency": "a code such as EUR for a table without a currency column",
    "channel": "a channel's name for a table of spend or of exposures without a channel column",
}
"""What `--map` can also say about a file, besides which column is which field."""
_CHOICES = {"decimal": ("comma", "point"), "dates": ("day-first", "month-first")}

_NEEDED: Mapping[Kind, tuple[tuple[str, ...], ...]] = {
    "events": (("ts",), ("event", "channel", "source", "medium"), tuple(f.name for f in _WHO)),
    "orders": (("order_id",), ("ts",), ("total", "net", "gross")),
    "spend": (("day",), ("cost", "cost_micros"), ("channel",), ("currency",)),
}
_REPORTED = frozenset(("cost", "costmicros", "spend", "amountspent", "impressions", "clicks", "reach"))
_EXPORTS = (
    ("meta-ads", {"amountspent", "reportingstarts"}),
    ("google-ads", {"cost", "campaign", "day", "clicks"}),
    ("meta-ads", {"spend", "datestart"}),
    ("google-ads", {"costmicros", "campaign"}),
    ("google-ads", {"metricscostmicros", "segmentsdate"}),
    ("amazon-ads", {"cost", "campaignbudgetcurrencycode"}),
    ("amazon-ads", {"spend", "campaignname", "impressions", "date"}),
)


@dataclass(frozen=True)
class Found:
    """What a table is and which of its columns are which fields.

    `settings` holds the zone, the decimal sign and constants such as the currency of all rows.
    """

    kind: Kind
    columns: dict[str, str]
    settings: dict[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()

    @property
    def guesses(self) -> dict[str, str]:
        """Field -> column found; settings in brackets; columns that nothing was made of."""
        said = {**self.columns, **{k: f"({v})" for k, v in self.settings.items()}}
        return {**said, "ignored": ", ".join(self.ignored)} if self.ignored else said


def _names(header: str) -> tuple[str, ...]:
    """Return the simplified names that a column answers to: whole, and without a currency or zone."""
    whole = simplified(header)
    if "." in header.strip("."):  # a field inside another: by its whole path, else by the path's end
        parts = header.split(".")
        ends = (simplified("".join(parts[i:])) for i in range(1, len(parts)))
        return (whole, *filter(None, ends))
    tail = "utc" if whole.endswith("utc") else (named_in(header) or "").lower()
    return (whole, whole.removesuffix(tail)) if tail else (whole,)


def _assigned(header: Sequence[str], kind: Kind, mapping: Mapping[str, str]) -> dict[str, str]:
    columns = {f: c for f, c in mapping.items() if c in header and f not in ("tz", *_CHOICES)}
    if kind == "orders" and {"name", "financialstatus"} <= {simplified(h) for h in header}:
        # Shopify's export calls the order's number its name.
        columns.setdefault("order_id", next(h for h in header if simplified(h) == "name"))
    by_name: dict[str, str] = {}
    for column in header:
        for name in _names(column):
            by_name.setdefault(name, column)
    taken = set(columns.values())
    for wanted in FIELDS[kind]:
        if wanted.name in columns:
            continue
        free = [by_name[n] for n in wanted.names if n in by_name and by_name[n] not in taken]
        if free:
            columns[wanted.name] = free[0]
            taken.add(free[0])
    known = {f.name for f in FIELDS[kind]}
    return {f: c for f, c in columns.items() if f in known}


def _settings(
    header: Sequence[str], columns: Mapping[str, str], mapping: Mapping[str, str]
) -> dict[str, str]:
    settings = {s: mapping[s] for s in SETTINGS if s in mapping and mapping[s] not in header}
    if "tz" not in settings and simplified(columns.get("ts", "")).endswith("utc"):
        settings["tz"] = "UTC"
    if "currency" not in columns and "currency" not in settings:
        codes = (named_in(columns[f]) for f in ("cost", "net", "total", "gross") if f in columns)
        code = next((c for c in codes if c), None)
        if code:
            settings["currency"] = code
    if "currency" in settings:
        settings["currency"] = settings["currency"].upper()
        if settings["currency"] not in CODES:
            raise BadFile(
                f"--map currency={mapping['currency']}: neither a column of the file nor an ISO 4217 code; "
                "name one, such as EUR"
            )
    return settings


def _export(header: Sequence[str]) -> str | None:
    """Return the advertising platform whose export has these columns, or None."""
    names = {n for h in header for n in _names(h)}
    return next((platform for platform, told in _EXPORTS if told <= names), None)


def found_in(header: Sequence[str], kind: Kind, mapping: Mapping[str, str]) -> Found:
    """Return which columns are which fields, taking the table for the given kind."""
    columns = _assigned(header, kind, mapping)
    settings = _settings(header, columns, mapping)
    exposures = kind == "events" and _are_exposures(header, columns)
    if kind != "spend" and not exposures:
        settings.pop("channel", None)
    export = _export(header) if kind == "spend" else None
    if export and "channel" not in columns and "channel" not in settings:
        settings["channel"] = export
    used = {*columns.values()}
    return Found(kind, columns, settings, tuple(h for h in header if h not in used))


def _are_exposures(header: Sequence[str], columns: Mapping[str, str]) -> bool:
    """Return whether each row is an advertisement that ran in one home: what TVs and recognisers log.

    A report of what advertisements cost or reached has an advertisement in each row, too, and no home.
    """
    names = {n for h in header for n in _names(h)}
    where = columns.keys() & {"household", "person", "device_id", "ip"}
    told = columns.keys() & {"event", "channel"}
    return bool("ad" in columns and not told and where and not names & _REPORTED)


def missing(found: Found) -> list[tuple[str, ...]]:
    """Return the needed fields that no column has; one of each group would do."""
    have = {*found.columns, *found.settings}
    if found.kind == "events" and _are_exposures((*found.columns.values(), *found.ignored), found.columns):
        have.add("event")
    return [g for g in _NEEDED[found.kind] if not have.intersection(g)]


def likeliest(header: Sequence[str], mapping: Mapping[str, str]) -> tuple[Kind, ...]:
    """Return the kinds in the order in which a table with these columns is tried.

    >>> likeliest(["event", "ts"], {})[0]
    'events'
    """
    names = {n for h in header for n in _names(h)} | set(mapping)
    if names & {"event", "eventname", "eventtype"}:
        return ("events", "orders", "spend")
    return ("orders", "spend", "events")


def complete(header: Sequence[str], mapping: Mapping[str, str]) -> Found | None:
    """Return what the table is if one kind's needed fields are all there, else None."""
    tried = (found_in(header, kind, mapping) for kind in likeliest(header, mapping))
    return next((f for f in tried if not missing(f) and not _of_homes(f, header)), None)


def _of_homes(found: Found, header: Sequence[str]) -> bool:
    """Return whether a table taken for spend speaks of single homes or devices, so is none."""
    names = {n for h in header for n in _names(h)}
    homes = {n for f in _WHO if f.name in ("household", "email", "device_id") for n in f.names}
    return found.kind == "spend" and bool(names & (homes - {"device"}))


def _likeliest(header: Sequence[str], mapping: Mapping[str, str]) -> Found:
    """Return the kind with the fewest missing fields; of equals the one with most fields found."""
    tried = [found_in(header, kind, mapping) for kind in likeliest(header, mapping)]
    return min(tried, key=lambda f: (len(missing(f)), -len(f.columns)))


def _near(group: Iterable[str], found: Found) -> tuple[str, str] | None:
    """Return (field, column) where an unused column's name is nearly one of the field's."""
    free = {n: column for column in found.ignored for n in _names(column) if len(n) > 2}
    for wanted in group:
        spec = next(f for f in FIELDS[found.kind] if f.name == wanted)
        for name in spec.names:
            close = get_close_matches(name, free, n=1, cutoff=0.8)
            if close and len(name) > 2:
                return wanted, free[close[0]]
    return None


def _refusal(
    place: str, header_text: str, found: Found, group: tuple[str, ...], said: Mapping[str, str]
) -> BadFile:
    """Return the error for a field that no column has, with the near column where there is one."""
    absent = [f"--map {f}={said[f]}: there is no column `{said[f]}`\n" for f in group if f in said]
    line = place.rpartition(":")[2]
    file = place.rpartition(":")[0]
    near = _near(group, found)
    fields = " or ".join(f"`{g}`" for g in group[:4])
    if near is None:
        value = {"currency": "EUR", "channel": "NAME"}.get(group[0], "COLUMN")
        have = ", ".join(f"{f}={c}" for f, c in found.columns.items()) or "none"
        return BadFile(
            f"error[E101]: no column for {fields} in {file}, taken for a table of {found.kind}\n"
            f"  --> {place}:1\n   |\n{line:>2} | {header_text[:200]}\n"
            f"recognised: {have}\n{''.join(absent)}"
            f"help: name the column:  hearthline run {file} --map {group[0]}={value}"
        )
    wanted, column = near
    at = header_text.find(column)
    return BadFile(
        f"error[E102]: column `{column}` means nothing to us, and there is none for {fields} in {file}\n"
        f"  --> {place}:{at + 1}\n   |\n{line:>2} | {header_text[:200]}\n"
        f"   | {' ' * at}{'^' * len(column)} there is a field `{wanted}`\n{''.join(absent)}"
        f"help: rename it, or map it:  hearthline run {file} --map {wanted}={column}"
    )


def check_mapping(mapping: Mapping[str, str | Mapping[str, str]], where: str = "mapping") -> None:
    """Refuse a mapping that names a field, or a word of a setting, that there is not.

    Args:
        mapping: field -> column, or a file's name -> such a mapping.
        where: where it was said, for messages.

    Raises:
        BadConfig: the message lists what there is.
    """
    known = {f.name for fields in FIELDS.values() for f in fields} | SETTINGS.keys()
    for name, said in mapping.items():
        if not isinstance(said, str):
            check_mapping(said, f"{where}.{name}")
        elif name not in known:
            near = get_close_matches(name, known, n=1)
            cure = f"did you mean `{near[0]}`?" if near else f"choose one of {', '.join(sorted(known))}"
            raise BadConfig(f"{where}: there is no field {name!r}; {cure}")
        elif said not in _CHOICES.get(name, (said,)):
            choices = " or ".join(_CHOICES[name])
            raise BadConfig(f"{where}: {name} cannot be {said!r}; choose one of {choices}")


def recognise(
    place: str, header: Sequence[str], mapping: Mapping[str, str] | None = None, kind: str | None = None
) -> Found:
    """Return what the table is and which columns are which fields.

    Args:
        place: `file:line` of the header, for messages.
        header: the columns' names.
        mapping: canonical field -> column, and settings; a column that is not there is no error, because
            one mapping serves several files.
        kind: what to take the table for; by default its columns tell.

    Raises:
        BadFile: a needed field has no column, or two columns share a name.
        BadConfig: the mapping names a field that there is not.

    >>> recognise("o.csv:1", ["Order Number", "Order Date", "Total (EUR)", "E-Mail"]).guesses["currency"]
    '(EUR)'
    """
    chosen = dict(mapping or {})
    check_mapping(chosen)
    text = ",".join(header)
    twice = next((h for i, h in enumerate(header) if h and h in header[:i]), None)
    if twice is not None:
        raise BadFile(f"{place}: two columns are named `{twice}`; got {text[:200]!r}; rename or drop one")
    if kind is not None:
        if kind not in FIELDS:
            raise BadFile(f"{place}: no kind of table named {kind!r}; choose one of {', '.join(FIELDS)}")
        found = found_in(header, cast("Kind", kind), chosen)
    else:
        found = complete(header, chosen) or _likeliest(header, chosen)
    lacking = missing(found)
    if lacking:
        raise _refusal(place, text, found, lacking[0], chosen)
    _check_orders_have_someone(place, text, found, chosen)
    return found


def _check_orders_have_someone(place: str, text: str, found: Found, said: Mapping[str, str]) -> None:
    """Refuse orders whose only identifying column is misspelt: all would be without a household."""
    who = tuple(f.name for f in _WHO)
    if found.kind == "orders" and not found.columns.keys() & set(who) and _near(who, found):
        raise _refusal(place, text, found, who, said)


def header_score(header: Sequence[str]) -> int:
    """Return how many of the columns are usual names: tells a header from data, and the delimiter.

    >>> header_score(["ts", "device_id", "42"])
    2
    """
    names = {n for fields in FIELDS.values() for f in fields for n in f.names}
    return sum(any(n in names for n in _names(h)) for h in header)


def is_name(text: str) -> bool:
    """Return whether the text could be a column's name: not empty, no number, no time."""
    return bool(text) and not re.fullmatch(r"[-+.,:/\dTZ ]+", text)
