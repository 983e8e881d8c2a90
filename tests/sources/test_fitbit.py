import base64
import hmac
from datetime import UTC, datetime
from hashlib import sha1

import pytest

from hearthline.schema.errors import Unproven
from hearthline.sources import Account, Sent, proven, replied

NOW = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)


def test_a_note_is_about_a_day_in_a_zone_that_nobody_names(read):
    (event,) = read("activities")
    assert (event.type, event.time.isoformat()) == ("device.health.updated", "2026-03-01T00:00:00+00:00")
    assert (event.time_quality, event.time_uncertainty_ms) == ("interval", 38 * 3_600_000)
    assert (event.modality, event.touch.channel, event.consent.measurement) == ("ambient", None, None)
    assert read("without_day")[0].time_quality == "received"


def test_a_revoked_access_is_a_no(read):
    (event,) = read("revoked")
    assert (event.type, event.initiator.kind) == ("device.health.access_revoked", "human")
    assert {event.consent.measurement, event.consent.advertising} == {"denied"}


def test_only_fitbits_own_signature_lets_notes_in():
    body = b'[{"collectionType": "sleep"}]'
    signature = base64.b64encode(hmac.new(b"client-secret&", body, sha1).digest()).decode()
    sent = Sent(headers={"x-fitbit-signature": signature}, body=body, wire=body, received=NOW)
    assert proven("fitbit", sent, Account(secrets=("old", "client-secret"))).key_id
    for headers, secret in (({}, "client-secret"), ({"x-fitbit-signature": signature}, "other")):
        with pytest.raises(Unproven):
            proven("fitbit", Sent(headers=headers, body=body, received=NOW), Account(secrets=(secret,)))


@pytest.mark.parametrize(("code", "status"), [("right", 204), ("wrong", 404), ("", 404)])
def test_its_question_is_answered_by_the_code_alone(code, status):
    account = Account(secrets=("s",), settings={"verify": "right"})
    sent = Sent(method="GET", query={"verify": code}, received=NOW)
    assert replied("fitbit", sent, account).status == status
    assert replied("fitbit", Sent(received=NOW), account) is None
