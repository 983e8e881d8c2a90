"""Reads one case of a source's fixture file; signs as platforms do, with keys of our own."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from hearthline import sources
from hearthline.schema.event import Event
from hearthline.sources import Sent

FIXTURES = Path(__file__).parent / "fixtures"
RECEIVED = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Callable[[str], dict[str, Any]]:
    """Return a payload of the fixture file that the test file is named after."""
    name = request.path.stem.removeprefix("test_")
    return lambda which: json.loads((FIXTURES / f"{name}.json").read_text())[which]


@pytest.fixture
def read(request: pytest.FixtureRequest, case: Callable[[str], dict[str, Any]]) -> Callable[..., list[Event]]:
    """Return the events of a payload, or of a case with fields changed."""
    source = sources.load(request.path.stem.removeprefix("test_"))

    def events_of(which: str | dict[str, Any], received: datetime = RECEIVED, **changed: Any) -> list[Event]:
        payload = case(which) if isinstance(which, str) else which
        return list(source.read({**payload, **changed}, received))

    return events_of


class Signer:
    """An owner of an RSA key, as platforms have one."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())

    @property
    def pem(self) -> bytes:
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.key.public_key().public_bytes(serialization.Encoding.PEM, form)

    @property
    def jwks(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        n, e = (spelled(v.to_bytes((v.bit_length() + 7) // 8)) for v in (numbers.n, numbers.e))
        return json.dumps({"keys": [{"kid": "k1", "kty": "RSA", "n": n, "e": e}]}).encode()

    def token(self, claims: dict[str, Any], **header: Any) -> str:
        """Return a JSON Web Token; header fields may be changed."""
        head = spelled(json.dumps({"alg": "RS256", "kid": "k1", **header}).encode())
        body = spelled(json.dumps(claims).encode())
        return f"{head}.{body}.{spelled(self.sign(f'{head}.{body}'.encode()))}"


def spelled(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.fixture(scope="session")
def signer() -> Signer:
    """Return the platform's own key."""
    return Signer()


@pytest.fixture(scope="session")
def stranger() -> Signer:
    """Return somebody else's key."""
    return Signer()


@pytest.fixture
def sent() -> Callable[..., Sent]:
    """Return a request that comes at the usual time; its body may be a text, bytes or JSON."""

    def request(body: Any = b"", **fields: Any) -> Sent:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Sent(**{"body": raw, "wire": raw, "received": RECEIVED, **fields})

    return request
