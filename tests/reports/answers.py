"""Made-up answers: the tables of docs/answer.md in memory, for every test of reports and rendering."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import duckdb
import pyarrow as pa

from reports import signal_rows

START = date(2026, 1, 5)
MODELS = [
    ("additive_hazard", "Additive hazard", True),
    ("last_touch", "Last touch", False),
    ("first_touch", "First touch", False),
    ("linear", "Linear", False),
    ("markov", "Markov", False),
    ("shapley", "Shapley", False),
]
CHANNELS = ["Connected TV", "Kitchen speaker", "E-mail", "Paid search", "Direct", "Fridge display"]
KINDS = ["person", "subscription", "machine"]
TABLES = {
    "rejects": "source VARCHAR, reason VARCHAR, place VARCHAR, wrong VARCHAR, cure VARCHAR, "
    "received TIMESTAMPTZ",
    "intake": "source VARCHAR, origin VARCHAR, events BIGINT, duplicates BIGINT, rejects BIGINT, "
    "first TIMESTAMPTZ, last TIMESTAMPTZ",
    "links": "left_id VARCHAR, right_id VARCHAR, kind VARCHAR, valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ, "
    "weight DOUBLE, rule VARCHAR, evidence BIGINT, state VARCHAR, note VARCHAR",
    "identifiers": "id VARCHAR, names VARCHAR, unit BIGINT, person BIGINT, first TIMESTAMPTZ, last TIMESTAMPTZ, "
    "events BIGINT",
    "households": "unit BIGINT, identifiers BIGINT, devices BIGINT, persons BIGINT, events BIGINT, "
    "first TIMESTAMPTZ, last TIMESTAMPTZ, segment VARCHAR",
    "devices": "device VARCHAR, kind VARCHAR, unit BIGINT, events BIGINT, first TIMESTAMPTZ, "
    "last TIMESTAMPTZ",
    "orders": "order_id VARCHAR, source VARCHAR, unit BIGINT, time TIMESTAMPTZ, day DATE, kind VARCHAR, "
    "actor VARCHAR, via VARCHAR, gross DECIMAL(24,6), net DECIMAL(24,6), refunded DECIMAL(24,6), "
    "currency VARCHAR, value_known BOOLEAN, set_aside DECIMAL(24,6), enrolment VARCHAR, cycle BIGINT, "
    "status VARCHAR, step VARCHAR, shop VARCHAR",
    "touchpoints": "place BIGINT, channel VARCHAR, campaign VARCHAR, device_kind VARCHAR, modality VARCHAR, "
    "stage VARCHAR, step VARCHAR, touches BIGINT, homes BIGINT, first TIMESTAMPTZ, "
    "last TIMESTAMPTZ, source VARCHAR",
    "touches": "unit BIGINT, time_ms BIGINT, place BIGINT, channel BIGINT",
    "channels": "channel BIGINT, name VARCHAR, touches BIGINT, homes BIGINT, lookback_days DOUBLE, "
    "direct BOOLEAN",
    "journeys": "unit BIGINT, kind VARCHAR, conversion VARCHAR, shop VARCHAR, start_ms BIGINT, end_ms BIGINT, "
    "value DECIMAL(24,6), touches BIGINT",
    "paths": "path VARCHAR[], length BIGINT, journeys BIGINT, conversions BIGINT, value DECIMAL(24,6)",
    "gaps": "days BIGINT, orders BIGINT",
    "credits": "model VARCHAR, kind VARCHAR, place BIGINT, channel BIGINT, accounting VARCHAR, day DATE, "
    "amount DECIMAL(24,6), orders DOUBLE",
    "shares": "model VARCHAR, kind VARCHAR, channel VARCHAR, amount DECIMAL(24,6), low DECIMAL(24,6), "
    "high DECIMAL(24,6), share DOUBLE, share_low DOUBLE, share_high DOUBLE, homes BIGINT, enough BOOLEAN",
    "models": "model VARCHAR, title VARCHAR, paper VARCHAR, is_default BOOLEAN, state VARCHAR",
    "ledger": "model VARCHAR, kind VARCHAR, credited DECIMAL(24,6), unattributed DECIMAL(24,6), "
    "shop DECIMAL(24,6), orders BIGINT",
    "unattributed": "model VARCHAR, kind VARCHAR, reason VARCHAR, amount DECIMAL(24,6), orders DOUBLE",
    "enrolment_credit": "model VARCHAR, channel VARCHAR, enrolments DOUBLE, booked DECIMAL(24,6), "
    "ahead DECIMAL(24,6), low DECIMAL(24,6), high DECIMAL(24,6), lifetime DECIMAL(24,6)",
    "forecast_credit": '"of" VARCHAR, model VARCHAR, channel VARCHAR, ahead DECIMAL(24,6), '
    "low DECIMAL(24,6), high DECIMAL(24,6), horizon_days DOUBLE",
    "touch_credits": "order_id VARCHAR, shop VARCHAR, unit BIGINT, kind VARCHAR, model VARCHAR, "
    "time TIMESTAMPTZ, place BIGINT, amount DECIMAL(24,6)",
    "events": "source VARCHAR, time TIMESTAMPTZ, modality VARCHAR, identity BIGINT, intent_name VARCHAR, "
    "intent_handled BOOLEAN, layer VARCHAR",
    "members": "identity BIGINT, unit BIGINT, person BIGINT, valid_from_ms BIGINT, valid_to_ms BIGINT",
    "enrolments": "enrolment_id VARCHAR, unit BIGINT, time TIMESTAMPTZ, kind VARCHAR, ended TIMESTAMPTZ, "
    "ref VARCHAR",
    "spend": "channel VARCHAR, campaign VARCHAR, day DATE, cost DECIMAL(18,4), currency VARCHAR",
    "rates": "currency VARCHAR, rate DECIMAL(18,8)",
    "checks": 'name VARCHAR, found BIGINT, "of" BIGINT, severity VARCHAR, message VARCHAR, cure VARCHAR',
    "steps": "stage VARCHAR, step VARCHAR, events BIGINT, homes BIGINT, orders BIGINT, next_homes BIGINT",
    "experiments": 'name VARCHAR, channel VARCHAR, state VARCHAR, start DATE, "end" DATE, days BIGINT, '
    "unit VARCHAR, homes_on BIGINT, homes_off BIGINT, clusters BIGINT, kind VARCHAR, each DOUBLE, "
    "each_low DOUBLE, each_high DOUBLE, always_low DOUBLE, always_high DOUBLE, error DOUBLE, saved DOUBLE, "
    "leak DOUBLE, balance DOUBLE, torn BIGINT, why VARCHAR",
    "lifts": 'name VARCHAR, channel VARCHAR, kind VARCHAR, start DATE, "end" DATE, amount DECIMAL(24,6), '
    "low DECIMAL(24,6), high DECIMAL(24,6), share DOUBLE, measured BOOLEAN, used BOOLEAN, why VARCHAR",
    "agreements": "model VARCHAR, name VARCHAR, channel VARCHAR, kind VARCHAR, said DECIMAL(24,6), "
    "said_low DECIMAL(24,6), said_high DECIMAL(24,6), lift DECIMAL(24,6), lift_low DECIMAL(24,6), "
    "lift_high DECIMAL(24,6), away DOUBLE, agrees BOOLEAN",
    "calibrated": "model VARCHAR, kind VARCHAR, channel VARCHAR, credited DECIMAL(24,6), "
    "amount DECIMAL(24,6), low DECIMAL(24,6), high DECIMAL(24,6), tested BOOLEAN",
    "cross_device": 'kind VARCHAR, labelled BIGINT, hidden BIGINT, joined BIGINT, "right" BIGINT',
    "actors": "unit BIGINT, time TIMESTAMPTZ, kind VARCHAR, device BIGINT, actor VARCHAR, person BIGINT, "
    "probability DOUBLE, basis VARCHAR, events BIGINT",
    "order_actors": "order_id VARCHAR, shop VARCHAR, unit BIGINT, actor VARCHAR, person BIGINT, "
    "probability DOUBLE, basis VARCHAR",
    "run": "run VARCHAR, started TIMESTAMPTZ, finished TIMESTAMPTZ, currency VARCHAR, unit_kind VARCHAR, "
    "first_day DATE, last_day DATE, events BIGINT, duplicates BIGINT, rejects BIGINT, engine VARCHAR, "
    "version VARCHAR, demo BOOLEAN, default_model VARCHAR, min_homes BIGINT, "
    "displacement DOUBLE",
    "effects": "model VARCHAR, leads_to VARCHAR, channel VARCHAR, touches BIGINT, caused DOUBLE, low DOUBLE, "
    "high DOUBLE, half_days DOUBLE, again DOUBLE",
    "fitness": 'model VARCHAR, what VARCHAR, label VARCHAR, "at" DOUBLE, foretold DOUBLE, seen DOUBLE',
    "owing": "what VARCHAR, kind VARCHAR, value DOUBLE, low DOUBLE, high DOUBLE, homes BIGINT, "
    "estimated BOOLEAN",
}
STEPS = [
    ("awareness", "tv", 9000, 700),
    ("awareness", "voice_search", 4000, 420),
    ("awareness", "home_display", 800, 90),
    ("consideration", "voice_research", 3000, 380),
    ("consideration", "comparison", 2500, 300),
    ("consideration", "ecosystem_planning", 60, 12),
    ("purchase", "voice_order", 300, 210),
    ("purchase", "device_order", 220, 120),
    ("purchase", "device_subscription", 90, 80),
    ("purchase", "other_purchase", 700, 400),
    ("post_purchase", "setup", 400, 200),
    ("post_purchase", "usage", 20000, 640),
    ("post_purchase", "replenishment", 900, 140),
]


@dataclass
class FakeAnswer:
    """Tables in memory, read as a published answer is."""

    currency: str = "EUR"
    source: str = "town, run 2026-04-06T08-00"
    database: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)

    def __post_init__(self):
        self.database.execute("SET TimeZone = 'UTC'")
        for name, columns in TABLES.items():
            self.database.execute(f"CREATE TABLE {name} ({columns})")
        signal_rows.create(self.database)

    def fill(self, name, rows):
        if rows:
            columns = [list(values) for values in zip(*rows, strict=True)]
            incoming = pa.table({f"c{i}": pa.array(values) for i, values in enumerate(columns)})
            self.database.register("incoming", incoming)
            self.database.execute(f"INSERT INTO {name} SELECT * FROM incoming")
            self.database.unregister("incoming")

    def table(self, sql):
        return self.database.sql(sql).to_arrow_table()


def _moment(day, hour=9):
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def _money(value):
    return Decimal(f"{value:.2f}")


def _orders(answer, rng, homes, count):
    made = []
    for i in range(count):
        kind = rng.choices(KINDS, (0.65, 0.2, 0.15))[0]
        day = START + timedelta(days=min(89, int(rng.triangular(0, 90, 80))))
        net = _money(rng.uniform(8, 220))
        unit = None if i % 23 == 0 else rng.randrange(homes)
        made.append(
            (
                f"o{i}",
                "//shop",
                unit,
                _moment(day, i % 24),
                day,
                kind,
                "person" if kind == "person" else "machine",
                "voice",
                net,
                net,
                Decimal(0),
                "EUR",
                True,
                None,
                None,
                None,
                "placed",
                "other_purchase",
                "//shop",
            )
        )
    answer.fill("orders", made)
    return made


def _shares(answer, rng, channels, orders, enough):
    shares, ledger, unattributed = [], [], []
    shop = {k: sum((o[9] for o in orders if o[5] == k), Decimal(0)) for k in KINDS}
    for m, (model, _, _) in enumerate(MODELS):
        total = dict.fromkeys(channels, Decimal(0))
        for kind in KINDS:
            left = Decimal(0)
            weights = [rng.uniform(0.2, 1.0) / (1 + i) ** (0.3 + 0.15 * m) for i in range(len(channels))]
            for name, weight in zip(channels, weights, strict=True):
                part = _money(float(shop[kind]) * 0.7 * weight / (sum(weights) or 1))
                total[name] += part
                left += part
                shares.append(_share(model, kind, name, part, shop[kind], enough(name)))
            baseline = (
                _money(float(shop[kind]) * 0.2) if model in {"additive_hazard", "markov"} else Decimal(0)
            )
            if baseline:
                shares.append(_share(model, kind, "(baseline)", baseline, shop[kind], True))
            ledger.append(
                (model, kind, left, shop[kind] - left, shop[kind], sum(o[5] == kind for o in orders))
            )
            rest = shop[kind] - left
            for reason, part in (("baseline", baseline), ("no touch in the look-back", rest - baseline)):
                if part:
                    unattributed.append((model, kind, reason, part, 11.5))
        whole = sum(shop.values(), Decimal(0))
        shares += [_share(model, "all", n, t, whole, enough(n)) for n, t in total.items()]
        if model in {"additive_hazard", "markov"} and whole:
            shares.append(_share(model, "all", "(baseline)", _money(float(whole) * 0.2), whole, True))
    answer.fill("shares", shares)
    answer.fill("ledger", ledger)
    answer.fill("unattributed", unattributed)


def _share(model, kind, name, part, whole, enough):
    value = float(part / whole) if whole else 0.0
    off = 0.08 * value + 0.01
    ends = (part * Decimal("0.9"), part * Decimal("1.1"))
    homes = 400 if enough else 11
    return (model, kind, name, part, *ends, value, value - off, value + off, homes, enough)


def _places(answer, rng, channels, homes):
    steps = ["tv", "voice_search", "comparison", "voice_research"]
    places, touches = [], []
    for i, name in enumerate(channels):
        step = steps[i % 4]
        count = max(1, 900 // (i + 1))
        places.append(
            (
                i,
                name,
                "spring" if i % 2 else None,
                "speaker",
                "voice",
                "awareness",
                step,
                count,
                min(homes, count) if i < 5 else 12,
                _moment(START),
                _moment(START + timedelta(days=80)),
                "//skill",
            )
        )
        for _ in range(min(count, 200)):
            at = _moment(START + timedelta(days=rng.randrange(60)))
            touches.append((rng.randrange(homes), int(at.timestamp() * 1000), i, i))
    answer.fill("touchpoints", places)
    answer.fill("touches", touches)
    answer.fill("channels", [(i, n, 100, 50, 30.0, n == "Direct") for i, n in enumerate(channels)])


def _credits(answer, rng, channels, weeks=13):
    made = []
    for model, _, _ in MODELS[:2]:
        for w in range(weeks):
            for i in range(min(len(channels), 8)):
                for accounting, lag in (("order", 7), ("touch", 0)):
                    day = START + timedelta(days=7 * w + lag)
                    made.append((model, "person", i, i, accounting, day, _money(rng.uniform(50, 300)), 2.5))
    answer.fill("credits", made)


def _touched(answer, rng, orders, places):
    made = []
    for order in orders:
        for model, _, _ in MODELS[:2]:
            place = rng.randrange(places)
            key = (order[0], order[-1], order[2])
            made.append((*key, order[5], model, order[3], place, _money(float(order[9]) / 2)))
    answer.fill("touch_credits", made)


def _asked(answer, rng, homes):
    names = ["SearchProduct", "WhereIsMyOrder", "<b>Hostile</b>"]
    made = []
    for i in range(400):
        at, handled = _moment(START + timedelta(days=rng.randrange(60))), (None, True, False)[i % 3]
        made.append(
            (
                f"//{('alexa', 'google')[i % 2]}/-/skill",
                at,
                "voice",
                i % homes,
                names[i % 3],
                handled,
                "platform",
            )
        )
    answer.fill("events", made)
    answer.fill("members", [(u, u, None, -(2**61), 2**61) for u in range(homes)])
    enrolled = [
        (
            f"e{i}",
            i % homes,
            _moment(START + timedelta(days=i % 50)),
            ("replenishment", "subscription")[i % 4 == 0],
            _moment(START + timedelta(days=50 + i % 39)) if i % 3 == 0 else None,
            f"r{i}",
        )
        for i in range(120)
    ]
    answer.fill("enrolments", enrolled)


def _paths(answer, rng, channels):
    seen = {(): 40}
    for _ in range(120):
        path = tuple(rng.choice(channels[:7]) for _ in range(rng.randrange(1, 5)))
        seen[path] = seen.get(path, 0) + rng.randrange(1, 30)
    answer.fill("paths", [(list(p), len(p), n, n, _money(42.5 * n)) for p, n in seen.items()])
    answer.fill("gaps", [(d, 40 * (8 - i)) for i, d in enumerate((0, 1, 2, 3, 7, 14, 30))])
    answer.fill(
        "journeys",
        [
            (i, k, None, None, 0, 1, Decimal(0), 3)
            for i, k in enumerate(["order"] * 300 + ["enrolment"] * 40 + ["open"] * 500)
        ],
    )


def _homes(answer, rng, homes):
    answer.fill(
        "households",
        [(u, 4, 1 + u % 6, u % 4, 30, _moment(START), _moment(START), "a") for u in range(homes)],
    )
    answer.fill(
        "identifiers",
        [
            (f"{name}:{u}", names, u, u if names == "person" else None, _moment(START), _moment(START), 9)
            for u in range(homes)
            for name, names in (("customer", "person"), ("email_hmac", "person"), ("device", "device"))
        ],
    )
    kinds = ["speaker", "tv", "fridge", "phone"]
    answer.fill(
        "devices", [(f"d{u}", kinds[u % 4], u, 30, _moment(START), _moment(START)) for u in range(homes)]
    )
    answer.fill(
        "links",
        [
            (
                "a",
                "b",
                "household",
                _moment(START),
                _moment(START),
                3.0,
                rng.choice(["same account", "same address"]),
                2,
                "demoted" if i % 9 == 0 else "used",
                None,
            )
            for i in range(90)
        ],
    )


def _rest(answer, channels):
    answer.fill("models", [(m, t, "a paper", d, "ok") for m, t, d in MODELS])
    answer.fill("steps", [(st, s, e, h, h // 3, h // 2) for st, s, e, h in STEPS])
    answer.fill("rates", [("EUR", Decimal(1))])
    answer.fill(
        "spend",
        [
            (channels[0], None, START, Decimal("1500.50"), "EUR"),
            (channels[-1], "x", START, Decimal(9), "USD"),
        ],
    )
    answer.fill(
        "enrolment_credit",
        [
            (
                "additive_hazard",
                c,
                12.5 / (i + 1),
                *(_money(v / (i + 1)) for v in (800, 1300, 900, 1800, 2100)),
            )
            for i, c in enumerate([*channels[:5], "(baseline)"])
        ],
    )
    answer.fill(
        "forecast_credit",
        [
            (of, "additive_hazard", c, *(_money(v / (i + 1)) for v in (1300, 900, 1800)), 365.0)
            for of in ("enrolments", "households")
            for i, c in enumerate([*channels[:5], "(baseline)"])
        ],
    )
    answer.fill(
        "rejects",
        [
            (
                "segment",
                "no zone",
                f"events.csv:{17 + i}",
                "time without a zone; got '2026-01-05 09:00'",
                "say which: --timezone Europe/Berlin",
                _moment(START),
            )
            for i in range(12)
        ],
    )
    answer.fill("intake", [("segment", "events.csv", 48112, 40, 12, _moment(START), _moment(START))])
    answer.fill(
        "checks",
        [
            (
                "consent unknown",
                1204,
                48112,
                "note",
                "1,204 events do not say what is allowed",
                "send consent",
            ),
            ("late events", 31, 48112, "ok", "", ""),
            ("refunds without order", 3, 90, "warning", "3 refunds name no known order", "add the orders"),
        ],
    )


def _experiments(answer, channels):
    """Two lifts, one of them of an unknown channel; one experiment goes on; the second model disagrees."""
    start, end = START + timedelta(days=30), START + timedelta(days=57)
    money = [_money(v) for v in (900, 400, 1400)]
    lifts = [
        ("spring", channels[0], "all", start, end, *money, 0.5, True, True, None),
        (
            "old",
            "Billboard",
            "all",
            start,
            end,
            *money,
            1.0,
            False,
            False,
            "no touch of this channel is known here",
        ),
    ]
    answer.fill("lifts", lifts)
    state = ("june", channels[-1], "running", start, end, 9, "household", 300, 310, 610, "all")
    answer.fill("experiments", [(*state, 1.5, 0.5, 2.5, -0.5, 3.5, 0.6, 0.1, 0.0, 0.3, 0, None)])
    for model, said, agrees in (("additive_hazard", 1000, True), ("last_touch", 4000, False)):
        ends = [_money(said * f) for f in (1.0, 0.9, 1.1)]
        away = (900 - said) / 310
        row = (model, "spring", channels[0], "all", *ends, *money, away, agrees)
        answer.fill("agreements", [row])
        calibrated = [
            (
                model,
                kind,
                name,
                _money(said),
                *[_money(said * f) for f in (0.9, -0.2, 1.5)],
                name == channels[0],
            )
            for kind in ("all", "person", "automated")
            for name in [*channels, "(baseline)"]
        ]
        answer.fill("calibrated", calibrated)
    _fill_doubts(answer, channels)


def _fill_doubts(answer, channels):
    model = "additive_hazard"
    answer.fill(
        "effects",
        [
            (model, to, name, 9000, part / (i + 1), part / (i + 2), part / (i + 0.5), 1.5, 0.8)
            for to, part in (("orders", 0.08), ("enrolments", 0.002))
            for i, name in enumerate(channels)
        ],
    )
    bins = [(model, "homes", f"tenth {i + 1}", 0.01 * i, 90.0, 95.0 + 10.0 * (i == 9) * 3) for i in range(10)]
    weeks = [(model, "week", f"2026-01-{5 + 7 * i:02d}", 1e12 + i, 200.0, 190.0 + i) for i in range(3)]
    names = ("all homes and hours alike", "by what is known of the home", "and by its touches")
    told = [(model, "likelihood", label, -8.0 + 0.1 * i, None, None) for i, label in enumerate(names)]
    answer.fill("fitness", bins + weeks + told)


def _run(answer, events=48112, rejects=12):
    last = START + timedelta(days=89)
    answer.fill(
        "run",
        [
            (
                "r1",
                _moment(last),
                _moment(last),
                answer.currency,
                "household",
                START,
                last,
                events,
                40,
                rejects,
                "duckdb",
                "0.1.0",
                True,
                "additive_hazard",
                30,
                0.1,
            )
        ],
    )


def town(channels=None, homes=640, orders=900, seed=7, enough=lambda _: True, currency="EUR"):
    """Return a full answer of a made-up town."""
    rng, channels = random.Random(seed), channels or CHANNELS  # noqa: S311 - no secret
    answer = FakeAnswer(currency)
    made = _orders(answer, rng, homes, orders)
    _shares(answer, rng, channels, made, enough)
    _places(answer, rng, channels, homes)
    _credits(answer, rng, channels)
    _touched(answer, random.Random(seed), made, len(channels))  # noqa: S311 - no secret
    _asked(answer, random.Random(seed), homes)  # noqa: S311 - no secret
    _paths(answer, rng, channels)
    _homes(answer, rng, homes)
    _rest(answer, channels)
    _experiments(answer, channels)
    signal_rows.fill(answer, homes)
    _run(answer)
    return answer


def nothing():
    """Return an answer with a run and models, and no other row."""
    answer = FakeAnswer()
    answer.fill("models", [(m, t, "a paper", d, "ok") for m, t, d in MODELS])
    _run(answer, events=0, rejects=0)
    return answer


def strangers():
    """Return an answer whose every name is hostile: markup, quotes, formulas, emoji, right-to-left."""
    return town(
        [
            "<script>alert(1)</script>",
            '"><img src=x onerror=y>',
            "=HYPERLINK('a')",
            "📺 Ünï ✨",
            "שלום",
            "a & b ' c",
        ]
    )


def foreign():
    """Return an answer with orders in currencies without a rate, and yen as its own."""
    answer = town(currency="JPY")
    answer.database.execute("""UPDATE orders SET net = NULL, gross = NULL, status = 'set_aside',
                               currency = 'XTS', set_aside = 12.5 WHERE order_id IN ('o1', 'o2', 'o3')""")
    return answer


CASES = {
    "town": town,
    "nothing": nothing,
    "one_channel": lambda: town(["Only one"], homes=40, orders=60),
    "few_homes": lambda: town(homes=9, orders=12, enough=lambda _: False),
    "some_few": lambda: town(enough=lambda name: name != "E-mail"),
    "strangers": strangers,
    "foreign": foreign,
    "many": lambda: town([f"channel {i:03d} with a rather long name" for i in range(500)]),
}
"""Every kind of answer that a report must stand, by name."""
