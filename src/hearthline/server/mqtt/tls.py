"""TLS of the listener and of the bridge, out of PEM files."""

import ssl
from pathlib import Path

from hearthline.schema.errors import BadConfig
from hearthline.schema.settings import BridgeSettings, MqttSettings

__all__ = ["client_context", "server_context"]


def server_context(settings: MqttSettings, home: Path) -> ssl.SSLContext | None:
    """Return the listener's TLS, or None where the settings have no certificate.

    Raises:
        BadConfig: a file cannot be read as what it should be.
    """
    if settings.certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _chain(context, "mqtt", home, settings.certificate, settings.private_key)
    if settings.client_ca is not None:
        _authority(context, "mqtt] client_ca", home / settings.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(settings: BridgeSettings, home: Path) -> ssl.SSLContext | None:
    """Return the bridge's TLS, or None where it speaks plainly.

    Raises:
        BadConfig: a file cannot be read as what it should be.
    """
    if not settings.tls:
        return None
    context = ssl.create_default_context()
    if settings.ca is not None:
        _authority(context, "bridge] ca", home / settings.ca)
    if settings.certificate is not None:
        _chain(context, "bridge", home, settings.certificate, settings.private_key)
    if settings.alpn:
        context.set_alpn_protocols(list(settings.alpn))
    return context


def _chain(context: ssl.SSLContext, section: str, home: Path, certificate: str, key: str | None) -> None:
    try:
        context.load_cert_chain(
            home / certificate, None if key is None else home / key, password=_no_password
        )
    except (OSError, ssl.SSLError) as error:
        raise BadConfig(
            f"[{section}] certificate, private_key: no certificate with its key; {_told(error)}; "
            "name PEM files, the key without a password"
        ) from None


def _authority(context: ssl.SSLContext, place: str, path: Path) -> None:
    try:
        context.load_verify_locations(path)
    except (OSError, ssl.SSLError) as error:
        raise BadConfig(f"[{place}: no certificates in {path}; {_told(error)}; name a PEM file") from None


def _no_password() -> bytes:
    """Return nothing, so that a locked key is an error and no question on the terminal."""
    return b""


def _told(error: OSError) -> str:
    return error.strerror or str(error)
