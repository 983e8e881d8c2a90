"""What one request and all requests together may take."""

from dataclasses import dataclass

from hearthline.schema.settings import ServeSettings

__all__ = ["Rules"]


@dataclass(frozen=True, slots=True)
class Rules:
    """The limits of a door, out of the settings."""

    body_bytes: int = 512 * 1024
    inflated_bytes: int = 4 * 2**20
    batch_items: int = 1000
    flight_bytes: int = 64 * 2**20

    @classmethod
    def of(cls, settings: ServeSettings) -> "Rules":
        """Return the rules that the settings say."""
        return cls(
            body_bytes=settings.body_bytes,
            inflated_bytes=settings.inflated_bytes,
            batch_items=settings.batch_items,
            flight_bytes=settings.queue_bytes,
        )
