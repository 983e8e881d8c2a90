"""Stripe's amounts: whole numbers of a currency's smallest unit as Stripe counts it."""

from decimal import Decimal

from hearthline.sources import currency, money, number

__all__ = ["amount_of"]

_NO_DECIMALS = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD JOD KWD OMR TND"
_DECIMALS = dict.fromkeys(_NO_DECIMALS.split(), 0) | dict.fromkeys(_THREE_DECIMALS.split(), 3)


def amount_of(value: object, code: object) -> Decimal | None:
    """Return an amount in whole units; None without a known currency, as its size then means nothing.

    Iceland's and Uganda's currencies have no decimals, yet Stripe counts them in hundredths.

    >>> amount_of(1099, "usd"), amount_of(1099, "jpy"), amount_of(1099, "kwd"), amount_of(1, None)
    (Decimal('10.99'), Decimal('1099'), Decimal('1.099'), None)
    """
    known, units = currency(code), number(value)
    if known is None or units is None or not units.is_integer() or abs(units) >= 1e15:
        return None
    return money(Decimal(int(units)).scaleb(-_DECIMALS.get(known, 2)))
