"""Voice: sessions, funnel, demand, mentions, purchases after questions, content: each on a few made-up events."""

from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from hearthline import signals
from hearthline.pipeline.signals.content import CONTENT, content_of
from hearthline.schema.arrow import EVENTS
from hearthline.schema.errors import BadConfig
from hearthline.signals import Asked, asked_of
from hearthline.signals._matching import heard

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
END = datetime(2026, 6, 1, tzinfo=UTC)


def asks(unit, minutes, intent="SearchProductIntent", **more):
    """One question by voice, so many minutes after the first Monday."""
    row = {
        "unit": unit,
        "time": MONDAY + timedelta(minutes=minutes),
        "intent_name": intent,
        "modality": "voice",
    }
    row |= {"type": "platform.voice.intent", "source": "//alexa/-/skill", "device_id": f"d{unit}"}
    return {**row, "device_kind": "speaker", "intent_handled": None, **more}


def order(number, unit, minutes, via="screen", net=10.0):
    time = MONDAY + timedelta(minutes=minutes)
    return (f"o{number}", "//shop", unit, time, time.date(), "person", via, net, "placed")


def derive(name, events=(), orders=(), content=(), **options):
    """What a signal gives back of these events, orders and lines of content."""
    base = duckdb.connect(config={"threads": 1})
    base.execute("SET TimeZone = 'UTC'")
    fields = [*EVENTS, pa.field("unit", pa.int64()), pa.field("person", pa.int64())]
    rows = [
        {**e, "id": e.get("id", f"e{i}"), "layer": "platform", "identity": 1} for i, e in enumerate(events)
    ]
    rows = [{f.name: r.get(f.name) for f in fields} for r in rows]
    nullable = pa.schema([f.with_nullable(True) for f in fields])
    base.register("homed_events", pa.Table.from_pylist(rows, schema=nullable))
    base.execute(
        "CREATE TABLE orders (order_id VARCHAR, shop VARCHAR, unit BIGINT, time TIMESTAMPTZ, day DATE, "
        "kind VARCHAR, via VARCHAR, net DECIMAL(24, 6), status VARCHAR)"
    )
    for row in orders:
        base.execute("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    base.register(
        "content",
        pa.Table.from_pylist([dict(zip(CONTENT.names, c, strict=True)) for c in content], schema=CONTENT),
    )
    base.execute("CREATE TABLE run AS SELECT DATE '2026-03-02' AS first_day, DATE '2026-05-31' AS last_day")
    for table, sql in signals.SHARED.items():
        base.execute(f"CREATE TABLE {table} AS {sql}")
    signal = signals.load(name)
    seen = {table: base.sql(sql).to_arrow_table() for table, sql in signal.READS.items()}
    for table in signal.NEEDS:
        made = derive(signals.makers()[table], events, orders, content)
        seen[table] = pa.Table.from_pylist(
            made[table], schema=signals.load(signals.makers()[table]).TABLES[table]
        )
    return {
        t: rows.to_pylist() for t, rows in signal.derive(seen, asked_of(name, Asked(END), options)).items()
    }


def whole(made):
    return next(r for r in made["voice_funnel"] if r["part"] == "all")


def test_questions_less_than_half_an_hour_apart_are_one_session():
    made = derive("voice", [asks(1, 0), asks(1, 20), asks(1, 55), asks(2, 0)])
    assert (whole(made)["sessions"], whole(made)["asks"], whole(made)["homes"]) == (3, 4, 2)


def test_what_the_platform_calls_a_session_is_one():
    made = derive("voice", [asks(1, m, correlation_session="s") for m in (0, 50, 100)])
    assert whole(made)["sessions"] == 1


def test_a_platform_that_does_not_say_what_it_handled_has_told_nothing():
    assert whole(derive("voice", [asks(1, 0)]))["told"] == 0
    told = whole(derive("voice", [asks(1, 0, intent_handled=True), asks(2, 0, intent_handled=False)]))
    assert (told["told"], told["handled"], told["engaged"]) == (2, 1, 1)


def test_a_fallback_is_not_understood_and_a_repetition_was_misheard():
    said = {"intent_utterance": "oder energy iser"}
    made = derive(
        "voice",
        [
            asks(1, 0, "AMAZON.FallbackIntent", **said),
            asks(1, 1),
            asks(2, 0, "AMAZON.FallbackIntent", **said),
        ],
    )
    assert (whole(made)["sessions"], whole(made)["understood"]) == (2, 1)
    first = made["voice_demand"][0]
    assert (first["said"], first["unhandled"], first["repeated"]) == ("oder energy iser", 2, 1)


def test_an_order_by_voice_and_one_on_another_device_are_told_apart():
    events = [asks(1, 0), asks(2, 0), asks(3, 0)]
    made = derive("voice", events, [order(1, 1, 5, via="voice"), order(2, 2, 600)])
    assert (whole(made)["ordered"], whole(made)["elsewhere"]) == (1, 1)
    made = derive(
        "query_to_purchase", events, [order(1, 1, 5, via="voice"), order(2, 2, 600), order(3, 3, 3000)]
    )
    assert [(r["order_id"], r["how"]) for r in made["voice_orders"]] == [
        ("o1", "direct"),
        ("o2", "initiated"),
    ]


