"""Every setting, with its default and its meaning: the one definition of `hearthline.toml`."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

__all__ = [
    "AttributionSettings",
    "BridgeSettings",
    "ConsentSettings",
    "EngineSettings",
    "IdentitySettings",
    "JourneySettings",
    "LogSettings",
    "MoneySettings",
    "MqttSettings",
    "NamespacePolicy",
    "ServeSettings",
    "Settings",
    "SignalSettings",
]

Days = Annotated[float, Meta(gt=0, le=3650)]
Share = Annotated[float, Meta(ge=0, le=1)]
Estimated = Share | Literal["estimated"]
Port = Annotated[int, Meta(ge=0, le=65535)]
Memory = Annotated[str, Meta(pattern=r"^\s*(?=.*[1-9])\d+(\.\d+)?\s*(%|[KMGTkmgt]([Ii]?[Bb])?)\s*$")]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section of the file; an unknown key is an error that names it."""


class MoneySettings(Section, frozen=True, kw_only=True):
    """`[money]`: the reporting currency (default: the one with the most orders) and the rates.

    `rates` says what one unit of another currency is worth in the reporting currency, to the eighth
    decimal. Orders and refunds in a currency without a rate are set aside and shown, never added;
    neither is spend.
    """

    currency: str | None = None
    rates: dict[str, float] = {}


class JourneySettings(Section, frozen=True, kw_only=True):
    """`[journeys]`: the unit of a journey and how long a touch can matter.

    With `unit = "person"` what happens on a device for everybody is nobody's journey, and intervals draw
    whose it was.

    `lookback` holds days by channel name, or by `stage:<stage>`; a channel wins over its stage.
    `conditions` lists derived conditions that the baseline of a journey distinguishes, beside trait, time
    since the last order, enrolment and stock: `running_out`, `fading`, `leaving` (docs/signals.md). At each
    moment they follow from what was received by then; `known = "happened"` takes what had happened by then
    instead. History that was loaded after the last event counts from when it happened in any case.
    """

    unit: Literal["household", "person"] = "household"
    lookback_days: Days = 30.0
    lookback: dict[str, Days] = {}
    direct: tuple[str, ...] = ("direct",)
    conditions: tuple[Literal["running_out", "fading", "leaving"], ...] = ()
    known: Literal["received", "happened"] = "received"


class AttributionSettings(Section, frozen=True, kw_only=True):
    """`[attribution]`: the models, their intervals, and which part of an order is owed at all.

    `models` names those that run (none: all but those that take long), `default` the one that answers lead
    with. Where `models` is set without it and `default` is not set, the first of `models` leads.

    `displacement` is the part of a machine-placed order that the household would have bought by hand anyway,
    `brought_forward` the part of an order by hand that is missing later because it was placed now; both stay
    unattributed. `persistence` is the part of each further machine-placed order that is still owed to the
    enrolment, per cycle (1.0: all of it, for ever). `"estimated"` reads them from the data; what is
    brought forward, and how long orders are owed, where a model knows a baseline. `identity_doubt` lets
    intervals contain the doubt about who is who: replicates draw which links hold, and where journeys are
    persons', who used what. `horizon_days` is how far
    forecasts of enrolments look ahead. `options` holds what a model leaves open, by its name, as
    `[attribution.options.markov]` with `order = 3`.
    """

    models: list[str] = []
    default: str = "additive_hazard"
    replicates: Annotated[int, Meta(ge=0, le=2000)] = 100
    identity_doubt: bool = True
    seed: int = 1
    persistence: Estimated = "estimated"
    displacement: Estimated = "estimated"
    brought_forward: Estimated = "estimated"
    horizon_days: Days = 365.0
    options: dict[str, dict[str, int | float | list[float]]] = {}
    min_homes: Annotated[int, Meta(ge=1)] = 30


class SignalSettings(Section, frozen=True, kw_only=True):
    """`[signals]`: `options` holds what a signal leaves open, by its name; `content` the brand's own files.

    As `[signals.options.supplies]` with `rise = 20.0`; docs/signal-tables.md lists them.
    `content` lists files or globs from the home, such as `["brands.csv", "model.json", "pages/*.html"]`:
    names to listen for, the skill's model, pages. docs/signals.md says what each may hold.
    """

    options: dict[str, dict[str, float]] = {}
    content: list[str] = []


class ConsentSettings(Section, frozen=True, kw_only=True):
    """`[consent]`: what happens to events whose consent to measurement is unknown.

    Denied is never used. Unknown is not granted: it is counted on its own, and `exclude` leaves it out.
    """

    unknown: Literal["use", "exclude"] = "use"


class NamespacePolicy(Section, frozen=True, kw_only=True):
    """`[identity.policies.<namespace>]`: what an identifier of this namespace may join.

    What is left out keeps its built-in value: that of the namespace, else that of its class.

    Attributes:
        names: what it names: `home`, `account`, `person`, `browser`, `address`, `device` or `network`.
        limit: at most so many different ones in one person (0: any number; 1: a login).
        window_days: the limit counts those seen within so many days of the newest (0: ever).
        priority: which evidence is replayed first where not all of it can be true; 1 goes first.
        max_degree: with more distinct partners than this it joins nothing (a shared or broken id).
        may_merge_persons: whether it may make one person of two; only for what names a person.
        blocked: values that are no ids at all.
        blocked_patterns: regular expressions of such values (RE2, anywhere in the value).
    """

    names: Literal["home", "account", "person", "browser", "address", "device", "network"] | None = None
    limit: Annotated[int, Meta(ge=0)] | None = None
    window_days: Annotated[float, Meta(ge=0)] | None = None
    priority: Annotated[int, Meta(ge=1)] | None = None
    max_degree: Annotated[int, Meta(ge=1)] | None = None
    may_merge_persons: bool | None = None
    blocked: list[str] = []
    blocked_patterns: list[str] = []


