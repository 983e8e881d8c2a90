"""Every setting, with its default and its meaning: the one definition of `hearthline.toml`."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

__all__ = [
    "AttributionSettings",
    "ConsentSettings",
    "EngineSettings",
    "IdentitySettings",
    "JourneySettings",
    "MoneySettings",
    "NamespacePolicy",
    "ServeSettings",
    "Settings",
]

Days = Annotated[float, Meta(gt=0, le=3650)]
Share = Annotated[float, Meta(ge=0, le=1)]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section of the file; an unknown key is an error that names it."""


class MoneySettings(Section, frozen=True, kw_only=True):
    """`[money]`: the reporting currency (default: the one with the most orders) and the rates.

    `rates` says what one unit of another currency is worth in the reporting currency. Orders in a
    currency without a rate are set aside and shown, never added.
    """

    currency: str | None = None
    rates: dict[str, float] = {}


class JourneySettings(Section, frozen=True, kw_only=True):
    """`[journeys]`: the unit of a journey and how long a touch can matter.

    `lookback` holds days by channel name, or by `stage:<stage>`; a channel wins over its stage.
    """

    unit: Literal["household", "person"] = "household"
    lookback_days: Days = 30.0
    lookback: dict[str, Days] = {}
    direct: tuple[str, ...] = ("direct",)


class AttributionSettings(Section, frozen=True, kw_only=True):
    """`[attribution]`: the models, their intervals, and how machine-placed orders are owed.

    `persistence` is the part of each further machine-placed order that is still owed to the
    enrolment, per cycle (1.0: all of it, for ever). `displacement` is the part of a machine-placed
    order that the household would have bought by hand anyway; it stays unattributed.
    """

    models: list[str] = []
    default: str = "additive_hazard"
    replicates: Annotated[int, Meta(ge=0, le=2000)] = 100
    seed: int = 1
    persistence: Share = 1.0
    displacement: Share = 0.0
    min_homes: Annotated[int, Meta(ge=1)] = 30


class ConsentSettings(Section, frozen=True, kw_only=True):
    """`[consent]`: what happens to events whose consent to measurement is unknown.

    Denied is never used. Unknown is not granted: it is counted on its own, and `exclude` leaves it out.
    """

    unknown: Literal["use", "exclude"] = "use"


class NamespacePolicy(Section, frozen=True, kw_only=True):
    """`[identity.policies.<namespace>]`: what an identifier of this namespace may join.

    Attributes:
        names: what it names: `person`, `account`, `home`, `device`, `browser` or `network`.
        max_degree: with more distinct partners than this it joins nothing (a shared or broken id).
        blocked: values that are no ids at all.
    """

    names: Literal["person", "account", "home", "device", "browser", "network"] = "account"
    max_degree: Annotated[int, Meta(ge=1)] = 20
    blocked: list[str] = []


class IdentitySettings(Section, frozen=True, kw_only=True):
    """`[identity]`: policies by namespace, on top of the built-in ones, and values that are no ids."""

    policies: dict[str, NamespacePolicy] = {}
    blocked: list[str] = []


class EngineSettings(Section, frozen=True, kw_only=True):
    """`[engine]`: what runs the relational core and how much of the machine it may take."""

    name: Literal["duckdb", "spark"] = "duckdb"
    memory: str = "4GB"
    threads: Annotated[int, Meta(ge=0)] = 0  # 0: all cores


class ServeSettings(Section, frozen=True, kw_only=True):
    """`[serve]`: where `hearthline serve` listens, what it takes, and how fresh its answers are.

    Another host than a loopback address needs keys; screens on port 0 are switched off. `accounts` holds what
    a platform's account needs beside its secret, as `{"amazon_dash/-" = {topic = "arn:..."}}`. The log is
    loaded into the lake every `load_every_s` seconds; the answer is made anew when `answer_after` events are
    new, at most every `answer_every_s` seconds and never more than half of the time.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 8310
    screens_port: Annotated[int, Meta(ge=0, le=65535)] = 8311
    body_bytes: Annotated[int, Meta(ge=1024)] = 512 * 1024  # as sent
    inflated_bytes: Annotated[int, Meta(ge=1024)] = 4 * 1024 * 1024
    batch_items: Annotated[int, Meta(ge=1)] = 1000
    queue_bytes: Annotated[int, Meta(ge=1024 * 1024)] = 64 * 1024 * 1024
    header_s: Annotated[float, Meta(gt=0)] = 5.0
    body_s: Annotated[float, Meta(gt=0)] = 10.0
    requests_per_second: Annotated[float, Meta(gt=0)] = 10_000.0  # of one key
    load_every_s: Annotated[float, Meta(gt=0)] = 1.0
    answer_every_s: Annotated[float, Meta(gt=0)] = 2.0
    answer_after: Annotated[int, Meta(ge=1)] = 1
    accounts: dict[str, dict[str, str]] = {}


class Settings(Section, frozen=True, kw_only=True):
    """All settings of a home. Every one has a default: an empty file is a valid one."""

    money: MoneySettings = MoneySettings()
    journeys: JourneySettings = JourneySettings()
    attribution: AttributionSettings = AttributionSettings()
    consent: ConsentSettings = ConsentSettings()
    identity: IdentitySettings = IdentitySettings()
    engine: EngineSettings = EngineSettings()
    serve: ServeSettings = ServeSettings()
    map: dict[str, str] = {}  # canonical field -> column, for files with unusual columns