def test_a_purchase_that_only_the_assistant_tells_of_makes_its_order_direct():
    bought = asks(1, 3, intent=None, type="platform.purchase.accepted", commerce_action="placed")
    made = derive("query_to_purchase", [bought], [order(1, 1, 5)])
    assert [(r["how"], r["via"]) for r in made["voice_orders"]] == [("direct", "voice")]


def test_retention_counts_homes_that_were_seen_through_the_week():
    week, late = 7 * 24 * 60, 12 * 7 * 24 * 60
    made = derive("voice", [asks(1, 0), asks(1, week + 9), asks(2, 0), asks(3, late)])["voice_retention"]
    assert [(r["week"], r["homes"], r["active"]) for r in made[:2]] == [(1, 2, 1), (2, 2, 0)]


def _two_assistants(better):
    random = np.random.default_rng(4)
    return [
        asks(unit, 600 * n, intent_handled=bool(random.random() < (better if unit % 2 else 0.5)),
             source=f"//{'google' if unit % 2 else 'alexa'}/-/skill")
        for unit in range(160) for n in range(6)
    ]  # fmt: skip


def test_assistants_that_differ_are_told_apart_and_like_ones_are_not():
    better = next(
        r for r in derive("voice", _two_assistants(0.8))["voice_comparison"] if r["measure"] == "handled"
    )
    assert better["p"] < 0.01
    assert better["low"] < better["difference"] < better["high"] < 0
    like = next(
        r for r in derive("voice", _two_assistants(0.5))["voice_comparison"] if r["measure"] == "handled"
    )
    assert like["p"] > 0.05


NAMES = [
    "Energizer",
    "Tylenol",
    "Purina",
    "Swiffer",
    "Gillette",
    "Pampers",
    "Clorox",
    "Palmolive",
    "Duracell",
]
LIST = [("brand", n, "", "brands.csv") for n in NAMES]


def test_a_misheard_brand_is_found_and_an_ordinary_question_has_none():
    heard = [
        "order energy iser batteries",
        "i need tylan all",
        "find pure in a cat food",
        "is palm olive any good",
    ]
    plain = [
        "how is the weather tomorrow",
        "play some music in the kitchen",
        "set a timer for ten minutes",
    ] * 40
    events = [asks(i, i, intent_utterance=u) for i, u in enumerate([*heard, *plain])]
    found = derive("mentions", events, content=LIST)["mentions"]
    assert {r["name"] for r in found if r["unit"] < 4} >= {"Energizer", "Tylenol", "Palmolive"}
    assert sum(r["unit"] >= 4 for r in found) <= 0.05 * len(plain)


def test_share_of_voice_counts_exact_and_misheard_mentions():
    said = ["energizer"] * 30 + ["energy iser"] * 10 + ["tylenol"] * 20
    events = [asks(i, i, intent_utterance=f"order {u}") for i, u in enumerate(said)]
    made = derive("mentions", events, content=LIST)["share_of_voice"]
    shares = {r["name"]: r for r in made}
    assert (shares["Energizer"]["mentions"], shares["Energizer"]["exact"]) == (40, 30)
    assert sum(r["corrected"] for r in made) == pytest.approx(1)
    assert shares["Energizer"]["low"] <= shares["Energizer"]["corrected"] <= shares["Energizer"]["high"]


def test_of_nineteen_draws_of_homes_the_ends_are_the_least_and_the_most():
    events = [asks(i, i, intent_utterance=f"order {'energizer' if i % 2 else 'tylenol'}") for i in range(200)]
    made = derive("mentions", events, content=LIST, draws=19.0)["share_of_voice"]
    assert all(row["low"] < 0.5 < row["high"] for row in made)
    for end in (row[name] * 200 for row in made for name in ("low", "high")):
        assert end == pytest.approx(round(end), abs=1e-6)  # whole mentions, nothing between two draws


def test_without_names_nothing_is_named():
    made = derive("mentions", [asks(1, 0, intent_utterance="order energizer")])
    assert made["mentions"] == []
    assert [r["utterances"] for r in made["listening"]] == [1, 1]


def _habit(effect):
    """Homes that ask at random, and order with a chance that the question raises by `effect`."""
    random, events, orders = np.random.default_rng(6), [], []
    for unit in range(120):
        for day in range(85):
            asked = random.random() < 0.04
            if asked:
                events.append(asks(unit, day * 1440))
            if random.random() < 0.02 or (asked and random.random() < effect):
                orders.append(order(len(orders), unit, (day + 1) * 1440))
    return derive("query_to_purchase", events, orders)["query_to_purchase"][0]


