"""Homes made of a few hand-written events, so that a test can say what must come out."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hearthline.api import Home, init
from hearthline.privacy import admit_events
from hearthline.schema.event import (
    Automation,
    Commerce,
    Consent,
    Device,
    Event,
    Identifier,
    Initiator,
    Signal,
    Touch,
)
from hearthline.store.home import HomeFolder
from hearthline.store.lake import Lake

DAY0 = datetime(2026, 3, 1, tzinfo=UTC)
RECEIVED = datetime(2026, 6, 1, tzinfo=UTC)


def at(day: float) -> datetime:
    return DAY0 + timedelta(days=day)


def who(name: str) -> tuple[Identifier, ...]:
    return (Identifier(namespace="customer", value=name),)


class Story:
    """Events of a town, told one by one; ids count up."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def _tell(self, kind: str, day: float, home: str, **fields: Any) -> Event:
        number = fields.pop("id", f"e{len(self.events)}")
        event = Event(
            **{
                "id": number,
                "source": "//test/town",
                "type": kind,
                "time": at(day),
                "layer": "platform",
                "identifiers": who(home),
                "consent": Consent(measurement="granted"),
                **fields,
            }
        )
        self.events.append(event)
        return event

    def touch(
        self, day: float, home: str = "a", channel: str = "tv", stage: str = "awareness", **more: Any
    ) -> Event:
        return self._tell("media.ad.shown", day, home, stage=stage, touch=Touch(channel=channel), **more)

    def order(
        self, day: float, home: str = "a", net: str | None = "10.00", number: str | None = None, **more: Any
    ) -> Event:
        number = number or f"o{len(self.events)}"
        value = Decimal(net) if net is not None else None
        commerce = Commerce(
            action="placed", order=number, revenue=value, total=value, currency=more.pop("currency", "EUR")
        )
        plain = {
            "layer": "commerce",
            "stage": "purchase",
            "initiator": Initiator(kind="human"),
            "commerce": commerce,
        }
        return self._tell("commerce.order.placed", day, home, **{**plain, **more})

    def enrol(self, day: float, home: str = "a", ref: str = "r1", role: str = "enrol") -> Event:
        automation = Automation(kind="replenishment", role=role, ref_system="dash", ref_id=ref)
        return self._tell("device.replenishment.changed", day, home, automation=automation, layer="device")

    def machine(
        self, day: float, home: str = "a", ref: str = "r1", net: str | None = "20.00", **more: Any
    ) -> Event:
        automation = Automation(kind="replenishment", role="act", ref_system="dash", ref_id=ref)
        return self.order(day, home, net, automation=automation, initiator=Initiator(kind="machine"), **more)

    def refund(self, day: float, order: str, net: str, home: str = "a") -> Event:
        value = Decimal(net)
        commerce = Commerce(action="refunded", refund_of=order, revenue=value, total=value, currency="EUR")
        return self._tell("commerce.order.refunded", day, home, layer="commerce", commerce=commerce)

    def level(self, day: float, percent: float, home: str = "a") -> Event:
        signal = Signal(capability="inventory", attribute="level", number=percent, unit="percent")
        return self._tell(
            "device.inventory.reported",
            day,
            home,
            layer="device",
            signal=signal,
            device=Device(kind="appliance"),
        )


def live_in(folder: Path, events: Sequence[Event], settings: str = "") -> Home:
    """Return a home with these events in its lake, not yet run."""
    home = HomeFolder.create(folder)
    (folder / "hearthline.toml").write_text("[attribution]\nreplicates = 2\n" + settings)
    with home.writing(), Lake(home.lake).batch(RECEIVED) as batch:
        batch.admit(admit_events(events, [], [], home.key), RECEIVED)
    return init(folder)


@pytest.fixture
def answered(tmp_path: Path) -> Callable[..., Home]:
    """Return a function that tells a story to a new home and runs it."""
    count = iter(range(100))

    def run(story: Story, settings: str = "", engine: str | None = None) -> Home:
        home = live_in(tmp_path / f"home{next(count)}", story.events, settings)
        home.run(engine=engine)
        return home

    return run


def credit(home: Home, model: str = "linear", kind: str = "person") -> dict[str, float]:
    """Return credited money by channel."""
    rows = home.sql(
        f"SELECT channel, CAST(amount AS DOUBLE) AS amount FROM shares WHERE model = '{model}' AND kind = '{kind}'"
    ).to_pylist()
    return {r["channel"]: round(r["amount"], 6) for r in rows if r["amount"]}
