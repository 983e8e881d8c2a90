"""`hearthline bridge`."""

import sys
from typing import Annotated, Any

import typer

from hearthline.cli._options import DEFAULT_HOME, HomeOption
from hearthline.cli._screen import show

__all__ = ["bridge"]


def bridge(
    *,
    home: HomeOption = DEFAULT_HOME,
    broker: Annotated[
        str | None, typer.Option("--broker", metavar="HOST[:PORT]", help="Whom to subscribe to.")
    ] = None,
    topic: Annotated[
        list[str] | None,
        typer.Option("--topic", metavar="FILTER", help="What to subscribe to; may be repeated."),
    ] = None,
    group: Annotated[
        str | None, typer.Option("--group", metavar="NAME", help="Share the topics with this group.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="NAME", help="Whose payloads these are; default: by their shape."),
    ] = None,
) -> None:
    """Take events from an MQTT broker (Mosquitto, EMQX, AWS IoT Core, Azure), until Ctrl-C.

    The rest is in `[bridge]` of hearthline.toml; `hearthline serve` does it by itself where that is set.
    """
    import msgspec

    from hearthline.schema.settings import BridgeSettings
    from hearthline.server.mqtt.alone import bridge as run
    from hearthline.store.config import load_settings
    from hearthline.store.home import HomeFolder

    folder = HomeFolder.create(home)
    settings = load_settings(folder.settings_file)
    host, port = _address(broker)
    given: dict[str, Any] = {"host": host, "port": port, "group": group, "source": source}
    given["topics"] = tuple(topic) if topic else None
    chosen: BridgeSettings = msgspec.structs.replace(
        settings.bridge, **{name: value for name, value in given.items() if value is not None}
    )
    run(folder, msgspec.structs.replace(settings, bridge=chosen), lambda: _told(chosen))


def _address(broker: str | None) -> tuple[str | None, int | None]:
    """Return host and port of what was given.

    >>> _address("broker.example.com:8883"), _address("localhost"), _address("[::1]:1883"), _address("::1")
    (('broker.example.com', 8883), ('localhost', None), ('::1', 1883), ('::1', None))
    """
    if broker is None:
        return None, None
    host, colon, port = broker.rpartition(":")
    if not colon or not port.isdigit() or (":" in host and not host.startswith("[")):
        return broker.strip("[]"), None
    return host.strip("[]"), int(port)


def _told(chosen: Any) -> None:
    if sys.stderr.isatty():
        show(f"subscribed to {', '.join(chosen.topics)} at {chosen.host}; stop with Ctrl-C")
