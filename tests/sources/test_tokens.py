import base64
import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from hearthline.schema.errors import Unproven
from hearthline.sources import Account, Issuer, carried_secret, key_id, rsa_fits, token_claims

NOW = datetime(2026, 3, 12, 9, 0, tzinfo=UTC).timestamp()
KEYS = "https://issuer.example.com/keys"
ISSUER = Issuer(("https://issuer.example.com",), "https://hearthline.example.com", KEYS)
CLAIMS = {
    "iss": "https://issuer.example.com",
    "aud": "https://hearthline.example.com",
    "iat": NOW - 60,
    "exp": NOW + 3000,
}


@pytest.fixture
def claims_of(sent, signer):
    """Return the claims of a token, with the keys of the issuer fetched."""
    account = Account(fetch={KEYS: signer.jwks}.__getitem__)
    return lambda token: token_claims(
        sent(headers={"authorization": f"Bearer {token}"}), account, ISSUER, "acme"
    )


def test_a_token_of_the_issuer_gives_its_claims(claims_of, signer):
    assert claims_of(signer.token({**CLAIMS, "email": "a"}))["email"] == "a"


def test_keys_may_be_a_map_of_pem_texts(sent, signer):
    account = Account(fetch=lambda _: json.dumps({"k1": signer.pem.decode()}).encode())
    request = sent(headers={"authorization": f"Bearer {signer.token(CLAIMS)}"})
    assert token_claims(request, account, ISSUER, "acme")["iss"] == ISSUER.names[0]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"iss": "https://else.example.com"}, "issuer"),
        ({"aud": "https://else.example.com"}, "audience"),
        ({"aud": None}, "audience"),
        ({"exp": NOW - 120}, "not of now"),
        ({"exp": None}, "not of now"),
        ({"iat": NOW + 120}, "not of now"),
    ],
)
def test_a_token_for_another_or_of_another_time_is_refused(claims_of, signer, changed, why):
    with pytest.raises(Unproven, match=rf"^acme: .*{why}"):
        claims_of(signer.token({**CLAIMS, **changed}))


def test_a_token_of_another_key_is_refused(claims_of, stranger):
    with pytest.raises(Unproven, match="fits no key"):
        claims_of(stranger.token(CLAIMS))


def test_a_token_whose_claims_were_changed_is_refused(claims_of, signer):
    head, _, signature = signer.token(CLAIMS).split(".")
    forged = signer.token({**CLAIMS, "email": "b"}).split(".")[1]
    with pytest.raises(Unproven, match="fits no key"):
        claims_of(f"{head}.{forged}.{signature}")


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256"}, {"kid": "k2"}])
def test_a_token_of_another_algorithm_or_key_id_is_refused(claims_of, signer, header):
    with pytest.raises(Unproven):
        claims_of(signer.token(CLAIMS, **header))


@pytest.mark.parametrize("value", ["", "a.b", "a.b.c", "..", "é.é.é"])
def test_what_is_no_token_is_refused(claims_of, value):
    with pytest.raises(Unproven):
        claims_of(value)


def test_keys_that_are_no_keys_prove_nothing(sent, signer):
    request = sent(headers={"authorization": f"Bearer {signer.token(CLAIMS)}"})
    for fetched in (
        b"",
        b"[]",
        b'{"keys": [{"kid": "k1", "kty": "RSA", "n": "", "e": ""}]}',
        b'{"k1": "no"}',
    ):
        with pytest.raises(Unproven, match="fits no key"):
            token_claims(request, Account(fetch=lambda _, f=fetched: f), ISSUER, "acme")


def test_a_short_key_proves_nothing():
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - what is refused
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = weak.public_key().public_bytes(serialization.Encoding.PEM, form)
    signature = weak.sign(b"m", padding.PKCS1v15(), hashes.SHA256())
    assert not rsa_fits(pem, signature, b"m")
    assert not rsa_fits(b"no key", signature, b"m")


@pytest.mark.parametrize(
    "shown",
    [
        {"headers": {"authorization": "Bearer s2"}},
        {"headers": {"authorization": "Basic " + base64.b64encode(b"s2:").decode()}},
        {"headers": {"authorization": "Basic " + base64.b64encode(b"user:s2").decode()}},
        {"headers": {"x-hearthline-key": "s2"}},
        {"query": {"key": "s2"}},
        {"query": {"code": "s2"}},
    ],
)
def test_a_secret_may_be_carried_where_platforms_can_put_it(sent, shown):
    proof = carried_secret(sent(**shown), Account(secrets=("s1", "s2")), "acme")
    assert (proof.scheme, proof.key_id) == ("shared-secret", key_id("s2"))


@pytest.mark.parametrize("shown", [{}, {"query": {"key": "s"}}, {"headers": {"x-hearthline-key": "s1 "}}])
def test_no_secret_or_a_wrong_one_proves_nothing(sent, shown):
    with pytest.raises(Unproven, match="no secret of this account"):
        carried_secret(sent(**shown), Account(secrets=("s1", "s2")), "acme")


def test_an_account_without_secrets_lets_nobody_in(sent):
    with pytest.raises(Unproven, match="no secret is set"):
        carried_secret(sent(query={"key": ""}), Account(), "acme")
