"""Whether Alexa sent it: the chain of certificates that signed a request, its signature, its age.

The address of the chain is checked before it is fetched, because anyone can send us one.
"""

import base64
import binascii
import ssl
import warnings
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from posixpath import normpath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hearthline.schema.errors import MissingExtra, Unproven
from hearthline.sources import Account, Proof, Sent, embedded, fresh, instant, mapping, text, within

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

__all__ = ["chain_address", "verify"]

PLACE = "alexa_skill"
SIGNER = "echo-api.amazon.com"
_HOST, _FOLDER = "s3.amazonaws.com", "/echo.api/"
_REQUEST_S, _EVENT_S = 150.0, 3600.0
_EVENTS = ("AlexaSkillEvent.", "AlexaHouseholdListEvent.", "Reminders.")
_LARGEST_CHAIN = 64 << 10
_END = b"-----END CERTIFICATE-----"
_SYSTEM_ROOTS = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)


def verify(sent: Sent, account: Account) -> Proof:
    """Return the proof that Alexa signed the request.

    Settings: `skill` names the skill's id (several with a space between), so that no other skill's requests
    come in; `roots` is a file of root certificates in PEM, instead of the system's.

    Raises:
        Unproven: the address of the chain, the chain, the signature, the age or the skill does not fit.
    """
    address = chain_address(sent.headers.get("signaturecertchainurl", ""))
    newer = sent.headers.get("signature-256")
    signature = newer or sent.headers.get("signature")
    if not signature:
        raise Unproven(PLACE, "no 'Signature-256' header", "let Alexa call this address itself")
    pem = account.fetch(address)
    leaf = _trusted_leaf(pem, sent, account.settings.get("roots"))
    if not _signed(leaf, signature, sent.body, is_older=newer is None):
        raise Unproven(PLACE, "the signature does not fit the body", "send the body on byte by byte")
    _check_request(sent, account)
    return Proof(scheme="alexa-certificate", key_id=f"{leaf.serial_number:x}"[-8:])


def chain_address(told: str) -> str:
    """Return the address of a chain of certificates, normalised, if it is one of Alexa's.

    Raises:
        Unproven: it leads anywhere else: another host, scheme, port or folder, or is spelled to mislead.

    >>> chain_address("HTTPS://S3.amazonaws.com:443/echo.api/../echo.api/echo-api-cert.pem")
    'https://s3.amazonaws.com/echo.api/echo-api-cert.pem'
    """
    try:
        parts = urlsplit(told)
        port = parts.port
    except ValueError:
        raise _misled() from None
    path = normpath(parts.path) if parts.path else ""
    plain = told.isascii() and told.isprintable() and not set(told) & set("\\%@?# ;")
    if (
        not plain
        or parts.scheme != "https"
        or parts.hostname != _HOST
        or port not in (None, 443)
        or not path.startswith(_FOLDER)
    ):
        raise _misled()
    return f"https://{_HOST}{path}"


def _misled() -> Unproven:
    # The address is a stranger's text: it is not repeated.
    return Unproven(
        PLACE,
        "'SignatureCertChainUrl' is no address of Alexa's certificates",
        f"let Alexa call; it sends https://{_HOST}{_FOLDER}...",
    )


def _check_request(sent: Sent, account: Account) -> None:
    body = embedded(sent.body.decode("utf-8", "replace"))
    request = mapping(body.get("request"))
    is_event = (text(request.get("type")) or "").startswith(_EVENTS)
    fresh(instant(request.get("timestamp")), sent.received, _EVENT_S if is_event else _REQUEST_S, PLACE)
    wanted = account.settings.get("skill", "").split()
    found = within(body, "context", "System", "application", "applicationId") or within(
        body, "session", "application", "applicationId"
    )
    if wanted and found not in wanted:
        raise Unproven(PLACE, "the request is for another skill", "set 'skill' to this skill's id")


# Certificates ---------------------------------------------------------------


def _crypto() -> Any:
    try:
        from cryptography import x509  # noqa: PLC0415
        from cryptography.x509 import verification  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra(
            f"{PLACE}: a signature cannot be checked; the package 'cryptography' is not installed; "
            "pip install 'hearthline[serve]'"
        ) from error
    return x509, verification


def _trusted_leaf(pem: bytes, sent: Sent, roots: str | None) -> "Certificate":
    """Return the certificate that signs, its chain checked up to a root that we trust, as of now."""
    x509, verification = _crypto()
    untrusted = Unproven(
        PLACE, f"no trusted chain of certificates for {SIGNER}", "let Alexa call; check the 'roots' setting"
    )
    try:
        chain: Sequence[Certificate] = x509.load_pem_x509_certificates(pem[:_LARGEST_CHAIN])
        policy = verification.PolicyBuilder().store(_store(roots)).time(sent.received)
        policy.build_server_verifier(x509.DNSName(SIGNER)).verify(chain[0], list(chain[1:]))
    except (ValueError, verification.VerificationError):
        raise untrusted from None
    return chain[0]


@lru_cache(maxsize=8)
def _store(roots: str | None) -> Any:
    x509, verification = _crypto()
    own = ssl.get_default_verify_paths().cafile
    files = (roots,) if roots else tuple(f for f in (own, *_SYSTEM_ROOTS) if f)
    file = next((Path(f) for f in files if Path(f).is_file()), None)
    if file is None:
        raise Unproven(PLACE, "no root certificates on this machine", "name a PEM file with 'roots'")
    found = [c for pem in file.read_bytes().split(_END) if (c := _root(x509, pem + _END)) is not None]
    return verification.Store(found)


def _root(x509: Any, pem: bytes) -> Any:
    """Return one root, or None where it is malformed: some that ship with systems are, and none of ours."""
    if b"BEGIN CERTIFICATE" not in pem:
        return None
    with warnings.catch_warnings(action="error"):
        try:
            return x509.load_pem_x509_certificate(pem)
        except (ValueError, Warning):
            return None


def _signed(leaf: "Certificate", signature: str, body: bytes, *, is_older: bool) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415

    key = leaf.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    # The older header `Signature` is over SHA-1; Alexa still sends both.
    digest = hashes.SHA1() if is_older else hashes.SHA256()  # noqa: S303 - the platform's own choice
    try:
        key.verify(base64.b64decode(signature, validate=True), body, padding.PKCS1v15(), digest)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
