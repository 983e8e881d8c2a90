"""The currency codes of ISO 4217 that money is kept in; funds, metals and test codes are left out."""

import re

__all__ = ["CODES", "named_in"]

_LISTED = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD "
    "CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF "
    "GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK "
    "LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD "
    "OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN "
    "SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG "
    "XOF XPF YER ZAR ZMW ZWG ANG CUC HRK SLL ZWL "
)
CODES = frozenset(_LISTED.split())


def named_in(header: str) -> str | None:
    """Return the currency code that a column's name carries, or None.

    >>> named_in("Amount spent (USD)"), named_in("total_eur"), named_in("all")
    ('USD', 'EUR', None)
    """
    found = re.search(r"(?:\(([A-Za-z]{3})\)|[_ -]([A-Za-z]{3}))\s*$", header)
    code = (found[1] or found[2]).upper() if found else ""
    return code if code in CODES and code != "ALL" else None
