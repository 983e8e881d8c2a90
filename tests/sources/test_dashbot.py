from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from hearthline.schema.errors import BadPayload, Unproven
from hearthline.sources import Account, Sent, client_paths, payloads_of, proven

NOW = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("which", "kind", "who", "place"),
    [
        ("alexa_in", "voice.intent", ("human", "event.request.type"), ("voice", "purchase", "voice")),
        (
            "alexa_launch",
            "voice.launched",
            ("human", "event.request.type"),
            ("voice", "consideration", "voice"),
        ),
        ("alexa_old", "voice.launched", ("human", "event.request.type"), ("voice", "consideration", "voice")),
        ("alexa_out", "voice.answered", ("machine", "response"), (None, "none", "automated")),
        ("google_in", "voice.intent", ("human", "rawInputs.inputType"), ("voice", "awareness", "voice")),
        ("google_out", "voice.answered", ("machine", "message"), (None, "none", "automated")),
        ("generic_in", "voice.intent", ("human", "type"), ("chat", "purchase", "unknown")),
        ("generic_out", "voice.answered", ("machine", "type"), (None, "none", "automated")),
        ("generic_alone", "voice.intent", ("human", "intent.inputs"), ("chat", "consideration", "unknown")),
        ("generic_unsaid", "bot.message", ("unknown", None), (None, "none", "unknown")),
        ("picture", "bot.message", ("unknown", None), (None, "none", "unknown")),
        ("intent_alone", "voice.intent", ("human", "type"), ("chat", "purchase", "unknown")),
        ("revenue", "bot.revenue", ("unknown", None), (None, "none", "unknown")),
    ],
)
def test_a_message_says_who_spoke_or_it_is_not_known(read, which, kind, who, place):
    (event,) = read(which)
    assert event.type == f"platform.{kind}"
    assert (event.initiator.kind, event.initiator.evidence) == who
    assert (event.touch.channel, event.stage, event.modality) == place


def test_an_answer_is_no_duplicate_of_its_question(read):
    assert read("alexa_in")[0].id != read("alexa_out")[0].id


def test_words_and_slots_are_kept_without_names(read):
    (event,) = read("generic_in")
    assert (event.intent.utterance, event.intent.slots) == ("order tea for ...", {"product": "tea"})
    assert read("alexa_in")[0].intent.slots == {"product": "beans"}


def test_alexas_home_and_ids_are_those_of_alexa(read):
    (event,) = read("alexa_in")
    assert {i.namespace for i in event.identifiers} == {"alexa.user", "alexa.device"}
    assert [h.kind for h in event.household_hints] == ["unit"]
    assert (event.time_quality, read("alexa_old")[0].time_quality) == ("platform", "server")


def test_another_platforms_message_is_refused_with_a_cure(read):
    with pytest.raises(BadPayload, match="alexa, google, generic"):
        read("facebook")


# The door -----------------------------------------------------------------------------------------


def post(body, **query):
    return Sent(path="/track", query=query, body=msgspec.json.encode(body), received=NOW)


def test_the_address_says_who_spoke_and_its_key_stays_behind():
    sent = post(
        {"text": "hi", "userId": "u"}, apiKey="SECRET", type="outgoing", platform="generic", v="1-pip"
    )
    (payload,) = payloads_of("dashbot", sent)
    assert payload["dashbot"] == {"type": "outgoing", "platform": "generic", "v": "1-pip"}
    assert "SECRET" not in repr(payload)
    assert client_paths()["/track"] == ("dashbot",)


def test_only_the_accounts_own_key_lets_a_message_in():
    account = Account(secrets=("old", "new"))
    assert proven("dashbot", post({}, apiKey="new"), account).scheme == "api-key"
    for query in ({}, {"apiKey": ""}, {"apiKey": "other"}):
        with pytest.raises(Unproven):
            proven("dashbot", post({}, **query), account)
    with pytest.raises(Unproven, match="no secret is set"):
        proven("dashbot", post({}, apiKey=""), Account())


@pytest.mark.parametrize(
    ("which", "currency"),
    [
        ("revenue_in_euro", "EUR"),
        ("revenue_in_pounds", "GBP"),
        ("revenue_in_tokens", None),
        ("revenue", None),
    ],
)
def test_a_currency_is_read_where_it_is_one(read, which, currency):
    (event,) = read(which)
    assert (event.commerce.total, event.commerce.currency) == (Decimal("12.5"), currency)
