"""The names that a simulated town's things carry: devices, accounts, orders. Numbers in, texts out."""

from typing import Final

from hearthline.sim.channels import CHANNELS, DEVICES
from hearthline.sim.happenings import DAY_US, SECOND_DEVICE
from hearthline.sim.town import START

__all__ = [
    "PERIOD_US",
    "alexa_person",
    "alexa_user",
    "campaign_id",
    "customer_id",
    "customer_number",
    "device_id",
    "directed_customer",
    "email",
    "enrolment_id",
    "home_id",
    "location_id",
    "order_id",
]


PERIOD_US: Final = 28 * DAY_US
"""How long a campaign runs."""


def home_id(home: int) -> str:
    """Return the name of a home, as its devices report it."""
    return f"home-{home:06d}"


def device_id(kind: int, owner: int, member: int = 0) -> str:
    """Return the id of a device; phones go by member.

    >>> device_id(0, 12), device_id(6, 12, 1), device_id(0, 12 + (1 << 30))
    ('speaker-000012', 'phone-000012-1', 'speaker-000012-b')
    """
    second = "-b" if owner >= SECOND_DEVICE else ""
    home = owner - SECOND_DEVICE if second else owner
    whose = f"-{member}" if DEVICES[kind] == "phone" else ""
    return f"{DEVICES[kind]}-{home:06d}{whose}{second}"


def customer_id(home: int, member: int) -> str:
    """Return the brand's user id of an account holder."""
    return f"user-{home:06d}-{member}"


def customer_number(home: int, member: int) -> int:
    """Return the shop's number of an account holder."""
    return 7_000_000_000 + home * 2 + member


def email(home: int, member: int) -> str:
    """Return an address that can belong to nobody."""
    return f"user.{home:06d}.{member}@example.com"


def alexa_user(home: int) -> str:
    """Return the home's account with the voice platform."""
    return f"amzn1.ask.account.SIM{home:08d}"


def alexa_person(home: int) -> str:
    """Return the voice profile of the home's account holder."""
    return f"amzn1.ask.person.SIM{home:08d}"


def order_id(number: int) -> str:
    """Return the shop's order id."""
    return str(5_000_000_000_000 + number)


def enrolment_id(home: int, since: int) -> str:
    """Return the id of the standing decision that a home took on a day."""
    return f"auto-{home:06d}-{since:04d}"


def campaign_id(channel: int, time: int) -> str:
    """Return the campaign of a paid touch: one a channel and four weeks.

    >>> campaign_id(0, (START + 30 * 86_400) * 1_000_000)
    'smart-tv-2'
    """
    return f"{CHANNELS[channel].name}-{1 + (time - START * 1_000_000) // PERIOD_US}"


def location_id(home: int) -> str:
    """Return the platform's id of a home."""
    return f"10c00000-0000-4000-8000-{home:012d}"


def directed_customer(home: int) -> str:
    """Return the platform's id of the home's account."""
    return f"amzn1.account.SIM{home:012d}"
