"""Times and amounts out of columns, as SQL for DuckDB: what the value is, and why there is none."""

import re

import duckdb
import pyarrow as pa

from hearthline.schema.errors import BadFile

__all__ = ["amount_sql", "comma_sql", "connect", "day_sql", "first_sql", "offset_sql", "time_sql"]

_ISO = "(substr(t, 5, 1) in ('-', '/') and length(t) > 10)"
_ZONED = "(suffix(t, 'Z') or suffix(t, 'z') or regexp_matches(substr(t, 12), '[-+A-Za-z]'))"
_DAY = r"regexp_full_match(t, '\d{4}[-/]\d{1,2}[-/]\d{1,2}|(?:19|20)\d{6}')"
_NUMBER = r"regexp_full_match(t, '-?\d{1,20}(\.\d*)?')"
# Offsets beyond 14 hours and eras are no times, though the engine would take them.
_ODD = r"regexp_matches(substr(t, 12), '[-+](1[5-9]|[2-9]\d)|\(')"
_ABSOLUTE = rf"""
    case when suffix(t, 'Z') then try_cast(t as timestamptz)
         when {_ODD} then null
         else try_cast(regexp_replace(t, ' ([-+]\d)', '\1') as timestamptz) end"""
_MICROS = """
    case when abs(v) < 1e11 then v * 1e6 when abs(v) < 1e14 then v * 1e3
         when abs(v) < 1e17 then v when abs(v) < 1e20 then v / 1e3 end"""
_ANY_DAY = """
    coalesce(try_strptime(t, ['%Y-%m-%d', '%Y/%m/%d', '%Y%m%d', '%d.%m.%Y', '%b %d, %Y', '%d %b %Y'])::date,
             case when length(t) > 10 then try_cast(substr(t, 1, 10) as date) end)"""
# Times as people and Excel write them, none of which has a zone. Excel counts days from 30 December 1899:
# its numbers from 2000 to 2099 are no seconds that anybody means.
_DOTTED = r"regexp_matches(t, '^\d{1,2}\.\d{1,2}\.\d{4}( \d|$)')"
_SLASHED = r"regexp_matches(t, '^\d{1,2}/\d{1,2}/\d{4}( \d|$)')"
_SERIAL = r"(regexp_full_match(t, '\d{5}(\.\d+)?') and try_cast(t as double) between 36526 and 73050)"
_HOURS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")


def _spelled(day: str) -> str:
    return f"try_strptime(t, [{', '.join(repr(day + hour) for hour in _HOURS)}])"


_CLOCK = f"""
    case when {_DOTTED} then {_spelled("%d.%m.%Y")}
         when {_SERIAL} then timestamp '1899-12-30' + to_seconds(round(try_cast(t as double) * 86400))
         when {_SLASHED} and first = 'month' then {_spelled("%m/%d/%Y")}
         when {_SLASHED} and first = 'day' then {_spelled("%d/%m/%Y")} end"""
_WRITTEN = f"({_DOTTED} or {_SLASHED}) and not contains(t, ' ')"
_ALONE = rf"length(t) <= 10 and ({_WRITTEN} or (regexp_full_match(t, '\d{{5}}') and {_SERIAL}))"
_LEDGER = r"'^\(([\d.,]*\d[\d.,]*)\)$', '-\1'"  # (12.50), as accountants write what is negative
_SIGNS = r"'[\s$€£¥\x{00a0}\x{202f}]|^[A-Z]{3}|[A-Z]{3}$'"

_MACROS = (
    f"create macro iso_zoned(t) as {_ZONED}",
    f"create macro clock_of(t, first) as {_CLOCK}",
    f"create macro is_day(t) as {_DAY} or {_ALONE}",
    f"create macro from_zoned(t) as {_ABSOLUTE}",
    f"create macro epoch_micros(v) as cast({_MICROS} as bigint)",
    "create macro from_epoch(t) as make_timestamp(epoch_micros(try_cast(t as double))) at time zone 'UTC'",
    f"create macro day_of(t) as {_ANY_DAY}",
    f"create macro without_signs(t) as regexp_replace(regexp_replace(t, {_SIGNS}, '', 'g'), {_LEDGER})",
)
_PLAIN = r"'[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,2})?'"


