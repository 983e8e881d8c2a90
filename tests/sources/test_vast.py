"""Pixels of video and audio advertisements: what they tell, and which addresses count."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import hearthline as hl
from hearthline.schema.errors import BadPayload, Unproven
from hearthline.sources import Account, Sent, payloads_of, proven, read_all
from hearthline.sources.vast import token

NOW = datetime(2026, 3, 1, 19, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("which", "kind", "place", "who"),
    [
        ("impression", "impression", ("smart-tv", "awareness", "screen"), ("unknown", None)),
        ("complete", "complete", (None, "awareness", "screen"), ("unknown", None)),
        ("unfilled", "first_quartile", (None, "awareness", "unknown"), ("unknown", None)),
        ("car_audio", "impression", ("car-audio", "awareness", "ambient"), ("unknown", None)),
        ("click", "click", ("video-ads", "consideration", "screen"), ("human", "event")),
        ("skip", "skip", (None, "none", "unknown"), ("human", "event")),
        ("viewable", "viewable_impression", (None, "awareness", "unknown"), ("unknown", None)),
        ("logged", "midpoint", (None, "awareness", "unknown"), ("unknown", None)),
    ],
)
def test_an_impression_and_a_click_are_touches_and_the_rest_is_told(read, which, kind, place, who):
    (event,) = read(which)
    assert (event.type, event.exposure.event) == (f"media.ad.{kind}", kind)
    assert (event.touch.channel, event.stage, event.modality) == place
    assert (event.initiator.kind, event.initiator.evidence) == who


def test_signed_claims_go_before_what_anyone_could_write(read, case):
    payload = case("impression")
    payload["vast"] |= {"campaign": "forged", "channel": "forged", "creative": "forged"}
    (event,) = read(payload)
    assert (event.touch.campaign, event.touch.channel) == ("spring", "smart-tv")
    assert event.exposure.creative == "beans-30s"
    assert read("click")[0].touch.campaign == "unsigned"


def test_macros_that_no_player_filled_in_tell_nothing(read):
    (event,) = read("unfilled")
    assert (event.identifiers, event.consent.advertising, event.consent.tcf) == ((), None, None)
    assert (event.time_quality, event.time.second) == ("server", 10)
    assert read("nobody")[0].identifiers == ()


def test_how_long_and_how_loud_it_ran_is_kept(read):
    complete, impression = read("complete")[0].exposure, read("impression")[0].exposure
    assert (complete.seconds, complete.audible, impression.audible) == (30.0, False, True)
    assert read("viewable")[0].exposure.viewable is True


def test_who_limits_tracking_is_counted_and_not_followed(read):
    for which, evidence in (("limited", "limit_ad_tracking"), ("children", "regulations")):
        (event,) = read(which)
        assert (event.consent.advertising, event.consent.source) == ("denied", evidence)
        assert (event.identifiers, event.household_hints) == ((), ())
    (free,) = read("impression")
    assert [(i.namespace, i.personal) for i in free.identifiers] == [("advertising.device", True)]
    assert free.consent.advertising is None


@pytest.mark.parametrize(("told", "sharing"), [("1YYN", "denied"), ("1YNN", None), ("1---", None)])
def test_who_opted_out_of_a_sale_refuses_sharing(read, case, told, sharing):
    (event,) = read({"url": f"https://c.example/in/vast?e=impression&us_privacy={told}"})
    assert (event.consent.sharing, event.consent.advertising) == (sharing, None)


def test_a_no_to_being_followed_counts_wherever_it_stands(read):
    for told in ({"dnt": "0", "lat": "1"}, {"lat": "1", "dnt": "0"}, {"LMT": "true"}):
        (event,) = read({"vast": {"e": "impression", "cb": "9", "ifa": "1-1", **told}})
        assert (event.consent.advertising, event.identifiers) == ("denied", ())


def test_one_serving_has_one_event_of_a_kind(read):
    ids = [read(which)[0].id for which in ("impression", "complete", "progress")]
    assert ids == ["serving-1:impression:", "serving-1:complete:", "serving-1:progress:00:00:10"]


def test_a_template_and_an_unknown_event_are_refused_by_name(read):
    with pytest.raises(BadPayload, match=r"vast\.Ad: a template") as refusal:
        read("template")
    assert refusal.value.reason == "not-an-event"
    with pytest.raises(BadPayload, match="no event of a player"):
        read("unknown_event")


RECORDED = sorted((Path(__file__).parents[3] / "shared" / "payloads" / "vast").glob("*.xml"))


@pytest.mark.parametrize("document", RECORDED, ids=lambda p: p.name)
def test_a_recorded_document_is_refused_as_the_template_it_is(document, tmp_path):
    (taken,) = hl.init(tmp_path / "home").add(document)
    assert (taken.source, taken.events, taken.reasons) == ("vast", 0, {"not-an-event": taken.read})


# The door -----------------------------------------------------------------------------------------


def fetched(**query):
    return Sent(method="GET", path="/in/vast", query=query, received=NOW)


def test_an_address_becomes_a_payload_with_its_claims(read):
    signed = token("secret", campaign="spring", channel="smart-tv")
    (payload,) = payloads_of("vast", fetched(t=signed, E="start", ts="2026-03-01T19:00:00Z"))
    assert payload == {
        "vast": {"e": "start", "ts": "2026-03-01T19:00:00Z"},
        "signed": {"campaign": "spring", "channel": "smart-tv"},
    }
    assert read(payload)[0].type == "media.ad.start"
    (posted,) = payloads_of("vast", Sent(body=json.dumps(payload).encode(), received=NOW))
    assert posted == payload


def test_two_exposures_without_time_or_cachebuster_are_two_and_a_retry_is_one():
    def ids(**query):
        later = Sent(method="GET", query=query, received=NOW + timedelta(seconds=5))
        both = [next(iter(payloads_of("vast", sent))) for sent in (fetched(**query), later)]
        return {e.id for payload in both for e in read_all("vast", payload, NOW)[0]}

    assert len(ids(e="impression")) == 2
    assert len(ids(e="impression", cb="1")) == 1


def test_only_a_token_of_this_account_that_is_in_time_lets_an_address_in():
    account = Account(secrets=("old", "new"))
    assert proven("vast", fetched(t=token("new", campaign="a")), account).scheme == "pixel-token"
    assert proven("vast", fetched(t=token("old", exp=int(NOW.timestamp()) + 60)), account)
    good = token("new", campaign="a")
    forged = f"{token('other', campaign='b').partition('.')[0]}.{good.partition('.')[2]}"
    late = token("new", exp=int(NOW.timestamp()) - 1)
    for told in ("", "x", "x.y", ".", forged, late, token("other", campaign="a")):
        with pytest.raises(Unproven):
            proven("vast", fetched(t=told), account)


def test_a_token_has_no_claims_that_mean_nothing():
    with pytest.raises(ValueError, match="no claim named 'price'"):
        token("secret", price="1")
