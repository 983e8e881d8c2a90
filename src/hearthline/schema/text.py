"""How a number is said: one form for titles, notes, tables, terminals and pages.

Money is exact in tables and at most three significant figures in titles and tiles. A share always
goes with its 90 % interval. Minus is the real sign, missing is an en dash, times are UTC.
"""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal

__all__ = [
    "MINUS",
    "MISSING",
    "amount",
    "amount_interval",
    "brief_money",
    "count",
    "day",
    "digits_of",
    "exact_money",
    "interval",
    "moment",
    "plural",
    "points",
    "share",
    "share_interval",
]

MINUS = "\N{MINUS SIGN}"
MISSING = "\N{EN DASH}"
_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩"}
_DIGITS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "KWD": 3, "BHD": 3, "OMR": 3, "TND": 3}
_SCALES = ((Decimal(10) ** 12, "T"), (Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(1000), "k"))

Number = int | float | Decimal


def _signed(text: str) -> str:
    """Return the text with a real minus sign, and none before a rounded zero."""
    if not text.startswith("-"):
        return text
    return MINUS + text[1:] if any(c in "123456789" for c in text) else text[1:]


def _decimal(value: Number) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def digits_of(currency: str) -> int:
    """Return how many digits the currency's smallest coin has behind the point (ISO 4217).

    >>> digits_of("EUR"), digits_of("JPY")
    (2, 0)
    """
    return _DIGITS.get(currency, 2)


def amount(value: Number, currency: str) -> str:
    """Return money to the smallest coin, without its currency: for a column that names it.

    >>> amount(Decimal("-1234.5"), "EUR")
    '−1,234.50'
    """
    places = digits_of(currency)
    rounded = _decimal(value).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    return _signed(f"{rounded:,.{places}f}")


def _with_currency(text: str, currency: str) -> str:
    symbol = _SYMBOLS.get(currency, f"{currency}\N{NO-BREAK SPACE}" if currency else "")
    return f"{MINUS}{symbol}{text[1:]}" if text.startswith(MINUS) else symbol + text


def exact_money(value: Number, currency: str) -> str:
    """Return money to the smallest coin with its currency.

    >>> exact_money(Decimal("1234.5"), "EUR")
    '€1,234.50'
    """
    return _with_currency(amount(value, currency), currency)


def brief_money(value: Number, currency: str) -> str:
    """Return money in at most three significant figures with its currency: for tiles and titles.

    >>> brief_money(Decimal("149302.11"), "EUR"), brief_money(Decimal("-7.256"), "USD")
    ('€149k', '−$7.26')
    """
    number = _decimal(value)
    if not number:
        return _with_currency("0", currency)
    number = number.quantize(Decimal(1).scaleb(number.adjusted() - 2), rounding=ROUND_HALF_EVEN)
    for size, letter in _SCALES:
        if abs(number) >= size:
            scaled = (number / size).normalize()
            return _with_currency(_signed(f"{scaled:f}") + letter, currency)
    places = min(digits_of(currency), max(0, 2 - number.adjusted()))
    return _with_currency(_signed(f"{number:.{places}f}"), currency)


def count(value: Number) -> str:
    """Return a number of things; an expected number keeps one digit behind the point.

    >>> count(1234567), count(12.34)
    ('1,234,567', '12.3')
    """
    if isinstance(value, int) or value == int(value):
        return _signed(f"{int(value):,}")
    return _signed(f"{value:,.1f}")


def plural(number: int, noun: str, many: str = "") -> str:
    """Return a number with its noun.

    >>> plural(1, "home"), plural(2, "home"), plural(2, "currency", "currencies")
    ('1 home', '2 homes', '2 currencies')
    """
    return f"{count(number)} {noun if number == 1 else many or noun + 's'}"


def share(value: Number, *, sign: bool = True) -> str:
    """Return a part of 1 as a percentage: whole ones from 10 % on, else one digit more.

    >>> share(0.342), share(0.0643), share(-0.02), share(0.0), share(0.0003)
    ('34%', '6.4%', '−2.0%', '0%', '<0.1%')
    """
    percent = float(value) * 100
    text = f"{percent:,.0f}" if abs(percent) >= 9.95 else f"{percent:.1f}"
    if text in ("0.0", "-0.0"):
        text = "<0.1" if percent > 1e-4 else "0"
    return _signed(text) + ("%" if sign else "")


def interval(low: str, high: str) -> str:
    """Return the ends of an interval, told apart from minus signs.

    >>> interval("31", "37"), interval("−2.0", "0.3")
    ('31–37', '−2.0 to 0.3')
    """
    return f"{low} to {high}" if MINUS in low + high else f"{low}–{high}"


def share_interval(value: Number, low: Number, high: Number) -> str:
    """Return a share with its interval.

    >>> share_interval(0.34, 0.31, 0.37)
    '34% (31–37)'
    """
    return f"{share(value)} ({interval(share(low, sign=False), share(high, sign=False))})"


def amount_interval(low: Number, high: Number, currency: str) -> str:
    """Return the ends of an interval of money, without the currency.

    >>> amount_interval(1200.4, 1500, "EUR")
    '1,200–1,500'
    """
    places = 0 if max(abs(float(low)), abs(float(high))) >= 100 else digits_of(currency)
    return interval(*(_signed(f"{_decimal(v):,.{places}f}") for v in (low, high)))


def points(difference: Number) -> str:
    """Return the difference of two shares in percentage points, with its sign.

    >>> points(0.12), points(-0.031)
    ('+12 pp', '−3.1 pp')
    """
    number = float(difference)
    text = share(abs(number), sign=False)
    mark = "" if text == "0" else "+" if number > 0 else MINUS
    return f"{mark}{text} pp"


def day(value: date) -> str:
    """Return a day.

    >>> day(date(2026, 11, 4))
    '4 Nov 2026'
    """
    return f"{value.day} {value:%b %Y}"


def moment(value: datetime) -> str:
    """Return a time in UTC, to the minute.

    >>> moment(datetime(2026, 11, 4, 9, 5, tzinfo=UTC))
    '4 Nov 2026, 09:05 UTC'
    """
    return f"{day(value.astimezone(UTC))}, {value.astimezone(UTC):%H:%M} UTC"