def connect() -> duckdb.DuckDBPyConnection:
    """Return a connection of its own, in UTC, that knows how times are read.

    >>> connect().execute("select from_zoned('2026-03-01 10:00:00 +0100')::varchar").fetchone()
    ('2026-03-01 09:00:00+00',)
    """
    connection = duckdb.connect(":memory:")
    connection.execute("set TimeZone = 'UTC'")
    for macro in _MACROS:
        connection.execute(macro)
    return connection


def zone_sql(connection: duckdb.DuckDBPyConnection, zone: str | None) -> str | None:
    """Return the zone's name as an SQL literal, or None.

    Raises:
        BadFile: there is no such zone.
    """
    if zone is None:
        return None
    known = connection.execute("select 1 from pg_timezone_names() where name = ?", [zone]).fetchall()
    if not known:
        raise BadFile(f"--map tz={zone}: there is no such time zone; give one such as Europe/Berlin or UTC")
    return f"'{zone}'"


def time_sql(kind: pa.DataType, zone: str | None, first: str = "") -> tuple[str, str]:
    """Return SQL for the moment and for the reason why there is none, of a column named `t`.

    A moment without zone is null with the reason `no-zone`, unless a zone is given for all of them.

    Args:
        kind: the column's type.
        zone: the SQL literal of a zone for times without one.
        first: what stands first in a day such as 3/4/2026: `day`, `month`, or nothing where it is not known.
    """
    if pa.types.is_timestamp(kind) and kind.tz:
        return "t::timestamptz", "case when t is null then 'missing-time' end"
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        local = f"timezone({zone}, t::timestamp)" if zone else "null::timestamptz"
        return local, "case when t is null then 'missing-time' else 'no-zone' end"
    local = f"timezone({zone}, try_cast(t as timestamp))" if zone else "null::timestamptz"
    day = f"timezone({zone}, {_day(first)}::timestamp)" if zone else "null::timestamptz"
    clock = f"clock_of(t, '{first}')"
    national = f"timezone({zone}, {clock})" if zone else "null::timestamptz"
    moment = f"""case when {_ISO} then case when iso_zoned(t) then from_zoned(t) else {local} end
                     when is_day(t) then {day}
                     when {clock} is not null then {national}
                     when {_NUMBER} then from_epoch(t) end"""
    fault = f"""case when t is null then 'missing-time'
                     when {_SLASHED} and '{first}' = '' then 'ambiguous-day'
                     when is_day(t) and {_day(first)} is not null then 'no-zone'
                     when {clock} is not null then 'no-zone'
                     when {_ISO} and not iso_zoned(t) and try_cast(t as timestamp) is not null then 'no-zone'
                     when {_NUMBER} then 'implausible-time'
                     else 'bad-time' end"""
    return moment, fault


def _day(first: str) -> str:
    return f"coalesce(clock_of(t, '{first}')::date, day_of(t))"


def first_sql(column: str) -> str:
    """Return SQL for what stands first in days such as 3/14/2026: `month`, `day`, or nothing."""
    parts = rf"regexp_extract({column}, '^(\d{{1,2}})/(\d{{1,2}})/\d{{4}}', ['a', 'b'])"
    a, b = f"bool_or(try_cast({parts}.a as int) > 12)", f"bool_or(try_cast({parts}.b as int) > 12)"
    return f"case when {a} and {b} then '' when {a} then 'day' when {b} then 'month' else '' end"


