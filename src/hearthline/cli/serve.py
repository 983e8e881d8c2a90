"""`hearthline serve`."""

import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hearthline.cli._options import DEFAULT_HOME, HomeOption
from hearthline.cli._screen import show

if TYPE_CHECKING:
    from hearthline.server.serve import Started

__all__ = ["serve"]

_Port = Annotated[
    int | None, typer.Option("--port", min=1, max=65535, metavar="N", help="Of the write door.")
]
_Screens = Annotated[
    int | None,
    typer.Option("--screens-port", min=0, max=65535, metavar="N", help="Of the screens; 0: none."),
]


_Mqtt = Annotated[
    int | None,
    typer.Option("--mqtt-port", min=0, max=65535, metavar="N", help="For MQTT without TLS; 0: none."),
]


def serve(
    *,
    home: HomeOption = DEFAULT_HOME,
    host: Annotated[
        str | None, typer.Option("--host", metavar="ADDRESS", help="Where to listen; loopback by default.")
    ] = None,
    port: _Port = None,
    screens_port: _Screens = None,
    mqtt_port: _Mqtt = None,
) -> None:
    """Take events by HTTP and MQTT, keep lake and answer fresh, and show the screens, until Ctrl-C."""
    import msgspec

    from hearthline.server.serve import serve as run
    from hearthline.store.config import load_settings
    from hearthline.store.home import HomeFolder

    folder = HomeFolder.create(home)
    settings = load_settings(folder.settings_file)
    given: dict[str, Any] = {"host": host, "port": port, "screens_port": screens_port}
    chosen = {name: value for name, value in given.items() if value is not None}
    serving = msgspec.structs.replace(settings.serve, **chosen)
    messages = settings.mqtt if mqtt_port is None else msgspec.structs.replace(settings.mqtt, port=mqtt_port)
    run(folder, msgspec.structs.replace(settings, serve=serving, mqtt=messages), _told)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # everything is written and closed; the HTTP server's threads outlive the interpreter's end


def _told(started: "Started") -> None:
    if not sys.stderr.isatty():
        return  # the log has it
    show(f"events   {started.door}/in/PLATFORM, and the platforms' own paths, as {started.door}/v1/batch")
    for address in started.mqtt:
        show(f"mqtt     {address}, topics hearthline/PLATFORM")
    show(f"screens  {started.screens}" if started.screens else "screens  none")
    if started.open:
        show("no key is asked for on this computer; make one: hearthline keys add PLATFORM")
    show("stop with Ctrl-C")
