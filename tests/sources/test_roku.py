from datetime import UTC, datetime

import pytest

from hearthline.schema.errors import BadPayload, Unproven
from hearthline.sources import Account, Sent, payloads_of, proven
from hearthline.sources.roku import token

NOW = datetime(2026, 3, 1, 19, 0, tzinfo=UTC)


def test_a_beacon_is_an_exposure_on_a_tv(read):
    (event,) = read("impression")
    assert (event.type, event.stage, event.modality) == ("media.ad.impression", "awareness", "screen")
    assert (event.touch.channel, event.touch.campaign) == ("smart-tv", "spring")
    assert (event.device.kind, event.device.make, event.device.model) == ("tv", "Roku", "4660X")
    assert [(i.namespace, i.personal) for i in event.identifiers] == [("advertising.device", True)]
    assert event.time.isoformat() == "2026-03-01T19:00:00+00:00"


@pytest.mark.parametrize(
    ("which", "evidence"), [("limited", "limit_ad_tracking"), ("children", "kids_content")]
)
def test_a_viewer_who_limits_tracking_and_a_child_are_not_followed(read, which, evidence):
    (event,) = read(which)
    assert (event.consent.advertising, event.consent.source) == ("denied", evidence)
    assert (event.identifiers, event.household_hints) == ((), ())


def test_no_limit_is_no_consent(read):
    assert read("impression")[0].consent.advertising is None


def test_rokus_own_macros_left_unfilled_tell_nothing(read):
    (event,) = read("unfilled")
    assert (event.identifiers, event.consent.advertising, event.time_quality) == ((), None, "server")


def test_what_a_person_did_with_the_remote_is_a_persons(read):
    assert read("logged")[0].initiator.kind == "human"
    assert (read("callback")[0].type, read("callback")[0].exposure.ad) == ("media.ad.pod_complete", "ad-1")


def test_an_unknown_event_is_refused(read):
    with pytest.raises(BadPayload, match="no event of a player"):
        read("unknown_event")


def test_a_beacon_needs_a_token():
    sent = Sent(method="GET", query={"t": token("s", campaign="a"), "e": "Start"}, received=NOW)
    assert proven("roku", sent, Account(secrets=("s",)))
    assert next(iter(payloads_of("roku", sent)))["signed"] == {"campaign": "a"}
    with pytest.raises(Unproven):
        proven("roku", Sent(method="GET", query={"e": "Start"}, received=NOW), Account(secrets=("s",)))