def offset_sql(moment: str, first: str = "") -> str:
    """Return SQL for the minutes by which the clock in the text `t` was ahead of UTC; null for UTC.

    Args:
        moment: SQL for the moment that the text names.
        first: what stands first in a day such as 3/4/2026.
    """
    clock = r"regexp_extract(t, '^\d{4}.\d\d.\d\d.\d\d:\d\d(:\d\d)?')"
    national = f"clock_of(t, '{first}')"
    return f"""case when t is null or suffix(t, 'Z') then null
        when substr(t, 5, 1) not in ('-', '/')
             then date_diff('minute', timezone('UTC', ({moment})), {national})
        else date_diff('minute', timezone('UTC', ({moment})), try_cast({clock} as timestamp)) end"""


def day_sql(kind: pa.DataType, first: str = "") -> str:
    """Return SQL for the day of a column named `t`, or null where it names none."""
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "t::date"
    return _day(first)


def is_day_sql(kind: pa.DataType) -> str:
    """Return SQL for whether a column named `t` holds a day without its time."""
    if pa.types.is_date(kind):
        return "t is not null"
    return "false" if pa.types.is_timestamp(kind) else "coalesce(is_day(t), false)"


def comma_sql(column: str) -> str:
    """Return SQL for whether any value of a text column surely has a decimal comma."""
    return rf"bool_or(regexp_matches({column}, '^[^.]*\d,\d{{1,2}}[^\d]*$|\.\d{{3}},'))"


def amount_sql(column: str, style: str) -> str:
    """Return SQL for the text as DECIMAL(18,4); null where it is no number, or could be two.

    `1,234.50`, `1.234,50`, `12,5` and `1,234,567` can be read one way only. `1,234` cannot, and neither
    can `1.234` beside amounts with a decimal comma. `(12.50)` is negative.

    Args:
        column: an SQL expression of type VARCHAR.
        style: `comma` or `point` where the decimal sign is known; `mixed` where decimal commas were seen;
            else `plain`.

    >>> connect().execute("select " + amount_sql("'1.234,50 €'", "plain")).fetchone()
    (Decimal('1234.5000'),)
    """
    c = f"without_signs({column})"
    comma_first = {
        "comma": f"regexp_full_match({c}, '[-+]?\\d{{1,3}}\\.\\d{{3}}')",
        "mixed": f"regexp_full_match({c}, '[-+]?\\d{{1,3}}\\.\\d{{3}}')",
    }.get(style, "false")
    three = {
        "comma": f"replace({c}, ',', '.')",
        "point": f"replace({c}, ',', '')",
    }.get(style, "null")
    dotted = f"replace({c}, '.', '')" if style == "comma" else "null"
    return rf"""try_cast(case
        when {comma_first} then {dotted}
        when regexp_full_match({column}, {_PLAIN}) then {column}
        when regexp_full_match({c}, '[-+]?\d{{1,3}}(\.\d{{3}})+,\d+|[-+]?\d{{1,3}}(\.\d{{3}}){{2,}}')
            then replace(replace({c}, '.', ''), ',', '.')
        when regexp_full_match({c}, '[-+]?\d{{1,3}}(,\d{{3}})+\.\d+|[-+]?\d{{1,3}}(,\d{{3}}){{2,}}')
            then replace({c}, ',', '')
        when regexp_full_match({c}, '[-+]?(\d+,(\d{{1,2}}|\d{{4,}})|0,\d+)') then replace({c}, ',', '.')
        when regexp_full_match({c}, '[-+]?\d{{1,3}},\d{{3}}') then {three}
        when regexp_full_match({c}, {_PLAIN}) then {c}
        end as decimal(18, 4))"""


def amount_fault(value: str) -> str:
    """Return why a text is no amount: `ambiguous-number` or `bad-number`.

    >>> amount_fault("1,234"), amount_fault("twelve")
    ('ambiguous-number', 'bad-number')
    """
    digits = re.sub(r"[^\d.,]", "", value)
    return "ambiguous-number" if re.fullmatch(r"\d{1,3}[.,]\d{3}", digits) else "bad-number"
