"""How each figure about devices, voice and supplies is opened, down to the events that it rests on."""

from collections.abc import Mapping, Sized
from typing import Final

__all__ = ["OPENED", "opened"]

_Commands = tuple[tuple[str, str], ...]
_HOME: Final = ("a home, down to its readings", "explain household HOME")
_ORDER: Final = ("one of them", "explain ORDER")
_SPOKEN: Final = ("each question", "events --where \"modality = 'voice'\"")
_DEVICES: Final = ("devices", "sql 'FROM devices'")
OPENED: Final[Mapping[str, _Commands]] = {
    "churn": (_HOME,),
    "conditions": (
        ("readings", "events --where \"signal_attribute = 'level'\""),
        ("orders", "sql 'FROM orders'"),
    ),
    "content_gaps": (_SPOKEN,),
    "cross_device": (("each link with its rule", "sql 'FROM links'"), ("one of them", "explain link LINK")),
    "device_retention": (_DEVICES, ("what one said", "events --where \"device_id = 'DEVICE'\"")),
    "ecosystems": (_DEVICES, _HOME),
    "enrolments": (("each enrolment", "sql 'FROM enrolments'"), ("an order of one", "explain ORDER")),
    "iot_conversion": (
        ("touches", "sql 'FROM touches JOIN touchpoints USING (place)'"),
        ("orders", "sql \"FROM orders WHERE kind = 'person'\""),
        _ORDER,
    ),
    "lifetime_value": (("each home", "sql 'FROM lifetime_values'"), _HOME),
    "query_to_purchase": (_SPOKEN,),
    "recommendations": (_HOME,),
    "replenishment_growth": (
        ("shelves", "sql 'FROM shelves'"),
        ("orders", "sql \"FROM orders WHERE kind = 'machine'\""),
        _ORDER,
    ),
    "service_alerts": (_HOME,),
    "subscription_fit": (_HOME,),
    "voice_engagement": (_SPOKEN,),
    "voice_revenue": (("each order with the question before it", "sql 'FROM voice_orders'"), _ORDER),
    "voice_sessions": (_SPOKEN,),
}
"""Report -> what lies behind its figures, and the command that shows it."""


def opened(report: str, rows: Sized) -> tuple[str, ...]:
    """Return the note that says how a report's figures are opened; none where it has no rows.

    >>> opened("churn", [1])
    ('Behind it: a home, down to its readings, `hearthline explain household HOME`.',)
    """
    said = "; ".join(f"{what}, `hearthline {command}`" for what, command in OPENED[report])
    return (f"Behind it: {said}.",) if len(rows) else ()