class IdentitySettings(Section, frozen=True, kw_only=True):
    """`[identity]`: policies by namespace, on top of the built-in ones, and values that are no ids.

    A home with more than `max_devices` devices is an office, a shop or a test bench: its devices stand
    alone. `actors` says whether sessions on shared devices are shared out among the household's members.
    """

    policies: dict[str, NamespacePolicy] = {}
    blocked: list[str] = []
    max_devices: Annotated[int, Meta(ge=1)] = 300
    actors: bool = True


class EngineSettings(Section, frozen=True, kw_only=True):
    """`[engine]`: what runs the relational core and how much of the machine it may take.

    `memory` is a number with `KB`, `MB`, `GB` or `TB`, or a part of the machine's, as `"50%"`; what does not
    fit goes to disk.
    """

    name: Literal["duckdb", "spark"] = "duckdb"
    memory: Memory = "4GB"
    threads: Annotated[int, Meta(ge=0)] = 0  # 0: all cores


class LogSettings(Section, frozen=True, kw_only=True):
    """`[log]`: how the log of what was acknowledged is kept, and the lake that it is loaded into.

    A segment of the log is removed `keep_days` after it was wholly loaded. In the lake, `merge_at` small
    batches become a larger one; the files that it replaces stay for `grace_minutes`, for those who read them.
    """

    segment_bytes: Annotated[int, Meta(ge=2**16, le=2**32)] = 64 * 2**20
    keep_days: Annotated[float, Meta(ge=0, le=3650)] = 7.0
    merge_at: Annotated[int, Meta(ge=2)] = 16
    grace_minutes: Annotated[float, Meta(ge=0)] = 60.0


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
    requests_per_second: Annotated[float, Meta(gt=0)] = 10_000.0  # of one key, MQTT messages included
    load_every_s: Annotated[float, Meta(gt=0)] = 1.0
    answer_every_s: Annotated[float, Meta(gt=0)] = 2.0
    answer_after: Annotated[int, Meta(ge=1)] = 1
    accounts: dict[str, dict[str, str]] = {}


class MqttSettings(Section, frozen=True, kw_only=True):
    """`[mqtt]`: where `hearthline serve` listens for MQTT, and which topics carry what.

    `port` is 1883 where that is free, unless it is set; 0 switches it off. `tls_port` is listened to where
    there is a `certificate` (with its `private_key`, PEM files, relative to the home). With `client_ca`,
    clients must show a certificate that it signed; `certificate_opens` lets them in without a key then.
    Without TLS only loopback addresses are listened to, unless `plain_anywhere` is set. `topics` leads
    topics to sources by filters, as in `{"dt/+/levels" = "aws_iot_core"}`, or to `source/account`.
    """

    host: str = "127.0.0.1"
    port: Port | None = None
    tls_port: Port = 8883
    certificate: str | None = None
    private_key: str | None = None
    client_ca: str | None = None
    certificate_opens: bool = False
    plain_anywhere: bool = False
    payload_bytes: Annotated[int, Meta(ge=1024, le=16 * 2**20)] = 128 * 1024
    in_flight: Annotated[int, Meta(ge=1, le=65535)] = 100
    connections: Annotated[int, Meta(ge=1)] = 10_000
    topics: dict[str, str] = {}


class BridgeSettings(Section, frozen=True, kw_only=True):
    """`[bridge]`: a broker to subscribe to; without `host` there is none.

    `topics` are topic filters; with `group` they are shared among all bridges of it. `port` 0 is 8883
    with `tls`, else 1883. The password stands alone in a file. `alpn` is what AWS IoT Core asks for on port
    443 (`["x-amzn-mqtt-ca"]`). `session_days` is how long the broker keeps messages while it is away.
    `client_id` must be its own; the default comes from the home's key. `source` is whose payloads come
    where `[mqtt.topics]` says nothing.
    """

    host: str | None = None
    port: Port = 0
    topics: tuple[str, ...] = ("hearthline/#",)
    group: str | None = None
    client_id: str | None = None
    version: Literal["3.1.1", "5"] = "5"
    user: str | None = None
    password_file: str | None = None
    tls: bool = False
    ca: str | None = None
    certificate: str | None = None
    private_key: str | None = None
    alpn: tuple[str, ...] = ()
    keepalive_s: Annotated[int, Meta(ge=5, le=65535)] = 30
    in_flight: Annotated[int, Meta(ge=1, le=65535)] = 1000
    session_days: Annotated[float, Meta(gt=0, le=49_000)] = 7.0
    source: str | None = None


class Settings(Section, frozen=True, kw_only=True):
    """All settings of a home. Every one has a default: an empty file is a valid one."""

    money: MoneySettings = MoneySettings()
    journeys: JourneySettings = JourneySettings()
    attribution: AttributionSettings = AttributionSettings()
    signals: SignalSettings = SignalSettings()
    consent: ConsentSettings = ConsentSettings()
    identity: IdentitySettings = IdentitySettings()
    engine: EngineSettings = EngineSettings()
    log: LogSettings = LogSettings()
    serve: ServeSettings = ServeSettings()
    mqtt: MqttSettings = MqttSettings()
    bridge: BridgeSettings = BridgeSettings()
    # canonical field -> column, for files with unusual columns; or a file's name (a glob) -> such a mapping
    map: dict[str, str | dict[str, str]] = {}