def test_a_question_that_moves_orders_has_a_difference_and_one_that_does_not_has_none():
    moved, idle = _habit(0.3), _habit(0.0)
    assert moved["low"] > 0.15
    assert idle["low"] < 0 < idle["high"]


def test_a_pattern_without_an_answer_is_a_gap_and_one_with_a_page_is_not():
    said = ["is the detergent safe for septic tanks"] * 5 + ["how many coffee capsules in a box"] * 3
    events = [asks(i, i, intent_utterance=u) for i, u in enumerate(said)]
    pages = [
        ("page", "capsules", "coffee capsules come in a box of 30", "a.html"),
        ("product", "Detergent", "", "c.csv"),
    ]
    gaps = {r["example"]: r for r in derive("content_gap", events, content=pages)["content_gaps"]}
    assert gaps[said[0]]["gap"]
    assert not gaps[said[-1]]["gap"]
    assert gaps[said[-1]]["nearest"] == "page capsules"


def test_questions_that_name_different_brands_are_one_pattern():
    said = ["is kaffora cheaper than yours", "is tabsol cheaper than yours", "is the tea cheaper"]
    events = [asks(i, i, intent_utterance=u) for i, u in enumerate(said)]
    names = [("brand", "Kaffora", "", "c.csv"), ("brand", "Tabsol", "", "c.csv"), ("page", "x", "x", "x.md")]
    gaps = {r["pattern"]: r["asked"] for r in derive("content_gap", events, content=names)["content_gaps"]}
    assert gaps == {"(brand) cheaper than yours": 2, "tea cheaper": 1}


def test_something_ordered_without_a_question_is_a_session_and_its_order_is_not_elsewhere():
    spoken = asks(1, 0, intent=None, commerce_action="placed", correlation_session="s")
    made = whole(derive("voice", [spoken], [order(1, 1, 2)]))
    assert (made["sessions"], made["asks"], made["ordered"], made["elsewhere"]) == (1, 0, 1, 0)


def test_content_is_read_from_lists_models_and_pages(tmp_path):
    (tmp_path / "brands.csv").write_text("kind,name\nbrand,Energizer\n")
    (tmp_path / "model.json").write_text(
        '{"interactionModel": {"languageModel": {"intents": [{"name": "Buy", "samples": ["buy {item}"]}]}}}'
    )
    (tmp_path / "page.html").write_text("<h1>Coffee</h1><script>var x</script><p>&amp; tea</p>")
    rows = content_of(tmp_path, ["*.csv", "model.json", "page.html"]).to_pylist()
    assert [(r["kind"], r["name"], r["text"]) for r in rows] == [
        ("brand", "Energizer", ""), ("intent", "Buy", "buy {item}"), ("page", "page", "Coffee & tea")
    ]  # fmt: skip


def test_content_that_is_not_there_or_not_readable_is_refused(tmp_path):
    with pytest.raises(BadConfig, match="finds no file"):
        content_of(tmp_path, ["nothing.csv"])
    (tmp_path / "model.json").write_text("{")
    with pytest.raises(BadConfig, match=r"model\.json"):
        content_of(tmp_path, ["model.json"])


def test_a_burst_of_errors_is_an_alarm_and_silence_makes_it_right():
    random, events = np.random.default_rng(2), []
    for unit in range(20):
        last = 50 if unit == 0 else 90
        for day in range(last):
            events.append(asks(unit, day * 1440, initiator_kind="human"))
            if random.random() < 0.02 or (unit == 0 and day > 45):
                events.append(
                    asks(unit, day * 1440 + 5, None, type="device.error.reported", modality="ambient")
                )
    made = derive("service_alerts", events)
    first = next(r for r in made["service_alerts"] if r["device"] == "d0")
    assert (first["outcome"], first["lead_days"] <= 5) == ("silence", True)
    quality = made["service_quality"][0]
    assert quality["precision"] > 3 * quality["expected"]


def test_device_retention_does_not_count_heartbeats():
    day = 1440
    events = [asks(1, 0, initiator_kind="human"), asks(1, 8 * day, initiator_kind="human"), asks(2, 0)]
    events += [asks(2, d * day, None, type="device.health.reported", modality="ambient") for d in range(60)]
    weeks = {
        r["week"]: r for r in derive("device_retention", events)["device_retention"] if r["kind"] == "all"
    }
    assert [(weeks[k]["devices"], weeks[k]["active"]) for k in (0, 1, 2)] == [(2, 2), (2, 1), (2, 0)]


def test_what_is_heard_once_needs_more_likeness_than_what_is_written_alike_again():
    stop = frozenset({"order", "find"})
    once = heard(["order baseline", "order water"], ["Vaseline"], stop)
    again = heard(["order baseline", "find baseline"], ["Vaseline"], stop)
    assert again.likeness[0] - once.likeness[0] == pytest.approx(0.6, abs=1e-5)
    exact = heard(["order vaseline", "order water"], ["Vaseline"], stop).likeness[0]
    assert exact == heard(["order vaseline", "find vaseline"], ["Vaseline"], stop).likeness[0]
