"""What a proof needs, fetched: over HTTPS only, without redirects, within bounds, once."""

import asyncio
import http.server
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hearthline.schema.errors import Unproven
from hearthline.server.ingest.fetching import Fetcher, Fetching, got


class Pages(http.server.BaseHTTPRequestHandler):
    """A page, a redirect to it, and one that is too large."""

    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("location", "/key?x=1")
        else:
            self.send_response(200 if self.path.startswith("/key") else 404)
        self.end_headers()
        self.wfile.write(b"key" if self.path.startswith("/key") else b"x" * 300_000)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ssl.SSLContext]]:
    """Where a HTTPS server answers, and what trusts its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file: Path = tmp_path_factory.mktemp("tls") / "server.pem"
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(pem + private)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    trusting = ssl.create_default_context(cadata=pem.decode())
    yield f"https://127.0.0.1:{server.server_port}", trusting
    server.shutdown()
    server.server_close()


def test_a_page_is_fetched_from_a_host_whose_certificate_is_good(host: tuple[str, ssl.SSLContext]) -> None:
    url, trusting = host
    assert got(f"{url}/key?a=1", trusting) == b"key"
    with pytest.raises(ssl.SSLCertVerificationError):
        got(f"{url}/key")


@pytest.mark.parametrize("path", ["/moved", "/large", "/key-is-not-here/../../large"])
def test_a_redirect_an_error_or_a_large_page_proves_nothing(
    host: tuple[str, ssl.SSLContext], path: str
) -> None:
    url, trusting = host
    if path.startswith("/key"):
        assert got(f"{url}{path}", trusting) == b"key"  # paths are sent as they are
        return
    with pytest.raises(Unproven, match="could not be fetched"):
        got(f"{url}{path}", trusting)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "file:///etc/passwd",
        "https:///x",
        "ftp://example.com/",
        "https://u:p@example.com/",
    ],
)
def test_nothing_but_https_is_fetched(url: str) -> None:
    with pytest.raises(Unproven, match="only https"):
        got(url)


def test_many_that_need_the_same_page_wait_for_one_request() -> None:
    asked: list[str] = []

    def get(url: str) -> bytes:
        asked.append(url)
        return b"key"

    async def together() -> list[bytes]:
        fetcher = Fetcher(get)
        ask = partial(fetcher.fetch, "https://example.com/key")
        return await asyncio.gather(*(fetcher.through(ask) for _ in range(10)))

    assert asyncio.run(together()) == [b"key"] * 10
    assert asked == ["https://example.com/key"]


def test_a_source_that_asks_for_ever_more_is_ended() -> None:
    numbers = iter(range(100))

    def greedy() -> bytes:
        raise Fetching(f"https://example.com/{next(numbers)}")

    with pytest.raises(Unproven, match="too many"):
        asyncio.run(Fetcher(lambda _: b"").through(greedy))
