"""What Alexa's requests mean, and who may send them."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hearthline.schema.errors import BadPayload, Unproven
from hearthline.sources import Account, Sent, proven
from hearthline.sources.alexa_skill.proof import chain_address


@pytest.mark.parametrize(
    ("which", "kind", "channel", "stage", "modality"),
    [
        ("launch", "voice.launched", "voice", "consideration", "voice"),
        ("search", "voice.intent", "voice", "awareness", "voice"),
        ("reorder", "voice.intent", "voice", "purchase", "voice"),
        ("where_is_it", "voice.intent", None, "post_purchase", "voice"),
        ("stop", "voice.intent", None, "none", "voice"),
        ("ended", "voice.session_ended", None, "none", "voice"),
        ("can_fulfil", "voice.can_fulfil_asked", None, "none", "voice"),
        ("bought", "purchase.accepted", "voice", "purchase", "voice"),
        ("declined", "purchase.declined", None, "purchase", "voice"),
        ("touched", "display.touched", "voice", "consideration", "screen"),
        ("list_items", "household_list.items_created", None, "consideration", "unknown"),
        ("disabled", "skill.disabled", None, "none", "unknown"),
        ("enabled", "skill.enabled", None, "post_purchase", "unknown"),
        ("linked", "skill.account_linked", None, "none", "unknown"),
        ("notifications", "skill.notifications_changed", None, "none", "unknown"),
        ("unheard_skill_event", "skill.skill_renamed", None, "none", "unknown"),
        ("reminder", "reminder.started", None, "none", "automated"),
        ("widget", "widget.installed", None, "none", "unknown"),
        ("message", "skill.message_received", None, "none", "automated"),
        ("next_pressed", "playback.next_command_issued", None, "none", "gesture"),
        ("cancelled", "purchase.cancelled", None, "post_purchase", "voice"),
        ("cancel_declined", "purchase.kept", None, "post_purchase", "voice"),
        ("pending", "purchase.pending", None, "purchase", "voice"),
        ("owned", "purchase.already_owned", None, "purchase", "voice"),
        ("failed", "purchase.failed", None, "purchase", "voice"),
        ("voice_consent", "permission.answered", None, "none", "voice"),
        ("charged", "payment.charged", None, "purchase", "voice"),
        ("cart_failed", "task.failed", None, "none", "voice"),
        ("bare_answer", "purchase.accepted", "voice", "purchase", "voice"),
        ("bare_intent", "voice.intent", "voice", "purchase", "voice"),
        ("conversation", "voice.intent", "voice", "awareness", "voice"),
    ],
)
def test_a_request_has_its_place_in_the_journey(read, which, kind, channel, stage, modality):
    (event,) = read(which)
    assert event.type == f"platform.{kind}"
    assert (event.touch.channel, event.stage, event.modality) == (channel, stage, modality)


def test_the_unit_is_the_home_and_a_recognised_voice_the_person(read):
    (event,) = read("search")
    assert [(h.kind, h.value) for h in event.household_hints] == [("unit", "amzn1.alexa.unit.did.P1")]
    assert {i.namespace for i in event.identifiers} == {"alexa.user", "alexa.person", "alexa.device"}
    assert event.person_confidence == 0.75
    (unheard,) = read("launch")
    assert "alexa.person" not in {i.namespace for i in unheard.identifiers}
    assert unheard.person_confidence is None


def test_slots_keep_the_matched_name_and_no_persons_name(read):
    (event,) = read("search")
    assert event.intent.slots == {"product": "Beans"}
    assert (event.intent.name, event.intent.locale) == ("SearchProductIntent", "en-GB")


def test_a_slot_may_refine_the_channel(read, case):
    request = case("search")
    request["request"]["intent"]["slots"]["channel"] = {"name": "channel", "value": "fridge-voice"}
    assert read(request)[0].touch.channel == "fridge-voice"


def test_only_a_fallback_says_that_nothing_was_understood(read):
    assert read("fallback")[0].intent.handled is False
    assert read("search")[0].intent.handled is None


def test_a_purchase_in_the_skill_has_a_product_and_no_price(read):
    (event,) = read("bought")
    assert (event.commerce.action, event.commerce.value_known) == ("placed", False)
    assert event.commerce.products[0].product_id == "amzn1.adg.product.1"
    assert read("declined")[0].commerce.action is None


def test_who_started_a_skill_from_a_routine_is_not_known(read):
    (event,) = read("launched_by_routine")
    assert (event.automation.kind, event.initiator.kind, event.touch.channel) == ("routine", "unknown", None)
    assert read("reminder")[0].initiator.kind == "scheduled"
    assert read("message")[0].initiator.kind == "machine"


def test_what_an_event_says_beside_its_type_is_kept(read):
    said = {
        which: read(which)[0].signal for which in ("disabled", "notifications", "list_items", "audio_started")
    }
    assert said["disabled"].value == "NOT_PERSISTED"
    assert said["notifications"].value == "AMAZON.OrderStatus.Updated"
    assert (said["list_items"].number, said["audio_started"].number) == (1.0, 1500.0)
    assert read("ended")[0].initiator.evidence == "request.reason"


def test_a_cancelled_purchase_is_no_order_and_an_old_charge_has_its_amount(read):
    assert read("cancelled")[0].commerce.action == "cancelled"
    assert read("cancel_declined")[0].commerce.action is None
    charge = read("charged")[0].commerce
    assert (str(charge.total), charge.currency, charge.value_known) == ("12.50", "EUR", True)


def test_a_permission_given_by_voice_is_consent(read):
    assert read("voice_consent")[0].consent.personalisation == "granted"


def test_permissions_are_consent_to_personalisation_alone(read):
    (given,), (taken,) = read("permission"), read("permission_withdrawn")
    assert (given.consent.personalisation, taken.consent.personalisation) == ("granted", "denied")
    assert given.consent.advertising is given.consent.measurement is None


@pytest.mark.parametrize(
    ("which", "kind"), [("launch", "speaker"), ("reorder", "display"), ("can_fulfil", "speaker")]
)
def test_the_kind_of_device_is_kept(read, which, kind):
    assert read(which)[0].device.kind == kind


def test_an_error_report_is_refused_by_name(read):
    with pytest.raises(BadPayload, match=r"alexa_skill\.System\.ExceptionEncountered"):
        read("exception")


@pytest.mark.parametrize("which", ["own_answer", "task"])
def test_what_the_skill_says_to_alexa_is_no_event(read, which):
    with pytest.raises(BadPayload, match="the skill") as refusal:
        read(which)
    assert refusal.value.reason == "not-an-event"


def test_an_unknown_request_is_refused(read):
    with pytest.raises(BadPayload, match="an unknown 'type'"):
        read({"request": {"type": "Unheard.Of"}, "context": {"System": {}}})


# The door -----------------------------------------------------------------------------------------

NOW = datetime(2026, 3, 1, 18, 0, 30, tzinfo=UTC)
CHAIN = "https://s3.amazonaws.com/echo.api/echo-api-cert-7.pem"


def _certificate(subject, issuer, key, signer, **told):
    name = lambda text: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])  # noqa: E731
    built = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(told.get("serial", 7))
        .not_valid_before(NOW - timedelta(days=30))
        .not_valid_after(told.get("until", NOW + timedelta(days=30)))
        .add_extension(x509.BasicConstraints(ca="host" not in told, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if "host" in told:
        built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName(told["host"])]), critical=False)
        built = built.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    else:
        usage = {"key_cert_sign": True, "crl_sign": True}
        others = (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        )
        built = built.add_extension(x509.KeyUsage(**usage, **dict.fromkeys(others, False)), critical=True)
    return built.sign(signer, hashes.SHA256())


class _Alexa:
    """Our own Alexa: a root, an intermediate and a leaf, and what she signs with it."""

    def __init__(self, folder):
        root, self.middle = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self.key = rsa.generate_private_key(65537, 2048)
        self.between = _certificate("between", "root", self.middle, root)
        self.roots = folder / "roots.pem"
        self.roots.write_bytes(_pem(_certificate("root", "root", root, root)))
        self.fetched = []

    def account(self, host="echo-api.amazon.com", **told):
        leaf = _certificate("leaf", "between", self.key, self.middle, host=host, **told)
        chain = _pem(leaf) + _pem(self.between)
        settings = {"roots": str(self.roots), "skill": "amzn1.ask.skill.beans"}
        return Account(fetch=lambda url: self.fetched.append(url) or chain, settings=settings)

    def sends(self, payload, received=NOW, address=CHAIN, *, is_older=False):
        body = json.dumps(payload).encode()
        digest = hashes.SHA1() if is_older else hashes.SHA256()  # noqa: S303
        signature = base64.b64encode(self.key.sign(body, padding.PKCS1v15(), digest)).decode()
        header = "signature" if is_older else "signature-256"
        return Sent(
            headers={"signaturecertchainurl": address, header: signature}, body=body, received=received
        )


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def alexa(tmp_path_factory):
    return _Alexa(tmp_path_factory.mktemp("alexa"))


@pytest.mark.parametrize("is_older", [False, True])
def test_a_request_that_alexa_signed_is_let_in(alexa, case, is_older):
    proof = proven("alexa_skill", alexa.sends(case("launch"), is_older=is_older), alexa.account())
    assert (proof.scheme, alexa.fetched[-1]) == ("alexa-certificate", CHAIN)


def test_a_body_that_was_changed_is_not_let_in(alexa, case):
    sent = alexa.sends(case("launch"))
    forged = Sent(headers=sent.headers, body=sent.body + b" ", received=sent.received)
    with pytest.raises(Unproven, match="the signature does not fit"):
        proven("alexa_skill", forged, alexa.account())
    unsigned = Sent(headers={"signaturecertchainurl": CHAIN}, body=sent.body, received=NOW)
    with pytest.raises(Unproven, match="no 'Signature-256'"):
        proven("alexa_skill", unsigned, alexa.account())


@pytest.mark.parametrize("told", [{"host": "echo-api.example.com"}, {"until": NOW - timedelta(days=1)}])
def test_a_certificate_of_another_host_or_time_proves_nothing(alexa, case, told):
    with pytest.raises(Unproven, match="no trusted chain"):
        proven("alexa_skill", alexa.sends(case("launch")), alexa.account(**told))


def test_a_chain_to_a_root_that_nobody_trusts_proves_nothing(alexa, case, tmp_path):
    stranger = _Alexa(tmp_path)
    account = Account(fetch=stranger.account().fetch, settings=alexa.account().settings)
    with pytest.raises(Unproven, match="no trusted chain"):
        proven("alexa_skill", stranger.sends(case("launch")), account)
    with pytest.raises(Unproven, match="no trusted chain"):
        proven("alexa_skill", alexa.sends(case("launch")), Account(fetch=alexa.account().fetch))


def test_a_request_lives_150_seconds_and_a_skill_event_an_hour(alexa, case):
    later = datetime(2026, 3, 1, 18, 50, tzinfo=UTC)
    assert proven("alexa_skill", alexa.sends(case("enabled"), later), alexa.account())
    with pytest.raises(Unproven, match="signed at another time"):
        proven("alexa_skill", alexa.sends(case("launch"), later), alexa.account())


def test_a_request_for_another_skill_is_not_let_in(alexa, case):
    other = json.loads(json.dumps(case("launch")).replace("amzn1.ask.skill.beans", "amzn1.ask.skill.other"))
    with pytest.raises(Unproven, match="for another skill"):
        proven("alexa_skill", alexa.sends(other), alexa.account())


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://s3.amazonaws.com/echo.api/cert.pem",
        "https://example.com/echo.api/cert.pem",
        "https://s3.amazonaws.com.example.com/echo.api/cert.pem",
        "https://s3.amazonaws.com/EcHo.aPi/cert.pem",
        "https://s3.amazonaws.com/invalid.path/cert.pem",
        "https://s3.amazonaws.com:563/echo.api/cert.pem",
        "https://s3.amazonaws.com/echo.api/../secret/cert.pem",
        "https://s3.amazonaws.com/echo.api/%2e%2e/secret/cert.pem",
        "https://s3.amazonaws.com@example.com/echo.api/cert.pem",
        "https://user@s3.amazonaws.com/echo.api/cert.pem",
        "https://s3.amazonaws.com\\@example.com/echo.api/cert.pem",
        "https://s3.amazonaws.com/echo.api/cert.pem?x=https://example.com",
        "https://s3.amazonaws.com:99999/echo.api/cert.pem",
        "https://[s3.amazonaws.com/echo.api/cert.pem",
        "file:///echo.api/cert.pem",
        "https://s3.amazonaws.com/echo.api/cert.pem\r\nHost: example.com",
    ],
)
def test_an_address_that_is_not_alexas_is_never_fetched(alexa, case, address):
    before = len(alexa.fetched)
    with pytest.raises(Unproven, match="no address of Alexa's certificates") as refusal:
        proven("alexa_skill", alexa.sends(case("launch"), address=address), alexa.account())
    assert len(alexa.fetched) == before
    assert "example.com" not in str(refusal.value)


def test_an_address_is_fetched_in_its_plain_form():
    for told in (
        "https://s3.amazonaws.com:443/echo.api/a.pem",
        "HTTPS://S3.AMAZONAWS.COM/x/../echo.api/a.pem",
    ):
        assert chain_address(told) == "https://s3.amazonaws.com/echo.api/a.pem"


def test_a_shopping_task_is_told_by_the_skills_own_token(read):
    (bought,) = read("shopping_bought")
    assert (bought.type, bought.stage, bought.initiator.evidence) == (
        "platform.purchase.shopping_answered",
        "purchase",
        "request.cause.token",
    )
    assert bought.commerce.products[0].product_id == "B0ABCD1234"
    assert bought.commerce.action is None, "that it was ordered, or for how much, is not told"
    (carted,) = read("shopping_carted")
    assert carted.type == "platform.cart.added"
    (failed,) = read("shopping_failed")
    assert (failed.type, failed.stage) == ("platform.task.failed", "none")
    (other,) = read("resumed_from_a_pin")
    assert other.type == "platform.voice.session_resumed"


def test_a_permission_that_was_refused_wins_over_one_that_was_granted(read, case):
    body = case("launch")
    scopes = {"alexa::profile:email:read": "GRANTED", "alexa::devices:all:address:full:read": "DENIED"}
    body["context"]["System"]["user"]["permissions"] = {
        "scopes": {scope: {"status": status} for scope, status in scopes.items()}
    }
    assert read(body)[0].consent.personalisation == "denied"
