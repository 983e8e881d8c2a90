import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from hearthline.schema.errors import Unproven
from hearthline.sources import Account, Issuer, Sent, carried_secret, key_id, rsa_fits, token_claims

NOW = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
ISSUER = Issuer(
    ("https://issuer.example.com",), "https://hearthline.example.com", "https://issuer.example.com/keys"
)
CLAIMS = {
    "iss": "https://issuer.example.com",
    "aud": "https://hearthline.example.com",
    "iat": NOW.timestamp() - 60,
    "exp": NOW.timestamp() + 3000,
}


@pytest.fixture(scope="module")
def keys():
    return [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]


def spelled(part):
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def pem_of(key):
    public = key.public_key()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def jwks_of(key):
    numbers = key.public_key().public_numbers()
    n, e = numbers.n.to_bytes(256), numbers.e.to_bytes(3)
    return json.dumps({"keys": [{"kid": "k1", "kty": "RSA", "n": spelled(n), "e": spelled(e)}]}).encode()


def token(key, header=(), **claims):
    head = spelled({"alg": "RS256", "kid": "k1", **dict(header)})
    body = spelled({**CLAIMS, **claims})
    signature = key.sign(f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{head}.{body}.{spelled(signature)}"


def sent(bearer=None, **fields):
    headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
    return Sent(headers=headers, received=NOW, **fields)


def account(key):
    return Account(fetch={ISSUER.keys: jwks_of(key)}.__getitem__)


def test_a_token_of_the_issuer_gives_its_claims(keys):
    assert token_claims(sent(token(keys[0], email="a")), account(keys[0]), ISSUER, "acme")["email"] == "a"


def test_keys_may_be_a_map_of_pem_texts(keys):
    fetched = json.dumps({"k1": pem_of(keys[0]).decode()}).encode()
    found = token_claims(sent(token(keys[0])), Account(fetch=lambda _: fetched), ISSUER, "acme")
    assert found["iss"] == ISSUER.names[0]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"iss": "https://else.example.com"}, "issuer"),
        ({"aud": "https://else.example.com"}, "audience"),
        ({"aud": None}, "audience"),
        ({"exp": NOW.timestamp() - 120}, "not of now"),
        ({"exp": None}, "not of now"),
        ({"iat": NOW.timestamp() + 120}, "not of now"),
    ],
)
def test_a_token_for_another_or_of_another_time_is_refused(keys, changed, why):
    with pytest.raises(Unproven, match=rf"^acme: .*{why}"):
        token_claims(sent(token(keys[0], **changed)), account(keys[0]), ISSUER, "acme")


def test_a_token_of_another_key_is_refused(keys):
    with pytest.raises(Unproven, match="fits no key"):
        token_claims(sent(token(keys[1])), account(keys[0]), ISSUER, "acme")


def test_a_token_whose_claims_were_changed_is_refused(keys):
    head, _, signature = token(keys[0]).split(".")
    forged = f"{head}.{spelled({**CLAIMS, 'email': 'b'})}.{signature}"
    with pytest.raises(Unproven, match="fits no key"):
        token_claims(sent(forged), account(keys[0]), ISSUER, "acme")


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256"}, {"kid": "k2"}])
def test_a_token_of_another_algorithm_or_key_id_is_refused(keys, header):
    with pytest.raises(Unproven):
        token_claims(sent(token(keys[0], header)), account(keys[0]), ISSUER, "acme")


@pytest.mark.parametrize("value", [None, "", "a.b", "a.b.c", "..", "é.é.é"])
def test_what_is_no_token_is_refused(keys, value):
    with pytest.raises(Unproven):
        token_claims(sent(value), account(keys[0]), ISSUER, "acme")


def test_a_short_key_proves_nothing():
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - what is refused
    signature = weak.sign(b"m", padding.PKCS1v15(), hashes.SHA256())
    assert not rsa_fits(pem_of(weak), signature, b"m")
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
def test_a_secret_may_be_carried_where_platforms_can_put_it(shown):
    proof = carried_secret(Sent(received=NOW, **shown), Account(secrets=("s1", "s2")), "acme")
    assert (proof.scheme, proof.key_id) == ("shared-secret", key_id("s2"))


@pytest.mark.parametrize("shown", [{}, {"query": {"key": "s"}}, {"headers": {"x-hearthline-key": "s1 "}}])
def test_no_secret_or_a_wrong_one_proves_nothing(shown):
    with pytest.raises(Unproven, match="no secret of this account"):
        carried_secret(Sent(received=NOW, **shown), Account(secrets=("s1", "s2")), "acme")


def test_an_account_without_secrets_lets_nobody_in():
    with pytest.raises(Unproven, match="no secret is set"):
        carried_secret(Sent(received=NOW + timedelta(0), query={"key": ""}), Account(), "acme")
