"""How a sender is proven by what it carries: a secret, a signed token, or an RSA signature.

Members that are sent to us import these from `hearthline.sources`. The package `cryptography` is asked for
only when there is a signature to check.
"""

import base64
import binascii
import hmac
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec

from hearthline.schema.errors import MissingExtra, Unproven
from hearthline.sources._door import Account, Proof, Sent, key_id, one_secret
from hearthline.sources._reading import embedded, mapping, mappings, number, text

__all__ = ["Issuer", "bearer", "carried_secret", "rsa_fits", "token_claims"]

_LEEWAY_S = 60.0
_KEY_HEADER = "x-hearthline-key"
_KEY_FIELDS = ("key", "token", "code")


def bearer(sent: Sent) -> str | None:
    """Return the bearer token of a request, or None.

    >>> from datetime import UTC
    >>> bearer(Sent(headers={"authorization": "Bearer abc"}, received=datetime(2026, 3, 1, tzinfo=UTC)))
    'abc'
    """
    scheme, _, value = sent.headers.get("authorization", "").partition(" ")
    return value.strip() or None if scheme.lower() == "bearer" else None


def carried_secret(sent: Sent, account: Account, place: str) -> Proof:
    """Return the proof of a sender that shows one of the account's secrets; compared in constant time.

    It may lie in `Authorization` (bearer, or either half of Basic), in `X-Hearthline-Key`, or in the URL as
    `key`, `token` or `code`.

    Raises:
        Unproven: no secret of the account is shown.
    """
    found = None
    secrets = one_secret(account, place)
    for shown in _shown(sent):
        for secret in secrets:
            if hmac.compare_digest(secret.encode(), shown.encode("utf-8", "replace")):
                found = key_id(secret)
    if found is None:
        raise Unproven(
            place,
            "no secret of this account is shown",
            f"send it as 'Authorization: Bearer', as '{_KEY_HEADER}', or as '?key=' in the URL",
        )
    return Proof(scheme="shared-secret", key_id=found)


def _shown(sent: Sent) -> Iterator[str]:
    token = bearer(sent)
    if token is not None:
        yield token
    scheme, _, value = sent.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        yield from (half for half in _decoded(value.strip()).decode("utf-8", "replace").split(":", 1) if half)
    yield from (sent.headers[name] for name in (_KEY_HEADER,) if sent.headers.get(name))
    yield from (sent.query[name] for name in _KEY_FIELDS if sent.query.get(name))


# Signatures -----------------------------------------------------------------


def rsa_fits(
    pem: bytes, signature: bytes, message: bytes, digest: Literal["sha256", "sha1"] = "sha256"
) -> bool:
    """Return whether the signature (PKCS #1 v1.5) of the message was made by the owner of a key.

    `pem` holds a public key or an X.509 certificate; anything else fits nothing.
    """
    return _fits(_key_of(pem), signature, message, digest)


def _crypto() -> tuple[Any, ...]:
    try:
        from cryptography import exceptions, x509  # noqa: PLC0415
        from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra(
            "door: a signature cannot be checked; the package 'cryptography' is not installed; "
            "pip install 'hearthline[serve]'"
        ) from error
    return exceptions, x509, hashes, serialization, padding, rsa


def _key_of(pem: bytes) -> Any:
    _, x509, _, serialization, _, _ = _crypto()
    try:
        if b"BEGIN CERTIFICATE" in pem:
            return x509.load_pem_x509_certificate(pem).public_key()
        return serialization.load_pem_public_key(pem)
    except (ValueError, TypeError):
        return None


def _fits(key: Any, signature: bytes, message: bytes, digest: str = "sha256") -> bool:
    exceptions, _, hashes, _, padding, rsa = _crypto()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < 2048:
        return False
    try:
        key.verify(
            signature, message, padding.PKCS1v15(), hashes.SHA1() if digest == "sha1" else hashes.SHA256()
        )
    except exceptions.InvalidSignature:
        return False
    return True


# Tokens ---------------------------------------------------------------------


class Issuer(NamedTuple):
    """Who may issue a token and for whom: the claims `iss` and `aud`, and where its public keys are."""

    names: tuple[str, ...]
    audience: str
    keys: str


def token_claims(sent: Sent, account: Account, issuer: Issuer, place: str) -> dict[str, Any]:
    """Return the claims of the request's bearer token (JWT, RS256), checked against its issuer's keys.

    Raises:
        Unproven: no token, another algorithm, key, issuer or audience, or a time outside its life.
    """
    token = bearer(sent)
    if token is None or token.count(".") != 2:
        raise Unproven(place, "no bearer token", "let the platform authenticate its deliveries")
    head, body, signature = token.split(".")
    header, claims = _object(head), _object(body)
    if header.get("alg") != "RS256":
        raise Unproven(place, "the token is not signed with RS256", "use the platform's own token")
    key = _signing_key(account.fetch(issuer.keys), text(header.get("kid")))
    if key is None or not _fits(key, _decoded(signature), f"{head}.{body}".encode()):
        raise Unproven(
            place, "the token's signature fits no key of its issuer", "use the platform's own token"
        )
    _check_claims(claims, issuer, sent.received, place)
    return claims


def _check_claims(claims: Mapping[str, Any], issuer: Issuer, received: datetime, place: str) -> None:
    if claims.get("iss") not in issuer.names:
        raise Unproven(place, "the token is of another issuer", "let the platform sign its deliveries")
    if claims.get("aud") != issuer.audience:
        raise Unproven(
            place, "the token is for another audience", "set the audience that you gave the platform"
        )
    now, until = received.timestamp(), number(claims.get("exp"))
    begins = number(claims.get("nbf")) or number(claims.get("iat")) or 0.0
    if until is None or now > until + _LEEWAY_S or now < begins - _LEEWAY_S:
        raise Unproven(place, "the token is not of now", "send it while it lives; set the clock")


def _signing_key(document: bytes, kid: str | None) -> Any:
    """Return the key of that id in a JSON Web Key Set, or in a map of ids to PEM texts, or None."""
    found = embedded(document.decode("utf-8", "replace"))
    pem = text(found.get(kid or ""))
    if pem is not None:
        return _key_of(pem.encode())
    for entry in mappings(found.get("keys")):
        if entry.get("kid") == kid and entry.get("kty") == "RSA":
            return _rsa_key(entry)
    return None


def _rsa_key(entry: Mapping[str, Any]) -> Any:
    *_, rsa = _crypto()
    modulus, exponent = (int.from_bytes(_decoded(text(entry.get(name)) or "")) for name in ("n", "e"))
    try:
        return rsa.RSAPublicNumbers(exponent, modulus).public_key()
    except ValueError:
        return None


def _object(part: str) -> dict[str, Any]:
    try:
        return mapping(msgspec.json.decode(_decoded(part)))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}


def _decoded(value: str) -> bytes:
    """Return the bytes of a base64 text, of either alphabet, padded or not; none where it is no base64.

    >>> _decoded("aGk"), _decoded("aGk="), _decoded("?")
    (b'hi', b'hi', b'')
    """
    try:
        plain = value.replace("-", "+").replace("_", "/").rstrip("=")
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (ValueError, binascii.Error):
        return b""
