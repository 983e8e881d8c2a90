import base64
import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from hearthline import sources
from hearthline.schema.errors import BadPayload, Unproven
from hearthline.sources import Account, Sent, proven, replied
from hearthline.sources.google_health.proof import KEYS

NOW = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)


def test_a_note_is_one_event_an_interval_and_its_zone_is_known_by_both_clocks(read):
    first, second = read("steps")
    assert (first.type, first.time.isoformat()) == ("device.health.updated", "2026-03-01T10:00:00+00:00")
    assert (first.time_quality, first.time_uncertainty_ms, first.tz_offset_min) == ("interval", 3_600_000, 60)
    assert (second.tz_offset_min, second.time_uncertainty_ms) == (None, 1_800_000)
    assert (first.modality, first.touch.channel, first.consent.measurement) == ("ambient", None, None)


def test_a_time_on_the_wall_alone_is_vague(read):
    (event,) = read("deleted")
    assert event.type == "device.health.deleted"
    assert event.time_uncertainty_ms == (24 + 14) * 3_600_000
    assert read("without_time")[0].time_quality == "received"


def test_a_note_without_a_person_does_not_hide_the_others(case):
    events, refusal = sources.read_all("google_health", case("several"), NOW)
    assert [e.identifiers[0].value for e in events] == ["GH-1", "GH-2"]
    assert refusal is not None


def test_the_handshake_is_no_event(read):
    with pytest.raises(BadPayload, match="a handshake"):
        read("handshake")


# The door -----------------------------------------------------------------------------------------

KEY = ec.generate_private_key(ec.SECP256R1())


def _keys(url, *, status="ENABLED", key=KEY):
    assert url == KEYS
    point = key.public_key().public_numbers()
    parts = [b"\x12\x06\x08\x03\x10\x02\x18\x02"]
    parts += [bytes([tag, 33]) + b"\0" + n.to_bytes(32) for tag, n in ((0x1A, point.x), (0x22, point.y))]
    value = base64.b64encode(b"".join(parts)).decode()
    data = {"typeUrl": "type.googleapis.com/google.crypto.tink.EcdsaPublicKey", "value": value}
    entry = {"keyData": data, "status": status, "keyId": 77, "outputPrefixType": "TINK"}
    return json.dumps({"primaryKeyId": 77, "key": [entry]}).encode()


def _sent(payload, authorization="Bearer ours", key_id=77, header="x-healthapi-signature"):
    body = json.dumps(payload).encode()
    signature = b"\1" + key_id.to_bytes(4) + KEY.sign(body, ec.ECDSA(hashes.SHA256()))
    headers = {"authorization": authorization, header: base64.b64encode(signature).decode()}
    return Sent(headers=headers, body=body, received=NOW)


ACCOUNT = Account(secrets=("Bearer ours",), fetch=_keys)


@pytest.mark.parametrize("header", ["x-healthapi-signature", "google-health-api-signature"])
@pytest.mark.parametrize("secret", ["Bearer ours", "ours"])
def test_a_note_that_google_signed_is_let_in(case, header, secret):
    account = Account(secrets=(secret,), fetch=_keys)
    proof = proven("google_health", _sent(case("steps"), header=header), account)
    assert (proof.scheme, proof.key_id) == ("tink-ecdsa", "0000004d")
    assert replied("google_health", _sent(case("steps")), account) is None


def test_another_body_key_or_authorization_is_not(case):
    sent = _sent(case("steps"))
    forged = Sent(headers=sent.headers, body=sent.body + b" ", received=NOW)
    stranger = ec.generate_private_key(ec.SECP256R1())
    refused = [
        (forged, ACCOUNT),
        (_sent(case("steps"), key_id=78), ACCOUNT),
        (_sent(case("steps"), authorization="Bearer other"), ACCOUNT),
        (Sent(headers={"authorization": "Bearer ours"}, body=sent.body, received=NOW), ACCOUNT),
        (sent, Account(secrets=("Bearer ours",), fetch=lambda url: _keys(url, status="DISABLED"))),
        (sent, Account(secrets=("Bearer ours",), fetch=lambda url: _keys(url, key=stranger))),
        (
            sent,
            Account(secrets=("Bearer ours",), fetch=lambda _: b'{"key": [{"keyId": 77, "keyData": 1}]}'),
        ),
    ]
    for request, account in refused:
        with pytest.raises(Unproven):
            proven("google_health", request, account)


def test_the_handshake_is_answered_with_our_authorization_and_refused_without():
    asked = Sent(headers={"authorization": "Bearer ours"}, body=b'{"type":"verification"}', received=NOW)
    assert proven("google_health", asked, ACCOUNT).scheme == "authorization"
    assert replied("google_health", asked, ACCOUNT).status == 201
    with pytest.raises(Unproven):
        proven("google_health", Sent(body=asked.body, received=NOW), ACCOUNT)
