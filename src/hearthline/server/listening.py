"""Where a server may listen: on loopback by default, elsewhere only with keys, and on free ports only."""

import ipaddress
import socket

from hearthline.schema.errors import BadConfig, HomeBusy

__all__ = ["check_free", "check_keys", "is_loopback"]


def is_loopback(host: str) -> bool:
    """Return whether only this computer can reach the host.

    >>> [is_loopback(h) for h in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "example.com")]
    [True, True, True, False, False]
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def check_keys(host: str, *, has_keys: bool) -> None:
    """Check that a door that others can reach asks for keys.

    Raises:
        BadConfig: it does not.
    """
    if not is_loopback(host) and not has_keys:
        raise BadConfig(
            f"serve: {host} can be reached from elsewhere, and this home has no write key; "
            "make one: hearthline keys add PLATFORM"
        )


def check_free(host: str, port: int) -> None:
    """Check that nobody listens there.

    Raises:
        HomeBusy: somebody does.
        BadConfig: the address is none of this computer.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as error:
            if error.errno in (98, 48):  # EADDRINUSE on Linux and macOS
                raise HomeBusy(
                    f"serve: port {port} on {host} is in use; stop what listens there, or take another --port"
                ) from None
            raise BadConfig(
                f"serve: cannot listen on {host}:{port}; {error.strerror}; use an address of this computer"
            ) from None
