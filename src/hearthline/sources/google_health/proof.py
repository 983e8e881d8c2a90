"""Whether Google Health sent it: your own Authorization on all, Google's signature on all but the handshake.

The signature is Tink's: one byte 1, four bytes that name the key, then ECDSA P-256 over SHA-256 in DER. The
keys are published as a Tink key set and change every thirty days.
"""

import base64
import binascii
import hmac
from collections.abc import Iterator
from typing import Any

from hearthline.schema.errors import MissingExtra, Unproven
from hearthline.sources import Account, Proof, Sent, embedded, key_id, mapping, mappings, one_secret, text

__all__ = ["KEYS", "verify"]

PLACE = "google_health"
KEYS = "https://www.gstatic.com/googlehealthapi/webhooks/webhooks_public_keyset.json"
_SIGNATURES = ("x-healthapi-signature", "google-health-api-signature")
_HEAD = 5


def verify(sent: Sent, account: Account) -> Proof:
    """Return the proof that Google Health sent the note, or asks for the handshake.

    The account's secret is what you gave as `endpointAuthorization.secret`, its scheme included or not.

    Raises:
        Unproven: another Authorization, no signature, or one that fits no published key.
    """
    known = _authorised(sent, account)
    if embedded(sent.body.decode("utf-8", "replace")).get("type") == "verification":
        return Proof(scheme="authorization", key_id=known)
    told = next((sent.headers[name] for name in _SIGNATURES if name in sent.headers), "")
    try:
        signed = base64.b64decode(told, validate=True)
    except (ValueError, binascii.Error):
        signed = b""
    if len(signed) <= _HEAD or signed[0] != 1:
        raise Unproven(PLACE, "no 'X-HEALTHAPI-SIGNATURE' of Google's", "let Google call this address itself")
    key = int.from_bytes(signed[1:_HEAD])
    if not _fits(account.fetch(KEYS), key, signed[_HEAD:], sent.body):
        raise Unproven(PLACE, "the signature fits no key of Google's", "send the body on byte by byte")
    return Proof(scheme="tink-ecdsa", key_id=f"{key:08x}")


def _authorised(sent: Sent, account: Account) -> str:
    shown = sent.headers.get("authorization", "").strip()
    for secret in one_secret(account, PLACE):
        for form in (shown, shown.partition(" ")[2].strip()):
            if form and hmac.compare_digest(secret.encode(), form.encode("utf-8", "replace")):
                return key_id(secret)
    raise Unproven(PLACE, "another 'Authorization'", "set the secret that you gave the subscriber")


def _fits(keys: bytes, wanted: int, signature: bytes, message: bytes) -> bool:
    try:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
        from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra(
            f"{PLACE}: a signature cannot be checked; the package 'cryptography' is not installed; "
            "pip install 'hearthline[serve]'"
        ) from error
    for x, y in _points(keys, wanted):
        try:
            key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, ValueError):
            continue
        return True
    return False


def _points(keys: bytes, wanted: int) -> Iterator[tuple[int, int]]:
    """Yield the points of the enabled keys of that id in a Tink key set."""
    for entry in mappings(embedded(keys.decode("utf-8", "replace")).get("key")):
        if entry.get("keyId") != wanted or entry.get("status", "ENABLED") != "ENABLED":
            continue
        try:
            value = base64.b64decode(text(mapping(entry.get("keyData")).get("value")) or "", validate=True)
            fields = dict(_fields(value))
            yield int.from_bytes(fields[3]), int.from_bytes(fields[4])
        except (ValueError, binascii.Error, KeyError, IndexError, TypeError):
            continue


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    r"""Yield number and value of each field of a protocol buffer message: bytes, or an integer.

    >>> dict(_fields(b"\x08\x01\x1a\x02hi"))
    {1: 1, 3: b'hi'}
    """
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        value, at = _varint(message, at)
        if tag & 7 == 2:
            yield tag >> 3, message[at : at + value]
            at += value
        elif tag & 7 == 0:
            yield tag >> 3, value
        else:
            raise ValueError("a field of another kind")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 64, 7):
        byte = message[at]
        value, at = value | (byte & 0x7F) << shift, at + 1
        if byte < 0x80:
            return value, at
    raise ValueError("a number without an end")
