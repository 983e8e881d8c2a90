"""Packets as a client writes them, built here from the standard and not with the code under test."""

KEY = "hl_write_key"


def text(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return len(raw).to_bytes(2, "big") + raw


def packet(first: int, body: bytes) -> bytes:
    size, length = len(body), bytearray()
    while True:
        size, byte = divmod(size, 128)
        length.append(byte | (128 if size else 0))
        if not size:
            return bytes((first,)) + bytes(length) + body


def connect(
    version: int = 4,
    client: str = "tap",
    *,
    clean: bool = True,
    keepalive: int = 60,
    user: str | None = "device",
    password: str | None = KEY,
    properties: bytes = b"",
    will: tuple[str, bytes] | None = None,
    will_properties: bytes = b"",
) -> bytes:
    flags = 2 * clean | 128 * (user is not None) | 64 * (password is not None) | 4 * (will is not None)
    body = text("MQTT") + bytes((version, flags)) + keepalive.to_bytes(2, "big")
    if version == 5:
        body += bytes((len(properties),)) + properties
    body += text(client)
    if will is not None:
        body += bytes((len(will_properties),)) + will_properties if version == 5 else b""
        body += text(will[0]) + text(will[1])
    body += text(user) if user is not None else b""
    body += text(password) if password is not None else b""
    return packet(0x10, body)


def publish(
    topic: str | bytes,
    payload: bytes,
    packet_id: int = 0,
    version: int = 4,
    *,
    properties: bytes = b"",
    flags: int = 0,
) -> bytes:
    body = text(topic) + (packet_id.to_bytes(2, "big") if packet_id else b"")
    body += bytes((len(properties),)) + properties if version == 5 else b""
    return packet(0x30 | (2 if packet_id else 0) | flags, body + payload)
